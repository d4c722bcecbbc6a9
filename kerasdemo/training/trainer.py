"""One training: an ordinary network, and the compiled EpochTrainer that trains it."""

import json
import warnings
from collections import OrderedDict
from dataclasses import asdict
from typing import Any

import numpy as np

from kerasdemo.backend import no_remarks_on_tracing, tf
from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.errors import first_line
from kerasdemo.config.layers import has_convolution, has_recurrence, needs_graph
from kerasdemo.data import Array, Dataset, Part
from kerasdemo.data.class_weight import example_weights
from kerasdemo.records import RunFolder, files
from kerasdemo.records import network as network_file
from kerasdemo.records import predictions as predictions_file
from kerasdemo.training import callbacks, checkpoint, network, predictions
from kerasdemo.training.compile_key import compile_key
from kerasdemo.training.device import has_gpu, resident_bytes
from kerasdemo.training.engine import CONVOLUTIONS_ARE_SLOW, NOT_EVERY_LAYER, XLA, Engine
from kerasdemo.training.epoch_trainer import EpochTrainer
from kerasdemo.training.evaluation import CHUNK, Chunks, Evaluation, Scorer
from kerasdemo.training.metrics import make_metrics
from kerasdemo.training.preprocessing import with_preprocessing
from kerasdemo.training.reporter import Reporter
from kerasdemo.training.task import describe_output

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
        self.scorer = make_scorer(config, dataset)

        def encode(part: Part) -> tuple[Array, Array]:
            return part.x, network.encode(kind, part.y, dataset.outputs)

        self.train = encode(dataset.train)
        self.validation = encode(dataset.validation) if len(dataset.validation.y) else None
        self.test = encode(dataset.test)
        self.weight = example_weights(config, dataset)
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
        """which validation examples the kept weights predict right; after `fit`"""
        self._check_metrics()

    def evaluate(self, chunks: Chunks) -> Evaluation:
        """Return losses and scores of the weights that the EpochTrainer has."""
        return self.epoch_trainer.evaluator.evaluate(chunks, self.scorer)

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
        evaluate = callbacks.Evaluate(self.evaluate, train, validation)
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
                facts["initial"] = self._measure_untrained(train) | {"layers": record.untrained()}
            trainer.fit_epochs(
                *self.train,
                self.weight,
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

    def _measure_untrained(self, train: Chunks) -> dict[str, Any]:
        """Return loss and scores of the initial weights, on the first examples."""
        first = train.first()
        untrained = self.evaluate(first)
        found: dict[str, Any] = {"loss": untrained.loss, **untrained.scores}
        if self.config.task in ("regression", "multi_label"):
            found["output"] = describe_output(self.epoch_trainer.evaluator.outputs(first))
        return found

    def constant_loss(self) -> float | None:
        """Return the loss of always predicting the mean of the targets; of a regression."""
        if self.config.task != "regression" or network.loss_is_of_batch(self.config):
            return None
        y = self.train[1]
        constant = np.broadcast_to(y.mean(axis=0, dtype=np.float64).astype(y.dtype), y.shape)
        return float(np.mean(self.network.loss.call(tf.constant(y), tf.constant(constant))))

    def _check_metrics(self) -> None:
        """Compute the config's metrics of two examples.

        Raises:
            InputError: where one does not fit targets and output.
        """
        x, y = (part[:2] for part in self.train)
        output = np.asarray(self.network(tf.constant(x), training=False), np.float32)
        for name, metric in self.scorer.metrics.items():
            try:
                metric.update_state(y, output)
                shape = tuple(metric.result().shape)
            except Exception as error:  # whatever a metric raises
                problem = f"{name} can't be computed of these targets: {first_line(error)}"
                raise InputError(self.config.fault(("metrics",), problem)) from None
            if shape:
                problem = f"{name} gives {shape[0]} numbers; give it an `average`, such as macro"
                raise InputError(self.config.fault(("metrics",), problem))

    def _finish(
        self, folder: RunFolder, evaluate: callbacks.Evaluate, stopping: Any
    ) -> dict[str, Any]:
        """Evaluate the kept weights on the test set and save the model; return the facts."""
        evaluator = self.epoch_trainer.evaluator
        test = self.evaluate(evaluator.chunks(*self.test, keep=False))
        has_diverged = evaluate.diverged_at is not None
        if self.validation and not has_diverged:
            self.validation_right = self.evaluate(evaluate.sets["val_"]).right
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
            trained = choose_loop(self.config)
        return {
            "status": "diverged" if has_diverged else "finished",
            "reason": reason,
            "stopped_early": has_stopped,
            "kept_epoch": stopping.best_epoch + 1 if restores else None,
            # Keras and the compiled evaluation count an output of NaN differently.
            "test": {
                "loss": test.loss,
                **{name: None if has_diverged else score for name, score in test.scores.items()},
            },
            "engine": asdict(trained),
        }

    def _predict_test(self) -> dict[str, Any] | None:
        """Return the content of predictions.json, of the kept weights."""
        dataset, config = self.dataset, self.config
        rows = predictions.spread(len(dataset.test.y))
        parts = [rows[n : n + CHUNK] for n in range(0, len(rows), CHUNK)]
        call = self.network
        if has_recurrence(config):  # step by step in Python it would take seconds
            call = tf.function(self.network, autograph=False)
        outputs = [call(tf.constant(self.test[0][p]), training=False) for p in parts]
        guess = np.concatenate([np.asarray(output, np.float32) for output in outputs])
        truth = dataset.test.y[rows]
        if config.task == "regression":
            scaling = dataset.target_scaling
            return predictions.of_numbers(
                "test",
                scaling.undo(truth),
                scaling.undo(guess),
                names=dataset.names,
                mean=scaling.undo(np.asarray(self.scorer.mean)),
            )
        threshold = config.threshold
        if config.task == "multi_label":
            return predictions.of_labels(
                "test", truth, guess, threshold=threshold, names=dataset.names
            )
        layers = network.describe_layers(self.network, config)
        is_text = dataset.test.x.dtype.kind in "iu"
        image_shape = None if is_text else predictions.find_shape(dataset.test.x, layers)

        def images(chosen: Array) -> Array | None:
            if image_shape is None:
                return None
            raw = dataset.scaling.undo(dataset.test.x[rows[chosen]])
            return predictions.to_pixels(raw, image_shape)

        last = layers[-1]
        loss = {"name": config.loss.name, **config.loss.arguments}
        return predictions.of_classes(
            "test",
            truth,
            guess,
            threshold=threshold,
            link=predictions.find_link(
                loss, "softmax" if last.type == "softmax" else last.activation
            ),
            names=dataset.source.class_names,
            images=images,
        )


_epoch_trainers: OrderedDict[str, EpochTrainer] = OrderedDict()


def make_scorer(config: RunConfig, dataset: Dataset) -> Scorer:
    """Return what scores the outputs of a config's network."""
    is_regression = config.task == "regression"
    return Scorer(
        config.task,
        config.threshold,
        dataset.train.y.mean(axis=0, dtype=np.float64) if is_regression else 0.0,
        make_metrics(config),
        dataset.target_scaling,
    )


def shared_epoch_trainer(config: RunConfig, shape: tuple[int, ...], outputs: int) -> EpochTrainer:
    """Return the process' EpochTrainer for the config's compile key, compiled at most once.

    Args:
        config: whose network it is to train.
        shape: of one example, without the batch axis.
        outputs: number of classes, labels or target columns.
    """
    has_metrics = bool(config.metrics)
    key = json.dumps([compile_key(config), config.task, has_metrics, shape, outputs])
    if key not in _epoch_trainers:
        traced = network.build(config, shape, outputs, traced=True)
        is_classification = config.task == "classification"
        _epoch_trainers[key] = EpochTrainer(
            traced,
            config.training.batch_size,
            network.is_right(config, traced) if is_classification else None,
            loss_is_of_batch=network.loss_is_of_batch(config),
            xla=uses_xla(config),
            gives_outputs=has_metrics,
        )
    _epoch_trainers.move_to_end(key)
    while len(_epoch_trainers) > KEPT:
        _epoch_trainers.popitem(last=False)
    return _epoch_trainers[key]


def uses_xla(config: RunConfig) -> bool:
    """Return whether XLA compiles the config's epochs."""
    return choose_loop(config).loop == "xla"


def choose_loop(config: RunConfig) -> Engine:
    """Return what trains a config's epochs: XLA, but for convolutions on the CPU.

    Its convolutions are 15 times slower there than TensorFlow's own kernels. On a GPU Keras has
    cuDNN's recurrent layers, which XLA can't compile. A function of config and machine alone:
    nothing is timed, so that a resumed run gives the same bytes.
    """
    if needs_graph(config) or (has_gpu() and has_recurrence(config)):
        return NOT_EVERY_LAYER
    return XLA if has_gpu() or not has_convolution(config) else CONVOLUTIONS_ARE_SLOW
