"""Why training went wrong: rules that look only where the outcome is bad.

A cause in the config that the record confirms (the loss, the inputs, the initial weights, the
learning rate) weighs more than a symptom that it brings about (dead or saturated units, vanishing
or exploding gradients, oscillation).
"""

import math
from collections.abc import Iterator
from itertools import pairwise

from kerasdemo.config.layers import KernelLayer
from kerasdemo.config.lint import SAME_VALUE, output_mismatch
from kerasdemo.diagnosis import curves, outcomes, remedies, sanity_results
from kerasdemo.diagnosis.activations import CAN_DIE, SQUASHING
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.remedies import Suggestion
from kerasdemo.diagnosis.rule import Finding, Rule

# AUTOTRAINER (ICSE 2021): first layer's gradient over the last one's.
VANISHED = 1e-3
EXPLODED = 70.0
# Pascanu et al. 2013 clip gradients to norms around 1.
LEAST_EXPLODED = 1.0
# A gradient that a deep squashing network still has, but little of.
VANISHING = 1e-2
# AUTOTRAINER: a swing of 0.03 in training accuracy in at least 20 % of the epochs.
SWING = 0.03
SWINGING = 0.2
# Share of the loss by which it must swing along.
LOSS_SWING = 0.02
# Inputs of another size than 1: far beyond it (MNIST undivided: sd 79), or far below (MNIST
# divided by 255 twice: sd 0.0012).
LARGE_INPUT = 3.0
VERY_LARGE_INPUT = 10.0
SMALL_INPUT = 0.03
# The largest feature's sd over the middle one's; MNIST's pixels have 2.1.
UNEVEN = 30.0
# A learning rate this many times the usual one is high by itself; row 7's SGD 0.1 is ten times.
HIGH_RATE = 10.0
LOW_RATE = 0.1
# TheDeepChecker (TOSEM 2022): an update's size over the weights' is healthy from 1e-4 to 1e-1.
SMALL_UPDATE = 1e-4
# An epoch that moves a layer by several times its own length has thrown away what it held.
LARGE_CHANGE = 5.0
# A layer that is all but dead or flat, and one that is half so.
ALL = 0.9
HALF = 0.5
FEW_UPDATES = 200
# What is left of a learning rate's weight where other rates did no better in short experiments.
CLEARED = 0.3
# Initializers that take no account of a layer's size.
UNSCALED = frozenset({"random_normal", "random_uniform", "truncated_normal"})
# Decades by which the initial weights shrink or grow the signal on its way through.
WEAK_START = 1.0
STRONG_START = 0.7


def wrong_output_or_loss(features: RunFeatures) -> Finding | None:
    """An output that the loss can't read, or a loss that is flat where it should be steep."""
    mismatch = output_mismatch(features.config, features.run.network)
    if mismatch is None:
        return None
    weight = 0.95 if mismatch.impossible else 0.8
    stuck = sanity_results.unlearnable(features)
    return Finding(
        f"{mismatch.message}." + (f" {stuck}." if stuck else ""),
        {"loss": features.config.loss.name, "output": features.network[-1].activation},
        max(weight, 0.95 if stuck else 0.0),
        ((mismatch.patch, mismatch.message),),
    )


def vanishing_gradient(features: RunFeatures) -> Finding | None:
    """The layers near the input get almost no gradient, though their units are alive."""
    shared = next((layer for layer in features.hidden if layer.activation == "softmax"), None)
    if shared is not None:
        return _shared_out(features, shared)
    ratio, squashing = features.gradient_ratio, _squashing(features)
    if _worst(features, "dead", CAN_DIE)[0] >= ALL or len(features.hidden) < 2:
        return None
    if ratio is None or ratio >= (VANISHING if squashing else VANISHED):
        return None
    config = features.config
    weight = 0.85 if ratio < VANISHED else 0.5
    return Finding(
        f"The first layer's gradient is {ratio:.1e} of the last one's, through "
        f"{len(features.hidden)} hidden layers.",
        {"gradient_ratio": ratio, "hidden_layers": len(features.hidden)},
        weight,
        _offers(
            remedies.activation(features) if squashing else None,
            remedies.initializer(config) if not squashing else None,
            remedies.normalization(config),
            remedies.adam(config),
        ),
        epoch=1,
    )


