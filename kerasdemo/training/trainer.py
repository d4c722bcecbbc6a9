"""One training: an ordinary network, and the compiled EpochTrainer that trains it."""

import json
import warnings
from collections import OrderedDict
from dataclasses import asdict
from typing import Any

import numpy as np

from kerasdemo.backend import no_remarks_on_tracing, tf
from kerasdemo.config import RunConfig
from kerasdemo.config.layers import has_convolution
from kerasdemo.data import Array, Dataset, Part
from kerasdemo.records import RunFolder, files
from kerasdemo.records import network as network_file
from kerasdemo.records import predictions as predictions_file
from kerasdemo.training import callbacks, checkpoint, network, predictions
from kerasdemo.training.compile_key import compile_key
from kerasdemo.training.device import has_gpu, resident_bytes
from kerasdemo.training.engine import CONVOLUTIONS_ARE_SLOW, XLA, Engine
from kerasdemo.training.epoch_trainer import EpochTrainer
from kerasdemo.training.evaluation import CHUNK
from kerasdemo.training.preprocessing import with_preprocessing
from kerasdemo.training.reporter import Reporter

# EpochTrainers that a process keeps; a sweep runs the runs of one compile key together.
KEPT = 4


class Trainer:
    """Trains one config into its folder.

    Args:
        config: what to train.
        dataset: its examples.

    Raises:
        InputError: where Keras refuses the network.
    """

    def __init__(self, config: RunConfig, dataset: Dataset):
        self.config = config
        self.dataset = dataset
        self.network = network.build(config, dataset.shape, dataset.outputs)
        kind = network.targets(config, self.network)

        def encode(part: Part) -> tuple[Array, Array]:
            return part.x, network.encode(kind, part.y, dataset.outputs)

        self.train = encode(dataset.train)
        self.validation = encode(dataset.validation) if len(dataset.validation.y) else None
        self.test = encode(dataset.test)
        size = sum(part.nbytes for part in self.train)
        self.is_resident = size <= resident_bytes()
        if not self.is_resident:
            warnings.warn(
                f"{size / 1e9:.3g} GB of training examples don't fit into the device's memory: "
                "plain fit trains them, a mini-batch at a time",
                stacklevel=2,
            )
        self.epoch_trainer = shared_epoch_trainer(config, dataset.shape, dataset.outputs)
        self.validation_right: Array | None = None
        """which validation examples the kept weights classify correctly; after `fit`"""

    @no_remarks_on_tracing()
    def fit(
        self, folder: RunFolder, *, overwrite: bool = False, reporter: Reporter | None = None
    ) -> dict[str, Any]:
        """Train, from the folder's checkpoint on where there is one; write rows and model.

        Args:
            folder: the run's.
            overwrite: train from the first epoch on even so.
            reporter: follows each epoch.

        Returns:
            Facts for run.json.
        """
        training, trainer = self.config.training, self.epoch_trainer
        layers = len(trainer.layer_statistics.names)
        trainer.load(self.network)
        found = None if overwrite else checkpoint.find(folder.checkpoint_file, trainer.state)
        resumed = found if found and folder.has_epochs(found.epoch, layers) else None
        if resumed:
            for variable, value in zip(trainer.state, resumed.state, strict=True):
                variable.assign(value)
        first = resumed.epoch if resumed else 0
        folder.reopen(first, layers)
        network_file.write(folder.network_file, network.describe_layers(self.network, self.config))

        evaluator = trainer.evaluator
        train = evaluator.chunks(*self.train, keep=self.is_resident)
        validation = self.validation and evaluator.chunks(*self.validation, keep=self.is_resident)
        evaluate = callbacks.Evaluate(evaluator.evaluate, train, validation)
        record = callbacks.Record(folder, trainer.layer_statistics, *self.train)
        stopping = training.early_stopping and callbacks.make(training.early_stopping)
        plateau = training.reduce_lr_on_plateau and callbacks.make(training.reduce_lr_on_plateau)
        facts = resumed.facts if resumed else {}
        facts["parameters"] = int(sum(np.prod(w.shape) for w in self.network.trainable_weights))
        counting = [callback for callback in (stopping, plateau) if callback]
        save = checkpoint.SaveCheckpoint(
            folder.checkpoint_file, trainer.state, evaluate, counting, facts, resumed
        )
        every = [callbacks.RecordTime(folder), evaluate, *counting, record, save]
        if reporter:
            reporter.begin(self.config, folder.path, first + 1, len(self.train[0]))
            every.append(callbacks.Report(reporter))
        try:
            if not resumed:  # before the first update: bad initial weights show here
                untrained = evaluator.evaluate(train.first())
                facts["initial"] = {
                    "loss": untrained.loss,
                    "accuracy": untrained.accuracy,
                    "layers": record.untrained(),
                }
            trainer.fit_epochs(
                *self.train,
                seed=self.config.seed,
                first=first,
                epochs=training.epochs,
                is_resident=self.is_resident,
                callbacks=every,
            )
        except KeyboardInterrupt:
            return {"status": "interrupted", "reason": "Ctrl-C"} | facts
        finally:
            if reporter:
                reporter.end()
        return self._finish(folder, evaluate, stopping) | facts

    def _finish(
        self, folder: RunFolder, evaluate: callbacks.Evaluate, stopping: Any
    ) -> dict[str, Any]:
        """Evaluate the kept weights on the test set and save the model; return the facts."""
        evaluator = self.epoch_trainer.evaluator
        test = evaluator.evaluate(evaluator.chunks(*self.test, keep=False))
        has_diverged = evaluate.diverged_at is not None
        if self.validation and not has_diverged:
            self.validation_right = evaluator.evaluate(evaluate.sets["val_"]).right
        self.epoch_trainer.store(self.network)
        model = with_preprocessing(self.network, self.config, self.dataset)
        files.write(folder.model_file, model.save, suffix=".keras")
        predicted = self._predict_test()
        if predicted:
            predictions_file.write(folder.predictions_file, predicted)
        has_stopped = bool(stopping and stopping.stopped_epoch)
        restores = stopping and stopping.restore_best_weights and stopping.best_weights is not None
        if has_diverged:
            reason = f"the loss is not finite in epoch {evaluate.diverged_at}"
        else:
            reason = "early stopping" if has_stopped else "all epochs"
        if not self.is_resident:
            trained = Engine("fit", "The examples don't fit into the device's memory.")
        else:
            trained = XLA if self.epoch_trainer.xla else CONVOLUTIONS_ARE_SLOW
        return {
            "status": "diverged" if has_diverged else "finished",
            "reason": reason,
            "stopped_early": has_stopped,
            "kept_epoch": stopping.best_epoch + 1 if restores else None,
            # Keras and the compiled evaluation count an output of NaN differently.
            "test": {"loss": test.loss, "accuracy": None if has_diverged else test.accuracy},
            "engine": asdict(trained),
        }

    def _predict_test(self) -> dict[str, Any] | None:
        """Return the content of predictions.json, of the kept weights."""
        dataset, config = self.dataset, self.config
        rows = predictions.spread(len(dataset.test.y))
        parts = [rows[n : n + CHUNK] for n in range(0, len(rows), CHUNK)]
        outputs = [self.network(tf.constant(self.test[0][p]), training=False) for p in parts]
        layers = network.describe_layers(self.network, config)
        image_shape = predictions.find_shape(dataset.test.x, layers)

        def images(chosen: Array) -> Array | None:
            if image_shape is None:
                return None
            raw = predictions.unscaled(dataset.test.x[rows[chosen]], dataset.scaling)
            return predictions.to_pixels(raw, image_shape)

        last = layers[-1]
        loss = {"name": config.loss.name, **config.loss.arguments}
        return predictions.of_classes(
            "test",
            dataset.test.y[rows],
            np.concatenate([np.asarray(output, np.float32) for output in outputs]),
            threshold=network.threshold(config),
            link=predictions.find_link(
                loss, "softmax" if last.type == "softmax" else last.activation
            ),
            names=dataset.source.class_names,
            images=images,
        )


