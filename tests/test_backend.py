"""TensorFlow is imported quietly, with the flags that it needs and those that the user has set."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os
from kerasdemo.backend import tf
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


def test_remarks_on_tracing_are_kept_back_and_others_are_not(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.backend import no_remarks_on_tracing, tf

    logger, remark = tf.get_logger(), "5 calls triggered tf.function retracing."
    logger.addHandler(caplog.handler)
    monkeypatch.setattr(logger, "propagate", False)
    try:
        with no_remarks_on_tracing():
            logger.warning(remark)
            logger.warning("something else")
        assert caplog.messages == ["something else"]
        logger.warning(remark)
        assert caplog.messages[-1] == remark
    finally:
        logger.removeHandler(caplog.handler)