def _shared_out(features: RunFeatures, layer: KernelLayer) -> Finding:
    """Return what a hidden softmax does: the slope of one of n shares is at most about 1 / n."""
    return Finding(
        f"softmax as a hidden activation lets {layer.units} units share an output of 1: signal and "
        f"gradient shrink about {layer.units}-fold there.",
        {"units": layer.units},
        0.88,
        _offers(
            remedies.activation(features),
            remedies.normalization(features.config),
            remedies.adam(features.config),
        ),
        epoch=1,
    )


def _squashing(features: RunFeatures) -> bool:
    return any(layer.activation in SQUASHING for layer in features.hidden)


def _offers(*offers: Suggestion | None) -> tuple[Suggestion, ...]:
    return tuple(offer for offer in offers if offer is not None)


def exploding_gradient(features: RunFeatures) -> Finding | None:
    """The gradient grows towards the input, or from epoch to epoch until it breaks."""
    ratio, growth = features.gradient_ratio, _growth(features)
    broke = any(
        curves.first_broken(layer.gradient_norm) is not None
        for layer in features.run.layers.values()
    )
    backwards = ratio is not None and ratio > EXPLODED and len(features.hidden) >= 2
    if not backwards and growth < EXPLODED and not broke:
        return None
    told = "Gradients became NaN or infinite."
    if backwards:
        told = f"The first layer's gradient is {ratio:.0f} times the last one's."
    elif growth >= EXPLODED:
        told = f"Gradients grew {growth:.0f}-fold over the run."
    config = features.config
    return Finding(
        told,
        {"gradient_growth": growth} | ({"gradient_ratio": ratio} if ratio is not None else {}),
        0.7 if backwards else 0.55,
        _offers(
            remedies.lower_learning_rate(features),
            remedies.clipping(config),
            remedies.initializer(config),
            remedies.normalization(config),
        ),
    )


def _growth(features: RunFeatures) -> float:
    """Return the largest growth of a layer's gradient norm since the first epoch.

    What was next to nothing and grew to less than 1 did not explode: clipping starts there.
    """
    norms = [n for n in features.statistic("gradient_norm") if n and n[0] > 0]
    grown = [max(n) / n[0] for n in norms if not max(n) < LEAST_EXPLODED]
    return max(grown, default=1.0)


def dead_units(features: RunFeatures) -> Finding | None:
    """A layer most of whose units fire for no example."""
    share, name = _worst(features, "dead", CAN_DIE)
    if share < HALF:
        return None
    config = features.config
    return Finding(
        f"{share:.0%} of the units of {name} fire for no example of the probe set.",
        {"dead": share, "layer": name},
        0.85 if share >= ALL else 0.45,
        _offers(
            remedies.activation(features, "leaky_relu"),
            remedies.initializer(config),
            remedies.normalization(config),
            remedies.lower_learning_rate(features),
        ),
    )


def _worst(features: RunFeatures, statistic: str, activations: frozenset[str]) -> tuple[float, str]:
    """Return the largest last value of a statistic over hidden layers of given activations."""
    worst = (0.0, "")
    for name, (layer, history) in list(zip(features.names, features.layers, strict=False))[:-1]:
        values = [v for v in getattr(history, statistic) if math.isfinite(v)]
        if layer.activation in activations and values:
            worst = max(worst, (values[min(features.judged, len(values) - 1)], name))
    return worst


def saturation(features: RunFeatures) -> Finding | None:
    """A layer most of whose outputs lie where its activation is flat."""
    share, name = _worst(features, "saturated", SQUASHING)
    if share < HALF:
        return None
    config = features.config
    return Finding(
        f"{share:.0%} of the outputs of {name} lie where its activation is flat.",
        {"saturated": share, "layer": name},
        0.7 if share >= ALL else 0.55,
        _offers(
            remedies.activation(features),
            remedies.initializer(config),
            remedies.normalization(config),
            remedies.lower_learning_rate(features),
        ),
    )


