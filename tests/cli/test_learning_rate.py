"""lr."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call


def test_a_picture_and_what_to_set(empty: Path, kerasdemo: Call) -> None:
    done = kerasdemo(
        "lr", "tiny.yaml", "--rates", "0.01,1e-7,1e-3", "--set", "optimizer.learning_rate=1e-7"
    )
    assert done.code == 0, done.err
    assert Path("lr.png").read_bytes().startswith(b"\x89PNG")
    assert "9/9  learning rate" in done.out
    assert "--set optimizer.learning_rate=0.01" in done.out
    assert not Path("results").exists()


def test_plain_values(empty: Path, kerasdemo: Call) -> None:
    done = kerasdemo("lr", "tiny.yaml", "--rates", "1e-6,1e-2", "--json", "--output", "a.svg")
    found = json.loads(done.out)
    assert found["own_rate"] == 0.001
    low, high = found["rates"]
    assert low["loss"] == pytest.approx(found["loss_before"], rel=0.05)
    assert found["best_rate"] == high["rate"] == 0.01
    assert len(high["losses"]) == 3
    assert found["changes"] == {"optimizer.learning_rate": 0.01}
    assert Path("a.svg").read_text().startswith("<?xml")
    assert json.loads(kerasdemo("lr", "tiny.yaml", "--rates", "1e-6,1e-2", "--json").out) == {
        **found,
        "picture": "lr.png",
    }


def test_of_a_schedule_all_rates_are_scaled(empty: Path, kerasdemo: Call) -> None:
    schedule = "{name: cosine_decay, initial_learning_rate: 1.0e-6, decay_steps: 15}"
    changed = f"optimizer.learning_rate={schedule}"
    done = kerasdemo("lr", "tiny.yaml", "--set", changed, "--rates", "1e-6,1e-2", "--json")
    found = json.loads(done.out)
    assert found["own_rate"] == 1e-6
    assert found["changes"] == {"optimizer.learning_rate.initial_learning_rate": 0.01}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere.yaml"], "nowhere.yaml: no such file"),
        (["tiny.yaml", "--rates", "0.1,fast"], "--rates: got '0.1,fast'; expected rates such as"),
        (["tiny.yaml", "--rates", "0.1,-1"], "got the learning rate -1.0"),
        (["tiny.yaml", "--rates", "nan"], "got the learning rate nan"),
        (["tiny.yaml", "--rates", "0.1,0.1"], "got 1 learning rates; expected 2 or more"),
        (["tiny.yaml", "--output", "nowhere/lr.png"], "there is no folder nowhere"),
        (["tiny.yaml", "--output", "lr.txt"], "a picture can't be .txt"),
        (["tiny.yaml", "--set", "data.train=100000"], "training"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(
    arguments: list[str], expected: str, empty: Path, kerasdemo: Call
) -> None:
    before = sorted(empty.rglob("*"))
    done = kerasdemo("lr", *arguments)
    assert (done.code, done.out) == (2, "")
    assert expected in " ".join(done.err.split())
    assert sorted(empty.rglob("*")) == before
