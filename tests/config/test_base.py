"""`base: other.yaml`: whose value counts, which file a fault names, and what is no base."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.config import InputError, RunConfig, load, parse
from kerasdemo.config.base import MOST_BASES, merge
from kerasdemo.sweeps.expansion import expand
from kerasdemo.sweeps.experiment import load as load_experiment

FIRST = """
name: first
description: what others build on
seed: 3
data: {name: mnist_sample}
network: {depth: 2, units: [20, 10], activation: {name: leaky_relu, negative_slope: 0.1}}
loss: {label_smoothing: 0.1}
optimizer: {name: sgd, learning_rate: 0.1, momentum: 0.9}
training:
  epochs: 3
  batch_size: 50
  early_stopping: {patience: 2}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "first.yaml").write_text(FIRST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def on_first(text: str) -> RunConfig:
    Path("second.yaml").write_text(f"base: first.yaml\n{text}")
    return load("second.yaml")


def refused(file: str | Path) -> str:
    with pytest.raises(InputError) as error:
        load(file)
    return str(error.value)


def test_what_is_not_said_is_the_bases(folder: Path) -> None:
    second = on_first("training: {epochs: 9}")
    first = load("first.yaml")
    assert second.settings == first.with_changes({"training.epochs": 9}).settings
    assert (second.name, second.description) == ("second", "")


def test_the_resolved_config_is_what_is_recorded(folder: Path) -> None:
    recorded = on_first("").to_yaml()
    assert "\nbase:" not in recorded
    assert parse(recorded).settings == load("first.yaml").settings


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        # Mappings merge, lists replace.
        ("network: {depth: 1, units: [7]}", "network.units", [7]),
        ("optimizer: {learning_rate: 0.5}", "optimizer.momentum", 0.9),
        ("optimizer: {name: SGD, learning_rate: 0.5}", "optimizer.momentum", 0.9),
        ("optimizer: sgd", "optimizer.momentum", 0.9),
        # Another name replaces.
        ("optimizer: {name: rmsprop}", "optimizer.momentum", 0.0),
        ("optimizer: rmsprop", "optimizer.learning_rate", 0.001),
        ("network: {activation: {name: elu}}", "network.activation.alpha", 1.0),
        ("network: {activation: leaky_relu}", "network.activation.negative_slope", 0.1),
        ("loss: {name: CategoricalCrossentropy}", "loss.label_smoothing", 0.1),
        ("loss: {name: mse}", "loss.name", "mean_squared_error"),
        ("data: {name: mnist}", "data.name", "mnist"),
        # Null unsets, but where it is a value.
        ("seed: null", "seed", 0),
        ("optimizer: {momentum: null}", "optimizer.momentum", 0.0),
        ("optimizer: null", "optimizer.name", "adam"),
        ("training: {epochs: null, batch_size: 5}", "training.epochs", 20),
        ("training: {early_stopping: null}", "training.early_stopping", None),
        ("training: {early_stopping: {patience: null}}", "training.early_stopping.patience", 5),
        # The other form of a network.
        (
            "network: {layers: [{type: flatten}, {type: dense, units: 10, activation: softmax}]}",
            "network.layers.0.type",
            "flatten",
        ),
    ],
)
def test_a_value_over_the_bases(folder: Path, text: str, key: str, value: Any) -> None:
    found: Any = on_first(text).resolved
    for part in key.split("."):
        found = found[int(part) if isinstance(found, list) else part]
    assert found == value


def test_a_schedule_over_a_number_and_back(folder: Path) -> None:
    rate = "{name: cosine_decay, initial_learning_rate: 0.1, decay_steps: 100}"
    Path("schedule.yaml").write_text(f"base: first.yaml\noptimizer: {{learning_rate: {rate}}}")
    Path("longer.yaml").write_text(
        "base: schedule.yaml\noptimizer: {learning_rate: {decay_steps: 200}}"
    )
    Path("number.yaml").write_text("base: longer.yaml\noptimizer: {learning_rate: 0.2}")
    assert load("longer.yaml").optimizer.arguments["learning_rate"]["decay_steps"] == 200
    assert load("number.yaml").optimizer.arguments == {
        **load("first.yaml").optimizer.arguments,
        "learning_rate": 0.2,
    }


def test_a_network_of_layers_goes_back_to_depth(folder: Path) -> None:
    layers = "{layers: [{type: flatten}, {type: dense, units: 10, activation: softmax}]}"
    Path("layers.yaml").write_text(f"base: first.yaml\nnetwork: {layers}")
    Path("depth.yaml").write_text("base: layers.yaml\nnetwork: {depth: 1, units: 5}")
    assert load("depth.yaml").network.hidden_units == (5,)


def test_overrides_count_over_every_file(folder: Path) -> None:
    Path("second.yaml").write_text("base: first.yaml\ntraining: {epochs: 9}")
    assert load("second.yaml", ["training.epochs=4"]).training.epochs == 4