def learning_rate_too_high(features: RunFeatures) -> Finding | None:
    """Steps that overshoot: by their size, by a loss that rises or jumps, by units they killed."""
    swept = sanity_results.sweep(features)
    if swept is not None and swept.too_high:
        return _swept(features, swept, "high")
    if swept is not None and swept.too_low and features.run.status != "diverged":
        return None
    ratio, signs, config = (
        features.learning_rate_ratio,
        dict(_overshooting(features)),
        features.config,
    )
    if not signs and ratio <= HIGH_RATE * 10:
        return None
    prior = 0.5 if ratio > HIGH_RATE else 0.25 if ratio >= 1 else 0.1
    told = "; ".join(OVERSHOOTING[sign] for sign in signs) or "no other sign"
    cleared = _cleared(features, swept)
    return Finding(
        f"The learning rate {remedies.rate(config):g} is {ratio:.3g} times the usual one of "
        f"{config.optimizer.name}: {told}{cleared}.",
        {"learning_rate_ratio": ratio, **signs},
        min(0.9, prior + 0.2 * min(2, len(signs))) * (CLEARED if cleared else 1),
        _offers(
            remedies.lower_learning_rate(features),
            remedies.clipping(config),
        ),
    )


def _swept(features: RunFeatures, swept: sanity_results.Sweep, word: str) -> Finding:
    """Return what a sweep of learning rates proved."""
    evidence = {
        "learning_rate": swept.own_rate,
        "loss": swept.own_loss,
        "best_learning_rate": swept.best_rate,
        "best_loss": swept.best_loss,
        "steps": swept.steps,
    }
    return Finding(
        f"The learning rate {swept.own_rate:g} is too {word}: {swept.text}.",
        {name: value for name, value in evidence.items() if math.isfinite(value)},
        0.93,
        (remedies.probed_learning_rate(features.config, swept.best_rate),),
    )


def _cleared(features: RunFeatures, swept: sanity_results.Sweep | None) -> str:
    """Say what speaks for the learning rate, or nothing; it may still break a longer run."""
    if swept is None or not swept.fine or features.run.status == "diverged":
        return ""
    return f"; but {swept.text}" if swept.learns else f"; {swept.text}"


OVERSHOOTING = {
    "weight_change": "weights change by several times their size in an epoch",
    "loss_over_best": "the training loss rose after its best epoch",
    "loss_over_initial": "the loss is above the untrained network's",
    "broken_epoch": "the loss broke",
    "killed": "it killed a layer's units",
}


def _overshooting(features: RunFeatures) -> Iterator[tuple[str, float]]:
    """Yield each sign of steps that are too large, with its number."""
    change = _largest_change(features)
    if change >= LARGE_CHANGE:
        yield "weight_change", change
    losses = [v for v in features.history.loss if math.isfinite(v)]
    first, last = features.fact("initial", "loss"), losses[-1] if losses else None
    if last is not None and last > 1.2 * min(losses):
        yield "loss_over_best", last / max(min(losses), 1e-12)
    if last is not None and first is not None and last > 1.02 * first > 0:
        yield "loss_over_initial", last / first
    if features.run.status == "diverged" or features.broken:
        yield "broken_epoch", float(features.broken or max(features.epochs, 1))
    dead, layer = _worst(features, "dead", CAN_DIE)
    before = features.untrained(layer, "dead") or 0.0
    if dead >= ALL and before < HALF and features.learning_rate_ratio > HIGH_RATE:
        yield "killed", dead


def _largest_change(features: RunFeatures) -> float:
    """Return the largest update ratio of a layer in one of the first three epochs."""
    return max(
        (v for values in features.statistic("update_ratio") for v in values[:3]), default=0.0
    )


def learning_rate_too_low(features: RunFeatures) -> Finding | None:
    """Steps that hardly move the weights, while the loss falls slowly and steadily."""
    swept = sanity_results.sweep(features)
    if swept is not None and swept.too_low:
        return _swept(features, swept, "low")
    if swept is not None and swept.too_high:
        return None
    ratio, step = features.learning_rate_ratio, _step(features)
    losses = features.history.loss
    low = ratio <= LOW_RATE * 1.01
    tiny = step is not None and step < SMALL_UPDATE
    if not low and not (tiny and ratio < 1):
        return None
    falling = [b < a for a, b in pairwise(losses)]
    steady = len(falling) > 0 and sum(falling) >= 0.8 * len(falling)
    weight = (0.45 if low else 0.3) + 0.15 * (ratio <= LOW_RATE / 10) + 0.2 * tiny + 0.15 * steady
    config, cleared = features.config, _cleared(features, swept)
    moved = f", and an update moves the weights by {step:.1e} of their size" if step else ""
    return Finding(
        f"The learning rate {remedies.rate(config):g} is {ratio:.2g} times the usual one of "
        f"{config.optimizer.name}{moved}{cleared}.",
        {"learning_rate_ratio": ratio} | ({"update_ratio": step} if step is not None else {}),
        min(0.9, weight) * (CLEARED if cleared else 1),
        _offers(
            remedies.usual_learning_rate(config) if low else remedies.learning_rate(config, 10),
            remedies.adam(config),
        ),
    )


