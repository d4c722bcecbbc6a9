"""One training that is recorded: what is measured, and the rows and facts that come of it."""

import hashlib
import json
import math
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config.errors import first_line
from kerasdemo.config.layers import Layer
from kerasdemo.data import Array, arrays
from kerasdemo.data.examples import find_targets
from kerasdemo.records import RunFolder, Scalar, Setup, Task
from kerasdemo.records import setup as setup_file
from kerasdemo.records.schema import METRICS
from kerasdemo.training import compile_code, examples, model_layers, model_setup, predictions
from kerasdemo.training import task as tasks
from kerasdemo.training.examples import Examples
from kerasdemo.training.layer_statistics import EXAMPLES, ModelStatistics
from kerasdemo.training.model_evaluation import Evaluation, ModelEvaluator
from kerasdemo.training.recorded_data import MOST_MEASURED, RecordedData

NO_LOSS = (
    "The model's loss can't be computed outside of its own train_step ({}): the curves are Keras' "
    "own, and there are no layer statistics; give the model a loss in `compile`, or a `test_step`."
)
NO_VALIDATION = (
    "The Recorder has no validation_data: the validation curves are Keras' own, examples are not "
    "compared from epoch to epoch, and those that `validation_split` leaves out count as training "
    "examples; pass `Recorder(x, y, validation_data=...)`."
)
NO_STATISTICS = "There are no layer statistics: {}."
NO_OUTPUTS = (
    "Dead and saturated units are not measured in {}: only the layers of a Sequential or "
    "functional model that are called once show their outputs."
)

# Of the last data: a loop over settings and seeds describes its data once.
_known_facts: dict[Any, dict[str, Any]] = {}


