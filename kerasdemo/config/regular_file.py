"""Plain files only: reading a FIFO may never begin, reading a device may never end."""

import errno
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check(path: Path, limit: int | None = None) -> None:
    """Raise OSError unless `path` is a plain file of at most `limit` bytes."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        kind = _KINDS.get(stat.S_IFMT(state.st_mode), "no file")
        raise OSError(errno.EINVAL, f"is {kind}; expected a plain file", str(path))
    if limit is not None and state.st_size > limit:
        raise _too_large(path, limit)


def read(path: Path, limit: int) -> bytes:
    """Return the content of a plain file of at most `limit` bytes; raise OSError for any other."""
    check(path, limit)
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:  # it grew, or is in /proc and has no size
        raise _too_large(path, limit)
    return content


def find_problem(path: Path) -> str | None:
    """Return why `path` is no plain file; None where it is one."""
    try:
        check(path)
    except (FileNotFoundError, NotADirectoryError):
        return "no such file"
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:  # a null character in the name
        return str(error)
    return None


def expand_user(path: str) -> Path:
    """Return the path with `~` expanded; unchanged where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _too_large(path: Path, limit: int) -> OSError:
    return OSError(errno.EFBIG, f"larger than {limit:,} bytes", str(path))
