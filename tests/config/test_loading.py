"""A YAML file becomes a frozen, complete config, or every one of its faults is reported at once."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from kerasdemo.config import InputError, load, parse
from kerasdemo.config.layers import layers_of
from kerasdemo.config.schema import schema_text
from kerasdemo.config.types import RunConfig
from kerasdemo.sweeps.experiment import Experiment


def faults(text: str, *overrides: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text, "net.yaml", overrides)
    return [str(fault) for fault in caught.value.faults]


def test_three_lines_are_a_whole_config() -> None:
    config = parse("data: {name: mnist_sample}\nnetwork: {depth: 1}\nseed: 3\n", "small.yaml")
    assert config.name == "small"
    assert (config.data.train, config.data.validation, config.data.test) == (3500, 500, 1000)
    assert config.optimizer.arguments["learning_rate"] == 0.001
    assert config.network.output_activation.name == "softmax"


def test_a_resolved_config_reads_back_as_itself() -> None:
    config = parse("network: {depth: 3, units: [5, 6, 7], activation: maxout}\noptimizer: sgd\n")
    reloaded = parse(yaml.safe_dump(config.resolved))
    assert reloaded.resolved == config.resolved


def test_yaml_traps_mean_what_they_look_like() -> None:
    config = parse(
        "name: no\ndescription: on\nseed: 010\noptimizer: {name: sgd, learning_rate: 1e-3}"
    )
    assert (config.name, config.description, config.seed) == ("no", "on", 10)
    assert config.optimizer.arguments["learning_rate"] == 0.001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "net.yaml: the file is empty"),
        ("- 1", "net.yaml:1: expected a mapping"),
        ("a: [", "net.yaml:1: not valid YAML"),
        ("network:\n\tdepth: 1", "net.yaml:2: not valid YAML: a tab"),
        ("seed: 1\nseed: 2", "net.yaml:2: seed: duplicate key, first on line 1"),
        ("seed: &a 1\nname: *a", "net.yaml:2: not valid YAML: an alias"),
        ("optimiser: adam", "unknown key 'optimiser'; did you mean 'optimizer'?"),
        ("optimizer: sdg", "unknown name 'sdg'; did you mean 'sgd'?"),
        ("optimizer: {name: sgd, beta_1: 0.9}", "optimizer.beta_1: unknown key 'beta_1'"),
        ("loss: crossentropy", "loss: unknown name 'crossentropy'"),
        (
            "network:\n  units: many",
            "net.yaml:2: network.units: got 'many'; expected a whole number",
        ),
        ("network: {depth: 2, units: [5]}", "`units` has 1 numbers for `depth: 2`"),
        ("network: {dropout: 1.0}", "network.dropout: got 1.0; expected less than 1"),
        ("seed: yes", "seed: got 'yes'; expected a whole number"),
        ("grid: {seed: [1]}", "an experiment, not a config; use `kerasdemo sweep` for it"),
        ("seed: -1", "seed: got -1; expected greater than or equal to 0"),
        ("training: {epochs: 2.5}", "got 2.5; expected a whole number"),
        (
            "optimizer: {name: adam, learning_rate: 0}",
            "learning_rate: got 0; expected greater than 0",
        ),
        ("optimizer: {name: adam, learning_rate: .nan}", "expected a finite number"),
        ("seed: !!timestamp foo", "seed: the tag tag:yaml.org,2002:timestamp"),
        ("seed: !!bool foo", "seed: can't be read"),
        ('name: !!python/object/apply:os.system ["id"]', "name: the tag tag:yaml.org,2002:python"),
        ('description: "\\ud800"', "description: can't be read"),
        ("network: {units: 100000000000}", "expected less than or equal to 10000000"),
        ("optimizer: SDG", "did you mean 'sgd'?"),
        ("ignore: [all]", "ignore.0: got 'all'; expected a rule's code such as K212 or L301"),
        ("ignore: L301", "ignore: got 'L301'; expected a list"),
        ("name: ../up", "name: got '../up'; expected letters"),
        ("data: {name: cifar}", "data.name: got 'cifar'; expected"),
        ("data: {train: 55000, validation: 10000}", "has 60,000 for both"),
        ("data: {name: fizzbuzz, test: 101}", "101 requested; fizzbuzz has 100"),
        ("data: {name: file}", "`path` must name an .npz file"),
        ("data: {name: file, path: none.npz}", "data.path: no such file: "),
        ("loss: binary_crossentropy", "one output unit, for two classes; mnist has 10"),
        (
            "data: {validation: 0}\ntraining: {early_stopping: {monitor: val_loss}}",
            "net.yaml:2: training.early_stopping.monitor: val_loss can't be monitored",
        ),
        ("network: {layers: [{type: dense, units: 10}]}", "expected one row of units"),
        ("network: {layers: [{type: flatten}, {type: dense, units: 9}]}", "9 output units, but"),
        ("network: {layers: [{type: dens}]}", "unknown type 'dens'; did you mean 'dense'?"),
        ("network: {layers: []}", "network.layers: got []; expected"),
        ("network: {depth: 1, layers: [{type: flatten}]}", "leave out depth"),
        (
            "network: {layers: [{type: conv2d, filters: 1, kernel_size: 40}]}",
            "a window of 40 does not fit into 28",
        ),
    ],
)
def test_bad_input_is_reported_with_its_place(text: str, expected: str) -> None:
    (line,) = faults(text)
    assert expected in line
    assert line.startswith("net.yaml")


def test_all_faults_of_a_file_are_reported_at_once() -> None:
    lines = faults(
        "seed: x\nnetwork:\n  depht: 1\n  dropout: 2\ntraining: {epochs: 0}\nloss: mse\nloss: mae"
    )
    assert [fault.split(": ")[0] for fault in lines] == [f"net.yaml:{n}" for n in (1, 3, 4, 5, 7)]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("optimizer.learning_rate", "expected key=value"),
        ("=1", "expected key=value"),
        ("seed=x", "--set: seed: got 'x'; expected a whole number"),
        ("network.deptg=1", "--set: network.deptg: unknown key 'deptg'; did you mean 'depth'?"),
        ("seed.deep=1", "has nothing inside to set"),
        ("network.layers.3.units=1", "a list of 2; expected a number from 0 to 1"),
        ("seed=[", "--set: seed: not valid YAML"),
        ("epochs=2", "--set: epochs: unknown key 'epochs'; did you mean 'training.epochs'?"),
        ("batch_sise=2", "did you mean 'training.batch_size'?"),
        ("lr=2", "did you mean 'optimizer.learning_rate'?"),
        ("batch=4", "did you mean 'training.batch_size'?"),
        ("train=2", "did you mean 'data.train'?"),
        ("optimizer.lr=2", "did you mean 'optimizer.learning_rate'?"),
        ("loss=cross_entropy", "did you mean 'categorical_crossentropy'?"),
    ],
)
def test_overrides_are_checked_like_the_file(override: str, expected: str) -> None:
    text = "seed: 1\nnetwork: {layers: [{type: flatten}, {type: dense, units: 10}]}"
    assert expected in faults(text, override)[0]


def test_overrides_reach_everything() -> None:
    config = parse(
        "network: {layers: [{type: flatten}, {type: dense, units: 10}]}",
        overrides=[
            "network.layers.1.activation=softmax",
            "optimizer.learning_rate=1e-2",
            "training.early_stopping=null",
            "data.noise.test=1",
        ],
    )
    assert config.network.layers[1].activation.name == "softmax"
    assert config.optimizer.arguments["learning_rate"] == 0.01
    assert config.training.early_stopping is None
    assert config.data.noise.test == 1.0


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "seed": st.integers(0, 2**31 - 1),
            "network": st.fixed_dictionaries(
                {}, optional={"depth": st.integers(0, 20), "units": st.integers(1, 10**6)}
            ),
            "optimizer": st.sampled_from(["sgd", "adam", "rmsprop", "adagrad"]),
            "loss": st.sampled_from(["mse", "categorical_crossentropy", "categorical_hinge"]),
            "data": st.fixed_dictionaries(
                {"name": st.just("mnist")},
                optional={"train": st.integers(1, 50_000), "normalize": st.just("none")},
            ),
        },
    )
)
def test_every_config_survives_the_round_through_its_file(values: dict[str, object]) -> None:
    config = parse(yaml.safe_dump({"description": "", **values}))
    assert parse(yaml.safe_dump(config.resolved)).resolved == config.resolved


@given(st.text(max_size=80))
def test_any_text_is_a_config_or_a_clear_error(text: str) -> None:
    try:
        parse(text)
    except InputError as error:
        assert error.faults
        assert all("\n" not in str(fault) for fault in error.faults)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*RunConfig.model_fields, "name", "type", "layers"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_structure_is_a_config_or_a_clear_error(value: object) -> None:
    try:
        parse(yaml.safe_dump({"seed": 0, "network": value, "data": value, "optimizer": value}))
    except InputError as error:
        assert error.faults


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text("seed: 1")
    with pytest.raises(InputError, match=r"no such file; did you mean 'quickstart\.yaml'"):
        load(tmp_path / "quickstrat.yaml")


def test_a_data_path_is_relative_to_the_config(tmp_path: Path) -> None:
    x, y = np.zeros((30, 4), np.float32), np.arange(30) % 3
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    (tmp_path / "own.yaml").write_text("data: {name: file, path: own.npz}")
    config = load(tmp_path / "own.yaml")
    assert config.data.path == str(tmp_path / "own.npz")
    assert (config.data.train, config.data.validation, config.data.test) == (27, 3, 30)


@pytest.mark.parametrize(
    ("file", "root"),
    [("configs/schema.json", RunConfig), ("experiments/schema.json", Experiment)],
)
def test_the_schema_is_current_and_describes_every_property(
    file: str, root: type[BaseModel], repository: Path
) -> None:
    text = (repository / file).read_text()
    assert text == schema_text(root), "run `make schema`"
    schema = json.loads(text)
    for place in (schema, *schema["$defs"].values()):
        for name, described in place.get("properties", {}).items():
            assert described.get("description"), f"{place['title']}.{name} has no description"


CLASSES = """
data: {name: mnist_sample}
optimizer: Adam
loss: {name: CategoricalCrossentropy, label_smoothing: 0.1}
network:
  initializer: HeNormal
  layers:
    - type: Conv2D
      filters: 8
      kernel_size: 3
      dilation_rate: 2
      activation: ReLU
      bias_initializer: Ones
      kernel_constraint: {name: MaxNorm, max_value: 1.0, axis: [0, 1, 2]}
    - {type: conv2d, filters: 4, kernel_size: 3, groups: 4, bias_regularizer: {l2: 0.1}}
    - {type: BatchNormalization, center: false, gamma_initializer: {name: Constant, value: 0.5}}
    - {type: Flatten}
    - {type: Dense, units: 10, activation: Softmax, kernel_regularizer: {l2: 0.01}}
