"""Causes in the network: its initial weights, its size."""

import math
from collections.abc import Iterator

from kerasdemo.config.layers import KernelLayer
from kerasdemo.config.lint import SAME_VALUE
from kerasdemo.diagnosis import remedies, sanity_results
from kerasdemo.diagnosis.baselines import linear_name
from kerasdemo.diagnosis.features import CAN_DIE, RunFeatures, known
from kerasdemo.diagnosis.rule import CauseRule, Finding, Suggestion
from kerasdemo.diagnosis.sanity_results import OPTIMIZERS


class BadInitialization(CauseRule):
    """Initial weights that are all alike, or that shrink or swell the signal on its way."""

    code = "K210"
    name = "bad_initialization"
    title = "The initial weights are bad"
    is_root = True

    # Initializers that take no account of a layer's size.
    UNSCALED = frozenset({"random_normal", "random_uniform", "truncated_normal"})
    # Decades by which the initial weights shrink or swell the signal on its way through.
    WEAK = 1.0
    STRONG = 0.7

    how_detected = (
        "All weights of a hidden layer start alike; or the initializer's sd, compared with the one "
        f"that keeps the signal's size (He et al. 2015), shrinks it by {WEAK:g} decade or swells "
        f"it by {STRONG:g} on the way through the network."
    )
    why_it_matters = (
        "Units that start alike stay alike: the layer has one unit. A signal that shrinks or "
        "swells from layer to layer takes the gradient with it."
    )
    what_to_try = "he_normal or he_uniform for relu, glorot_uniform for tanh and sigmoid."

    def find(self, features: RunFeatures) -> Finding | None:
        suggested = [remedies.change_initializer(features)]
        names = [layer.initializer["name"] for layer in features.network]
        alike = next((name for name in names[:-1] if name in SAME_VALUE), None)
        if alike:
            return Finding(
                f"{alike} gives all units of a layer the same weights, and so the same gradients.",
                {"initializer": alike},
                0.95,
                suggested,
            )
        decades = self._count_decades(features)
        # Initializers that go by the layer's size keep the signal's within a factor of 2 a layer:
        # only through many layers do they shrink it.
        is_unscaled = any(name in self.UNSCALED for name in names)
        strong = self.STRONG if is_unscaled else math.inf
        if decades is None or -self.WEAK < decades < strong:
            return None
        weight = (0.9 if abs(decades) > 2 * self.WEAK else 0.7) if is_unscaled else 0.4
        word = "shrink" if decades < 0 else "swell"
        factor = 10 ** min(abs(decades), 300)
        return Finding(
            f"The initial weights {word} the signal {factor:.3g}-fold on its way "
            f"through {len(features.network)} layers.",
            {"decades": decades, "layers": len(features.network)},
            weight,
            suggested,
        )

    @staticmethod
    def _count_decades(features: RunFeatures) -> float | None:
        """Return the decades by which initial weights change the size of a signal."""
        if not features.is_known_chain:
            return None
        total = 0.0
        for layer in features.network:
            if layer.is_normalized:
                continue
            sd = find_initial_sd(layer)
            if sd is None or not layer.fan_in:
                return None
            # He et al. 2015: sd sqrt(2 / fan_in) keeps the size under relu, sqrt(1 / fan_in) else.
            neutral = math.sqrt((2 if layer.activation in CAN_DIE else 1) / layer.fan_in)
            total += math.log10(max(sd, 1e-12) / neutral)
        return total


def find_initial_sd(layer: KernelLayer) -> float | None:
    """Return the standard deviation of a kernel's initial weights, or None where it is unknown."""
    name, arguments = layer.initializer["name"], layer.initializer
    if name in ("random_normal", "truncated_normal"):
        return float(arguments["stddev"]) * (0.88 if name == "truncated_normal" else 1.0)
    if name == "random_uniform":
        return float(arguments["maxval"] - arguments["minval"]) / math.sqrt(12)
    if not layer.fan_in or not layer.fan_out:
        return None
    if name == "variance_scaling":
        return math.sqrt(float(arguments["scale"]) / layer.fan_in)
    half = (layer.fan_in + layer.fan_out) / 2
    fans = {"glorot": half, "he": layer.fan_in / 2, "lecun": layer.fan_in}
    fan = fans.get(name.partition("_")[0])
    return 1 / math.sqrt(fan) if fan else None


