"""What a Keras History tells of a training: its curves, and the model that it is of."""

from dataclasses import replace
from typing import Any

from kerasdemo.records import Run, curves
from kerasdemo.training import model_setup
from kerasdemo.training.recorded_data import RecordedData
from kerasdemo.training.recording import Recording


def read_history(history: Any) -> Run:
    """Return the run that a Keras History tells of, with its model's layers, loss and optimizer.

    Args:
        history: what `fit` returned; of data and layer statistics it knows nothing.

    Raises:
        InputError: where its curves have no loss.
    """
    model, params = history.model, history.params or {}
    recording = Recording(model, RecordedData(None, None, None, None), None)
    setup = recording.setup(
        name=model_setup.default_name(model),
        seed=0,
        settings={},
        epochs=params.get("epochs") or 0,
        batch_size=None,
        callbacks=(),
    )
    run = curves.from_history(history.history, setup.name, setup)
    facts = dict(run.facts)
    steps = params.get("steps")
    if steps:
        facts |= {"updates": steps * run.history.epochs, "updates_per_epoch": steps}
    units = recording.layers[-1].output_shape[-1:] if recording.layers else ()
    classes = 2 if setup.task == "binary" else units[0] if units else None
    if setup.task in ("classification", "binary") and classes:
        facts["data"] = {"classes": classes}
    return replace(run, facts=facts, built=recording.layers)
