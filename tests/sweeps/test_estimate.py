"""Estimates grow as the work does."""

import os
from pathlib import Path

import pytest

from kerasdemo.config import RunConfig, parse
from kerasdemo.records import Summary
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunOutcome


def config(text: str) -> RunConfig:
    return parse("data: {name: mnist, train: 1000, validation: 100}\n" + text)


def test_products_of_both_forms_are_the_same() -> None:
    depth = estimate.multiplications(config("network: {depth: 2, units: [5, 7]}"))
    assert depth == 784 * 5 + 5 * 7 + 7 * 10
    layers = """
network:
  layers:
    - {type: flatten}
    - {type: dense, units: 5}
    - {type: dense, units: 7}
    - {type: dense, units: 10}
"""
    assert estimate.multiplications(config(layers)) == depth
    maxout = config("network: {depth: 1, units: 5, activation: maxout, maxout_pieces: 3}")
    assert estimate.multiplications(maxout) == 3 * 784 * 5 + 5 * 10


def test_products_of_a_convolution() -> None:
    text = """
network:
  layers:
    - {type: conv2d, filters: 4, kernel_size: 3}
    - {type: max_pooling2d}
    - {type: conv2d, filters: 2, kernel_size: [1, 2]}
    - {type: flatten}
    - {type: dense, units: 10}
"""
    convolutions = 26 * 26 * 4 * 9 + 13 * 12 * 2 * 2 * 4
    assert estimate.multiplications(config(text)) == convolutions + 13 * 12 * 2 * 10


def test_a_product_costs_more_in_a_convolution() -> None:
    # A filter as large as the image is a dense unit.
    end = "{type: flatten}, {type: dense, units: 10}]}"
    dense = config(f"network: {{layers: [{{type: flatten}}, {{type: dense, units: 90}}, {end}")
    filters = f"network: {{layers: [{{type: conv2d, filters: 90, kernel_size: 28}}, {end}"
    assert estimate.multiplications(config(filters)) == estimate.multiplications(dense)
    assert 1.5 * estimate.work(dense) < estimate.work(config(filters)) < 2 * estimate.work(dense)


def test_work_is_linear_in_epochs_and_grows_with_the_updates() -> None:
    one = estimate.work(config("training: {epochs: 1}"))
    assert estimate.work(config("training: {epochs: 7}")) == 7 * one
    assert estimate.work(config("training: {epochs: 1, batch_size: 1}")) > 3 * one


def test_complete_runs_show_how_long_the_others_take() -> None:
    specs = [RunSpec("a", {}, 0, config(f"training: {{epochs: {n}}}")) for n in (1, 3)]
    summary = Summary(None, "a", "finished", None, {}, {}, 1, 10.0, 1, None, None)  # type: ignore[arg-type]
    known = estimate.seconds(specs, [RunOutcome("finished", summary=summary), None])
    assert round(known, 6) == 30
    assert estimate.seconds(specs, [None, None]) > estimate.COMPILE_SECONDS


def test_small_work_is_for_one_worker_and_large_work_for_every_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # no GPU
    small, large = (
        [RunSpec("a", {}, seed, config(f"training: {{epochs: {n}}}")) for seed in range(4)]
        for n in (1, 100)
    )
    assert estimate.usual_workers(small) == 1
    assert estimate.usual_workers(large) == 2
    assert estimate.usual_workers(large[:1]) == 1
    assert estimate.usual_workers([]) == 1


def test_a_network_that_no_row_of_a_table_fits_costs_nothing(tmp_path: Path) -> None:
    rows = [f"{n % 3},{'abc'[n % 3]}" for n in range(30)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b", *rows]))
    config = parse(
        f"data: {{name: csv, path: {tmp_path}/table.csv, target: a}}\n"
        "network: {layers: [{type: conv2d, filters: 1, kernel_size: 3}]}\n"
    )
    assert estimate.multiplications(config) == 0
