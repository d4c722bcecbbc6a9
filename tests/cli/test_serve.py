"""`kerasdemo serve` says in one line what it needs. What it serves: tests/pages/test_server.py."""

from pathlib import Path

import pytest

from tests.cli.conftest import Call


def test_a_missing_folder_or_extra_is_one_line(
    tmp_path: Path, kerasdemo: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = kerasdemo("serve", str(tmp_path / "nowhere"), "--no-open")
    assert done.code == 2 and "no such results folder" in done.err
    monkeypatch.setattr("kerasdemo.cli.serve.find_spec", lambda name: None)
    done = kerasdemo("serve", str(tmp_path), "--no-open")
    assert done.code == 2
    assert done.err.splitlines() == [
        "error: kerasdemo serve: needs starlette and uvicorn: pip install 'kerasdemo[serve]'"
    ]
