"""Short experiments on small networks with one fault each, and what the diagnosis makes of them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kerasdemo import cli, data
from kerasdemo.config import InputError, RunConfig
from kerasdemo.diagnosis import diagnose, sanity_results
from kerasdemo.records import Run, RunFolder, read
from kerasdemo.training import sanity_checks

Tiny = Callable[..., RunConfig]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity_checks, "RATE_EXAMPLES", 1_000)
    monkeypatch.setattr(sanity_checks, "BATCH_STEPS", 150)


def stuck(tmp_path: Path, config: RunConfig) -> Run:
    """A run at chance from its first epoch on, written by hand: the checks train it again."""
    folder = RunFolder(tmp_path / "stuck")
    folder.create(config)
    for epoch in (1, 2, 3, 4):
        folder.add_epoch(epoch, {"loss": 2.3, "accuracy": 0.1})
    dataset = data.load(config)
    folder.finish({"status": "finished", "data": data.describe(dataset), "updates": 20})
    return read(folder.path)


def test_the_verb_finds_a_better_learning_rate_and_keeps_it_on_disk(
    tmp_path: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stuck(tmp_path, tiny("optimizer={name: sgd, learning_rate: 0.001}"))
    result = CliRunner().invoke(cli.app, ["diagnose", str(run.path), "--sanity-checks"])
    assert result.exit_code == 0, result.output
    assert "The learning rate 0.001 is too low: in 20 steps the loss gets to" in result.stdout
    assert "one batch, with Adam" in result.stdout
    found = read(run.folder.path)
    swept = found.sanity_checks["learning_rates"]
    assert [row["rate"] for row in swept["rates"]] == [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    assert swept["best_rate"] in (0.1, 1.0)
    batch = found.sanity_checks["one_batch"]
    assert batch["own"]["accuracy"] < sanity_results.MEMORIZED <= batch["adam"]["accuracy"]
    verdict = diagnose(found)
    assert verdict.causes[0].name == "learning_rate_too_low"
    assert verdict.causes[0].evidence["best_learning_rate"] == swept["best_rate"]
    assert verdict.remedies[0].patch == {"optimizer.learning_rate": swept["best_rate"]}

    def trains(*_: object) -> None:
        raise AssertionError("the checks run though they are on disk")

    monkeypatch.setattr(sanity_checks, "one_batch", trains)
    second = CliRunner().invoke(cli.app, ["diagnose", str(run.path), "--sanity-checks", "--json"])
    assert json.loads(second.stdout)[0]["sanity_checks"] == json.loads(
        run.folder.sanity_checks_file.read_text()
    )


def test_written_layers_that_do_not_look_at_their_input(tmp_path: Path, tiny: Tiny) -> None:
    layers = (
        "[{type: flatten}, {type: dense, units: 16, activation: relu}, "
        "{type: dropout, rate: 0.5}, {type: dense, units: 10, activation: softmax}]"
    )
    network = f"network={{layers: {layers}, initializer: zeros, regularizer: {{l2: 0.1}}}}"
    run = stuck(tmp_path, tiny(network))
    facts = sanity_checks.run_sanity_checks(run)
    assert facts["zeroed_input"]["accuracy"] < 0.3
    assert facts["one_batch"]["adam"]["accuracy"] < sanity_results.MEMORIZED
    notes = diagnose(read(run.folder.path)).notes
    assert any("does not look at them" in note for note in notes)
    assert any("Not even one batch" in note for note in notes)


def test_other_data_is_not_checked(tmp_path: Path, tiny: Tiny) -> None:
    run = stuck(tmp_path, tiny())
    facts = {**run.facts, "data": {**run.facts["data"], "sha256": "another"}}
    run.folder.finish(facts)
    run = read(run.folder.path)
    with pytest.raises(InputError, match="not what the run was trained on"):
        sanity_checks.run_sanity_checks(run)
    assert not run.folder.sanity_checks_file.exists()


@pytest.mark.parametrize("text", ["", "[1]", '{"learning_rates": 3, "one_batch": []}'])
def test_a_damaged_file_counts_as_none(text: str, tmp_path: Path, tiny: Tiny) -> None:
    run = stuck(tmp_path, tiny())
    run.folder.sanity_checks_file.write_text(text)
    damaged = read(run.folder.path)
    assert diagnose(damaged) == diagnose(run)
    assert sanity_results.table(damaged)[-1]["check"] == "a linear classifier"
