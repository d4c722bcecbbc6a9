"""Event files for TensorBoard, read back with TensorBoard's own reader."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

import kerasdemo
from kerasdemo.config import InputError, RunConfig
from kerasdemo.display.tensorboard import TensorBoard
from kerasdemo.records import RunFolder
from kerasdemo.training import runner
from tests.factories import write_run

MakeConfig = Callable[..., RunConfig]


def read(directory: Path) -> EventAccumulator:
    events = EventAccumulator(str(directory))
    events.Reload()
    return events


def scalars(events: EventAccumulator, tag: str) -> dict[int, float]:
    return {event.step: event.value for event in events.Scalars(tag)}


def text(events: EventAccumulator) -> str:
    (event,) = events.Tensors("verdict")
    return str(event.tensor_proto.string_val[0].decode())


def hyperparameters(events: EventAccumulator) -> dict[str, Any]:
    content = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    kinds = {
        key: value.WhichOneof("kind") for key, value in data.session_start_info.hparams.items()
    }
    return {key: getattr(data.session_start_info.hparams[key], kind) for key, kind in kinds.items()}


def by_epoch(values: tuple[float, ...]) -> dict[int, float]:
    return {epoch: pytest.approx(value, nan_ok=True) for epoch, value in enumerate(values, 1)}


def test_a_run_has_its_curves_layers_settings_and_verdict(tiny: MakeConfig, tmp_path: Path) -> None:
    run = kerasdemo.run(tiny(), tmp_path / "runs", tensorboard=tmp_path / "logs")
    events = read(tmp_path / "logs" / run.id)
    for column, values in run.history.columns.items():
        assert scalars(events, f"metrics/{column}") == by_epoch(values)
    for name, layer in run.layers.items():
        assert scalars(events, f"gradient_norm/{name}") == by_epoch(layer.gradient_norm)
        assert scalars(events, f"dead/{name}") == by_epoch(layer.dead)
    assert scalars(events, "test/accuracy") == {3: pytest.approx(run.facts["test"]["accuracy"])}
    assert scalars(events, "kept/val_loss") == {3: pytest.approx(run.history.val_loss[-1])}
    settings = hyperparameters(events)
    assert settings["network.units"] == 16
    assert settings["optimizer.name"] == "adam"
    assert settings["data.normalize"] == "unit"
    assert kerasdemo.diagnose(run).summary in text(events)


def test_a_run_is_read_while_it_trains(tiny: MakeConfig, tmp_path: Path) -> None:
    seen: list[dict[int, float]] = []

    class Watch:
        """Looks into the folder after each epoch, as an open TensorBoard does."""

        def __init__(self) -> None:
            self.log = TensorBoard(tmp_path / "logs")
            self.inner = self.log.follow()

        def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
            self.inner.begin(config, path, first_epoch, examples)
            self.events = EventAccumulator(str(tmp_path / "logs" / path.name))

        def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
            self.inner.epoch(epoch, row, seconds)
            self.events.Reload()
            assert scalars(self.events, "metrics/loss")[epoch] == pytest.approx(row["loss"])
            seen.append(scalars(self.events, "weight_norm/output"))

        def end(self) -> None:
            self.inner.end()
            self.log.close()

    runner.run(tiny(), tmp_path / "runs", reporter=Watch())
    assert [list(steps) for steps in seen] == [[1], [1, 2], [1, 2, 3]]


def experiment(config: RunConfig, **more: Any) -> dict[str, Any]:
    return {"name": "rates", "base": config.resolved, **more}


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_sweep_has_the_settings_in_which_its_runs_differ(
    tiny: MakeConfig, tmp_path: Path, workers: int
) -> None:
    rates = {"optimizer.learning_rate": [0.001, 0.1]}
    asked = experiment(tiny("training.epochs=2"), grid=rates, seeds=[0, 1])
    result = kerasdemo.sweep(
        asked, tmp_path / "runs", workers=workers, tensorboard=tmp_path / "logs"
    )
    found = {}
    for spec, outcome in result.outcomes:
        assert outcome.summary is not None
        events = read(tmp_path / "logs" / outcome.summary.id)
        assert list(scalars(events, "metrics/val_loss")) == [1, 2]
        found[outcome.summary.id] = hyperparameters(events)
        rate = spec.config.optimizer.learning_rate
        assert found[outcome.summary.id] == {"optimizer.learning_rate": rate, "seed": spec.seed}
    assert len(found) == 4


def test_a_search_has_what_it_searches(tiny: MakeConfig, tmp_path: Path) -> None:
    search = {
        "method": "random",
        "trials": 2,
        "objective": "val_loss",
        "space": {"optimizer.learning_rate": {"low": 0.001, "high": 0.1, "log": True}},
    }
    asked = experiment(tiny("training.epochs=1"), search=search)
    kerasdemo.sweep(asked, tmp_path / "runs", workers=0, tensorboard=tmp_path / "logs")
    found = [hyperparameters(read(folder)) for folder in (tmp_path / "logs").iterdir()]
    assert all(one.keys() == {"optimizer.learning_rate", "seed"} for one in found)


def test_runs_on_disk_are_exported_once_however_often(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(
            tmp_path / "runs" / f"net-{seed}", f"name: net\nseed: {seed}\ndata: {{name: fizzbuzz}}"
        )
    foreign = tmp_path / "logs" / "net-0" / "events.out.tfevents.1.other"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"")
    for _ in range(2):
        kerasdemo.to_tensorboard("runs", tmp_path / "logs", tmp_path)
    assert foreign.exists()
    assert len(list(foreign.parent.glob("*.kerasdemo"))) == 1
    events = read(tmp_path / "logs" / "net-1")
    assert hyperparameters(events) == {"seed": 1}
    epochs = len(kerasdemo.read_run(tmp_path / "runs" / "net-1").history.loss)
    assert len(events.Scalars("metrics/loss")) == epochs > 0


def test_an_open_tensorboard_forgets_a_training_that_is_begun_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "net")
    write_run(folder.path, "name: net\ndata: {name: fizzbuzz}")
    log = TensorBoard(tmp_path / "logs")
    log.update(folder)
    events = read(tmp_path / "logs" / "net")
    before = list(scalars(events, "metrics/loss"))
    folder.metrics_file.unlink()
    folder.add_epoch(1, {"loss": 7.0})
    log.update(folder)
    events.Reload()
    log.close()
    assert len(before) > 1
    assert scalars(events, "metrics/loss") == {1: 7.0}


@pytest.mark.filterwarnings("default")
def test_a_log_that_cant_be_written_costs_a_warning(tiny: MakeConfig, tmp_path: Path) -> None:
    results = tmp_path / "runs"
    name = runner.run_folder(tiny(), results).path.name
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / name).write_text("a file in the way")
    with pytest.warns(UserWarning, match="no more events for TensorBoard: File exists"):
        run = kerasdemo.run(tiny(), results, tensorboard=tmp_path / "logs")
    assert run.status == "finished"


def test_what_is_no_folder_is_refused_before_training(tiny: MakeConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="is a file, or lies below one; expected a folder"):
            kerasdemo.run(tiny(), tmp_path / "runs", tensorboard=place)
    (tmp_path / "locked").mkdir(mode=0o500)
    if not _may_write_anywhere(tmp_path / "locked"):
        with pytest.raises(InputError, match="can't be written to: Permission denied"):
            kerasdemo.run(tiny(), tmp_path / "runs", tensorboard=tmp_path / "locked")
    assert not (tmp_path / "runs").exists()


def _may_write_anywhere(folder: Path) -> bool:
    """Return whether permissions do not bind who runs the tests, as for root."""
    try:
        (folder / "probe").touch()
    except OSError:
        return False
    return True


def test_names_in_a_verdict_are_only_text(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "net", "name: net\ndata: {name: fizzbuzz}")
    facts = json.loads(folder.run_file.read_text()) if folder.run_file.exists() else {}
    facts |= {"status": "failed", "reason": "<img src=x>\n# title"}
    folder.run_file.write_text(json.dumps(facts))
    TensorBoard(tmp_path / "logs").end(folder)
    lines = text(read(tmp_path / "logs" / "net")).splitlines()
    assert all(line.startswith("    ") for line in lines)