"""


def test_class_names_are_accepted_as_keras_spells_them() -> None:
    config = parse(CLASSES)
    assert (config.optimizer.name, config.loss.name) == ("adam", "categorical_crossentropy")
    assert config.network.initializer.name == "he_normal"
    assert config.network.layers is not None
    kinds = [layer.type for layer in config.network.layers]
    assert kinds == ["conv2d", "conv2d", "batch_normalization", "flatten", "dense"]
    layers = {layer.name: layer for layer in layers_of(config, (28, 28), 10)}
    assert layers["conv2d_2"].output_shape == (22, 22, 4)
    reloaded = parse(yaml.safe_dump(config.resolved))
    assert reloaded.settings == config.settings


def test_an_argument_at_its_default_is_not_written() -> None:
    plain, said = (
        parse(f"network: {{layers: [{{type: flatten}}, {{type: dense, units: 10{more}}}]}}")
        for more in ("", ", bias_initializer: null, kernel_constraint: null")
    )
    assert plain.settings == said.settings


def test_groups_must_divide_channels() -> None:
    (line,) = faults(CLASSES.replace("groups: 4", "groups: 3"))
    assert "8 channels and 4 filters can't be split into 3 groups" in line


def test_objects_are_shown_by_their_own_names() -> None:
    config = parse("network: {activation: relu}\noptimizer: {name: sgd, learning_rate: 0.5}")
    shown = repr(config)
    assert "activation=relu()" in shown
    assert "optimizer=sgd(learning_rate=0.5, " in shown
