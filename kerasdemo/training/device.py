"""The device that trains: whether it is a GPU, and how many bytes of examples it has room for."""

import os
import subprocess
from functools import cache

from kerasdemo.backend import tf

# Bytes of examples that any GPU has room for, where its memory is not known.
SMALL = 1 << 30


def has_gpu() -> bool:
    """Return whether TensorFlow trains on a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def resident_bytes() -> float:
    """Return how many bytes of examples may stay in the device's memory while a run trains.

    Half of the free memory, since evaluation holds the examples as well; of a GPU's a third, since
    its free memory is not known. The environment variable KERASDEMO_RESIDENT_BYTES overrides it.
    """
    if "KERASDEMO_RESIDENT_BYTES" in os.environ:
        return float(os.environ["KERASDEMO_RESIDENT_BYTES"])
    if has_gpu():
        return _gpu_bytes() / 3
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2


@cache
def _gpu_bytes() -> float:
    """Return the memory of the smallest GPU, which TensorFlow has no documented call for."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        return min(float(line) for line in done.stdout.splitlines()) * 2**20
    except (OSError, ValueError, subprocess.SubprocessError):
        return 3 * SMALL