def test_the_data_is_relative_to_the_file_that_names_it(folder: Path) -> None:
    import numpy as np

    x, y = np.zeros((30, 4), np.float32), np.arange(30) % 3
    (folder / "inner").mkdir()
    np.savez(folder / "inner" / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    (folder / "inner" / "base.yaml").write_text("data: {name: file, path: own.npz}")
    Path("outer.yaml").write_text("base: inner/base.yaml\ndata: {validation: 5}")
    data = load("outer.yaml").data
    assert (data.path, data.validation) == (str(folder / "inner" / "own.npz"), 5)
    # Into another folder and back out of it.
    (folder / "inner" / "back.yaml").write_text("base: ../outer.yaml")
    assert load("inner/back.yaml").data.path == data.path


def test_a_fault_names_the_file_and_line_that_said_it(folder: Path) -> None:
    Path("middle.yaml").write_text("base: first.yaml\n\noptimizer:\n  momentum: 2\n")
    Path("last.yaml").write_text("base: middle.yaml\ntraining: {epochs: 0}\nnetwok: {}\n")
    assert refused("last.yaml").splitlines() == [
        "last.yaml:2: training.epochs: got 0; expected greater than or equal to 1",
        "last.yaml:3: netwok: unknown key 'netwok'; did you mean 'network'?; expected one of: "
        + refused("last.yaml").splitlines()[1].split("expected one of: ")[1],
        "middle.yaml:4: optimizer.momentum: got 2; expected less than or equal to 1",
    ]


def test_faults_between_values_name_the_file_too(folder: Path) -> None:
    Path("big.yaml").write_text("base: first.yaml\ndata: {name: mnist_sample, train: 5000}\n")
    Path("last.yaml").write_text("base: big.yaml\n")
    assert refused("last.yaml").startswith("big.yaml:2: data.train: ")


def test_a_duplicate_key_in_a_base_is_a_fault(folder: Path) -> None:
    Path("twice.yaml").write_text("seed: 1\nseed: 2\n")
    Path("last.yaml").write_text("base: twice.yaml\n")
    assert refused("last.yaml") == "twice.yaml:2: seed: duplicate key, first on line 1"


def test_mappings_in_python_have_bases_too(folder: Path) -> None:
    from kerasdemo import load_config

    config = load_config({"base": "first.yaml", "training": {"epochs": 9}})
    assert (config.training.epochs, config.training.batch_size) == (9, 50)
    with pytest.raises(InputError, match=r"^training.epochs: got 0|^config: training.epochs: got"):
        load_config({"base": "first.yaml", "training": {"epochs": 0}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: last.yaml", "last.yaml:1: base: a circle: last.yaml -> last.yaml"),
        ("base: ./inner/../last.yaml", "a circle: last.yaml -> last.yaml"),
        ("base: frist.yaml", "no such file: frist.yaml; did you mean 'first.yaml'?"),
        ("base: inner", "is a folder; expected a plain file"),
        ("base: ''", "is a folder"),
        ("base: /dev/null", "is a device; expected a plain file"),
        ("base: https://example.org/first.yaml", "expected a file, which is relative to this one"),
        ("base: 3", "last.yaml:1: base: got 3; expected a config's file"),
        ("base: [first.yaml]", "got ['first.yaml']; expected a config's file"),
        ("base: binary.yaml", "binary.yaml: not UTF-8 text"),
        ("base: empty.yaml", "empty.yaml: the file is empty"),
        ("base: list.yaml", "list.yaml:1: expected a mapping (key: value), got a list"),
        ("base: broken.yaml", "broken.yaml:3: not valid YAML"),
        ("base: sweep.yaml", "last.yaml:1: base: sweep.yaml is an experiment; expected a config"),
        ('base: "first\\0.yaml"', "null"),
        ("base: " + "x" * 5000, "File name too long"),
        ("base: {name: first}", "an experiment, not a config"),
        ("base: first.yaml\nseeds: 0-2", "an experiment, not a config"),
    ],
)
def test_what_is_no_base_is_a_fault(folder: Path, text: str, message: str) -> None:
    (folder / "inner").mkdir()
    Path("binary.yaml").write_bytes(b"\xff\xfe\x00")
    Path("empty.yaml").write_text("")
    Path("list.yaml").write_text("- 1\n")
    Path("broken.yaml").write_text("a: 1\nb: [1\n")
    Path("sweep.yaml").write_text("base: first.yaml\nseeds: 0-2\n")
    Path("last.yaml").write_text(text)
    assert message in refused("last.yaml")


def test_a_circle_names_its_files(folder: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "b")):
        Path(f"{name}.yaml").write_text(f"base: {base}.yaml\n")
    assert refused("a.yaml") == "c.yaml:1: base: a circle: b.yaml -> c.yaml -> b.yaml"


def test_a_circle_through_a_link_is_a_circle(folder: Path) -> None:
    Path("a.yaml").write_text("base: link.yaml\n")
    Path("link.yaml").symlink_to("a.yaml")
    assert "a circle" in refused("a.yaml")


