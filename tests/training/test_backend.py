"""TensorFlow is imported quietly, with the flags that it needs and those that the user has set."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os
from kerasdemo.training.backend import tf
print(float(tf.function(lambda x: tf.sin(x) * 2.0, jit_compile=True)(tf.constant(0.0))))
print(os.environ["XLA_FLAGS"])
"""
FLAG = "--xla_cpu_copy_insertion_use_region_analysis"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", f"{FLAG}=true"),
        ("--xla_cpu_enable_fast_math=false", f"--xla_cpu_enable_fast_math=false {FLAG}=true"),
        (f"{FLAG}=false", f"{FLAG}=false"),
    ],
)
def test_nothing_is_printed_and_the_users_flags_stay(given: str, used: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"XLA_FLAGS": given},
    )
    assert (done.stdout, done.stderr) == (f"0.0\n{used}\n", "")
