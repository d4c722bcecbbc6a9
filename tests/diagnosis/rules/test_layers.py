"""Frozen layers and batch normalization, on records written by hand."""

from dataclasses import replace
from typing import Any

import pytest

from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import dense, falling, make_python_run, rising

NETWORK = (dense("base", 64, 8), dense("base_1", 64, 64), dense("head", 3, 64, "softmax"))
BASELINE = {"linear_baseline": {"train": 0.8, "validation": 0.8}}


def with_frozen(*names: str, accuracy: float = 0.5) -> Run:
    network = [replace(one, parameters=0) if one.name in names else one for one in NETWORK]
    return make_python_run(
        loss=falling(1.1, 0.9 if accuracy < 0.8 else 0.05),
        accuracy=rising(0.4, accuracy),
        network=network,
        data=BASELINE,
        setup={"frozen": names},
    )


@pytest.mark.parametrize("names", [("head",), ("base", "base_1", "head"), ("base", "base_1")])
def test_frozen_layers_are_the_cause(names: tuple[str, ...]) -> None:
    verdict = diagnose(with_frozen(*names))
    assert verdict.outcome == "optimization_failure"
    assert verdict.causes[0].name == "frozen_layers"
    assert verdict.remedies[0].code == "\n".join(
        f'model.get_layer("{name}").trainable = True  # before model.compile' for name in names
    )


def test_a_trained_head_on_a_frozen_base_is_no_fault() -> None:
    verdict = diagnose(with_frozen("base", "base_1", accuracy=0.97))
    assert verdict.is_healthy
    assert not any("frozen" in note for note in verdict.notes)


def test_a_frozen_output_is_worth_a_note_in_a_run_that_works() -> None:
    verdict = diagnose(with_frozen("head", accuracy=0.97))
    assert verdict.is_healthy
    assert any(note.startswith("K213, frozen layers: The output") for note in verdict.notes)
    assert "K213" not in " ".join(
        diagnose(with_frozen("head", accuracy=0.97), ignore=["K213"]).notes
    )


def test_layers_inside_layers_and_many_layers_are_unfrozen_by_name() -> None:
    inner = diagnose(with_frozen("base", "base_1"))
    assert inner.causes[0].evidence["frozen_layers"] == 2
    names = [f"resnet/conv_{n}" for n in range(5)]
    run = make_python_run(
        loss=falling(1.1, 0.9), accuracy=rising(0.4, 0.5), data=BASELINE, setup={"frozen": names}
    )
    codes = [remedy.code for remedy in diagnose(run).remedies]
    assert "model.trainable = True  # before model.compile" in codes
    one = make_python_run(
        loss=falling(1.1, 0.9),
        accuracy=rising(0.4, 0.5),
        data=BASELINE,
        setup={"frozen": names[:1]},
    )
    expected = 'model.get_layer("resnet").get_layer("conv_0").trainable = True'
    assert any((remedy.code or "").startswith(expected) for remedy in diagnose(one).remedies)


def normalized(batch_size: int, accuracy: float = 0.5) -> Run:
    arguments: dict[str, Any] = {"axis": -1}
    network = (
        dense("dense", 64, 8, "linear"),
        Layer("norm", "batch_normalization", (64,), (64,), arguments, 128),
        Layer("relu", "activation", (64,), (64,), {"activation": "relu"}),
        dense("head", 3, 64, "softmax"),
    )
    return make_python_run(
        loss=falling(1.1, 1 - accuracy),
        accuracy=rising(0.4, accuracy),
        network=network,
        data=BASELINE,
        setup={"batch_size": batch_size},
    )


@pytest.mark.parametrize("size", [1, 2, 4])
def test_batch_normalization_on_tiny_batches_is_the_cause(size: int) -> None:
    verdict = diagnose(normalized(size))
    assert verdict.causes[0].name == "tiny_batches_normalized"
    codes = [remedy.code for remedy in verdict.remedies[:2]]
    assert codes == [
        "model.fit(..., batch_size=32)",
        "keras.layers.LayerNormalization()  # in place of norm",
    ]


def test_larger_batches_and_runs_that_work_are_no_fault() -> None:
    assert "tiny_batches_normalized" not in [c.name for c in diagnose(normalized(32)).causes]
    assert diagnose(normalized(2, accuracy=0.97)).is_healthy