def _step(features: RunFeatures) -> float | None:
    """Return one update's share of the weights, of the layer that moved most: at most this."""
    ratios = [curves.median(values) for values in features.statistic("update_ratio") if values]
    if not ratios or not features.updates or not features.epochs:
        return None
    return max(ratios) / (features.updates / features.epochs)


def too_few_updates(features: RunFeatures) -> Finding | None:
    """The training ended after few steps, or while it still got better."""
    updates, examples = features.updates, features.count("train")
    if updates is None:
        return None
    unfinished, stopped = features.still_learning, bool(features.run.facts.get("stopped_early"))
    if updates >= FEW_UPDATES * 5 and not unfinished:
        return None
    weight = 0.9 if updates < FEW_UPDATES / 4 else 0.75 if updates < FEW_UPDATES else 0.35
    weight += 0.1 * (unfinished and updates >= FEW_UPDATES)
    config = features.config
    # Where there were many updates and it is still bad, each of them does too little.
    slow = updates >= FEW_UPDATES * 5 and outcomes.is_short(features)
    ended = ", where early stopping ended it" if stopped else ""
    return Finding(
        f"{updates:,.0f} updates in all: {config.training.batch_size:,} of {examples or 0:,.0f} "
        f"examples at a time, {features.epochs} epochs{ended}.",
        {"updates": updates, "batch_size": config.training.batch_size, "epochs": features.epochs},
        weight,
        _offers(
            remedies.smaller_batches(features),
            remedies.more_patience(config) if stopped else None,
            *(remedies.faster(features) if slow else ()),
            remedies.more_epochs(config, _times(features, updates)),
        ),
    )


def _times(features: RunFeatures, updates: float) -> int:
    """Return how many times the epochs it should take: more where not half of the way is gone."""
    halfway = (1 + (features.chance or 0.0)) / 2
    behind = features.accuracy is not None and features.accuracy < halfway
    return 10 if updates < FEW_UPDATES else 5 if behind else 2


def input_not_normalized(features: RunFeatures) -> Finding | None:
    """Inputs of another size than 1."""
    size, spread = _input_size(features), _feature_spread(features)
    offers = _offers(remedies.normalized_input(features.config, spread > UNEVEN))
    if spread > UNEVEN:
        return Finding(
            f"The largest feature's sd is {spread:.3g} times the middle one's: most are lost "
            "beside it.",
            {"feature_spread": spread},
            0.9,
            offers,
        )
    if size is None or SMALL_INPUT <= size <= LARGE_INPUT:
        return None
    weight = 0.92 if size > VERY_LARGE_INPUT or size < SMALL_INPUT / 3 else 0.55
    if features.network[0].is_normalized:
        weight /= 2
    return Finding(
        f"The inputs' size is {size:.3g} (the larger of mean and sd); it should be about 1.",
        {"input_size": size},
        weight,
        offers,
    )


def _feature_spread(features: RunFeatures) -> float:
    """Return the largest feature's standard deviation over the middle one's."""
    middle, largest = (features.fact("data", "input", "feature_sd", n) for n in ("median", "max"))
    return largest / middle if largest and middle else 1.0


def _input_size(features: RunFeatures) -> float | None:
    mean, sd = (features.fact("data", "input", name) for name in ("mean", "sd"))
    if sd is not None:
        return max(abs(mean or 0.0), sd)
    data = features.config.data
    # Images are 0 to 255; their size is about a third of that (MNIST: sd 79).
    images = data.name in ("mnist", "mnist_sample", "fashion_mnist")
    return 79.0 if images and data.normalize == "none" else None


