"""One training: an ordinary network, the shared program that trains it, and Keras' fit."""

import os
import warnings
from typing import Any

import numpy as np

from kerasdemo.backend import no_remarks_on_tracing, tf
from kerasdemo.config import RunConfig
from kerasdemo.config.layers import Layer
from kerasdemo.data.loading import Dataset, Part
from kerasdemo.records import RunFolder, files
from kerasdemo.training import callbacks, epoch_trainer, network


class Trainer:
    """What is alive while a config trains; made anew for each run, its program is shared."""

    def __init__(self, config: RunConfig, dataset: Dataset):
        self.config = config
        self.network = network.build(config, dataset.shape, dataset.classes)
        kind = network.targets(config, self.network)

        def encoded(part: Part) -> tuple[Any, Any]:
            return part.x, network.encode(kind, part.y, dataset.classes)

        self.train = encoded(dataset.train)
        self.validation = encoded(dataset.validation) if len(dataset.validation.y) else None
        self.test = encoded(dataset.test)
        self.scaling = dataset.scaling
        size = self.train[0].nbytes + self.train[1].nbytes
        self.resident = size <= resident_bytes()
        if not self.resident:
            warnings.warn(
                f"{size / 1e9:.3g} GB of training examples don't fit into the device's memory: "
                "plain fit trains them, a mini-batch at a time",
                stacklevel=2,
            )
        self.program = epoch_trainer.acquire(config, dataset.shape, dataset.classes)
        self.program.load(self.network)
        self.facts: dict[str, Any] = {}
        self.validation_right: Any = None  # of the kept weights, once it was trained

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The network's layers as built, from input to output."""
        return network.describe_layers(self.network, self.config)

    @property
    def layer_names(self) -> list[str]:
        """Layers that layers.csv has rows for."""
        return self.program.layer_statistics.names

    def resume(self, folder: RunFolder) -> int:
        """Take up a run that was cut off; return how many whole epochs it has."""
        epochs, self.facts = callbacks.restore(folder.checkpoint_file, self.program)
        if not folder.has_epochs(epochs, len(self.layer_names)):
            self.program.load(self.network)
            epochs, self.facts = 0, {}
        return epochs

    @no_remarks_on_tracing()
    def fit(
        self, folder: RunFolder, first: int, reporter: callbacks.Reporter | None
    ) -> dict[str, Any]:
        """Train from epoch `first` (from 0) on, write rows and model, and return facts."""
        training = self.config.training
        chunks = self.program.chunks(*self.train, keep=self.resident)
        validation = self.validation and self.program.chunks(*self.validation, keep=self.resident)
        measure = callbacks.Measure(chunks, validation)
        stopping = training.early_stopping and callbacks.early_stopping(training.early_stopping)
        plateau = training.reduce_lr_on_plateau and callbacks.reduce_lr_on_plateau(
            training.reduce_lr_on_plateau
        )
        keras_callbacks = [callback for callback in (stopping, plateau) if callback]
        checkpoint = callbacks.Checkpoint(
            folder.checkpoint_file, self.program, measure, keras_callbacks, self.facts
        )
        record = callbacks.Record(folder, self.program.layer_statistics, *self.train)
        every = [callbacks.Clock(folder), measure, *keras_callbacks, record, checkpoint]
        if reporter:
            reporter.begin(self.config, folder.path, first + 1, len(self.train[0]))
            every.append(callbacks.Report(reporter))
        interrupted = False
        try:
            if not first:
                self.facts["initial"] = self._untrained(chunks.first(), record)
            self._fit(first, every)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            if reporter:
                reporter.end()
        return self.facts | self._facts(folder, measure, stopping, interrupted)

    def _untrained(self, chunks: epoch_trainer.Chunks, record: callbacks.Record) -> dict[str, Any]:
        """Return what the network gives before the first update: bad weights show here."""
        first = self.program.measure(chunks)
        return {"loss": first.loss, "accuracy": first.accuracy, "layers": record.untrained()}

    def _fit(self, first: int, every: list[Any]) -> None:
        (x, y), seed, size = self.train, self.config.seed, self.config.training.batch_size
        if self.resident:
            elements, steps = self.program.epochs(x, y, seed, first), 1
        else:
            elements, steps = epoch_trainer.batches(x, y, seed, size, first), -(-len(x) // size)
        self.program.fit(
            elements,
            initial_epoch=first,
            epochs=self.config.training.epochs,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=every,
        )

    def _facts(
        self, folder: RunFolder, measure: Any, stopping: Any, interrupted: bool
    ) -> dict[str, Any]:
        if interrupted:
            return {"status": "interrupted", "reason": "Ctrl-C", "parameters": self._parameters}
        test = self.program.measure(self.program.chunks(*self.test))
        if self.validation and measure.diverged_at is None:
            chunks = self.program.chunks(*self.validation, keep=False)
            self.validation_right = self.program.measure(chunks).right
        self.program.store(self.network)
        whole = network.with_scaling(self.network, self.config, self.scaling)
        files.write(folder.model_file, whole.save, suffix=".keras")
        stopped = bool(stopping and stopping.stopped_epoch)
        status, reason = "finished", "early stopping" if stopped else "all epochs"
        if measure.diverged_at is not None:
            status, reason = "diverged", f"the loss is not finite in epoch {measure.diverged_at}"
        kept = stopping and stopping.restore_best_weights and stopping.best_weights is not None
        return {
            "status": status,
            "reason": reason,
            "stopped_early": stopped,
            "kept_epoch": stopping.best_epoch + 1 if kept else None,
            # Keras and the compiled program count the answer "not a number" differently.
            "test": {
                "loss": test.loss,
                "accuracy": None if measure.diverged_at else test.accuracy,
            },
            "parameters": self._parameters,
            "engine": self.engine,
        }

    @property
    def engine(self) -> dict[str, str]:
        """Which loop over the mini-batches trains the run, and why."""
        if not self.resident:
            return {"loop": "fit", "why": "the examples don't fit into the device's memory"}
        if not self.program.xla:
            return {"loop": "graph", "why": "XLA's convolutions are slow on the CPU"}
        return {"loop": "xla", "why": "XLA compiles a whole epoch into one program"}

    @property
    def _parameters(self) -> int:
        return int(sum(np.prod(w.shape) for w in self.network.trainable_weights))


def resident_bytes() -> float:
    """Return how many bytes of examples may stay in the device's memory while a run trains.

    Half of what is free there, since evaluation holds them as well. KERASDEMO_RESIDENT_BYTES
    overrides it.
    """
    if "KERASDEMO_RESIDENT_BYTES" in os.environ:
        return float(os.environ["KERASDEMO_RESIDENT_BYTES"])
    if tf.config.list_physical_devices("GPU"):
        from tensorflow.python.client import device_lib  # TensorFlow tells it nowhere else

        devices = device_lib.list_local_devices()
        return float(min(d.memory_limit for d in devices if d.device_type == "GPU")) / 2
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
