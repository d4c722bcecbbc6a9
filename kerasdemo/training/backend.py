"""The one place that imports TensorFlow: quiet, with compiled programs kept on disk."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

# Read when TensorFlow is imported: errors only, no remarks on missing GPUs and CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def _keep_programs() -> None:
    """Let XLA keep compiled programs on disk, so that the next process compiles less.

    The folder holds machine code: it is the user's alone, and keyed by version and processor.
    """
    if "tf_xla_persistent_cache_directory" in os.environ.get("TF_XLA_FLAGS", ""):
        return
    from platformdirs import user_cache_path

    key = f"{version('tensorflow')}-{platform.machine()}-{_processor()}"
    folder = Path(os.environ.get("KERASDEMO_CACHE", user_cache_path("kerasdemo"))) / "xla" / key
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid != os.getuid():
            return
        folder.chmod(0o700)
    except OSError:
        return  # a home that can't be written to costs time, nothing else
    os.environ["TF_XLA_FLAGS"] = " ".join(
        (
            os.environ.get("TF_XLA_FLAGS", ""),
            f"--tf_xla_persistent_cache_directory={folder}",
            "--tf_xla_persistent_cache_read_only=false",
        )
    ).strip()


@cache
def _processor() -> str:
    """Return eight hex digits that differ between processors with other instructions."""
    import hashlib

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts = sorted({line for line in lines if line.startswith(("model name", "flags"))})
    except OSError:
        facts = [platform.processor()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


@contextmanager
def _silence() -> Iterator[None]:
    """Drop what TensorFlow's C++ code writes to stderr before it looks at its own log level."""
    sys.stderr.flush()
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


_keep_programs()

with _silence():
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
