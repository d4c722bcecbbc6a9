"""Programs that were not written for this project are recorded, diagnosed and trained as by fit.

What a user would check: the folder can be read, nothing crashed, and a recorder changes no weight.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasdemo import list_runs, read_run
from kerasdemo.diagnosis import diagnose
from tests.programs.run_all import PROGRAMS, Fit, run

# Those that are trained in every test run.
QUICK = {"batches_of_its_own", "own_train_step", "subclassed", "two_outputs"}
# Whose targets are no classes, labels or numbers.
OTHER_TASK = {"addition", "autoencoder", "two_outputs", "variational"}


def each(quick: set[str]) -> list[Any]:
    """Return the programs as parameters; all but the quick ones only for `make test-all`."""
    slow = [pytest.mark.slow]
    return [pytest.param(name, marks=[] if name in quick else slow) for name in PROGRAMS]


def train(program: str, door: str, results: Path) -> Fit:
    """Train a program for an epoch."""
    fit = Fit(door, results, program, most=1)
    with warnings.catch_warnings():
        # Keras remarks on pipelines that are not shuffled, and on layers of a subclass.
        warnings.simplefilter("ignore", UserWarning)
        run(program, fit)
    return fit


@pytest.mark.parametrize("program", each(QUICK))
def test_a_recorder_changes_no_weight_and_leaves_a_run(program: str, tmp_path: Path) -> None:
    plain = train(program, "fit", tmp_path / "none")
    recorded = train(program, "recorder", tmp_path / "runs")
    assert not (tmp_path / "none").exists()
    for ours, theirs in zip(recorded.model.get_weights(), plain.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    check(tmp_path / "runs", program)


@pytest.mark.parametrize("program", each(QUICK))
def test_fit_trains_records_and_diagnoses(program: str, tmp_path: Path) -> None:
    fit = train(program, "kerasdemo.fit", tmp_path)
    check(tmp_path, program)
    history = fit.history
    assert history.history["loss"] and np.isfinite(history.history["loss"]).all()
    assert history.engine.loop in ("xla", "graph", "fit") and history.engine.why
    assert history.verdict.outcome == diagnose(history.run).outcome


def check(results: Path, program: str) -> None:
    runs = list_runs(results)
    assert runs
    for listed in runs:
        found = read_run(listed.path)
        assert found.status == "finished"
        assert found.history.epochs >= 1
        assert found.setup.name == program
        assert found.network
        assert diagnose(found).summary
        if program in OTHER_TASK:
            assert found.setup.task == "other"