def bad_initialization(features: RunFeatures) -> Finding | None:
    """Initial weights that are all alike, or that shrink or swell the signal on its way."""
    offers = _offers(remedies.initializer(features.config))
    names = [layer.initializer["name"] for layer in features.network]
    alike = next((name for name in names[:-1] if name in SAME_VALUE), None)
    if alike:
        return Finding(
            f"{alike} gives all units of a layer the same weights and, ever after, gradient.",
            {"initializer": alike},
            0.95,
            offers,
        )
    decades = _start(features)
    # Initializers that go by the layer's size keep the signal's within a factor of 2 a layer: only
    # through many layers do they shrink it.
    unscaled = any(name in UNSCALED for name in names)
    if decades is None or -WEAK_START < decades < (STRONG_START if unscaled else math.inf):
        return None
    weight = (0.9 if abs(decades) > 2 * WEAK_START else 0.7) if unscaled else 0.4
    word = "shrink" if decades < 0 else "swell"
    return Finding(
        f"The initial weights {word} the signal {10 ** abs(decades):.3g}-fold on its way through "
        f"{len(features.network)} layers.",
        {"decades": decades, "layers": len(features.network)},
        weight,
        offers,
    )


def _start(features: RunFeatures) -> float | None:
    """Return the decades by which initial weights change the size of a signal, layer upon layer."""
    total = 0.0
    for layer in features.network:
        if layer.is_normalized:
            continue
        sd = initial_sd(layer)
        if sd is None or not layer.fan_in:
            return None
        # He et al. 2015: sd sqrt(2 / fan_in) keeps the size under relu, sqrt(1 / fan_in) otherwise.
        kept = math.sqrt((2 if layer.activation in CAN_DIE else 1) / layer.fan_in)
        total += math.log10(max(sd, 1e-12) / kept)
    return total


def initial_sd(layer: KernelLayer) -> float | None:
    """Return the standard deviation of a kernel's initial weights, or None where it is unknown."""
    name, given = layer.initializer["name"], layer.initializer
    if name in ("random_normal", "truncated_normal"):
        return float(given["stddev"]) * (0.88 if name == "truncated_normal" else 1.0)
    if name == "random_uniform":
        return float(given["maxval"] - given["minval"]) / math.sqrt(12)
    if not layer.fan_in or not layer.fan_out:
        return None
    family, _, _ = name.partition("_")
    if name == "variance_scaling":
        return math.sqrt(float(given["scale"]) / layer.fan_in)
    half = (layer.fan_in + layer.fan_out) / 2
    fan = {"glorot": half, "he": layer.fan_in / 2, "lecun": layer.fan_in}.get(family)
    return 1 / math.sqrt(fan) if fan else None


def network_too_small(features: RunFeatures) -> Finding | None:
    """A network that can't hold the answer: linear, narrow, or held down by its regularization."""
    config = features.config
    limit = max(_limits(features), default=None)
    if limit is None:
        return None
    weight, kind, text = limit
    offers: list[Suggestion] = []
    if kind == "linear" and features.hidden:
        offers.append(remedies.activation(features))
    if kind == "held down":
        offers += remedies.lighter(config)
    parameters = features.fact("parameters")
    evidence: dict[str, float | int | str] = {"hidden_layers": len(features.hidden), "limit": kind}
    return Finding(
        f"{text}.",
        evidence | ({"parameters": parameters} if parameters else {}),
        weight,
        _offers(*offers, remedies.more_units(features)),
    )


def _limits(features: RunFeatures) -> Iterator[tuple[float, str, str]]:
    """Yield (weight, kind, text) for each limit of what the network can do."""
    classes = features.classes or 2
    # A convolution's filters look at many places: few of them are no bottleneck.
    units = [layer.units for layer in features.hidden if layer.type != "conv2d"]
    least = min(units, default=0)
    if not features.hidden:
        yield 0.75, "linear", "Without a hidden layer it is a linear classifier"
    elif all(layer.activation == "linear" for layer in features.hidden):
        yield 0.8, "linear", "Its hidden layers are linear, and together one linear layer"
    elif units and least < max(3, classes):
        weight = 0.75 if least * 2 < max(4, classes) else 0.3
        yield weight, "narrow", f"A hidden layer has {least} unit{'s' * (least > 1)}"
    yield from _held_down(features, least)
    by_heart = sanity_results.learnt(features, "own") or sanity_results.learnt(features, "adam")
    parameters, examples = features.fact("parameters"), features.count("train")
    if parameters and examples and parameters < 2 * examples:
        text = f"{parameters:,.0f} parameters for {examples:,.0f} examples"
        yield 0.45, "few parameters", text
    elif not features.still_learning and not by_heart:
        yield 0.2, "standstill", "Nothing else explains why training stands still"


