"""A Keras callback that records any training into a run's folder, and never changes it."""

import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kerasdemo.backend import keras, no_remarks_on_tracing
from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import first_line, shown, unknown
from kerasdemo.records import RunFolder, Task, files, predictions, read
from kerasdemo.records import network as network_file
from kerasdemo.records.setup import TASKS
from kerasdemo.training import model_setup
from kerasdemo.training.recorded_data import RecordedData
from kerasdemo.training.recording import Recording
from kerasdemo.training.runner import environment, epoch_facts

Callback: Any = keras.callbacks.Callback
Hook = Callable[..., None]


# The latest of each run folder, in this process: a lock keeps others out.
_recorders: "weakref.WeakValueDictionary[Path, Recorder]" = weakref.WeakValueDictionary()


def _guarded(hook: Hook) -> Hook:
    """Let an error end the recording with a warning; the training goes on."""

    @wraps(hook)
    def guarded(self: "Recorder", *arguments: Any) -> None:
        if self.has_failed:
            return
        try:
            with no_remarks_on_tracing():
                hook(self, *arguments)
        except Exception as error:
            if isinstance(error, InputError) and self._is_new:
                raise  # a bad argument, before the first epoch
            self.has_failed = True
            self.unlock()
            text = f"nothing more of this training is recorded: {first_line(error)}"
            warnings.warn(text, stacklevel=2)

    return guarded


