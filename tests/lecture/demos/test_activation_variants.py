"""Keras' layers are the formulas of ReLU's variants."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demos import activation_variants


def test_formulas_are_keras_layers() -> None:
    z = np.linspace(-3, 3, 7, dtype=np.float32)
    for name, layer in activation_variants._keras_layers(len(z)).items():
        formula = activation_variants.FORMULAS[name]
        np.testing.assert_allclose(np.asarray(layer(z[None]))[0], formula(z), atol=1e-6)


@pytest.mark.slow
def test_trained_variants(train: Any) -> None:
    variants = {name: [f"network.activation={name}"] for name in ("relu", "prelu")}
    output = activation_variants.compare(train(variants))
    assert [claim.status for claim in output.claims[:4]] == ["held"] * 4
    assert set(output.figures) == {"activation_shapes"}
