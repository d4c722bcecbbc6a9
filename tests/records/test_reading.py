"""Every file of a run folder is checked where it is read, and older ones are still read."""

import json
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.records import flatten, read, reading
from tests.factories import write_run


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("epoch,loss\n1," + "9" * 200_000 + "\n", "field larger"),
        ("epoch,loss\n1\n", "not as long"),
        ("epoch\n1\n", "no column loss"),
        ("epoch,loss\n1,x\n", "column loss"),
        ("epoch,loss,accuracy\n1,1,1e308\n", "not a share of examples"),
    ],
)
def test_damaged_metrics_are_rejected(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=problem):
        reading.read_metrics(file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [", "expected"),
        ("[]", "not a run's config"),
        ("name: a\n'=HYPERLINK(1)': 1", "'=HYPERLINK.1.' is not a key of a config"),
        ("name: a\nseed: x", "`seed` is 'x'; expected a whole number"),
        ("name: a\nseed: true", "`seed` is True; expected a whole number"),
        ("name: a\nx: 2020-01-01", "`x` is .*; expected a plain value"),
        ("name: a\nx: 99999999999999999999", "`x` is 9*; expected a plain value"),
        ("name: &a [*a]", "alias"),
        ("name: a\nx: " + "[" * 3_000, "nested too deeply"),
    ],
)
def test_a_damaged_config_is_rejected(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=problem):
        reading.read_settings(file)


def test_layers_are_flattened_by_number() -> None:
    nested = {"network": {"layers": [{"units": 3}, {"units": 4}]}, "units": [1, 2], "none": []}
    assert flatten(nested) == {
        "network.layers.0.units": 3,
        "network.layers.1.units": 4,
        "units": "[1, 2]",
        "none": "[]",
    }


def test_sanity_checks_are_read_under_their_older_name(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a")
    (run.path / "probe.json").write_text('{"seconds": 1.0}')
    assert read(run.path).sanity_checks == {"seconds": 1.0}
    run.sanity_checks_file.write_text('{"seconds": 2.0}')
    assert read(run.path).sanity_checks == {"seconds": 2.0}
    run.sanity_checks_file.write_text('{"seconds": "x"}')  # derived: damaged counts as missing
    assert read(run.path).sanity_checks == {}
    run.clear()
    assert [file.name for file in run.path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ("{", "Expecting property name"),
        ("[]", "run.json is not a JSON object"),
        ("{}", "run.json: `status` is missing"),
        ('{"status": "finished", "seconds": "x"}', "run.json: `seconds` is 'x'; expected"),
        ('{"status": "finished", "test": {"accuracy": 1.5}}', "`test.accuracy` is 1.5; expected"),
    ],
)
def test_damaged_facts_are_rejected(facts: str, problem: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a")
    run.run_file.write_text(facts)
    with pytest.raises(InputError, match=f"damaged: .*{problem}"):
        read(run.path)
    assert run.status is None
    assert not run.is_complete


def test_a_folder_without_a_config_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder: it has no config"):
        read(tmp_path)
    write_run(tmp_path / "depth=3")
    with pytest.raises(InputError, match="no such run folder; did you mean 'depth=3'"):
        read(tmp_path / "depht=3")


LAYER: dict[str, Any] = {
    "name": "output",
    "type": "dense",
    "input_shape": [10],
    "output_shape": [4],
    "arguments": {"units": 4, "kernel_initializer": {"name": "random_normal", "stddev": 0.1}},
    "parameters": 44,
    "key": "network",
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"input_shape": []}, "`layers.0.input_shape` is"),
        ({"name": None}, "`layers.0.name` is null"),
        ({"parameters": 1.5}, "`layers.0.parameters` is 1.5"),
        ({"arguments": {"activation": [None]}}, "`layers.0.arguments.activation` is"),
        ({"arguments": {"kernel_size": []}}, "`layers.0.arguments.kernel_size"),
        ({"arguments": {}}, "no layer has weights"),
        ({"arguments": {"groups": 0}}, "`layers.0.arguments.groups` is 0"),
        ({"arguments": {"kernel_initializer": {"name": {}}}}, "kernel_initializer.name` is"),
        (
            {"arguments": {"kernel_initializer": {"name": "random_normal"}}},
            "expected random_normal with its stddev",
        ),
    ],
)
def test_a_damaged_network_is_rejected(
    change: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "a")
    run.network_file.write_text(json.dumps({"layers": [LAYER]}))
    (layer,) = read(run.path).network
    assert (layer.units, layer.fan_in, layer.output_shape) == (4, 10, (4,))
    run.network_file.write_text(json.dumps({"layers": [LAYER | change]}))
    with pytest.raises(InputError, match=f"damaged: network.json: .*{problem}"):
        read(run.path)