def _held_down(features: RunFeatures, least: int) -> Iterator[tuple[float, str, str]]:
    """Yield the limits that the network's own regularization sets."""
    network, penalty = features.config.network, _penalty_share(features)
    if penalty is not None and penalty > HALF:
        yield 0.85, "held down", f"The weights' penalty is {penalty:.0%} of the loss"
    elif max(network.regularizer.l2, network.regularizer.l1) >= 0.01:
        yield 0.7, "held down", "A penalty of 0.01 or more on the weights keeps them near 0"
    if network.layers is None and network.dropout > HALF and least:
        left = least * (1 - network.dropout)
        text = f"Dropout leaves {left:.0f} units of a layer at a time"
        yield (0.6 if left < 30 else 0.3), "held down", text


def _penalty_share(features: RunFeatures) -> float | None:
    """Return the L2 penalty's share of the training loss at the end."""
    l2, loss = features.config.network.regularizer.l2, features.at("loss")
    norms = [values[-1] for values in features.statistic("weight_norm") if values]
    if not l2 or not loss or loss <= 0 or not norms:
        return None
    return min(1.0, l2 * sum(norm * norm for norm in norms) / loss)


def oscillation(features: RunFeatures) -> Finding | None:
    """Training accuracy that swings up and down instead of settling."""
    values = features.history.accuracy
    later = values[len(values) // 3 :]
    level = features.accuracy or 0.5
    size = max(SWING, 3 * features.error(level, "train"))
    share = curves.oscillation(later, size)
    losses = [v for v in features.history.loss[len(values) // 3 :] if math.isfinite(v)]
    # Near chance the accuracy flips between classes while the loss stands still: no oscillation.
    rough = losses and curves.oscillation(losses, LOSS_SWING * curves.median(losses)) >= SWINGING
    if len(later) < 4 or share < SWINGING or not rough:
        return None
    return Finding(
        f"Training accuracy turned by {100 * size:.0f} points or more in {share:.0%} of epochs.",
        {"swinging_epochs": share, "swing": size},
        0.75,
        _offers(remedies.lower_learning_rate(features), remedies.larger_batches(features)),
    )


RULES = (
    Rule(
        "K201",
        "wrong_output_or_loss",
        "The output does not go with the loss",
        "fault",
        wrong_output_or_loss,
        "From the config: a loss that reads probabilities behind an output that gives none, a "
        "softmax of a softmax, or a loss for numbers (such as mse) on classes.",
        "Where the answer is surely wrong, mse on a softmax is flat and its gradient is all but 0; "
        "cross-entropy is steep there. An output that the loss clips gets no gradient at all.",
        "softmax with categorical_crossentropy for several classes, sigmoid with "
        "binary_crossentropy for two.",
    ),
    Rule(
        "K202",
        "vanishing_gradient",
        "The gradient vanishes on its way to the input",
        "fault",
        vanishing_gradient,
        f"The first layer's gradient norm is below {VANISHED:g} of the last one's (AUTOTRAINER, "
        f"ICSE 2021), or {VANISHING:g} with squashing activations; the median of the first quarter "
        "of the epochs. Not where a layer of dead units is what stops it. Softmax between hidden "
        "layers does it by itself.",
        "Each sigmoid passes on at most a quarter of the gradient. The layers near the input stay "
        "random, and the layers behind them learn from random numbers.",
        "relu; an initializer made for it; batch normalization; an optimizer that adapts each "
        "weight's step.",
    ),
    Rule(
        "K203",
        "exploding_gradient",
        "The gradient explodes",
        "fault",
        exploding_gradient,
        f"The first layer's gradient norm is more than {EXPLODED:.0f} times the last one's "
        "(AUTOTRAINER, ICSE 2021), a layer's grew as much over the run and beyond "
        f"{LEAST_EXPLODED:g}, or it became NaN.",
        "One step throws away what all the steps before it learnt.",
        "A smaller learning rate, clipped gradients, smaller initial weights, normalization.",
    ),
    Rule(
        "K204",
        "dead_units",
        "Units are dead",
        "fault",
        dead_units,
        f"At least {HALF:.0%} of a hidden layer's units fire for no example of the probe set. "
        "A unit that is 0 for most examples is ordinary sparsity and does not count.",
        "A relu that is 0 for every example has no gradient: it never comes back.",
        "leaky_relu, a better initializer, normalization, a smaller learning rate.",
    ),
    Rule(
        "K205",
        "saturation",
        "Units are saturated",
        "fault",
        saturation,
        f"At least {HALF:.0%} of a hidden layer's outputs are within 1 % of an end of the "
        "activation's range, on the probe set.",
        "There the activation is flat, and a flat activation has no gradient.",
        "relu, smaller initial weights, inputs of the size of 1, normalization.",
    ),
    Rule(
        "K206",
        "learning_rate_too_high",
        "The learning rate is too high",
        "fault",
        learning_rate_too_high,
        f"A rate more than {HIGH_RATE:.0f} times the optimizer's usual one, and its signs: weights "
        f"that change by {LARGE_CHANGE:.0f} times their size in an epoch, a loss that rises, "
        "breaks, or ends above the untrained network's, a layer whose units it killed. After "
        "`diagnose --sanity-checks`: a smaller rate that gains twice as much in few steps.",
        "Steps that overshoot the valley climb its other side.",
        "A tenth of it; clipped gradients.",
    ),
    Rule(
        "K207",
        "learning_rate_too_low",
        "The learning rate is too low",
        "fault",
        learning_rate_too_low,
        f"A rate of {LOW_RATE:g} of the optimizer's usual one or less, and its signs: an update "
        f"moves the weights by less than {SMALL_UPDATE:g} of their size (TheDeepChecker, TOSEM "
        "2022), and the loss falls steadily but slowly. After `diagnose --sanity-checks`: a larger "
        "rate that gains twice as much in few steps.",
        "The training would get there, in a hundred times the time.",
        "The usual rate, or Adam.",
    ),
    Rule(
        "K208",
        "too_few_updates",
        "There were too few updates",
        "fault",
        too_few_updates,
        f"Fewer than {FEW_UPDATES} updates in all, or the loss still falls at the end.",
        "An update is one step, however many examples it looks at: a batch of 10,000 makes a "
        "hundred times fewer steps than one of 100.",
        "Smaller batches; where each update does too little, relu and Adam; then more epochs.",
    ),
    Rule(
        "K209",
        "input_not_normalized",
        "The inputs are not normalised",
        "fault",
        input_not_normalized,
        f"The larger of the inputs' mean and sd is above {LARGE_INPUT:g} or below {SMALL_INPUT:g}, "
        f"or the largest feature's sd is more than {UNEVEN:g} times the middle one's.",
        "The first layer's gradient is as large as its inputs: steps that fit the other layers are "
        "far too large, or too small, for it.",
        "`data.normalize: unit` for images, `standardize` otherwise.",
    ),
    Rule(
        "K210",
        "bad_initialization",
        "The initial weights are bad",
        "fault",
        bad_initialization,
        "All weights of a hidden layer start alike; or the initializer's sd, against the one that "
        f"keeps the signal's size (He et al. 2015), shrinks it by {WEAK_START:g} decade or swells "
        f"it by {STRONG_START:g} on the way through the network.",
        "Units that start alike stay alike: the layer has one unit. A signal that shrinks or "
        "swells from layer to layer takes the gradient with it.",
        "he_normal or he_uniform for relu, glorot_uniform for tanh and sigmoid.",
    ),
    Rule(
        "K211",
        "network_too_small",
        "The network is too small",
        "fault",
        network_too_small,
        "No or only linear hidden layers, a layer with fewer units than classes, a penalty or "
        "dropout that leaves little of it, few parameters for the examples; and, with little "
        "weight, a standstill that nothing else explains.",
        "What a network can't represent it can't learn, however well it is trained.",
        "More units, a lighter penalty, less dropout.",
    ),
    Rule(
        "K212",
        "oscillation",
        "Training accuracy swings",
        "fault",
        oscillation,
        f"In at least {SWINGING:.0%} of the later epochs training accuracy turns back by "
        f"{SWING:g} or more (AUTOTRAINER, ICSE 2021) and by more than chance, and the loss swings "
        "with it.",
        "The steps are too large, or each sees too few examples, for the weights to settle.",
        "A smaller learning rate, larger batches.",
    ),
)

# What is asked of the config and the data, against what it brings about.
ROOTS = frozenset(
    {
        "wrong_output_or_loss",
        "learning_rate_too_high",
        "too_few_updates",
        "input_not_normalized",
        "bad_initialization",
        "network_too_small",
    }
)
