"""The diagram of a network: boxes in order, with shapes and parameters."""

from collections.abc import Iterator, Sequence
from typing import Any

from kerasdemo.config import keras_arguments
from kerasdemo.config.layers import ACTIVATION_TYPES, NORMALIZATIONS, Layer
from kerasdemo.pages import numbers
from kerasdemo.records import Run

MOST_BOXES = 120
# Layers that are shown in the box of the layer before them.
FOLLOWERS = (
    *ACTIVATION_TYPES, *NORMALIZATIONS, "dropout", "gaussian_noise", "spatial_dropout2d",
)  # fmt: skip


def draw(run: Run) -> dict[str, Any] | None:
    """Return the boxes of the diagram: a layer with what follows it and has no weights."""
    if not run.network:
        return None
    boxes: list[list[Layer]] = []
    for layer in run.network:
        if boxes and layer.type in FOLLOWERS:
            boxes[-1].append(layer)
        else:
            boxes.append([layer])
    total = count_parameters(run) or 0
    frozen = set(run.setup.frozen)
    is_chain = run.setup.structure == "chain"
    return {
        "input": numbers.shape(run.network[0].input_shape) if is_chain else "",
        "is_chain": is_chain,
        "note": ""
        if is_chain
        else "The layers in the order in which Keras lists them; how they are connected is not "
        "recorded.",
        "boxes": [_box(box, total, frozen) for box in boxes[:MOST_BOXES]],
        "more": sum(map(len, boxes[MOST_BOXES:])),
        "layers": len(run.network),
        "parameters": f"{total:,}",
    }


def _box(box: Sequence[Layer], total: int, frozen: set[str]) -> dict[str, Any]:
    first = box[0]
    parameters = sum(layer.parameters for layer in box)
    parts = [one for layer in box for one in _extras(layer, is_first=layer is first)]
    return {
        "title": keras_arguments.class_name("layers", first.type) or _class_name(first.type),
        "name": first.name,
        "extras": parts,
        "output": numbers.shape(box[-1].output_shape),
        "parameters": f"{parameters:,}" if parameters else "",
        "share": round(100 * parameters / total) if total else 0,
        "is_frozen": first.name in frozen,
    }


def _class_name(snake: str) -> str:
    """Return a class that is not known here as Keras would spell it: `GlobalAveragePooling2D`."""
    words = "".join(word[:1].upper() + word[1:] for word in snake.split("_"))
    return words[:-1] + "D" if words[-2:-1].isdigit() and words.endswith("d") else words


def _extras(layer: Layer, *, is_first: bool) -> Iterator[str]:
    """Yield what a box says of a layer besides its name: activation, rate, size of the kernel."""
    arguments = layer.arguments
    if is_first:
        size = arguments.get("kernel_size") or arguments.get("pool_size")
        if size:
            yield " × ".join(map(str, size)) if isinstance(size, list | tuple) else f"size {size}"
    elif layer.activation is None or layer.type != "activation":
        rate = arguments.get("rate")
        yield f"{layer.type.replace('_', ' ')}{f' {rate:g}' if isinstance(rate, float) else ''}"
    if layer.activation:
        yield layer.activation


def count_parameters(run: Run) -> int | None:
    """Return the number of trainable parameters, or None where it is not known."""
    recorded = run.facts.get("parameters")
    if recorded is None and run.network:
        return sum(layer.parameters for layer in run.network)
    return recorded
