"""check, schema."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Call


def test_check_shows_tips_with_their_line(empty: Path, kerasdemo: Call) -> None:
    Path("a.yaml").write_text("data: {name: mnist_sample}\nloss: mse\n")
    done = kerasdemo("check", "a.yaml")
    assert done.code == 0
    assert "a.yaml: 1 tip\n  a.yaml:2: loss" in done.out
    (result,) = json.loads(kerasdemo("check", "a.yaml", "--json").out)
    (tip,) = result["tips"]
    assert kerasdemo("check", "a.yaml", "--ignore", tip["code"]).out == "a.yaml: ok\n"


def test_check_reads_the_data(empty: Path, kerasdemo: Call) -> None:
    x, labels = np.zeros((40, 3), np.float32), np.array(["cat", "ape"] * 20)
    np.savez("text.npz", x_train=x, y_train=labels, x_test=x, y_test=labels)
    np.savez("nan.npz", x_train=x * np.nan, y_train=labels, x_test=x, y_test=labels)
    for name in ("text", "nan"):
        data = f"data: {{name: file, path: {name}.npz}}\n"
        Path(f"{name}.yaml").write_text(f"{data}training: {{epochs: 1}}\n")
    done = kerasdemo("check", "nan.yaml", "text.yaml")
    assert done.code == 2
    assert "2 classes: ape, cat" in done.out
    assert "nan.yaml:1: data.path: " in done.err
    assert "120 values that are NaN" in done.err


def test_no_name_in_the_data_makes_a_line_or_moves_the_cursor(empty: Path, kerasdemo: Call) -> None:
    names = ("a\nb.yaml: ok", "\x1b[2J", "y" * 5_000)
    rows = [f'"{names[n % 3]}",{n}' for n in range(60)]
    Path("t.csv").write_text("\n".join(['"kind\nof\x1b[2J",number', *rows]))
    data = {"name": "csv", "path": "t.csv", "target": "kind\nof\x1b[2J"}
    Path("a.yaml").write_text(json.dumps({"data": data, "training": {"batch_size": 2}}))
    done = kerasdemo("check", "a.yaml")
    assert done.code == 0
    _, *lines = done.out.splitlines()
    assert all(line.startswith("  ") and len(line) < 2_100 for line in lines)
    assert "classification of kind of?[2J, 3 classes: ?[2J, a b.yaml: ok, yyy" in done.out


def test_check_says_that_the_sample_stands_in_for_mnist_without_a_download(
    empty: Path, monkeypatch: pytest.MonkeyPatch, kerasdemo: Call
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(empty / "keras"))
    Path("a.yaml").write_text("data: {name: mnist}\n")
    assert (
        "data: MNIST is not on this machine yet: a run downloads it"
        in kerasdemo("check", "a.yaml").out
    )
    Path("keras/datasets").mkdir(parents=True)
    Path("keras/datasets/mnist.unavailable.txt").write_text("no network")
    shown = kerasdemo("check", "a.yaml").out
    assert "data: MNIST is not available (no network; delete" in shown
    assert "the bundled sample of 5,000 digits stands in for it" in shown
    Path("keras/datasets/mnist.npz").touch()
    assert "data: " not in kerasdemo("check", "a.yaml").out


def test_schema_is_printed_or_written(empty: Path, kerasdemo: Call) -> None:
    assert "network" in json.loads(kerasdemo("schema").out)["properties"]
    assert kerasdemo("schema", "--experiment", "schema.json").code == 0
    assert "claims" in json.loads(Path("schema.json").read_text())["properties"]
