"""TensorFlow is imported quietly, and its compiled programs are kept for the next process."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
from kerasdemo.training.backend import tf
print(float(tf.function(lambda x: tf.sin(x) * 2.0, jit_compile=True)(tf.constant(0.0))))
"""


def test_programs_are_kept_in_a_private_folder_and_nothing_is_printed(tmp_path: Path) -> None:
    environment = {**os.environ, "KERASDEMO_CACHE": str(tmp_path), "HOME": str(tmp_path)}
    environment.pop("TF_XLA_FLAGS", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    assert (done.stdout, done.stderr) == ("0.0\n", "")
    (folder,) = (tmp_path / "xla").iterdir()
    assert list(folder.glob("*.pb"))
    assert folder.stat().st_mode & 0o077 == 0


def test_a_home_that_can_not_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    environment = {**os.environ, "KERASDEMO_CACHE": str(tmp_path / "file")}
    environment.pop("TF_XLA_FLAGS", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stdout) == (0, "0.0\n")
