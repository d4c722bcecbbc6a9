"""One HTML file of what lies in a folder: a run, runs, a sweep, a tuning; of the lecture a site."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from kerasdemo.config import Fault, InputError
from kerasdemo.pages.page import render
from kerasdemo.records import RunFolder, files, read

FILE = "report.html"
# Runs of a sweep that get a page of their own, beside which a click leads.
MOST_LINKED = 200


def report(paths: Sequence[Path], output: Path | None = None) -> Path:
    """Write the page of what lies in one or several folders, and return its file.

    Of several runs each gets its own page as well, in its folder.

    Args:
        paths: a run's folder, a folder of runs such as a sweep's or a tuning's, or the lecture's
            pages; several are compared.
        output: the file; None: report.html in the folder, where there is one, and of the lecture
            all pages of its site.

    Raises:
        InputError: where there is nothing to show, a run is damaged, or the file can't be written.
    """
    for path in paths:
        if not path.is_dir():
            read(path)  # says which name is near
    if not paths:
        raise InputError("got no folder; expected a run or a folder of runs")
    first = paths[0]
    if len(paths) == 1 and output is None and _is_lecture(first):
        from kerasdemo.pages import lecture_site

        return lecture_site.write(first)
    if output is None:
        if len(paths) > 1:
            problem = "left out; name the file for the page of several folders"
            raise InputError(Fault(problem, key="--output"))
        output = first / FILE
    if output.is_dir():
        raise InputError(Fault("is a folder; expected the name of a file", str(output)))
    try:
        files.write_text(output, _render(paths, output))
    except OSError as error:
        problem = f"can't be written: {error.strerror or error}"
        raise InputError(Fault(problem, str(output))) from None
    return output


def _render(paths: Sequence[Path], output: Path) -> str:
    """Return the page of folders as HTML; each kind of page is imported where it is made."""
    first = paths[0]
    if len(paths) == 1 and RunFolder(first).is_run:
        return _render_run(first)
    from kerasdemo.pages import runs_page, tune_page

    if len(paths) == 1 and tune_page.is_tuning(first):
        return render(tune_page.make(first, link=_linker(paths, output)))
    if len(paths) == 1 and _is_lecture(first):
        from kerasdemo.pages import lecture_site

        return render(lecture_site.make(first))
    return render(runs_page.make(paths, link=_linker(paths, output)))


def _render_run(folder: Path, back: Path | None = None) -> str:
    """Return a run's page as HTML; back: the file of the page from which a click leads to it."""
    from kerasdemo.pages import run_page

    page = run_page.make(read(folder))
    if back is not None:
        crumbs = [(back.absolute().parent.name, _address(back, folder)), (folder.name, None)]
        page = replace(page, data={**page.data, "crumbs": crumbs})
    return render(page)


def _address(file: Path, folder: Path) -> str:
    """Return the address of a file in a page that lies in a folder."""
    return quote(os.fsencode(Path(os.path.relpath(file, folder)).as_posix()))


def _linker(paths: Sequence[Path], output: Path) -> Callable[[Path], str | None]:
    """Return a function that writes the page of a run and returns its address in `output`.

    None of the runs beyond `MOST_LINKED`, and of one whose page can't be made.
    """
    addresses: dict[Path, str | None] = {}

    def link(folder: Path) -> str | None:
        if folder not in addresses and len(addresses) < MOST_LINKED:
            address = None
            with suppress(InputError, OSError):
                # A link among the runs may lead to somebody else's.
                if any(folder.resolve().is_relative_to(path.resolve()) for path in paths):
                    files.write_text(folder / FILE, _render_run(folder, output))
                    address = _address(folder / FILE, output.parent)
            addresses[folder] = address
        return addresses.get(folder)

    return link


def _is_lecture(folder: Path) -> bool:
    from kerasdemo.pages import lecture_site

    return lecture_site.is_lecture(folder)
