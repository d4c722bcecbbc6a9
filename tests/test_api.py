"""The Python interface: files, plain values and objects alike."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasdemo
from kerasdemo import InputError, Run, RunConfig

TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"name": "fizzbuzz", "train": 200, "validation": 100},
    "network": {"depth": 1, "units": 8},
    "training": {"batch_size": 50, "epochs": 2},
}
DEPTH = {
    "name": "depth",
    "base": TINY,
    "grid": {"network.depth": [1, 2]},
    "claims": [{"statement": "it learns", "runs": {"network.depth": 1}, "between": [0, 1]}],
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with two runs, made from Python."""
    folder = tmp_path_factory.mktemp("api")
    for depth in (1, 2):
        kerasdemo.run(TINY, folder, overrides={"network.depth": depth})
    return folder


def test_importing_costs_nothing_and_every_name_is_there() -> None:
    script = """
import sys
import kerasdemo
heavy = {"tensorflow", "keras", "numpy", "matplotlib", "pydantic", "yaml", "kerasdemo.api"}
assert not heavy & set(sys.modules)
for name in set(kerasdemo.__all__) - {"fit", "Recorder", "History"}:  # of Keras models
    getattr(kerasdemo, name)
assert not {"tensorflow", "keras", "matplotlib"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert set(kerasdemo.__all__) <= set(dir(kerasdemo))
    assert kerasdemo.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kerasdemo.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(set(kerasdemo.__all__) - {"__version__", "Run"}))
def test_every_function_has_an_example(name: str) -> None:
    value = getattr(kerasdemo, name)
    if isinstance(value, type):
        assert value.__doc__
    elif name != "parse_config":
        assert "Example:\n        >>> " in value.__doc__


@pytest.mark.parametrize(
    "overrides",
    [{"training.epochs": 5}, ["training.epochs=5"], "training.epochs=5"],
    ids=["mapping", "list", "text"],
)
@pytest.mark.parametrize("kind", ["path", "text", "mapping", "config"])
def test_a_config_is_a_file_a_mapping_or_a_config(kind: str, overrides: Any) -> None:
    Path("tiny.yaml").write_text(json.dumps(TINY))
    config = {
        "path": Path("tiny.yaml"),
        "text": "tiny.yaml",
        "mapping": TINY,
        "config": kerasdemo.load_config("tiny.yaml"),
    }[kind]
    loaded = kerasdemo.load_config(config, overrides)
    assert isinstance(loaded, RunConfig)
    assert loaded.training.epochs == 5
    assert loaded.network.units == 8


def test_a_mapping_may_hold_what_python_has_and_yaml_has_not() -> None:
    x, y = np.zeros((40, 3), np.float32), np.arange(40) % 2
    np.savez("mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    config = kerasdemo.load_config(
        {
            "data": {"name": "file", "path": Path("mine.npz")},
            "network": {"depth": 2, "units": (np.int64(4), 3)},
            "optimizer": {"name": "sgd", "learning_rate": np.float64(0.5)},
        }
    )
    assert config.data.path == str(Path("mine.npz").absolute())
    assert config.network.units == (4, 3)
    assert config.name == "run"
    assert kerasdemo.check(config).config == config


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kerasdemo.run({"network": {"dept": 3}}), "network.dept: unknown key 'dept'"),
        (lambda: kerasdemo.run("nowhere.yaml"), "nowhere.yaml: no such file"),
        (lambda: kerasdemo.run(TINY, overrides={"training.epochs": 0}), "training.epochs"),
        (lambda: kerasdemo.run(TINY, overrides=["epochs"]), "expected key=value"),
        (lambda: kerasdemo.run(TINY, overrides={"optimizer": print}), "optimizer: got <built-in"),
        (lambda: kerasdemo.run({"optimizer": print}), "optimizer: got <built-in"),
        (lambda: kerasdemo.run(TINY, ignore="K999"), "no rule has the code 'K999'"),
        (lambda: kerasdemo.check({**TINY, "ignore": ["K999"]}), "config: ignore: no rule has"),
        (lambda: kerasdemo.read_run("nowhere"), "no such run folder"),
        (lambda: kerasdemo.diagnose("nowhere"), "no such run folder"),
        (lambda: kerasdemo.list_runs("nowhere"), "no such results folder"),
        (lambda: kerasdemo.compare("nowhere"), "no such results folder"),
        (lambda: kerasdemo.compare([]), "no runs"),
        (lambda: kerasdemo.compare(".", at="lst"), "did you mean 'last'?"),
        (lambda: kerasdemo.sweep({**DEPTH, "grd": {}}), "grd"),
        (lambda: kerasdemo.sweep(DEPTH, seeds="4-1"), "seeds: got '4-1'"),
        (lambda: kerasdemo.tune(TINY, seeds="0-4", max_runs=2), "expected at least a run"),
    ],
)
def test_bad_input_raises_an_input_error(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as error:
        call()
    assert message in str(error.value)
    assert not list(Path().iterdir())


def test_run_trains_quietly_and_leaves_what_the_command_line_leaves(
    results: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = kerasdemo.run(TINY, results)  # from disk
    assert isinstance(run, Run)
    assert run.status == "finished"
    assert run.history.epochs == 2
    assert run.folder.curves_file.exists()
    listed = kerasdemo.list_runs(results)
    assert [one.verdict for one in listed] == ["optimization_failure"] * 2
    assert kerasdemo.run(TINY, results, overrides={"training.epochs": 1}).history.epochs == 1
    assert capfd.readouterr() == ("", "")
    kerasdemo.run(TINY, results, overrides={"training.epochs": 1}, overwrite=True, progress=True)
    assert "epoch 1/1" in capfd.readouterr().out


def test_a_run_is_a_folder_a_name_or_a_run(results: Path) -> None:
    first = kerasdemo.list_runs(results)[0]
    run = kerasdemo.read_run(first.path)
    verdict = kerasdemo.diagnose(run)
    for same in (first, str(first.path), first.path, kerasdemo.read_run(run)):
        assert kerasdemo.diagnose(same) == verdict
    for name in (first.id, first.id[:-2]):
        assert kerasdemo.diagnose(name, results=results) == verdict
    with pytest.raises(InputError, match=r"the beginning of several runs: tiny-\w+, tiny-"):
        kerasdemo.diagnose("tiny-", results=results)
    assert json.loads((first.path / "verdict.json").read_text())["outcome"] == verdict.outcome


def test_runs_are_compared_and_told_apart(results: Path) -> None:
    one, two = (
        kerasdemo.run(TINY, results, overrides={"network.depth": depth}) for depth in (1, 2)
    )
    assert set(kerasdemo.diff(one, two.path or "").settings) == {"network.depth"}
    for runs in (results, [one, two], [one.path, two], [one.path, one, two]):
        comparison = kerasdemo.compare(runs, "val_accuracy", group_by="network.depth")
        assert {group.values["network.depth"] for group in comparison.groups} == {1, 2}
    assert kerasdemo.compare(one).metric == "val_accuracy"


def test_check_says_what_a_run_would_be() -> None:
    result = kerasdemo.check(TINY, {"loss": "mse", "training.epochs": 1})
    assert not result.has_errors
    codes = {tip.code for tip in result.tips}
    assert codes
    assert not kerasdemo.check(result.config, ignore=codes).tips


def test_ignored_rules_are_those_of_the_config_and_of_the_call(results: Path) -> None:
    run = kerasdemo.run(TINY, results)
    verdict = kerasdemo.diagnose(run)
    ignored = kerasdemo.run({**TINY, "ignore": [verdict.code]}, results)
    assert ignored.path == run.path
    others = [
        kerasdemo.diagnose(run, ignore=[verdict.code]),
        kerasdemo.diagnose(run, ignore=verdict.code),
        kerasdemo.diagnose(ignored),
        kerasdemo.diagnose(kerasdemo.run(TINY, results, ignore=[verdict.code.lower()])),
    ]
    assert {other.code for other in others} == {others[0].code}
    assert others[0].code != verdict.code
    assert kerasdemo.diagnose(run.path or "") == verdict


def test_sanity_checks_join_the_verdict(results: Path) -> None:
    run = kerasdemo.run_sanity_checks(kerasdemo.run(TINY, results))
    assert run.sanity_checks
    assert kerasdemo.diagnose(run).notes


@pytest.mark.parametrize("kind", ["mapping", "path", "experiment"])
def test_an_experiment_is_a_file_a_mapping_or_an_experiment(kind: str) -> None:
    Path("depth.yaml").write_text(json.dumps(DEPTH))
    experiment = {
        "mapping": DEPTH,
        "path": Path("depth.yaml"),
        "experiment": kerasdemo.load_experiment("depth.yaml"),
    }[kind]
    result = kerasdemo.sweep(experiment, "runs", workers=0, seeds=[3])
    assert [outcome.status for _, outcome in result.outcomes] == ["finished"] * 2
    assert len(result.claims) == 1
    for runs in (result, "runs/depth", [Path("runs/depth")]):
        assert len(kerasdemo.compare(runs).groups) == 2


def test_tune_returns_the_path_and_its_files() -> None:
    result = kerasdemo.tune(TINY, "runs", max_runs=2)
    assert kerasdemo.load_config(result.config_file)
    assert result.plot_file.exists()


@pytest.mark.parametrize(
    "call",
    [
        *(lambda: kerasdemo.check(None), lambda: kerasdemo.load_experiment(3)),
        *(lambda: kerasdemo.read_run(3), lambda: kerasdemo.diagnose({"a": 1})),
        *(lambda: kerasdemo.compare([{"a": 1}]), lambda: kerasdemo.list_runs(3)),
        *(lambda: kerasdemo.run(TINY, overrides=3), lambda: kerasdemo.sweep(DEPTH, seeds=1.5)),
        *(lambda: kerasdemo.run(TINY, None), lambda: kerasdemo.run(TINY, overrides={5: 3})),
        *(lambda: kerasdemo.check(TINY, ignore=[None]), lambda: kerasdemo.run(TINY, overrides=[5])),
    ],
)
def test_what_is_none_of_the_accepted_types_is_an_input_error(call: Callable[[], Any]) -> None:
    with pytest.raises(InputError, match=r"got .*; expected "):
        call()
    assert not list(Path().iterdir())


@pytest.mark.parametrize("workers", [-1, "x", 1.5])
def test_a_number_of_workers_that_cannot_be_is_an_input_error(workers: Any) -> None:
    with pytest.raises(InputError, match=r"workers: got .*; expected 0"):
        kerasdemo.sweep(DEPTH, workers=workers)


def test_an_unknown_code_is_refused_before_anything_is_trained() -> None:
    for call in (
        lambda: kerasdemo.sweep(DEPTH, overrides={"ignore": ["K999"]}),
        lambda: kerasdemo.tune(TINY | {"ignore": ["K999"]}),
    ):
        with pytest.raises(InputError, match="no rule has the code 'K999'"):
            call()
    assert not list(Path().iterdir())


def test_a_run_of_an_experiment_is_found_by_its_name() -> None:
    run = kerasdemo.run(TINY, "runs/experiment")
    Path("runs/tiny-tune").mkdir()  # a folder for runs, no run
    for name in ("tiny", run.id):
        assert kerasdemo.read_run(name, "runs").path == run.path


@pytest.mark.parametrize("name", ["plot.foo", "nowhere/plot.png", "."])
def test_a_picture_that_cannot_be_is_an_input_error(name: str, results: Path) -> None:
    from kerasdemo.display import comparison_plots

    with pytest.raises(InputError, match=r"expected|no such folder"):
        comparison_plots.save(kerasdemo.compare(results), Path(name))
    assert not list(Path().iterdir())
