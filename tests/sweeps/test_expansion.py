"""An experiment expands to its runs: each once, always in the same order, checked before."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasdemo.config import InputError
from kerasdemo.config.document import parse_text
from kerasdemo.sweeps import expansion
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import from_document, load


def specs_of(text: str, *overrides: str, file: str = "question.yaml") -> list[RunSpec]:
    return expand(from_document(parse_text(text, file)), overrides)


def faults(text: str, *overrides: str, file: str = "question.yaml") -> list[str]:
    with pytest.raises(InputError) as caught:
        specs_of(text, *overrides, file=file)
    return [str(fault) for fault in caught.value.faults]


SPACE: dict[str, st.SearchStrategy[Any]] = {
    "optimizer.learning_rate": st.floats(1e-6, 1.0),
    "network.depth": st.integers(0, 20),
    "network.dropout": st.floats(0, 0.9),
    "training.batch_size": st.integers(1, 900),
    "network.activation": st.sampled_from(["relu", "sigmoid", "tanh", "maxout"]),
    "optimizer": st.sampled_from(["sgd", "adam", "rmsprop"]),
}
GRIDS = st.lists(st.sampled_from(sorted(SPACE)), min_size=1, max_size=3, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries(
        {key: st.lists(SPACE[key], min_size=1, max_size=3, unique=True) for key in keys}
    )
)
SEEDS = st.lists(st.integers(0, 1000), min_size=1, max_size=3, unique=True)


@given(grid=GRIDS, seeds=SEEDS)
def test_a_grid_is_a_product_without_duplicates_in_a_fixed_order(
    grid: dict[str, list[Any]], seeds: list[int]
) -> None:
    text = json.dumps({"base": {"data": {"name": "fizzbuzz"}}, "grid": grid, "seeds": seeds})
    specs = specs_of(text)
    assert len(specs) == math.prod(len(values) for values in grid.values()) * len(seeds)
    assert len({repr(one.config.settings) for one in specs}) == len(specs)
    assert [one.config for one in specs_of(text)] == [one.config for one in specs]
    for one in specs:
        assert all(value in grid[path] for path, value in one.values.items())
        assert one.config.seed == one.seed


def test_an_inner_key_is_set_after_the_outer_one() -> None:
    specs = specs_of(
        """
base: {data: {name: fizzbuzz}}
grid: {optimizer.learning_rate: [0.5, 0.25], optimizer: [sgd, adam]}
"""
    )
    optimizers = [one.config.resolved["optimizer"] for one in specs]
    got = [(optimizer["name"], optimizer["learning_rate"]) for optimizer in optimizers]
    assert got == [("sgd", 0.5), ("adam", 0.5), ("sgd", 0.25), ("adam", 0.25)]
    assert specs[0].label == "learning_rate=0.5, optimizer=sgd"
    assert specs[0].config.name == "learning_rate=0.5+optimizer=sgd"


def test_a_value_of_one_run_does_not_leak_into_another() -> None:
    specs = specs_of(
        """
base: {data: {name: fizzbuzz}}
grid: {optimizer: [{name: adam, beta_1: 0.5}], optimizer.learning_rate: [0.5, 0.25]}
"""
    )
    assert [one.values["optimizer"] for one in specs] == [{"name": "adam", "beta_1": 0.5}] * 2


def test_lists_and_layers_are_swept() -> None:
    specs = specs_of(
        """
base:
  data: {name: fizzbuzz}
  network: {layers: [{type: dense, units: 8}, {type: dense, units: 4, activation: softmax}]}
grid: {network.layers.0.units: [5, 6]}
"""
    )
    assert [one.config.network.layers[0].units for one in specs] == [5, 6]  # type: ignore[index, union-attr]
    assert [one.label for one in specs] == ["units=5", "units=6"]
    specs = specs_of(
        "base: {data: {name: fizzbuzz}}\ngrid: {network.units: [[3, 4], [5, 5]]}\nseeds: 3-4"
    )
    assert [one.config.network.units for one in specs] == [(3, 4), (3, 4), (5, 5), (5, 5)]
    assert [one.seed for one in specs] == [3, 4, 3, 4]


def test_variants_change_the_base() -> None:
    specs = specs_of(
        """
base: {data: {name: fizzbuzz}, network: {depth: 1}}
variants:
  plain:
  deep: {network.depth: 3, network.units: 7}
