"""Every layer of the vocabulary as code is the layer that a run has, weight by weight."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kerasdemo.backend import keras
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.export.network import write_network
from kerasdemo.training import network
from tests.training.test_every_layer import CASES, config_of

LEFT_OUT = ("name", "shared_object_id")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES)
def test_every_layer_is_written_with_arguments_and_seed(
    kind: str, arguments: Mapping[str, Any], shape: Shape
) -> None:
    # Not every layer lets a mask through.
    behind = {"type": "gru", "units": 2} if kind == "masking" else {"type": "flatten"}
    config = config_of([{"type": kind, **arguments}, behind, {"type": "dense", "units": 2}])
    names: dict[str, Any] = {"keras": keras, "np": np}
    exec("\n".join(write_network(config, shape, 2)), names)
    wanted = network.build(config, shape, 2)
    for ours, theirs in zip(names["model"].weights, wanted.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(names["model"].layers, wanted.layers, strict=True):
        assert describe(ours) == describe(theirs)


def describe(layer: Any) -> str:
    """Return a layer's arguments but for names, lists and tuples alike."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(value[key]) for key in sorted(value) if key not in LEFT_OUT}
        return [plain(v) for v in value] if isinstance(value, list | tuple) else value

    return repr(plain(layer.get_config()))
