"""From a config to the Keras program that records its training with kerasdemo.

The text expects the arrays `x`, `y`, `x_val`, `y_val` as the network sees them: scaled, and with
targets as the loss wants them (`targets`). Network, compile and fit are those of
`kerasdemo export --python`.
"""

from typing import Literal

from kerasdemo.config import RunConfig
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.data import Array, Part
from kerasdemo.export.code import call, value
from kerasdemo.export.network import write_network
from kerasdemo.export.training import (
    kind_of_targets,
    write_callbacks,
    write_compile,
    write_fit,
    write_policy,
)
from kerasdemo.training import network

Loop = Literal["kerasdemo.fit", "fit"]


def source(
    config: RunConfig,
    shape: Shape,
    outputs: int,
    *,
    results: str = "results/runs",
    loop: Loop = "kerasdemo.fit",
    seeded: bool = True,
) -> str:
    """Return the program that builds, compiles and trains a config's network.

    Args:
        config: what to write out.
        shape: of one example, without the batch axis.
        outputs: number of classes, labels or target columns.
        results: where the run is recorded.
        loop: what trains: `kerasdemo.fit`, or Keras' own `fit` with a recorder.
        seeded: whether each layer names the seed of its own that a run of the config has; else
            one line seeds everything.
    """
    lines = ["import keras", "", "import kerasdemo", "", *write_policy(config)]
    if loop == "fit" or not seeded:
        lines.append(f"keras.utils.set_random_seed({config.seed})")
    lines += write_network(config, shape, outputs, seeded=seeded)
    lines += write_compile(config, kind_of_targets(config, shape, outputs))
    record = [f"results={value(results)}", f"name={value(config.name)}", f"seed={config.seed}"]
    callbacks = write_callbacks(config)
    if loop == "fit":
        validation = ["validation_data=(x_val, y_val)"] if config.data.validation != 0 else []
        callbacks.append(call("kerasdemo.Recorder", ["x", "y", *validation, *record]))
        lines += write_fit(config, callbacks, also=["verbose=0"])
    else:
        first = ("model", "x", "y")
        lines += write_fit(config, callbacks, function="kerasdemo.fit", first=first, also=record)
    return "\n".join(lines) + "\n"


def targets(config: RunConfig, part: Part, shape: Shape, outputs: int) -> Array:
    """Return the targets of a part as its loss wants them."""
    return network.encode(kind_of_targets(config, shape, outputs), part.y, outputs)