_epoch_trainers: OrderedDict[str, EpochTrainer] = OrderedDict()


def shared_epoch_trainer(config: RunConfig, shape: tuple[int, ...], classes: int) -> EpochTrainer:
    """Return the process' EpochTrainer for the config's compile key, compiled at most once.

    Args:
        config: whose network it is to train.
        shape: of one example, without the batch axis.
        classes: number of classes.
    """
    key = json.dumps([compile_key(config), shape, classes])
    if key not in _epoch_trainers:
        traced = network.build(config, shape, classes, traced=True)
        _epoch_trainers[key] = EpochTrainer(
            traced,
            config.training.batch_size,
            network.is_right(config, traced),
            loss_is_of_batch=network.loss_is_of_batch(config),
            xla=uses_xla(config),
        )
    _epoch_trainers.move_to_end(key)
    while len(_epoch_trainers) > KEPT:
        _epoch_trainers.popitem(last=False)
    return _epoch_trainers[key]


def uses_xla(config: RunConfig) -> bool:
    """Return whether XLA compiles the config's epochs: not convolutions on the CPU.

    Its convolutions are 15 times slower there than TensorFlow's own kernels. A function of config
    and machine alone: nothing is timed, so that a resumed run gives the same bytes.
    """
    return not has_convolution(config) or has_gpu()