class Recording:
    """What is measured of one training.

    Args:
        model: built and compiled.
        data: what the recorder was given.
        task: that the user named, or None.
    """

    def __init__(self, model: Any, data: RecordedData, task: Task | None):
        self.model, self.data = model, data
        self.began = time.perf_counter()
        self.notes: list[str] = []
        self.loss = model_setup.describe_loss(model)
        self.layers: tuple[Layer, ...] = model_layers.describe(model)
        self.evaluator: ModelEvaluator | None = None
        self.statistics: ModelStatistics | None = None
        self.initial: dict[str, Any] = {}
        self.chunk = _fixed_batch(model)
        self.train = list(data.train.chunks(self.chunk)) if data.train else []
        self.validation = list(data.validation.chunks(self.chunk)) if data.validation else []
        if self.train:
            self._measure_untrained(task)
        self.task = self.evaluator.task if self.evaluator else task or self._guess_task()
        # Whether Keras' validation is of more examples than those that are measured here.
        self.logs_validation: bool | None = None
        # An epoch's index in Keras -> its row from 1: epoch + 1 - first_epoch.
        self.first_epoch = 0
        self.epochs = 0
        self.columns: tuple[str, ...] = ()
        self.best: Evaluation | None = None
        """of the validation examples in the epoch with the lowest validation loss so far"""
        self.diverged_at: int | None = None
        self.norms: list[list[float]] = []
        self.training_seconds: list[float] = []
        self.recording_seconds: list[float] = []
        self.updates = 0

    @property
    def last_epoch(self) -> int:
        """Keras' index of the epoch that would follow."""
        return self.first_epoch + self.epochs

    @property
    def layer_count(self) -> int:
        return len(self.statistics.names) if self.statistics else 0

    @property
    def updates_per_epoch(self) -> int | None:
        return round(self.updates / self.epochs) if self.updates and self.epochs else None

    def go_on(self, earlier: "Recording") -> None:
        """Take over the epochs of an earlier training of the same model."""
        self.initial = earlier.initial
        for name in ("first_epoch", "epochs", "columns", "best", "diverged_at", "logs_validation"):
            setattr(self, name, getattr(earlier, name))
        for name in ("norms", "training_seconds", "recording_seconds", "updates"):
            setattr(self, name, getattr(earlier, name))
        if self.layer_count != earlier.layer_count:
            self.statistics = None

    def setup(
        self,
        *,
        name: str,
        seed: int,
        settings: Mapping[str, Scalar],
        epochs: int,
        batch_size: int | None,
        callbacks: Iterable[Any],
        steps: int | None = None,
    ) -> Setup:
        """Return what was asked; arguments as of `Setup`, and the mini-batches of an epoch."""
        self.steps = steps
        size = batch_size or (self.data.train and self.data.train.batch_size)
        self.knows_batch_size = size is not None
        stopping = [c for c in callbacks if isinstance(c, keras.callbacks.EarlyStopping)]
        l1, l2, dropout = model_layers.find_penalties(self.layers)
        return Setup(
            name=name,
            loss=self.loss,
            optimizer=model_setup.describe_optimizer(self.model.optimizer),
            seed=seed,
            task=self.task,
            batch_size=batch_size or self.data.batch_size(steps),
            epochs=epochs,
            early_stopping=model_setup.describe_early_stopping(stopping[0]) if stopping else None,
            l1=l1,
            l2=l2,
            dropout=dropout,
            compile=compile_code.describe(self.model),
            settings=settings,
            structure=model_layers.find_structure(self.model),
            outputs=model_layers.find_outputs(self.model),
            frozen=model_layers.find_frozen(self.model),
            notes=tuple(dict.fromkeys([*self.data.notes, *self.notes])),
        )

    def run_id(self, setup: Setup) -> str:
        """Return `<name>-<8 hex digits>` of what was asked, the layers, data and weights."""
        layers = [layer.as_dict() | {"name": None} for layer in self.layers]
        asked = asdict(replace(setup, name="", notes=(), frozen=()))
        content = [asked, len(setup.frozen), layers, self.sha256, self.weights_sha256]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode())
        return f"{setup.name}-{digest.hexdigest()[:8]}"

    @cached_property
    def weights_sha256(self) -> str:
        """The fingerprint of the initial weights."""
        digest = hashlib.sha256()
        for variable in self.model.weights:
            digest.update(keras.ops.convert_to_numpy(variable).tobytes())
        return digest.hexdigest()

    @property
    def seed(self) -> int:
        """A number that tells a training without a seed from others."""
        return int(self.weights_sha256, 16) % 10**6

    @cached_property
    def sha256(self) -> str | None:
        """The fingerprint of the data; None where there is none."""
        return arrays.fingerprint(*self.data.whole) if self.data.train else None

    def begin(self, folder: RunFolder, setup: Setup) -> None:
        """Begin to train, now or with the next epoch."""
        self.folder, self.asked = folder, setup
        self.before = self.statistics.copies() if self.statistics else []
        self.iterations = self._iterations()
        self.setup_seconds = time.perf_counter() - self.began

    def add_epoch(self, logs: Mapping[str, Any], seconds: float) -> None:
        """Write the rows of one epoch.

        Args:
            logs: Keras'.
            seconds: that it trained.
        """
        began = time.perf_counter()
        # A train_step with optimizers of its own leaves the model's where it was.
        self.updates += self._iterations() - self.iterations or self.steps or 0
        self.iterations = self._iterations()
        row = self._row(logs)
        self.columns = self.columns or tuple(name for name in METRICS if name in row)
        epoch = self.epochs + 1
        if self.diverged_at is None and not math.isfinite(row["loss"] + row.get("val_loss", 0.0)):
            self.diverged_at = epoch
        if self.statistics:
            layers = self._compute_statistics(self.before)
            self.before = self.statistics.copies()
            self.norms.append([values["weight_norm"] for values in layers.values()])
            self.folder.add_layers(epoch, layers)
        self.folder.add_time(epoch, seconds)
        # Last: its row makes the epoch whole.
        self.folder.add_epoch(epoch, {name: row.get(name, math.nan) for name in self.columns})
        self.epochs = epoch
        self.training_seconds.append(seconds)
        self.recording_seconds.append(time.perf_counter() - began)

    def facts(self) -> dict[str, Any]:
        """Return facts for run.json, when the training has ended."""
        asked, stopping, kept = self.asked, self.asked.early_stopping, self._kept_epoch()
        is_short = self.epochs < asked.epochs
        reason = "all epochs"
        if self.diverged_at:
            reason = f"the loss is not finite in epoch {self.diverged_at}"
        elif is_short:
            reason = "early stopping" if stopping else "stopped by a callback"
        return {
            "reason": reason,
            "stopped_early": is_short and not self.diverged_at,
            "kept_epoch": kept,
            "initial": self.initial or None,
            "parameters": sum(math.prod(v.shape) for v in self.model.trainable_variables),
            "recording": self._describe_recording(),
            "train": None if kept is None else self._measure_trained(),
            **(self._describe_data() if self.data.train else {}),
        }

    def predictions(self) -> dict[str, Any] | None:
        """Return the content of predictions.json: of validation examples, by the final weights.

        None where there are none, or the task has no predictions to show.
        """
        if not self.evaluator or not self.validation or self.chunk or self.task == "other":
            return None
        held_out = self.data.whole[2]
        assert held_out is not None  # it was read already
        given = examples.whole(*held_out).spread(MOST_MEASURED)
        output = self.evaluator.predict(list(given.chunks()))
        truth = find_targets(given.y, self.task)
        if truth is None or (truth.ndim == 2 and truth.shape != output.shape):
            return None
        if self.task == "regression":
            mean = self.evaluator.mean
            return predictions.of_numbers("validation", truth, output, mean=mean)
        if self.task == "multi_label":
            threshold = self.evaluator.threshold
            return predictions.of_labels("validation", truth, output, threshold=threshold)
        x = np.asarray(given.x) if hasattr(given.x, "shape") else None
        shape = None if x is None else predictions.find_shape(x, self.layers)
        return predictions.of_classes(
            "validation",
            truth,
            output,
            threshold=self.evaluator.threshold,
            link=predictions.find_link(self.loss, self._activation),
            images=lambda rows: (
                None if x is None or shape is None else predictions.to_pixels(x[rows], shape)
            ),
        )

    def add_note(self, note: str) -> None:
        """Add a note to setup.json."""
        self.asked = replace(self.asked, notes=(*self.asked.notes, note))
        setup_file.write(self.folder.setup_file, self.asked)

    def _measure_untrained(self, task: Task | None) -> None:
        """Compile what measures the model, and measure it before the first update."""
        train = self.data.train
        assert train is not None
        evaluator = ModelEvaluator(self.model, self.loss, self._activation)
        try:
            outputs = keras.tree.flatten(evaluator.outputs(self.train[0]))
            found = self._find_task(evaluator, train, outputs)
            evaluator.task = found = task or found
            if found == "regression":
                y = np.asarray(self.data.whole[1], np.float64)
                evaluator.mean = y.reshape(len(y), -1).mean(axis=0)
            untrained = evaluator.evaluate(self.train[:1])
            output = None
            if len(outputs) == 1 and outputs[0].shape.rank in (1, 2):
                output = tasks.describe_output(np.asarray(outputs[0]))
        except Exception as error:  # whatever the model's own code raises
            self.notes.append(NO_LOSS.format(first_line(error)))
            return
        self.evaluator = evaluator
        self.initial = {"loss": untrained.loss, **untrained.scores, "output": output}
        try:
            self.probe = next(train.spread(self.chunk or EXAMPLES).chunks(self.chunk))
            self.statistics = ModelStatistics(evaluator)
            layers = self._compute_statistics(self.statistics.copies())
        except Exception as error:
            self.statistics = None
            self.notes.append(NO_STATISTICS.format(first_line(error)))
            return
        self.initial["layers"] = layers
        hidden = [name for name, values in layers.items() if math.isnan(values["dead"])]
        with_activation = [name for name in hidden if self.statistics.has_activation(name)]
        if with_activation:
            self.notes.append(NO_OUTPUTS.format(", ".join(with_activation)))

    def _compute_statistics(self, before: list[list[Any]]) -> dict[str, dict[str, float]]:
        assert self.statistics is not None
        probe = self.probe
        return self.statistics.compute(probe.x, probe.y, before, probe.weight)

    def _find_task(
        self, evaluator: ModelEvaluator, train: Examples, outputs: Sequence[Any]
    ) -> Task:
        if any(output.shape.rank == 3 for output in outputs):
            evaluator.loss_of_examples = None  # of sequences Keras leaves out what is masked
        units = None
        if len(outputs) == 1 and outputs[0].shape.rank in (1, 2):
            units = int(outputs[0].shape[1]) if outputs[0].shape.rank == 2 else 1
        if units is None or train.y is None or not hasattr(train.y, "shape"):
            return "other"
        y = np.asarray(train.y)
        is_alike = hasattr(train.x, "shape") and train.x.shape == y.shape
        if is_alike and np.array_equal(np.asarray(train.x), y):
            return "other"  # an autoencoder
        return tasks.find_task(self.loss["name"], self._activation, units, y)

    def _guess_task(self) -> Task:
        shape = self.layers[-1].output_shape if self.layers else ()
        units = shape[0] if len(shape) == 1 else None
        return tasks.find_task(self.loss["name"], self._activation, units, None)

    @property
    def _activation(self) -> str | None:
        """The output's activation; None where the last layer has none."""
        last = self.layers[-1] if self.layers else None
        if last is None:
            return None
        return "softmax" if last.type == "softmax" else last.arguments.get("activation")

    def _iterations(self) -> int:
        found = getattr(self.model.optimizer, "iterations", None)
        return int(found) if found is not None else 0

    def _row(self, logs: Mapping[str, Any]) -> dict[str, float]:
        """Return the columns of metrics.csv for the epoch that has ended."""
        row = _logged(logs, self.task)
        rate = logs.get("learning_rate")  # where a callback may have changed it since
        optimizer = self.model.optimizer
        if rate is None and optimizer is not None:
            rate = optimizer.learning_rate
        if rate is not None:
            row["learning_rate"] = model_setup.rounded(float(rate))
        if self.evaluator:
            row = {k: v for k, v in row.items() if k.startswith("val_") or k == "learning_rate"}
            found = self.evaluator.evaluate(self.train)
            row |= {"loss": found.loss, **found.scores}
            if self.validation:
                logged = {k: row.pop(k) for k in list(row) if k.startswith("val_")}
                row |= self._validate(self.evaluator.evaluate(self.validation))
                row |= self._of_whole_validation(logged)
        if "loss" not in row:
            raise ValueError("the training logs no loss")
        if "val_loss" in row and not self.validation and self.evaluator and not self.epochs:
            if not self.knows_batch_size:  # of x, or of what `validation_split` left of it
                self.asked = replace(self.asked, batch_size=None)
            self.add_note(NO_VALIDATION)
        return row

    def _of_whole_validation(self, logged: Mapping[str, float]) -> dict[str, float]:
        """Return what Keras logs of all validation examples, where only some are measured here.

        All epochs or none; scores only where Keras counts as the task does.
        """
        validation = self.data.validation
        assert validation is not None
        if self.logs_validation is None:
            is_larger = (validation.total or 0) > len(validation)
            self.logs_validation = is_larger and "val_loss" in logged
        if not self.logs_validation:
            return {}
        scores = ("val_loss", "val_accuracy") if self.task == "classification" else ("val_loss",)
        return {name: logged[name] for name in scores if name in logged}

    def _validate(self, found: Evaluation) -> dict[str, float]:
        scores = {"loss": found.loss, **found.scores}
        if self.best is None or found.loss < self.best.loss:
            self.best = found
        changes = found.changes_since(self.best)
        return {f"val_{name}": value for name, value in scores.items()} | changes

    def _kept_epoch(self) -> int | None:
        """Return the epoch (from 1) whose weights the model has; None where it is none of them."""
        if not self.statistics or not self.norms:
            return self.epochs
        layers = self._compute_statistics(self.before)
        now = [values["weight_norm"] for values in layers.values()]
        if not all(map(math.isfinite, now)):
            return self.epochs
        found = [number for number, norms in enumerate(self.norms, 1) if norms == now]
        return found[-1] if found else None

    def _measure_trained(self) -> dict[str, Any] | None:
        """Return loss and scores of the final weights on more examples than each epoch's.

        None where the curves have them.
        """
        if not self.evaluator or not self.data.train:
            return None
        train = self.data.all_train
        if len(train) <= len(self.data.train):
            return None
        found = self.evaluator.evaluate(list(train.chunks(self.chunk)))
        return {"loss": found.loss, **found.scores, "examples": len(train)}

    def _describe_recording(self) -> dict[str, float]:
        """Return seconds of recording, and the share of an epoch: medians, without the first."""
        recording, training = (
            median(seconds[1:] or seconds)
            for seconds in (self.recording_seconds, self.training_seconds)
        )
        return {
            "share": round(recording / max(training, 1e-9), 4),
            "seconds": round(sum(self.recording_seconds) + self.setup_seconds, 3),
        }

    def _describe_data(self) -> dict[str, Any]:
        """Return `data` and `baseline_pairs` of run.json."""
        train, validation = self.data.train, self.data.validation
        assert train is not None
        measured = {"train": len(train), "validation": len(validation) if validation else 0}
        if self.logs_validation and self.task == "classification" and validation:
            measured["validation"] = validation.total or len(validation)
        found: dict[str, Any] = {"source": "arrays", "sha256": self.sha256, "measured": measured}
        x, y, held_out, _ = self.data.whole
        arguments: dict[str, Any] = {
            "tokens": any(layer.type == "embedding" for layer in self.layers),
            "classes": self._classes(),
        }
        pairs: dict[str, Any] = {}
        try:
            found |= self._facts_of_arrays(x, y, held_out, arguments)
            constant = self._constant_loss(train)
            if constant is not None:
                found["constant_loss"] = constant
            if held_out is not None and self.best is not None and self.best.right is not None:
                pairs = self._compare_to_baselines(
                    examples.whole(*held_out),
                    arrays.validation_right(x, y, held_out, self.task, **arguments),
                )
        except Exception as error:  # data can be as bad as anything
            warnings.warn(f"the data could not be described: {first_line(error)}", stacklevel=2)
        found["source"] = self.data.source
        if train.batch_size is not None:
            found["train"] = max(train.total or 0, len(train))
        elif self.data.is_shuffled is not None and "order" in found:
            found["order"] = {**found["order"], "shuffled": self.data.is_shuffled}
        return {"data": found, "baseline_pairs": pairs}

    def _facts_of_arrays(
        self, x: Any, y: Any, held_out: Any, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return `arrays.facts`; of the same data as the last run's, those that are known."""
        key = (self.sha256, self.task, *arguments.items())
        if key not in _known_facts:
            found = arrays.facts(x, y, held_out, self.task, sha256=self.sha256, **arguments)
            _known_facts.clear()
            _known_facts[key] = found
        return _known_facts[key]

    def _compare_to_baselines(
        self, validation: Examples, baselines: Mapping[str, tuple[Array, Array]]
    ) -> dict[str, dict[str, int]]:
        """Return who alone is right, the network as it is now or a simple classifier.

        Args:
            validation: all validation examples.
            baselines: name -> their numbers (m,), and whether it is right on each of these.
        """
        assert self.evaluator is not None
        pairs = {}
        for name, (rows, right) in baselines.items():
            network = self.evaluator.evaluate(list(validation.rows(rows).chunks(self.chunk))).right
            assert network is not None
            pairs[name] = {
                "only_baseline_right": int((right & ~network).sum()),
                "only_network_right": int((network & ~right).sum()),
            }
        return pairs

    def _classes(self) -> int | None:
        shape = self.layers[-1].output_shape if self.layers else ()
        is_known = self.task == "classification" and len(shape) == 1
        return shape[0] if is_known else None

    def _constant_loss(self, train: Examples) -> float | None:
        """Return the loss of always predicting the mean of the targets."""
        losses = self.evaluator and self.evaluator.loss_of_examples
        if not losses or self.task not in ("regression", "other") or not hasattr(train.y, "shape"):
            return None
        y = np.asarray(train.y)
        if not np.issubdtype(y.dtype, np.floating):
            return None
        constant = np.broadcast_to(y.mean(axis=0), y.shape)
        if y.ndim == 1:
            y, constant = y[:, None], constant[:, None]
        return float(tf.reduce_mean(losses(y, constant, train.weight)))


def _logged(logs: Mapping[str, Any], task: Task) -> dict[str, float]:
    """Return those columns of metrics.csv that Keras' logs have."""
    row = {}
    for prefix in ("", "val_"):
        own = {k.removeprefix(prefix): v for k, v in logs.items() if k.startswith(prefix)}
        if not prefix:
            own = {k: v for k, v in own.items() if not k.startswith("val_")}
        losses = [name for name in own if "loss" in name]
        if losses:
            row[f"{prefix}loss"] = float(own["loss" if "loss" in own else losses[0]])
        for name in tasks.ACCURACIES:
            is_share = 0 <= own.get(name, math.nan) <= 1  # a metric may have the name by chance
            if is_share and task in ("classification", "binary", "multi_label"):
                row.setdefault(f"{prefix}accuracy", float(own[name]))
        if "r2_score" in own and task == "regression":
            row[f"{prefix}r2"] = float(own["r2_score"])
    return row


def _fixed_batch(model: Any) -> int | None:
    """Return the only size of a batch that a model takes, as a stateful one does."""
    if not any(
        getattr(layer, "stateful", False) for layer in model_layers.find_leaves(model).values()
    ):
        return None
    try:
        return next((t.shape[0] for t in model.inputs if t.shape[0] is not None), None)
    except (AttributeError, ValueError):  # a subclassed model
        return None
