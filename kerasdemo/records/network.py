"""network.json: the layers of a run's network, as built, from input to output."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kerasdemo.config import RunConfig
from kerasdemo.config.errors import shown
from kerasdemo.config.layers import Layer, ShapeError, layers_of
from kerasdemo.records import files
from kerasdemo.records.schema import NetworkRecord, check

_LAYERS: TypeAdapter[tuple[Layer, ...]] = TypeAdapter(tuple[Layer, ...])


def write(file: Path, layers: Sequence[Layer]) -> None:
    """Write network.json, whole or not at all."""
    files.write_json(file, {"layers": [layer.as_dict() for layer in layers]})


def read(file: Path, *, has_config: bool) -> tuple[Layer, ...]:
    """Return the layers that network.json lists.

    Args:
        has_config: whether a config declares them, too: then one of them has weights.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    content = files.read_json(file)
    check(NetworkRecord, content, file.name)
    layers = _LAYERS.validate_python(content["layers"])
    for number, layer in enumerate(layers) if has_config else ():
        for shape in ("input_shape", "output_shape"):
            if not all(getattr(layer, shape) or [None]):
                value = shown(list(getattr(layer, shape)))
                raise ValueError(f"{file.name}: `layers.{number}.{shape}` is {value}")
    if has_config and not any(layer.has_kernel for layer in layers):
        raise ValueError(f"{file.name}: no layer has weights; without the file the config counts")
    return layers


def declared(config: RunConfig, facts: Mapping[str, Any]) -> tuple[Layer, ...]:
    """Return the layers that a config declares, for a run recorded before there was network.json.

    Args:
        facts: of run.json; they know the data better than the config does.

    Returns:
        The layers; none where the shape of the data is not known or a layer does not fit.
    """
    data, known = facts.get("data") or {}, config.dataset_info
    shape = tuple(data.get("shape") or (known and known.shape) or ())
    classes = data.get("classes") or (known.classes if known else None)
    try:
        return layers_of(config, shape, classes) if shape else ()
    except ShapeError:
        return ()