class Recorder(Callback):  # type: ignore[misc]
    """Records a training by `fit` into the folder of a run, as a YAML run has one.

    The training is the same with it and without, bit for bit. A callback sees no data: without `x`
    and `y` the curves are those that Keras logs, and there are no layer statistics. It should be
    the last callback, so that it sees what the others did.

    Args:
        x, y: the training data as `fit` gets it: arrays, nested arrays, a tf.data.Dataset or a
            PyDataset. Of a large set a tenth is measured each epoch.
        validation_data: (x, y), (x, y, sample_weight), a Dataset or a PyDataset.
        sample_weight: of the training examples.
        results: folder that holds the run folders; created where it is missing.
        name: of the run; left out: the model's.
        seed: that the caller has set, for comparisons; left out: a number made of the initial
            weights, which tells repetitions apart.
        settings: {name: value} that a comparison groups and pairs runs by.
        task: classification, binary, multi_label, regression or other; left out: what loss, output
            and targets say.

    Raises:
        InputError: where an argument can't be used; at the latest before the first epoch.
    """

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        *,
        validation_data: Any = None,
        sample_weight: Any = None,
        results: str | Path = "results/runs",
        name: str | None = None,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        task: Task | None = None,
    ):
        super().__init__()
        if task is not None and task not in TASKS:
            raise InputError(f"Recorder: {unknown('task', task, TASKS)}")
        self.data = RecordedData(x, y, sample_weight, validation_data)
        if not isinstance(results, str | Path) or "\0" in str(results):
            raise InputError(f"Recorder: results is {shown(results)}; expected a folder")
        self.results = Path(results)
        self.name = model_setup.check_name(name)
        self.seed = None if seed is None else model_setup.check_seed(seed)
        self.settings = model_setup.check_settings(settings)
        self.task = task
        self.folder: RunFolder | None = None
        """of the run; None before training"""
        self.engine = {"loop": "fit", "why": "Keras' own fit trained it."}
        self.recording: Recording | None = None
        self.has_failed = False
        self.batch_size: int | None = None
        self.callbacks: tuple[Any, ...] = ()
        self._lock: Any = None
        self._is_new = False
        self._pause = 0.0

    def set_engine(self, loop: str, why: str) -> None:
        """Tell what trains: xla, graph or fit, and why, in a sentence."""
        self.engine = {"loop": loop, "why": why}

    def set_arguments(
        self, callbacks: Iterable[Any], batch_size: int | None, shuffle: bool | None
    ) -> None:
        """Tell which arguments `fit` has, of those that a callback can't see."""
        self.callbacks = tuple(callbacks)
        self.batch_size, self.data.is_shuffled = batch_size, shuffle

    def on_recorded(self) -> None:
        """Called when the run is complete, run.json included; for subclasses."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.has_failed = False
        self._is_new = True
        self._began = time.perf_counter()

    @_guarded
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._is_new:
            self._begin(epoch)
        self._pause = 0.0
        self._started = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        self._test_began = time.perf_counter()

    def on_test_end(self, logs: Any = None) -> None:
        self._pause += time.perf_counter() - self._test_began

    @_guarded
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        seconds = time.perf_counter() - self._started - self._pause
        if self._is_new:
            self._begin(epoch, is_trained=True)
        assert self.recording is not None
        self.recording.add_epoch(logs or {}, seconds)

    @_guarded
    def on_train_end(self, logs: Any = None) -> None:
        self._end("finished")

    @_guarded
    def interrupted(self) -> None:
        """Record that the training was interrupted; Keras does not call `on_train_end` then."""
        self._end("interrupted")

    @_guarded
    def failed(self, error: BaseException) -> None:
        """Record that the training ended with an error."""
        if self.folder is not None and not self._is_new:
            self.folder.finish({"status": "failed", "reason": first_line(error), **environment()})

    def unlock(self) -> None:
        """Let others train the run."""
        if self._lock is not None:
            self._lock.release(force=True)
            self._lock = None

    def _begin(self, epoch: int, *, is_trained: bool = False) -> None:
        """Begin a new run, or go on with the one that this recorder recorded so far.

        Without data a model that its first batch builds is known after the epoch only.
        """
        model, earlier = self.model, self.recording
        if not model.built and not is_trained and not self.data.build(model):
            return
        goes_on = earlier is not None and earlier.model is model and 0 < epoch == earlier.last_epoch
        recording = Recording(model, self.data, self.task)
        steps = (self.params or {}).get("steps")
        setup = recording.setup(
            name=self.name or model_setup.default_name(model),
            seed=recording.seed if self.seed is None else self.seed,
            settings=self.settings,
            epochs=(self.params or {}).get("epochs", 0) - (0 if goes_on else epoch),
            batch_size=self.batch_size,
            steps=steps,
            callbacks=self.callbacks,
        )
        if goes_on:
            assert earlier is not None
            recording.go_on(earlier)
        else:
            self.folder = RunFolder(self.results / recording.run_id(setup))
            recording.first_epoch = epoch
        folder = self.folder
        assert folder is not None
        self._lock_folder(folder)
        folder.create(setup)
        folder.reopen(recording.epochs, recording.layer_count)
        network_file.write(folder.network_file, recording.layers)
        recording.begin(folder, setup)
        self.recording, self._is_new = recording, False

    def _lock_folder(self, folder: RunFolder) -> None:
        self.unlock()
        other = _recorders.get(folder.path.resolve())
        if other is not None and other is not self and other.params is self.params:
            raise RuntimeError(f"{folder.path.name} is recorded by another Recorder of this fit")
        _recorders[folder.path.resolve()] = self
        try:
            folder.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder.lock_file, is_singleton=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise RuntimeError(f"{folder.path.name} is recorded by another process") from None
        except OSError as error:
            message = f"results can't be written here: {error.strerror or error}"
            raise InputError(Fault(message, str(folder.path.parent))) from None

    def _end(self, status: str) -> None:
        recording, folder = self.recording, self.folder
        if recording is None or folder is None or self._is_new or not recording.epochs:
            self.unlock()
            return
        try:
            files.write(folder.model_file, self.model.save, suffix=".keras")
        except Exception as error:  # of layers and losses that can't be serialized
            warnings.warn(f"model.keras is not written: {first_line(error)}", stacklevel=3)
        facts = recording.facts()
        facts["status"] = "diverged" if recording.diverged_at else status
        if status == "interrupted":
            facts |= {"status": status, "reason": "Ctrl-C"}
        facts |= epoch_facts(read(folder.path), facts["kept_epoch"], recording.updates_per_epoch)
        facts["engine"] = self.engine
        facts["seconds"] = round(time.perf_counter() - self._began, 3)
        self._write_predictions(recording, folder)
        folder.finish(facts | environment())
        self.unlock()
        self.on_recorded()

    def _write_predictions(self, recording: Recording, folder: RunFolder) -> None:
        try:
            found = recording.predictions()
        except Exception as error:  # whatever the model's own code raises
            warnings.warn(f"predictions.json is not written: {first_line(error)}", stacklevel=3)
            return
        if found:
            predictions.write(folder.predictions_file, found)
