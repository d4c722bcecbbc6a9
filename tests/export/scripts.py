"""Runs exported scripts in the process of the tests, so that TensorFlow is imported once."""

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasdemo.backend import keras

DATA, MODEL = "# The network: ", "history = "


@contextlib.contextmanager
def command_line(*arguments: str) -> Iterator[None]:
    before, sys.argv = sys.argv, ["script.py", *arguments]
    try:
        yield
    finally:
        sys.argv = before


def execute(text: str, *arguments: str, until: str | None = None) -> dict[str, Any]:
    """Execute a script, or its beginning; return its variables, and as `printed` what it prints.

    Args:
        text: of the script.
        arguments: of its command line.
        until: the beginning of a line before which it ends: DATA or MODEL.
    """
    if until is not None:
        text = text[: text.index(f"\n{until}") + 1]
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    try:
        with command_line(*arguments), contextlib.redirect_stdout(printed):
            exec(compile(text, "script.py", "exec"), names)
    finally:
        keras.config.set_dtype_policy("float32")
    return names | {"printed": printed.getvalue()}


def write_mnist(path: Path, sample: Path) -> Path:
    """Write an npz of the size that the lecture's configs take, of the sample's digits."""
    import numpy as np

    with np.load(sample) as file:
        counts = {"train": 20_000, "test": 10_000}
        arrays = {
            f"{kind}_{part}": np.resize(
                file[f"{kind}_{part}"], (count, *file[f"{kind}_{part}"].shape[1:])
            )
            for part, count in counts.items()
            for kind in "xy"
        }
    np.savez(path, **arrays)
    return path
