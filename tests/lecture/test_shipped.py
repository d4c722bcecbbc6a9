"""The wheel contains configs and experiments."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kerasdemo.lecture import shipped


def test_a_wheel_carries_configs_and_experiments(tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    command += ["--directory", str(tmp_path)]
    built = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("configs", "experiments"):
        for file in (repository / folder).rglob("*.yaml"):
            assert f"kerasdemo/shipped/{file.relative_to(repository).as_posix()}" in carried


def test_a_wheel_has_its_own_and_a_clone_the_clones(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped.root() == repository
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path)
    assert shipped.root() == tmp_path / "shipped"