"""
    )
    assert [(one.label, one.config.name, one.config.network.depth) for one in specs] == [
        ("plain", "plain", 1),
        ("deep", "deep", 3),
    ]


def test_configs_keep_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("data: {name: fizzbuzz}\n")
    (tmp_path / "two.yaml").write_text("name: second\ndata: {name: circles}\n")
    (tmp_path / "e.yaml").write_text("configs: [one.yaml, two.yaml]\n")
    specs = expand(load(tmp_path / "e.yaml"))
    assert [one.config.name for one in specs] == ["one", "second"]


def test_paths_start_at_the_experiments_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text("data: {name: fizzbuzz}\n")
    (tmp_path / "sub" / "e.yaml").write_text("base: ../base.yaml\nseeds: [1]\n")
    (only,) = expand(load(tmp_path / "sub" / "e.yaml"))
    assert only.config.data.name == "fizzbuzz"
    assert only.config.name == "e"


def test_overrides_go_into_every_run_but_not_over_what_varies() -> None:
    text = "base: {data: {name: fizzbuzz}}\ngrid: {network.depth: [1, 2]}"
    assert {one.config.training.epochs for one in specs_of(text, "training.epochs=3")} == {3}
    assert faults(text, "network.depth=3") == [
        "--set: network.depth: set by the experiment; can't be set here"
    ]
    (fault,) = faults(text + "\nseeds: [1]", "seed=3")
    assert fault == "--set: seed: set by the experiment; can't be set here"
    assert faults(text, "training.epochs=x") == [
        "--set: training.epochs: got 'x'; expected a whole number"
    ]


BASE = "base: {data: {name: fizzbuzz}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            BASE + "grid: {network.dept: [1]}",
            "question.yaml:2: grid.network.dept: unknown key 'dept'",
        ),
        (BASE + "grid:\n  network.depth: []", "question.yaml:3: grid.network.depth: got []"),
        (BASE + "grid: {}", "question.yaml:1: `grid` is empty"),
        (
            BASE + "grid:\n  network.depth:\n    - 1\n    - many",
            "question.yaml:5: grid.network.depth.1: got 'many'; expected a whole number",
        ),
        (
            BASE + "grid: {network.depth: [1, 1]}",
            "question.yaml:2: grid.network.depth.1: depth=1 (seed 0) is the same run as depth=1",
        ),
        (BASE + "seeds: [1, 1]", "question.yaml:2: seeds: duplicate seed 1"),
        (
            BASE + "grid:\n  network.depth: [1]\n  network.units: [[2, 3]]",
            "question.yaml:3: grid.network.depth.0: network: `units` has 2 numbers for `depth: 1`",
        ),
        ("grid: {network.depth: [1]}", "question.yaml:1: expected `base`"),
        ("base: nowhere.yaml", "question.yaml:1: base: no such file"),
        ("base: {data: {name: mnits}}", "question.yaml:1: data.name: got 'mnits'"),
        (BASE + "variants: {a: {}}\ngrid: {seed: [1]}", "question.yaml:1: has grid and variants"),
        (
            BASE + "variants: {a: {}}\nclaims:\n - {statement: x, runs: b, verdict: healthy}",
            "question.yaml:4: claims.0.runs: no run is called 'b'",
        ),
        (
            BASE + "grid: {network.depth: [1]}\n"
            "claims:\n - {statement: x, runs: {network.depth: 2}, verdict: healthy}",
            "question.yaml:4: claims.0.runs: no run has depth=2",
        ),
        (
            BASE + "grid: {network.depth: [1]}\n"
            "claims:\n - {statement: x, better: {depth: 2}, than: {network.depth: 1}}",
            "question.yaml:4: claims.0.better: no run varies depth; varied: network.depth",
        ),
        (
            BASE + "variants: {a: {}}\nclaims:\n - {statement: x, better: a}",
            "question.yaml:4: claims.0: a claim has `better` and `than`, or `runs` and `verdict`",
        ),
        (
            BASE + "search: {space: {network.depth: {low: 3, high: 1, integer: true}}}",
            "question.yaml:2: search.space.network.depth: `low` must be less than `high`",
        ),
        (
            BASE + "search: {space: {network.activation: [relu, sigmod]}}",
            "question.yaml:2: search.space.network.activation: unknown name 'sigmod'",
        ),
        (
            BASE + "search: {space: {optimizer.learning_rate: {low: -1, high: 1}}}",
            "question.yaml:2: search.space.optimizer.learning_rate: got -1.0",
        ),
        (
            BASE + "variants: {a: {}}\nclaims:\n - {statement: x, better: a, than: a}",
            "question.yaml:4: claims.0.metric: there is no val_accuracy with `data.validation: 0`",
        ),
        (
            "base: {data: {name: friedman}}\n"
            "variants: {a: {}}\nclaims:\n - {statement: x, better: a, than: a}",
            "question.yaml:4: claims.0.metric: there is no val_accuracy of a regression task; use "
            "val_r2",
        ),
        (
            BASE + "search: {space: {network.depth: [1, 2]}, objective: val_r2}",
            "question.yaml:2: search.objective: there is no val_r2 of a classification task; use "
            "val_accuracy",
        ),
        (
            BASE + "search: {space: {network.depth: [1, 2]}}",
            "question.yaml:2: search.objective: there is no val_loss with `data.validation: 0`",
        ),
        (BASE + "sedes: [1]", "question.yaml:2: sedes: unknown key 'sedes'; did you mean 'seeds'?"),
        (BASE + "seeds: [-1]", "question.yaml:2: seeds.0: got -1"),
    ],
)
def test_bad_input_is_reported_with_the_experiments_line(text: str, expected: str) -> None:
    assert any(fault.startswith(expected) for fault in faults(text)), faults(text)


def test_a_fault_of_a_value_is_reported_once() -> None:
    text = BASE + "grid: {network.depth: [-1], network.units: [1, 2, 3]}\nseeds: 0-9"
    assert len(faults(text)) == 1


def test_an_experiment_can_not_be_its_own_base(tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text("base: e.yaml\n")
    with pytest.raises(InputError, match="is this experiment itself"):
        expand(load(file))


EXPERIMENTS = sorted((Path(__file__).parents[2] / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_shipped_experiments_expand(file: Path) -> None:
    experiment = load(file)
    specs = expand(experiment)
    text = file.read_text()
    assert text.startswith(f"# kerasdemo sweep experiments/{file.name}\n# {len(specs)} runs: ")
    assert experiment.question.endswith("?")
    assert experiment.source
    assert experiment.claims


def test_a_config_is_no_experiment(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("data: {name: mnist_sample}\n")
    with pytest.raises(InputError, match=r"net\.yaml: a config of one run.* `kerasdemo run`"):
        load(tmp_path / "net.yaml")


def test_runs_are_counted_before_they_are_made() -> None:
    values = ", ".join(map(str, range(1, 1_001)))
    grid = "".join(f"  {path}: [{values}]\n" for path in ("network.units", "training.epochs"))
    for seeds, count in (("0", "1,000,000"), ("0-9", "10,000,000")):
        text = f"base: {{data: {{name: fizzbuzz}}}}\ngrid:\n{grid}seeds: 0-{seeds[-1]}\n"
        (fault,) = faults(text)
        assert fault.startswith(f"question.yaml:2: grid: {count} runs; at most 10,000")


def test_too_many_seeds_are_refused_however_they_are_written() -> None:
    listed = ", ".join(map(str, range(2_000)))
    for seeds in ("0-999999999", "0-99999999999999999999", f"[{listed}]"):
        (fault,) = faults(f"base: {{data: {{name: fizzbuzz}}}}\nseeds: {seeds}\n")
        assert "seeds" in fault
        assert "expected" in fault


def test_a_fault_of_the_base_is_reported_once_and_found_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    real = expansion.from_document
    monkeypatch.setattr(expansion, "from_document", lambda d: calls.append(1) or real(d))
    values = list(range(1, 1_001))
    text = (
        "base: {data: {name: fizzbuzz}, trainig: 1, netwrok: 2, sed: 3}\n"
        f"grid: {{network.units: {values}}}\nseeds: 0-4\n"
    )
    assert len(faults(text)) == 3
    assert len(calls) <= expansion.MOST_FAILED + 1


@pytest.mark.parametrize("base", ["~nosuchuser/x.yaml", "x" * 5_000, "/dev/zero"])
def test_a_base_that_is_no_file_is_reported(base: str) -> None:
    (fault,) = faults(f"base: {base}\nseeds: 0-1\n")
    assert fault.startswith("question.yaml:1: base: ")
