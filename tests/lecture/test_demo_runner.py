"""Every demo runs: what calculates as it is, what trains at a tiny size."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kerasdemo.lecture import catalogue, shipped
from kerasdemo.lecture.demo import Demo
from kerasdemo.lecture.demo_runner import DemoResult, digest, run_demo, usual_seeds
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.experiment import load

TINY = [
    "data.name=mnist_sample",
    "data.train=100",
    "data.validation=20",
    "data.test=50",
    "training.epochs=1",
    "network.units=12",
]
# One of an experiment, one of an experiment with a calculation; the others take a minute together.
FAST = ("fizzbuzz", "regularization")
# Keras' optimizers take 1,500 steps one by one.
SLOW = ("surfaces",)


def demos(*, trained: bool) -> list[object]:
    chosen = [demo for demo in catalogue.DEMOS if bool(demo.experiment) == trained]
    slow = {d.name for d in chosen if (d.name not in FAST if trained else d.name in SLOW)}
    marks = {name: [pytest.mark.slow] for name in slow}
    return [pytest.param(demo, id=demo.name, marks=marks.get(demo.name, [])) for demo in chosen]


def run_fizzbuzz(results: Path) -> DemoResult:
    (demo,) = catalogue.select("fizzbuzz")
    return run_demo(demo, results, (0,), ["training.epochs=1"], workers=0)


@pytest.mark.parametrize("demo", demos(trained=True))
def test_what_trains_runs_at_a_tiny_size(demo: Demo, tmp_path: Path) -> None:
    experiment = load(shipped.experiment(demo.experiment or ""))
    varied = {key for patch in (experiment.variants or {}).values() for key in patch or ()}
    tiny = [text for text in TINY if text.partition("=")[0] not in varied]
    source = "mnist_sample"
    if demo.part == "fizzbuzz":
        tiny, source = ["training.epochs=1"], "fizzbuzz"
    result = run_demo(demo, tmp_path, (0,), tiny, workers=0)
    assert result.sources == (source,)
    assert result.output.lines
    if demo.name == Path(demo.experiment or "").name:
        statements = {claim.statement for claim in result.output.claims}
        assert statements >= {claim.statement for claim in experiment.claims}
        assert demo.name in result.output.figures


@pytest.mark.parametrize("demo", demos(trained=False))
def test_what_calculates_runs(demo: Demo, tmp_path: Path) -> None:
    output = run_demo(demo, tmp_path).output
    assert output.lines
    assert output.claims
    assert all(claim.statement and claim.measured for claim in output.claims)


def test_finished_runs_are_reused_and_runs_at_the_same_time_count_once(tmp_path: Path) -> None:
    first = run_fizzbuzz(tmp_path)
    for file in tmp_path.rglob("run.json"):
        times = {"ended": "2026-01-01T00:20:00+00:00", "seconds": 600.0}
        file.write_text(json.dumps(json.loads(file.read_text()) | times))
    second = run_fizzbuzz(tmp_path)
    assert first.seconds < 600 <= second.seconds < 1200
    assert second.output.claims == first.output.claims
    assert json.loads(json.dumps(second.as_dict()))["demo"]["part"] == "fizzbuzz"


def test_a_digest_follows_configs_and_seeds() -> None:
    (demo,) = catalogue.select("fizzbuzz")
    assert digest(demo, (0,)) != digest(demo, (0, 1))
    assert digest(demo, (0,)) != digest(demo, (0,), ["training.epochs=1"])
    assert digest(replace(demo, experiment=None), (0,)) == ""


def test_short_demos_have_three_seeds_and_long_ones_one(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_network, fizzbuzz = (catalogue.select(n)[0] for n in ("worked_network", "fizzbuzz"))
    assert usual_seeds(worked_network) == (0, 1, 2)
    for seconds, seeds in ((100.0, (0, 1, 2)), (200.0, (0,))):
        monkeypatch.setattr(estimate, "seconds", lambda *_, seconds=seconds: seconds)
        assert usual_seeds(fizzbuzz) == seeds
