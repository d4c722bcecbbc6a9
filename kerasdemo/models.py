"""The Python interface for a Keras model of one's own: fit it, record it, find out what is wrong.

history = kerasdemo.fit(model, x, y, validation_data=(xv, yv), epochs=20, batch_size=100)
print(history.verdict)

model.fit(x, y, callbacks=[kerasdemo.Recorder(x, y, validation_data=(xv, yv))])
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kerasdemo import api, diagnosis, records
from kerasdemo.backend import keras
from kerasdemo.config import InputError
from kerasdemo.diagnosis import Verdict
from kerasdemo.diagnosis.rules.cannot_tell import NothingToDiagnose
from kerasdemo.display import fit_progress
from kerasdemo.display.console import SafeConsole, print_line
from kerasdemo.records import Run, Scalar, Task
from kerasdemo.records.displayed import Displayed
from kerasdemo.training import fit as training
from kerasdemo.training import model_setup, recorder, resident_data
from kerasdemo.training.engine import Engine
from kerasdemo.training.history import read_history
from kerasdemo.training.show_progress import ShowProgress
from kerasdemo.training.unsuitable import Unsuitable

Settings = Mapping[str, Scalar]


class Recorder(recorder.Recorder):
    """A Keras callback that records a training into a run folder and says what it means.

    Args:
        x: the training examples that `fit` gets: an array (n, ...), several of them, or a data set.
            Without them layers and the training curve are not measured, and the verdict says so.
        y: their targets (n, ...).
        validation_data: (x, y) or (x, y, sample_weight), as for `fit`.
        sample_weight: (n,), as for `fit`.
        results: the folder that holds the run folders; made if it is missing.
        name: the run folder's name starts with it; left out: the model's name.
        seed: the number that tells repetitions apart; a comparison pairs runs by it. Left out: a
            number made of the initial weights.
        settings: {"width": 64}: what a comparison groups runs by.
        task: classification, binary, multi_label, regression or other; left out: found out from
            targets, output and loss.

    Raises:
        InputError: for a name or settings that can't be recorded; when training begins.

    Example:
        >>> recorder = Recorder(x, y, validation_data=(xv, yv))
        >>> model.fit(x, y, epochs=20, validation_data=(xv, yv), callbacks=[recorder])
        >>> recorder.verdict
    """

    run: Run | None = None
    """the run as its folder records it; after training"""
    verdict: Verdict | None = None
    """what it means; after training"""

    def on_recorded(self) -> None:
        """Diagnose the run; called when run.json is written. Pictures wait until somebody looks."""
        assert self.folder is not None
        self.run = records.read(self.folder.path)
        self.verdict = diagnosis.evaluate(self.run)


@dataclass(frozen=True, repr=False)
class History(Displayed):
    """What `fit` returns: Keras' history, the run and its verdict.

    Args:
        history: metric -> value by epoch, as Keras' `History.history`.
        epoch: numbers of the epochs, from 0, as Keras' `History.epoch`.
        params: as Keras' `History.params`.
        model: the model that was trained.
        engine: which loop trained it, and why.
        run: as its folder records it; None where nothing was recorded.
        recorded_verdict: of the run.
    """

    history: dict[str, list[float]]
    epoch: list[int]
    params: dict[str, Any]
    model: Any
    engine: Engine
    run: Run | None = None
    recorded_verdict: Verdict | None = None

    @cached_property
    def verdict(self) -> Verdict:
        """What the training means; of one that was not recorded, from its curves alone."""
        if self.recorded_verdict is not None:
            return self.recorded_verdict
        try:
            return diagnosis.diagnose(read_history(self))
        except InputError as error:  # without a loss, or an epoch
            return Verdict("cannot_tell", NothingToDiagnose.code, f"{error.lines[0]}.")

    def __repr__(self) -> str:
        place = f", {self.run.id}" if self.run else ""
        epochs = len(self.epoch)
        return f"History({epochs} epoch{'s' * (epochs != 1)}, {self.verdict.title}{place})"


def fit(
    model: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: str | int = "auto",
    callbacks: Sequence[Any] | Any | None = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int = 1,
    *,
    results: str | Path = api.RESULTS,
    name: str | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
    task: Task | None = None,
    record: bool = True,
) -> History:
    """Train a compiled Keras model as its own `fit` does, faster, and diagnose the training.

    Whole epochs are trained inside one compiled call where that is faster and possible; else Keras'
    `fit` trains, and `history.engine` says why. Weights, optimizer and metrics are the model's own.

    Args:
        model: any compiled Keras model.
        x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data, shuffle,
        class_weight, sample_weight, initial_epoch, steps_per_epoch, validation_steps,
        validation_batch_size, validation_freq: as for Keras' `Model.fit`.
        results, name, settings, task: as for `Recorder`.
        seed: of the order of the examples, and as for `Recorder`; left out: any order.
        record: write a run folder.

    Returns:
        Keras' history, the run and its verdict.

    Raises:
        InputError: for a name or settings that can't be recorded.

    Example:
        >>> history = fit(model, x, y, epochs=20, batch_size=100, validation_data=(xv, yv))
        >>> history.verdict
    """
    others = [one for one in keras.tree.flatten(callbacks) if one is not None]
    seed = None if seed is None else model_setup.check_seed(seed)
    train, validation = (x, y, sample_weight), validation_data
    if validation_split and validation_data is None:
        with suppress(Unsuitable):  # no arrays: Keras says so
            train, validation = resident_data.split(train, validation_split)
    progress = ShowProgress(fit_progress.make_progress(verbose), train[0], initial_epoch)
    recording = next((one for one in others if isinstance(one, Recorder)), None)
    if record and recording is None:
        recording = Recorder(
            train[0], train[1], sample_weight=train[2], validation_data=validation,
            results=results, name=name, seed=seed, settings=settings, task=task,
        )  # fmt: skip
    callbacks = [*(one for one in others if one is not recording), progress]
    if recording is not None:
        recording.set_arguments(callbacks, batch_size, bool(shuffle))
        callbacks.append(recording)

    def on_engine(chosen: Engine) -> None:
        progress.is_shown = chosen.loop != "fit" and verbose in ("auto", 1)
        if recording is not None:
            recording.set_engine(chosen.loop, chosen.why)

    with _ended(progress, recording):
        history, chosen = training.fit(
            model, x, y, seed=seed, on_engine=on_engine, batch_size=batch_size, epochs=epochs,
            verbose=verbose, callbacks=callbacks,
            validation_split=validation_split, validation_data=validation_data, shuffle=shuffle,
            class_weight=class_weight, sample_weight=sample_weight, initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
            validation_batch_size=validation_batch_size, validation_freq=validation_freq,
        )  # fmt: skip
    run, verdict = (recording.run, recording.verdict) if recording else (None, None)
    result = History(history.history, history.epoch, history.params, model, chosen, run, verdict)
    if verbose != 0:
        _print_result(result)
    return result


@contextmanager
def _ended(progress: ShowProgress, recording: Recorder | None) -> Iterator[None]:
    """End what follows a training, however it ends: Keras tells callbacks of a good end only."""
    try:
        yield
    except KeyboardInterrupt:
        if recording is not None:
            recording.interrupted()
        raise
    except Exception as error:
        if recording is not None:
            recording.failed(error)
        raise
    finally:
        progress.end()
        if recording is not None:
            recording.unlock()


def _print_result(result: History) -> None:
    """Say what trained, what came of it, and where it is recorded."""
    lines = [f"  loop     {result.engine.loop}: {result.engine.why}"]
    if result.run is not None and result.recorded_verdict is not None:
        title = result.recorded_verdict.title.upper()
        epoch = result.recorded_verdict.epoch
        since = f" from epoch {epoch}" if epoch and epoch > 1 else ""
        lines.append(f"  verdict  {title}{since}; `history.verdict` says why")
        lines.append(f"  run      {result.run.path}")
    print_line(SafeConsole(), "\n".join(lines))  # one output in a notebook
