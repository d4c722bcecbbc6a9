"""The numbers that the rules go by, read off a run once. What is not known is None."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kerasdemo.config import RunConfig
from kerasdemo.config.layers import KernelLayer, kernel_layers
from kerasdemo.diagnosis import curves
from kerasdemo.records import History, LayerHistory, Run

# The learning rate from which one usually starts: Keras' defaults, but for two optimizers whose
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


@dataclass(frozen=True)
class RunFeatures:
    """A run, read. reference: the best training accuracy known for this data, as of a sweep."""

    run: Run
    reference: float | None = None

    # What was asked.

    @property
    def config(self) -> RunConfig:
        return self.run.config

    @property
    def history(self) -> History:
        return self.run.history

    @cached_property
    def network(self) -> tuple[KernelLayer, ...]:
        """The layers with a kernel as built, from input to output."""
        return kernel_layers(self.run.network)

    @property
    def hidden(self) -> tuple[KernelLayer, ...]:
        return self.network[:-1]

    @cached_property
    def learning_rate_ratio(self) -> float:
        """The learning rate over the optimizer's usual one; SGD's momentum m makes it 1/(1-m)."""
        optimizer = self.config.optimizer
        rate: float = optimizer.arguments.get("learning_rate") or OTHERS_LEARNING_RATE
        momentum = optimizer.arguments.get("momentum") if optimizer.name == "sgd" else 0.0
        if momentum and momentum < 1:
            rate /= 1 - momentum
        return rate / USUAL_LEARNING_RATE.get(optimizer.name, OTHERS_LEARNING_RATE)

    # What the data was.

    def fact(self, *path: str) -> float | None:
        """Return a finite number of run.json, or None."""
        return number(self.run.facts, *path)

    @cached_property
    def shape(self) -> tuple[int, ...] | None:
        given = _inside(self.run.facts, "data", "shape")
        if isinstance(given, Sequence) and given and all(isinstance(n, int) for n in given):
            return tuple(given)
        known = self.config.facts
        return known.shape if known else None

    @cached_property
    def classes(self) -> int | None:
        known = self.config.facts
        found = self.fact("data", "classes") or (known.classes if known else None)
        return int(found) if found else None

    def shares(self, part: str = "") -> tuple[float, ...]:
        """Return the share of each class in the training, `validation_` or `test_` set."""
        found = _inside(self.run.facts, "data", f"{part}class_shares")
        if not isinstance(found, Sequence) or not all(isinstance(s, int | float) for s in found):
            return ()
        return tuple(float(s) for s in found)

    @cached_property
    def chance(self) -> float | None:
        """Accuracy of the best constant answer: the largest class' share."""
        shares = self.shares()
        if shares:
            return max(shares)
        return 1 / self.classes if self.classes else None

    def count(self, part: str) -> float | None:
        """Return the examples in `train`, `validation` or `test`."""
        given = self.fact("data", part)
        return given if given is not None else getattr(self.config.data, part)

    @cached_property
    def updates(self) -> float | None:
        """Optimizer steps in all."""
        given, examples = self.fact("updates"), self.count("train")
        if given is None and examples and self.epochs:
            return math.ceil(examples / self.config.training.batch_size) * self.epochs
        return given

    # What happened.

    @cached_property
    def broken(self) -> int | None:
        """The first epoch (from 1) whose training loss is NaN or infinite."""
        return curves.first_broken(self.history.loss)

    @property
    def epochs(self) -> int:
        return self.history.epochs

    @cached_property
    def val_loss(self) -> tuple[float, ...]:
        """The validation loss, or nothing where it was not measured throughout."""
        values = self.history.val_loss
        whole = len(values) == self.epochs and curves.first_broken(values) is None
        return values if whole else ()

    @cached_property
    def judged(self) -> int:
        """The index of the epoch whose weights the run ended with."""
        given = self.fact("kept_epoch")
        if given is not None and 1 <= given <= self.epochs:
            return int(given) - 1
        stopping = self.config.training.early_stopping
        if stopping is None or not stopping.restore_best_weights:
            return self.epochs - 1
        if not self.epochs or "kept_epoch" in self.run.facts:
            return self.epochs - 1
        values = getattr(self.history, stopping.monitor) or self.history.loss
        down = stopping.mode == "min" or (stopping.mode == "auto" and "loss" in stopping.monitor)
        best = (min if down else max)(values)
        return list(values).index(best)

    def at(self, metric: str, index: int | None = None) -> float | None:
        """Return a metric at the judged epoch, or at another one (from 0)."""
        values = getattr(self.history, metric)
        place = self.judged if index is None else index
        if not values or not -len(values) <= place < len(values):
            return None
        found: float = values[place]
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

    def error(self, accuracy: float, part: str) -> float:
        """Return the standard error of an accuracy measured on a part of the data."""
        return curves.share_error(accuracy, self.count(part))

    @cached_property
    def rise(self) -> float:
        """Accuracy gained over the last quarter of the epochs: validation's, else training's."""
        values = self.history.val_accuracy if self.val_loss else self.history.accuracy
        return curves.gain(values) if values else 0.0

    @cached_property
    def still_learning(self) -> bool:
        """Whether the training loss fell over the last quarter by more than it jitters."""
        return curves.falls(self.history.loss)

    # What the layers did.

    @cached_property
    def layers(self) -> tuple[tuple[KernelLayer, LayerHistory], ...]:
        """Each kernel layer with its statistics; empty where they don't match the network."""
        histories = tuple(self.run.layers.values())
        if len(histories) != len(self.network):
            return ()
        return tuple(zip(self.network, histories, strict=True))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The layers' names, from input to output."""
        return tuple(self.run.layers)

    def statistic(self, name: str) -> list[list[float]]:
        """Return a statistic by layer and epoch, without the epochs where it is not finite."""
        every = [getattr(layer, name) for layer in self.run.layers.values()]
        return [[v for v in values if math.isfinite(v)] for values in every]

    def untrained(self, layer: str, statistic: str) -> float | None:
        """Return a layer's statistic before the first update."""
        return self.fact("initial", "layers", layer, statistic)

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
                [n] if (n := self.untrained(name, "gradient_norm")) else [] for name in self.names
            ]
        span = max(3, self.epochs // 4)
        ratios = [a / b for a, b in zip(norms[0][:span], norms[-1][:span], strict=False) if b > 0]
        return curves.median(ratios) if ratios else None


def number(facts: Mapping[str, Any], *path: str) -> float | None:
    """Return a finite number inside nested mappings, or None."""
    found = _inside(facts, *path)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return found


def _inside(facts: Any, *path: str) -> Any:
    for part in path:
        facts = facts.get(part) if isinstance(facts, Mapping) else None
    return facts
