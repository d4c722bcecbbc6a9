"""The one place that imports TensorFlow: quiet, and with what makes compiled epochs fast.

Compiled programs are not kept on disk, though TensorFlow can: one that it has loaded packs its
weights anew in every product and takes 1.3 to 1.7 times the time (tests/benchmarks/notes.md).
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Read when TensorFlow is imported: errors only, no remarks on missing GPUs and CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def _set_flag(name: str, value: str) -> None:
    """Set a flag of XLA's, unless the user has set it."""
    flags = os.environ.get("XLA_FLAGS", "")
    if f"--{name}=" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --{name}={value}".strip()


# Without it XLA copies every kernel in each step of a compiled epoch's loop, because the backward
# pass reads what the update overwrites: 1.6 times the time at batch 1, 1.4 times at batch 10.
_set_flag("xla_cpu_copy_insertion_use_region_analysis", "true")


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


with _silence():
    import keras
    import tensorflow as tf


@contextmanager
def no_remarks_on_tracing() -> Iterator[None]:
    """Keep TensorFlow from warning that functions are traced often: each network needs its own."""

    def is_other(record: logging.LogRecord) -> bool:
        return "tf.function retracing" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


__all__ = ["keras", "no_remarks_on_tracing", "tf"]
