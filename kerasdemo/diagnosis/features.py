"""The numbers that the rules use, computed once for a run."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import median_high
from typing import Any

from kerasdemo.config import RunConfig, keras_arguments, lint
from kerasdemo.config.layers import (
    ACTIVATION_TYPES,
    NORMALIZATIONS,
    KernelLayer,
    Layer,
    kernel_layers,
)
from kerasdemo.diagnosis import curves
from kerasdemo.diagnosis.scale import BALANCED, SCALES, Scale
from kerasdemo.records import History, LayerHistory, Run, Setup, Task
from kerasdemo.records.curves import UNKNOWN
from kerasdemo.records.verdict import Number

# Activations whose slope is 0 over a half line: a unit there for every example gets no gradient.
CAN_DIE = frozenset({"relu", "relu6", "threshold", "hard_shrink", "soft_shrink", "sparse_plus"})
# Activations that are flat on both sides.
SQUASHING = frozenset(
    {"sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh", "sparse_sigmoid", "softmax"}
)
# Layers that go through a sequence step by step; their activations are part of how they work.
RECURRENT = frozenset({"simple_rnn", "lstm", "gru"})
# Layers without weights that pass on what they get, at most its largest values.
PASSING = re.compile(
    r"(flatten|reshape|permute|identity|masking|repeat_vector|rescaling|normalization"
    r"|((alpha_|gaussian_|spatial_)?dropout|gaussian_noise|activity_regularization)"
    r"|(zero_padding|cropping|up_sampling|(global_)?(average|max)_pooling)"
    r"|random_(flip|rotation|zoom|translation|crop|contrast|brightness))([123]d)?"
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
# A label that so few of the examples have, or lack, is rare: accuracy hides how it is predicted.
RARE = 0.1
# Inputs of images as they are in their files.
BYTE = 255.0
# Examples that a score of unknown origin is taken to be measured on.
ASSUMED = 1_000
# AUTOTRAINER (ICSE 2021) calls training slow where no epoch gains 0.01 of accuracy.
MIN_GAIN = 0.01


@dataclass(frozen=True)
class RunFeatures:
    """The features of a run; None, or an empty tuple, where they are not known.

    Args:
        run: setup, history, layers and facts.
        reference: the best training score known for this data, e.g. of a sweep.
    """

    run: Run
    reference: float | None = None

    # What the training was asked to do.

    @property
    def config(self) -> RunConfig | None:
        """The config of a run from YAML, for remedies, which change it."""
        return self.run.config

    @property
    def setup(self) -> Setup:
        return self.run.setup

    @property
    def task(self) -> Task:
        return self.setup.task

    @property
    def scale(self) -> Scale:
        """How the network's predictions are scored, and what of a score is much or little.

        Accuracy says little where nearly all labels are of one kind: a constant prediction has
        nearly all of it, and a network with weights of classes gives some away.
        """
        is_rare = self.rare_share is not None and bool(self.history.balanced_accuracy)
        return BALANCED if is_rare else SCALES[self.task]

    @property
    def loss_name(self) -> str:
        return self.setup.loss_name

    @property
    def optimizer(self) -> str:
        return self.setup.optimizer_name

    @cached_property
    def learning_rate(self) -> float:
        """The learning rate; of a schedule the one that it starts with, behind its warm-up."""
        rate = self.setup.optimizer.get("learning_rate")
        if isinstance(rate, Mapping):
            rate = (
                find_number(rate, "warmup_target")
                or find_number(rate, "initial_learning_rate")
                or next((r for r in self.history.learning_rate if r > 0), None)
            )
        return float(rate or OTHERS_LEARNING_RATE)

    @property
    def momentum(self) -> float:
        return float(self.setup.optimizer.get("momentum") or 0.0)

    @property
    def batch_size(self) -> int | None:
        """Examples in a batch; None where the data came in batches of their own."""
        return self.setup.batch_size

    @property
    def early_stopping(self) -> Mapping[str, Any] | None:
        """The arguments of Keras' EarlyStopping, or None."""
        return self.setup.early_stopping

    @property
    def l1(self) -> float:
        return self.setup.l1

    @property
    def l2(self) -> float:
        return self.setup.l2

    @property
    def dropout(self) -> float:
        """The rate behind every hidden layer, or of a model from Python the largest rate."""
        return self.setup.dropout

    @cached_property
    def output_mismatch(self) -> lint.Mismatch | None:
        """What is wrong between output and loss; None where the output is not known."""
        if not self.is_output_known:
            return None
        return lint.find_output_mismatch(self.setup.loss, self.run.network, self.task)

    @property
    def has_raw_images(self) -> bool:
        """Whether the inputs are images from 0 to 255, as they are in their files."""
        if self.config is None:
            least, largest = (self.fact("data", "input", end) for end in ("min", "max"))
            return least == 0 and largest == BYTE
        data = self.config.data
        images = data.name in ("mnist", "mnist_sample", "fashion_mnist")
        return images and data.normalize == "none"

    @cached_property
    def classes(self) -> int | None:
        known = self.config.dataset_info if self.config else None
        found = self.fact("data", "classes") or (known.classes if known else None)
        return int(found) if found else None

    def count(self, part: str) -> float | None:
        """Return the number of examples in `train`, `validation` or `test`."""
        recorded = self.fact("data", part)
        if recorded is not None or self.config is None:
            return recorded
        known: float | None = getattr(self.config.data, part)
        return known

    @property
    def is_split_at_random(self) -> bool:
        """Whether the test examples are known to be drawn from the same ones as the others."""
        return self.config is not None and self.config.data.is_split_at_random

    # The network and the optimizer.

    @cached_property
    def network(self) -> tuple[KernelLayer, ...]:
        """The layers with a kernel as built, from input to output."""
        return kernel_layers(self.run.network)

    @property
    def hidden(self) -> tuple[KernelLayer, ...]:
        """The layers with a kernel but for the last, or for those that give the outputs."""
        outputs = self.setup.outputs
        last = {*outputs, *(f"layers.{name}.activation" for name in outputs)}
        inside = [one for one in self.network if not {one.name, one.activation_key} & last]
        return tuple(inside) if outputs and len(inside) < len(self.network) else self.network[:-1]

    @property
    def recurrent(self) -> tuple[KernelLayer, ...]:
        """The layers that go through a sequence step by step."""
        return tuple(layer for layer in self.network if layer.type in RECURRENT)

    @property
    def time_steps(self) -> int | None:
        """The length of the longest sequence that a recurrent layer goes through."""
        names = {layer.name for layer in self.recurrent}
        lengths = [layer.input_shape[0] for layer in self.run.network if layer.name in names]
        return max((length for length in lengths if length), default=None)

    @property
    def has_squashing(self) -> bool:
        """Whether a hidden activation is flat on both sides."""
        kinds = {layer.activation for layer in self.hidden if layer.type not in RECURRENT}
        return not kinds.isdisjoint(SQUASHING)

    @property
    def usual_learning_rate(self) -> float:
        return USUAL_LEARNING_RATE.get(self.optimizer, OTHERS_LEARNING_RATE)

    @cached_property
    def learning_rate_ratio(self) -> float:
        """The learning rate over the optimizer's usual one; SGD's momentum m makes it 1/(1-m).

        1 where the optimizer is not known.
        """
        if self.optimizer == UNKNOWN:
            return 1.0
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

    @property
    def label_shares(self) -> tuple[float, ...]:
        """The share of the training examples that have each label, of labels that are 0 or 1."""
        shares = (self.run.facts.get("data") or {}).get("label_shares") or ()
        return () if None in shares else tuple(shares)

    @cached_property
    def chance(self) -> float | None:
        """The score of the best constant prediction.

        Accuracy: the largest class' share, of several labels the mean over them; balanced accuracy:
        one half; R²: 0.
        """
        if self.scale is BALANCED:
            return 0.5
        if self.task == "regression":
            return 0.0
        if self.task == "multi_label":
            labels = self.label_shares
            return curves.mean([max(p, 1 - p) for p in labels]) if labels else None
        shares = self.class_shares()
        if shares:
            return max(shares)
        return 1 / self.classes if self.classes else None

    @property
    def is_chance_known(self) -> bool:
        """Whether `chance` is of the data; from curves alone all classes are taken for alike."""
        is_share = self.config is None and self.scale.metric != "r2"
        return not is_share or bool(self.class_shares() or self.label_shares)

    @cached_property
    def rare_share(self) -> float | None:
        """Of labels that are 0 or 1: the mean share of the rarer kind, where it is rare."""
        labels = self.label_shares
        if self.task not in ("binary", "multi_label") or not labels:
            return None
        share = curves.mean([min(share, 1 - share) for share in labels])
        return share if share <= RARE else None

    def progress(self, score: float | None) -> float | None:
        """Return which share of the way from chance to perfect a score has gone."""
        if score is None or self.chance is None or self.chance >= 1:
            return None
        return (score - self.chance) / (1 - self.chance)

    @property
    def is_known_chain(self) -> bool:
        """Whether it is known what every layer does, and each feeds the next."""
        return self.setup.structure == "chain" and all(map(_is_known, self.run.network))

    @property
    def is_output_known(self) -> bool:
        """Whether it is known what makes the output of what the last kernel gives."""
        layers = self.run.network
        last = max((n for n, layer in enumerate(layers) if layer.has_kernel), default=0)
        return self.setup.structure != "code" and all(map(_is_known, layers[last:]))

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
        if recorded is None and examples and self.epochs and self.batch_size:
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
    def scores(self) -> tuple[float, ...]:
        """The training score by epoch; empty where it was not measured, or the task has none."""
        found: tuple[float, ...] = getattr(self.history, self.scale.metric)
        return found

    @property
    def val_scores(self) -> tuple[float, ...]:
        """The validation score by epoch, as `scores`."""
        found: tuple[float, ...] = getattr(self.history, f"val_{self.scale.metric}")
        return found

    @property
    def score(self) -> float | None:
        """The training score at the kept epoch: accuracy, or of regression R².

        Where the curve is that of a sample, the score of the final weights on more examples.
        """
        found = self.fact("train", self.scale.metric)
        return self.at(self.scale.metric) if found is None else found

    @property
    def is_judged_by_loss(self) -> bool:
        """Whether only the loss says how good a model from Python is."""
        return self.config is None and self.score is None and self.epochs > 0

    @property
    def val_score(self) -> float | None:
        """The validation score at the kept epoch."""
        return self.at(f"val_{self.scale.metric}")

    @property
    def test_score(self) -> float | None:
        """The test score of the kept weights."""
        return self.fact("test", self.scale.metric)

    @property
    def held_out(self) -> tuple[float | None, str]:
        """Validation score, or without it test score; and of which part of the data it is."""
        if self.val_score is not None:
            return self.val_score, "validation"
        return self.test_score, "test"

    def measured(self, part: str) -> float | None:
        """Return how many examples of a part the score is measured on."""
        final, sample = self.fact(part, "examples"), self.fact("data", "measured", part)
        found = sample if final is None else final
        return self.count(part) if found is None else found

    def of_examples(self, part: str) -> str:
        """Return " of 150 examples", what a part's score is measured on; "" where not known."""
        count = self.measured(part)
        return f" of {count:,.0f} examples" if count else ""

    def error(self, score: float, part: str) -> float:
        """Return the standard error of a score measured on a part of the data.

        Of curves alone nobody knows on how many examples: ASSUMED, and the curve's own noise.
        """
        count = self.measured(part)
        if count is None and self.config is None:
            scores = self.val_scores if part == "validation" else self.scores
            noise = curves.roughness(scores) if len(scores) > 4 else 0.0
            return max(noise, curves.share_error(score, ASSUMED))
        if self.scale is BALANCED:
            # Nearly all of the error is that of the recall of the rare kind, half of the score.
            return curves.share_error(2 * score - 1, (self.rare_share or 0.0) * (count or 0.0)) / 2
        if self.task != "regression":
            return curves.share_error(score, count)
        prefix = {"validation": "val_", "train": ""}.get(part)
        own, error = (
            (None, None)
            if prefix is None
            else (self.at(f"{prefix}r2"), self.at(f"{prefix}r2_error"))
        )
        unexplained = 1 - score
        if own is not None and error is not None and own < 1:
            # Recorded from the examples; errors of another size are taken to be spread alike.
            return error * unexplained / (1 - own)
        # Of normal residuals: the mean of n squares has a relative error of sqrt(2 / n).
        return unexplained * math.sqrt(2 / count) if count else 0.0

    @cached_property
    def score_gain(self) -> float:
        """Score gained over the last quarter of the epochs: validation's, else training's."""
        values = self.val_scores if self.val_loss else self.scores
        return curves.gain(values) if values else 0.0

    @cached_property
    def is_loss_falling(self) -> bool:
        """Whether the training loss fell over the last quarter by more than its noise."""
        return curves.falls(self.history.loss)

    @cached_property
    def is_score_rising(self) -> bool:
        """Whether validation (else training) score rose over the last quarter, with the loss."""
        values, now, part = self.scores, self.score, "train"
        if self.val_loss:
            values, now, part = self.val_scores, self.val_score, "validation"
        if not self.is_loss_falling:
            return False
        # On few examples a small rise is chance.
        least = max(MIN_GAIN, curves.Z_975 * self.error(now or 0.5, part))
        return curves.rises(values, least, 1.0) and curves.improvement(values) >= MIN_GAIN

    @property
    def training_evidence(self) -> dict[str, Number]:
        """How far training got, and what it should reach."""
        return known(
            **{self.scale.metric: self.score},
            loss=self.at("loss"),
            chance=self.chance,
            linear_baseline=self.fact("data", "linear_baseline", "train"),
            neighbor_baseline=self.fact("data", "neighbor_baseline"),
            gain_in_last_quarter=curves.gain(self.scores) if self.scores else None,
            epochs=self.epochs,
        )

    # The layers, by epoch.

    @cached_property
    def layers(self) -> tuple[tuple[str, KernelLayer, LayerHistory], ...]:
        """Name, layer and statistics of each kernel layer; empty where they don't match."""
        histories = self.run.layers
        if len(histories) == len(self.network):
            return tuple(zip(histories, self.network, histories.values(), strict=True))
        # Statistics may be of other layers as well, such as embeddings.
        known = {layer.name: layer for layer in self.network}
        return tuple((name, known[name], one) for name, one in histories.items() if name in known)

    @cached_property
    def nan_epoch(self) -> int | None:
        """The first epoch (from 0) with a weight that is NaN: what it does to units is no sign."""
        every = [enumerate(layer.weight_norm) for layer in self.run.layers.values()]
        return min((n for norms in every for n, norm in norms if math.isnan(norm)), default=None)

    def statistic(self, name: str) -> list[list[float]]:
        """Return a statistic by layer and epoch, where it is finite and no weight is NaN yet."""
        every = [getattr(layer, name)[: self.nan_epoch] for layer in self.run.layers.values()]
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
            measured = getattr(history, statistic)[: self.nan_epoch]
            values = [v for v in measured if math.isfinite(v)]
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


def _is_known(layer: Layer) -> bool:
    """Return whether it is known what a layer does to a signal; a Lambda may do anything."""
    kinds = (*NORMALIZATIONS, *ACTIVATION_TYPES, "prelu", *keras_arguments.names("activations"))
    is_passing = not layer.parameters and PASSING.fullmatch(layer.type) is not None
    is_activation = not layer.parameters and layer.activation is not None
    return layer.has_kernel or layer.type in kinds or is_passing or is_activation


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
