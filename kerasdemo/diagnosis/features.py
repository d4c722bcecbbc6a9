"""The numbers that the rules use, computed once for a run."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import median_high

from kerasdemo.config import RunConfig, lint, types
from kerasdemo.config.layers import KernelLayer, kernel_layers
from kerasdemo.diagnosis import curves
from kerasdemo.records import History, LayerHistory, Run
from kerasdemo.records.verdict import Number

# Activations whose slope is 0 over a half line: a unit there for every example gets no gradient.
CAN_DIE = frozenset({"relu", "relu6", "threshold", "hard_shrink", "soft_shrink", "sparse_plus"})
# Activations that are flat on both sides.
SQUASHING = frozenset(
    {"sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh", "sparse_sigmoid", "softmax"}
)
# The usual first choice of a learning rate: Keras' defaults, but for two optimizers whose
# authors start higher (Duchi et al. 2011; Zeiler 2012) than Keras does.
USUAL_LEARNING_RATE = {
    "sgd": 0.01,
    "adagrad": 0.01,
    "adadelta": 1.0,
    "lion": 1e-4,
    "muon": 1e-3,
    "schedulefreeadamw": 2.5e-3,
}
OTHERS_LEARNING_RATE = 1e-3
# AUTOTRAINER (ICSE 2021) calls training slow where no epoch gains 0.01 of accuracy.
MIN_GAIN = 0.01


@dataclass(frozen=True)
class RunFeatures:
    """The features of a run; None, or an empty tuple, where they are not known.

    Args:
        run: config, history, layers and facts.
        reference: the best training accuracy known for this data, e.g. of a sweep.
    """

    run: Run
    reference: float | None = None

    # From the config, which a run of any other Keras model does not have. Beside these features
    # only remedies read it, to change it, and diagnosis.py for the codes that it ignores.

    @property
    def config(self) -> RunConfig:
        return self.run.config

    @property
    def loss_name(self) -> str:
        return self.config.loss.name

    @property
    def optimizer(self) -> str:
        return self.config.optimizer.name

    @property
    def learning_rate(self) -> float:
        return float(self.config.optimizer.arguments.get("learning_rate") or OTHERS_LEARNING_RATE)

    @property
    def momentum(self) -> float:
        return float(self.config.optimizer.arguments.get("momentum") or 0.0)

    @property
    def batch_size(self) -> int:
        return self.config.training.batch_size

    @property
    def early_stopping(self) -> types.EarlyStopping | None:
        return self.config.training.early_stopping

    @property
    def l1(self) -> float:
        return self.config.network.regularizer.l1

    @property
    def l2(self) -> float:
        return self.config.network.regularizer.l2

    @property
    def dropout(self) -> float:
        """The rate behind every hidden layer; 0 where the layers are written out one by one."""
        network = self.config.network
        return network.dropout if network.layers is None else 0.0

    @property
    def output_mismatch(self) -> lint.Mismatch | None:
        """What is wrong between output and loss."""
        return lint.find_output_mismatch(self.config, self.run.network)

    @property
    def has_raw_images(self) -> bool:
        """Whether the inputs are images from 0 to 255, as they are in their files."""
        data = self.config.data
        images = data.name in ("mnist", "mnist_sample", "fashion_mnist")
        return images and data.normalize == "none"

    @cached_property
    def classes(self) -> int | None:
        known = self.config.dataset_info
        found = self.fact("data", "classes") or (known.classes if known else None)
        return int(found) if found else None

    def count(self, part: str) -> float | None:
        """Return the number of examples in `train`, `validation` or `test`."""
        recorded = self.fact("data", part)
        return recorded if recorded is not None else getattr(self.config.data, part)

    # The network and the optimizer.

    @cached_property
    def network(self) -> tuple[KernelLayer, ...]:
        """The layers with a kernel as built, from input to output."""
        return kernel_layers(self.run.network)

    @property
    def hidden(self) -> tuple[KernelLayer, ...]:
        return self.network[:-1]

    @property
    def has_squashing(self) -> bool:
        """Whether a hidden activation is flat on both sides."""
        return any(layer.activation in SQUASHING for layer in self.hidden)

    @property
    def usual_learning_rate(self) -> float:
        return USUAL_LEARNING_RATE.get(self.optimizer, OTHERS_LEARNING_RATE)

    @cached_property
    def learning_rate_ratio(self) -> float:
        """The learning rate over the optimizer's usual one; SGD's momentum m makes it 1/(1-m)."""
        rate = self.learning_rate
        if self.optimizer == "sgd" and 0 < self.momentum < 1:
            rate /= 1 - self.momentum
        return rate / self.usual_learning_rate

    # The data.

    def fact(self, *path: str) -> float | None:
        """Return a finite number of run.json, or None."""
        return find_number(self.run.facts, *path)

    def class_shares(self, part: str = "") -> tuple[float, ...]:
        """Return the share of each class in the training, `validation_` or `test_` set."""
        shares = (self.run.facts.get("data") or {}).get(f"{part}class_shares") or ()
        return () if None in shares else tuple(shares)

    @cached_property
    def chance(self) -> float | None:
        """Accuracy of always predicting one class: the largest class' share."""
        shares = self.class_shares()
        if shares:
            return max(shares)
        return 1 / self.classes if self.classes else None

    def progress(self, accuracy: float | None) -> float | None:
        """Return which share of the way from chance to perfect an accuracy has gone."""
        if accuracy is None or self.chance is None or self.chance >= 1:
            return None
        return (accuracy - self.chance) / (1 - self.chance)

    # Training, by epoch.

    @property
    def history(self) -> History:
        return self.run.history

    @property
    def epochs(self) -> int:
        return self.history.epochs

    @cached_property
    def updates(self) -> float | None:
        """Optimizer steps in all."""
        recorded, examples = self.fact("updates"), self.count("train")
        if recorded is None and examples and self.epochs:
            return math.ceil(examples / self.batch_size) * self.epochs
        return recorded

    @cached_property
    def broken_epoch(self) -> int | None:
        """The first epoch (from 1) whose training loss is NaN or infinite."""
        return curves.first_broken(self.history.loss)

    @property
    def has_diverged(self) -> bool:
        return self.run.status == "diverged" or self.broken_epoch is not None

    @property
    def has_stopped_early(self) -> bool:
        return bool(self.run.facts.get("stopped_early"))

    @cached_property
    def val_loss(self) -> tuple[float, ...]:
        """The validation loss, or nothing where it was not measured throughout."""
        values = self.history.val_loss
        whole = len(values) == self.epochs and curves.first_broken(values) is None
        return values if whole else ()

    @property
    def kept_epoch(self) -> int:
        """The epoch (from 1) whose weights the run ended with; 0 before the first is whole."""
        return self.run.kept_epoch or 0

    def at(self, metric: str, epoch: int | None = None) -> float | None:
        """Return a finite metric at the kept epoch, or at another one (from 1)."""
        values, epoch = getattr(self.history, metric), epoch or self.kept_epoch
        if not 1 <= epoch <= len(values):
            return None
        found: float = values[epoch - 1]
        return found if math.isfinite(found) else None

    @property
    def accuracy(self) -> float | None:
        return self.at("accuracy")

    @property
    def val_accuracy(self) -> float | None:
        return self.at("val_accuracy")

    @property
    def test_accuracy(self) -> float | None:
        return self.fact("test", "accuracy")

    @property
    def held_out(self) -> tuple[float | None, str]:
        """Validation accuracy, or without it test accuracy; and of which part of the data it is."""
        if self.val_accuracy is not None:
            return self.val_accuracy, "validation"
        return self.test_accuracy, "test"

    def error(self, accuracy: float, part: str) -> float:
        """Return the standard error of an accuracy measured on a part of the data."""
        return curves.share_error(accuracy, self.count(part))

    @cached_property
    def accuracy_gain(self) -> float:
        """Accuracy gained over the last quarter of the epochs: validation's, else training's."""
        values = self.history.val_accuracy if self.val_loss else self.history.accuracy
        return curves.gain(values) if values else 0.0

    @cached_property
    def is_loss_falling(self) -> bool:
        """Whether the training loss fell over the last quarter by more than its noise."""
        return curves.falls(self.history.loss)

    @cached_property
    def is_accuracy_rising(self) -> bool:
        """Whether validation (else training) accuracy rose over the last quarter, with the loss."""
        values, now, part = self.history.accuracy, self.accuracy, "train"
        if self.val_loss:
            values, now, part = self.history.val_accuracy, self.val_accuracy, "validation"
        if not self.is_loss_falling:
            return False
        # On few examples a small rise is chance.
        least = max(MIN_GAIN, curves.Z_975 * self.error(now or 0.5, part))
        return curves.rises(values, least, 1.0) and curves.improvement(values) >= MIN_GAIN

    @property
    def training_evidence(self) -> dict[str, Number]:
        """How far training got, and what it should reach."""
        return known(
            accuracy=self.accuracy,
            loss=self.at("loss"),
            chance=self.chance,
            linear_baseline=self.fact("data", "linear_baseline", "train"),
            neighbor_baseline=self.fact("data", "neighbor_baseline"),
            gain_in_last_quarter=curves.gain(self.history.accuracy),
            epochs=self.epochs,
        )

    # The layers, by epoch.

    @cached_property
    def layers(self) -> tuple[tuple[str, KernelLayer, LayerHistory], ...]:
        """Name, layer and statistics of each kernel layer; empty where they don't match."""
        histories = self.run.layers
        if len(histories) != len(self.network):
            return ()
        return tuple(zip(histories, self.network, histories.values(), strict=True))

    def statistic(self, name: str) -> list[list[float]]:
        """Return a statistic by layer and epoch, without the epochs where it is not finite."""
        every = [getattr(layer, name) for layer in self.run.layers.values()]
        return [[v for v in values if math.isfinite(v)] for values in every]

    def untrained(self, layer: str, statistic: str) -> float | None:
        """Return a layer's statistic before the first update."""
        return self.fact("initial", "layers", layer, statistic)

    def worst_hidden(self, statistic: str, activations: Collection[str]) -> tuple[float, str]:
        """Return the largest value at the kept epoch over hidden layers of these activations.

        Returns:
            The value and the layer's name; (0, "") without such a layer.
        """
        worst = (0.0, "")
        for name, layer, history in self.layers[:-1]:
            values = [v for v in getattr(history, statistic) if math.isfinite(v)]
            if layer.activation in activations and values:
                worst = max(worst, (values[min(self.kept_epoch, len(values)) - 1], name))
        return worst

    @cached_property
    def gradient_ratio(self) -> float | None:
        """Gradient norm of the first layer over the last one's: the median of the first epochs.

        The first quarter of the epochs, at least three: later a fitted network has little gradient
        anywhere.
        """
        norms = self.statistic("gradient_norm")
        if len(norms) < 2:
            return None
        if not (norms[0] and norms[-1]):  # it broke in the first epoch: what it started with
            norms = [
                [n] if (n := self.untrained(name, "gradient_norm")) else []
                for name in self.run.layers
            ]
        span = max(3, self.epochs // 4)
        ratios = [a / b for a, b in zip(norms[0][:span], norms[-1][:span], strict=False) if b > 0]
        return median_high(ratios) if ratios else None


def known(**evidence: Number | None) -> dict[str, Number]:
    """Return the evidence of a finding, without what is not known."""
    return {name: value for name, value in evidence.items() if value is not None}


def find_number(facts: Mapping[str, object], *path: str) -> float | None:
    """Return a finite number inside nested mappings, or None."""
    found: object = facts
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return found
