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
NAME = "xla_cpu_copy_insertion_use_region_analysis"
USERS = "--xla_cpu_enable_fast_math=false"


def test_importing_prints_nothing_and_sets_a_flag() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"XLA_FLAGS": USERS},
    )
    assert (done.stdout, done.stderr) == (f"0.0\n{USERS} --{NAME}=true\n", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"--{NAME}=true"),
        (USERS, f"{USERS} --{NAME}=true"),
        (f"--{NAME}=false", f"--{NAME}=false"),
    ],
)
def test_the_users_flags_stay(before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kerasdemo import backend

    monkeypatch.setenv("XLA_FLAGS", before)
    backend._set_flag(NAME, "true")
    assert os.environ["XLA_FLAGS"] == after


def test_only_warnings_about_tracing_are_hidden(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.backend import no_remarks_on_tracing, tf

    logger, warning = tf.get_logger(), "5 calls triggered tf.function retracing."
    logger.addHandler(caplog.handler)
    monkeypatch.setattr(logger, "propagate", False)
    try:
        with no_remarks_on_tracing():
            logger.warning(warning)
            logger.warning("something else")
        assert caplog.messages == ["something else"]
        logger.warning(warning)
        assert caplog.messages[-1] == warning
    finally:
        logger.removeHandler(caplog.handler)