@pytest.mark.parametrize(("length", "is_fine"), [(MOST_BASES, True), (100, False)])
def test_a_chain_has_an_end(folder: Path, length: int, is_fine: bool) -> None:
    Path("0.yaml").write_text("seed: 5\n")
    for number in range(1, length + 1):
        Path(f"{number}.yaml").write_text(f"base: {number - 1}.yaml\n")
    if is_fine:
        assert load(f"{length}.yaml").seed == 5
    else:
        assert f"more than {MOST_BASES} configs" in refused(f"{length}.yaml")


def test_an_absolute_base_is_found(folder: Path) -> None:
    Path("last.yaml").write_text(f"base: {folder / 'first.yaml'}\n")
    assert load("last.yaml").seed == 3


def test_a_base_is_not_set_from_outside(folder: Path) -> None:
    with pytest.raises(InputError, match="a file says its own base"):
        load("first.yaml", ["base=first.yaml"])
    with pytest.raises(InputError, match="a file says its own base"):
        load("first.yaml").with_changes({"base": "first.yaml"})


def test_experiments_take_configs_that_have_a_base(folder: Path) -> None:
    Path("second.yaml").write_text("base: first.yaml\nnetwork: {depth: 1, units: 5}\n")
    Path("grid.yaml").write_text(
        "base: second.yaml\ngrid: {optimizer.learning_rate: [0.1, 0.2]}\nseeds: 0-1\n"
    )
    runs = expand(load_experiment("grid.yaml"))
    assert [run.config.optimizer.arguments["learning_rate"] for run in runs] == [0.1, 0.1, 0.2, 0.2]
    assert {run.config.network.units for run in runs} == {5}
    assert {run.config.optimizer.arguments["momentum"] for run in runs} == {0.9}
    Path("inplace.yaml").write_text("base: {base: second.yaml, seed: 8}\n")
    (run,) = expand(load_experiment("inplace.yaml"))
    assert (run.config.seed, run.config.network.units) == (8, 5)
    Path("configs.yaml").write_text("configs: [first.yaml, second.yaml]\n")
    assert [run.label for run in expand(load_experiment("configs.yaml"))] == ["first", "second"]


def test_an_experiment_names_the_file_at_fault(folder: Path) -> None:
    Path("wrong.yaml").write_text("base: first.yaml\noptimizer: {momentum: 2}\n")
    Path("grid.yaml").write_text("base: wrong.yaml\ngrid: {seed: [1, 2]}\n")
    with pytest.raises(InputError) as error:
        expand(load_experiment("grid.yaml"))
    assert str(error.value).startswith("wrong.yaml:2: optimizer.momentum: got 2")


def test_a_config_with_a_base_is_no_experiment(folder: Path) -> None:
    Path("second.yaml").write_text("base: first.yaml\nnetwork: {depth: 1, units: 5}\n")
    with pytest.raises(InputError, match="a config of one run, not an experiment"):
        load_experiment("second.yaml")


SCALARS = st.integers(0, 9) | st.sampled_from(["x", "y"]) | st.lists(st.integers(0, 3), max_size=2)
# Keys whose values know no null and no name.
VALUES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=8
)
MAPPINGS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)
# Each key has one kind of value, as in a config; where a kind changes, the order of reading counts.
OF_ONE_KIND = st.recursive(
    st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"a": SCALARS, "b": SCALARS, "c": inner, "d": inner}
    ),
    max_leaves=8,
)
NAMED = st.fixed_dictionaries(
    {"name": st.sampled_from(["sgd", "SGD", "adam", "rmsprop"])},
    optional={"learning_rate": st.floats(0.1, 1), "momentum": st.floats(0, 1)},
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 9),
        "optimizer": NAMED,
        "training": st.dictionaries(
            st.sampled_from(["epochs", "batch_size"]), st.integers(1, 9), max_size=2
        ),
    },
)


@settings(max_examples=100, deadline=None)
@given(MAPPINGS, MAPPINGS)
def test_what_the_upper_one_says_counts(under: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(under, over)
    assert merge(merged, over) == merged
    assert merge({}, under) == under == merge(under, {})
    for name in under.keys() | over.keys():
        if not isinstance(over.get(name), dict):
            assert merged[name] == (over[name] if name in over else under[name])


@settings(max_examples=200, deadline=None)
@given(OF_ONE_KIND | CONFIGS, OF_ONE_KIND | CONFIGS, OF_ONE_KIND | CONFIGS)
def test_a_chain_may_be_read_from_either_end(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    def same(merged: dict[str, Any]) -> Any:
        # SGD and sgd are one name.
        optimizer = merged.get("optimizer")
        return (
            {**merged, "optimizer": {**optimizer, "name": optimizer["name"].lower()}}
            if (isinstance(optimizer, dict))
            else merged
        )

    assert same(merge(merge(one, two), three)) == same(merge(one, merge(two, three)))