class NetworkTooSmall(CauseRule):
    """A network that can't represent the classes: linear, narrow, or heavily regularized."""

    code = "K211"
    name = "network_too_small"
    title = "The network is too small"
    is_root = True
    only_slows = True

    # Share of the loss from which on a penalty is most of it, and of units that are dropped.
    HALF = 0.5
    # An L1 or L2 weight that keeps the weights near 0.
    HEAVY_PENALTY = 0.01
    # A `weight_decay` d multiplies each weight by 1 - d * rate with each update (Loshchilov and
    # Hutter 2019). SGD: as an L2 weight of d / 2. Adam's steps, of the rate's size at most, can
    # then hold a weight of 1 / d and no more: 0.1 at d = 10, about what one needs.
    HEAVY_SGD_DECAY = 0.05
    HEAVY_DECAY = 5.0
    # Units of a layer that dropout leaves, from which on they are enough.
    ENOUGH_UNITS = 30

    how_detected = (
        "No or only linear hidden layers, a layer with fewer units than classes, a penalty or "
        "dropout that leaves little of it, few parameters for the examples; and, with little "
        "weight, a standstill that nothing else explains."
    )
    why_it_matters = "What a network can't represent it can't learn, however well it is trained."
    what_to_try = "More units, a lighter penalty, less dropout."

    def find(self, features: RunFeatures) -> Finding | None:
        if not features.network:  # of a run from curves alone
            return None
        limit = max([*self._limits(features), *self._penalties(features)], default=None)
        if limit is None:
            return None
        weight, kind, text = limit
        suggested: list[Suggestion | None] = []
        if kind == "linear" and features.hidden:
            suggested.append(remedies.change_activation(features))
        if kind == "held down":
            suggested += remedies.lighten_regularization(features)
            if self._decays(features):
                suggested.append(remedies.lighten_decay(features))
        parameters = features.fact("parameters") or None
        return Finding(
            f"{text}.",
            known(hidden_layers=len(features.hidden), limit=kind, parameters=parameters),
            weight,
            [*suggested, remedies.add_units(features)],
        )

    @staticmethod
    def _is_linear(features: RunFeatures) -> bool:
        """Return whether nothing bends the signal of a known chain before its output."""
        has_maxima = any("max_pooling" in layer.type for layer in features.run.network)
        return not has_maxima and all(layer.activation == "linear" for layer in features.hidden)

    def _limits(self, features: RunFeatures) -> Iterator[tuple[float, str, str]]:
        """Yield (weight, kind, text) for each limit of what the network can represent."""
        classes = features.classes or 2
        is_known = features.is_known_chain
        # A convolution's filters look at many places: few of them are no bottleneck.
        units = [layer.units for layer in features.hidden if layer.type == "dense"]
        least = min(units, default=0)
        if not is_known:
            pass
        elif not features.hidden:
            yield 0.75, "linear", f"Without a hidden layer it is {linear_name(features)}"
        elif self._is_linear(features):
            yield 0.8, "linear", "Its hidden layers are linear, and together one linear layer"
        elif units and least < max(3, classes):
            weight = 0.75 if least * 2 < max(4, classes) else 0.3
            yield weight, "narrow", f"A hidden layer has {least} unit{'s' * (least > 1)}"
        parameters, examples = features.fact("parameters"), features.count("train")
        has_memorized = any(sanity_results.has_memorized(features, o) for o in OPTIMIZERS)
        if parameters and examples and parameters < 2 * examples:
            text = f"{parameters:,.0f} parameters for {examples:,.0f} examples"
            yield 0.45, "few parameters", text
        elif not features.is_loss_falling and not has_memorized:
            yield 0.2, "standstill", "Nothing else explains why training stands still"

    def _decays(self, features: RunFeatures) -> bool:
        """Return whether the optimizer takes the weights back faster than it moves them."""
        decay = features.setup.optimizer.get("weight_decay")
        most = self.HEAVY_SGD_DECAY if features.optimizer == "sgd" else self.HEAVY_DECAY
        return isinstance(decay, int | float) and decay >= most

    def _penalties(self, features: RunFeatures) -> Iterator[tuple[float, str, str]]:
        """Yield (weight, kind, text) for the limits that regularization sets."""
        # The L2 penalty's share of the training loss at the end.
        loss, share = features.at("loss"), 0.0
        norms = [values[-1] for values in features.statistic("weight_norm") if values]
        if features.l2 and loss and loss > 0:
            share = min(1.0, features.l2 * sum(norm * norm for norm in norms) / loss)
        if share > self.HALF:
            yield 0.85, "held down", f"The weights' penalty is {share:.0%} of the loss"
        elif max(features.l2, features.l1) >= self.HEAVY_PENALTY:
            yield 0.7, "held down", "A penalty of 0.01 or more on the weights keeps them near 0"
        if self._decays(features):
            decay = features.setup.optimizer["weight_decay"]
            yield 0.75, "held down", f"A weight decay of {decay:g} keeps the weights near 0"
        units = [layer.units for layer in features.hidden if layer.type == "dense"]
        if features.dropout > self.HALF and units:
            left = min(units) * (1 - features.dropout)
            weight = 0.6 if left < self.ENOUGH_UNITS else 0.3
            yield weight, "held down", f"Dropout leaves {left:.0f} units of a layer at a time"
