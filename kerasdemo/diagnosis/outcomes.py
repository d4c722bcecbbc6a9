"""What came of a run: rules in the order in which they are asked; the first that finds decides."""

import math

from kerasdemo.diagnosis import curves, held_out
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import Finding, Rule

# An accuracy must differ by this many standard errors, one-sided 97.5 %, and by a floor.
CERTAIN = 1.96
# Below a baseline by less than this is a matter of seeds, not of optimization.
SHORTFALL = 0.02
# No epoch that gains 0.01: "slow" in AUTOTRAINER (ICSE 2021).
RISE = 0.01
# Rows 12 and 14 of the lecture, which it holds for healthy, have gaps of 0.041 and 0.037.
GAP = 0.05
# A gap that is overfitting even where the validation loss has not turned, as after early stopping.
WIDE_GAP = 0.07
# The share of the way from chance to perfect that a network must go where no baseline is known.
HALF_WAY = 0.5
# A network that goes less far than this, better than its neighbours and standing still, is short.
FITTED = 0.75
# Nearest neighbours reach about what noisy data allows (Cover and Hart 1967): within this of them
# a network may well be at the ceiling.
NEAR_NEIGHBORS = 0.05
GOOD = 0.9


def nothing_to_judge(features: RunFeatures) -> Finding | None:
    """No whole epoch, no accuracy, or a run that failed."""
    status = features.run.status
    if status == "diverged" or features.broken:
        return None
    if status == "failed":
        reason = features.run.facts.get("reason") or "it gives no reason"
        return Finding(f"The run failed before it could be judged: {reason}.")
    if not features.epochs:
        return Finding("No whole epoch was trained, so there is nothing to judge: train on.")
    if features.accuracy is None:
        return Finding(
            "The training accuracy was not measured: only the loss is known, and it does not say "
            "how good is good."
        )
    return None


def diverged(features: RunFeatures) -> Finding | None:
    """The loss became NaN or infinite."""
    if features.run.status != "diverged" and features.broken is None:
        return None
    epoch = features.broken or max(features.epochs, 1)
    before = features.at("loss", epoch - 2) if epoch > 1 else features.fact("initial", "loss")
    told = f"; before it was {before:.4g}" if before is not None else ""
    evidence = {"epoch": epoch} | ({"loss_before": before} if before is not None else {})
    return Finding(
        f"The training loss became NaN or infinite in epoch {epoch}{told}.", evidence, epoch=epoch
    )


def split_differs(features: RunFeatures) -> Finding | None:
    """A held-out set that lacks classes of the training set, or has others: a sorted file."""
    found = held_out.split_fault(features)
    if found is None:
        return None
    shuffle = ({"data.shuffle": True}, "shuffle the examples before they are split, class by class")
    advice = "shuffle the examples first" if found.is_order else "use one with every class"
    return Finding(
        f"The {found.part} set is not like the training set: {found.text}. Its accuracy says "
        f"nothing about other data: {advice}.",
        {"part": found.part},
        remedies=(shuffle,) if found.is_order else (),
    )


def too_short(features: RunFeatures) -> Finding | None:
    """One epoch that is not good yet has no direction."""
    if features.epochs > 1 or bad_accuracy(features) is None:
        return None
    accuracy = features.accuracy
    return Finding(
        f"Training accuracy is {accuracy:.1%} after a single epoch: more epochs would tell "
        "whether it goes on rising.",
        {"accuracy": accuracy or 0.0, "epochs": features.epochs},
    )


def bad_accuracy(features: RunFeatures) -> tuple[float, str] | None:
    """Return what the training accuracy should reach and does not, and what that is."""
    accuracy, chance = features.accuracy, features.chance
    if accuracy is None:
        return None
    if chance is not None and accuracy <= chance + _margin(features, chance):
        return chance, "answering always the same"
    for level, name in _levels(features):
        if accuracy < level - _margin(features, level):
            return level, name
    return None


def _margin(features: RunFeatures, level: float) -> float:
    return max(SHORTFALL, CERTAIN * features.error(level, "train"))


def _levels(features: RunFeatures) -> list[tuple[float, str]]:
    """Return what a network should reach on this training set, the highest first."""
    linear = features.fact("data", "linear_baseline", "train")
    fair = features.fact("data", "linear_baseline", "validation")
    neighbors = features.fact("data", "neighbor_baseline")
    levels = []
    # A linear classifier may learn few examples by heart, which is no merit: then its validation
    # accuracy is what the network should reach.
    if linear is not None:
        levels.append((linear if fair is None else min(linear, fair), "a linear classifier"))
    if neighbors is not None:
        levels.append((neighbors, "nearest neighbours"))
    if features.reference is not None:
        levels.append((features.reference, "the best run known"))
    if not levels and features.chance is not None:
        half = features.chance + HALF_WAY * (1 - features.chance)
        levels.append((half, "half of the way from chance to perfect"))
    return sorted(levels, reverse=True)


def unfit(features: RunFeatures) -> Finding | None:
    """Training accuracy below chance or a baseline, and more of the same would not mend it."""
    bad = bad_accuracy(features)
    if bad is None or _promising(features, bad[0]):
        return None
    accuracy, (level, name) = features.accuracy or 0.0, bad
    word = "no better than" if level == features.chance else "below"
    return Finding(
        f"Training accuracy ends at {accuracy:.1%}, {word} {name} ({level:.1%}).",
        _training_evidence(features) | {"level": level, "level_of": name},
    )


def _promising(features: RunFeatures, level: float) -> bool:
    """Whether as many epochs again, at the pace of the last quarter, would reach the level."""
    pace = curves.gain(features.history.accuracy)
    if level == features.chance or pace < RISE or not features.still_learning:
        return False
    quarters = features.epochs / curves.last_quarter(features.epochs)
    return (features.accuracy or 0.0) + pace * quarters >= level - SHORTFALL


def _training_evidence(features: RunFeatures) -> dict[str, float | int | str]:
    named = {
        "accuracy": features.accuracy,
        "loss": features.at("loss"),
        "chance": features.chance,
        "linear_baseline": features.fact("data", "linear_baseline", "train"),
        "neighbor_baseline": features.fact("data", "neighbor_baseline"),
        "gain_in_last_quarter": curves.gain(features.history.accuracy),
        "epochs": features.epochs,
    }
    return {name: value for name, value in named.items() if value is not None}


def short_of_structure(features: RunFeatures) -> Finding | None:
    """A plateau far from perfect, yet above the neighbours: the data holds more than is learnt."""
    accuracy, chance = features.accuracy, features.chance
    neighbors = features.fact("data", "neighbor_baseline")
    if accuracy is None or chance is None or chance >= 1 or neighbors is None:
        return None
    fitted = (accuracy - chance) / (1 - chance)
    if fitted >= FITTED or accuracy < neighbors + NEAR_NEIGHBORS or features.rise >= RISE:
        return None
    if held_out.find_rise(features) is not None or features.still_learning:
        return None
    return Finding(
        f"Training accuracy stands still at {accuracy:.1%}, although the data is no noise: the "
        f"network already beats nearest neighbours ({neighbors:.1%}).",
        _training_evidence(features),
    )


def test_differs(features: RunFeatures) -> Finding | None:
    """Validation (or, without it, training) is good and the test is not."""
    test, seen = features.test_accuracy, features.val_accuracy
    part = "validation"
    if seen is None and _shifted(features):
        seen, part = features.accuracy, "train"
    if test is None or seen is None:
        return None
    gap = seen - test
    error = _both(features.error(seen, part), features.error(test, "test"))
    train_gap = (features.accuracy or seen) - seen
    if gap - CERTAIN * error < GAP or gap < train_gap:
        return None
    shift = _shifted(features)
    word = "Validation" if part == "validation" else "Training"
    because = f": {shift}" if shift else "; nothing known of the data says why"
    return Finding(
        f"{word} accuracy is {seen:.1%} and test accuracy {test:.1%}{because}.",
        {"seen_accuracy": seen, "test_accuracy": test, "gap": gap, "gap_error": error},
    )


def _shifted(features: RunFeatures) -> str | None:
    """Say how the test examples differ from the training examples, or nothing."""
    sd, test_sd = features.fact("data", "input", "sd"), features.fact("data", "test_input", "sd")
    mean, test_mean = (features.fact("data", p, "mean") for p in ("input", "test_input"))
    # 20 % and a fifth of an sd: far beyond what sampling does to thousands of values.
    if sd and test_sd is not None and not 0.8 < test_sd / sd < 1.25:
        return f"its inputs have sd {test_sd:.3g} instead of {sd:.3g}"
    if sd and mean is not None and test_mean is not None and abs(test_mean - mean) > 0.2 * sd:
        return f"its inputs have mean {test_mean:.3g} instead of {mean:.3g}"
    shares, tested = features.shares(), features.shares("test_")
    if shares and len(shares) == len(tested):
        moved = sum(abs(a - b) for a, b in zip(shares, tested, strict=True)) / 2
        if moved > 0.2:
            return f"{moved:.0%} of its examples are of other classes"
    return None


def _both(first: float, second: float) -> float:
    return math.hypot(first, second)


def overfits(features: RunFeatures) -> Finding | None:
    """Training is good, validation is not: by the gap, the turn of its loss, or its fall."""
    accuracy, seen, part = features.accuracy, features.val_accuracy, "validation"
    if seen is None:
        seen, part = features.test_accuracy, "test"
    if accuracy is None or seen is None:
        return None
    gap = accuracy - seen
    error = _both(features.error(accuracy, "train"), features.error(seen, part))
    rise = held_out.find_rise(features)
    turned = rise is not None and rise.held
    fell = held_out.has_fallen(features, SHORTFALL) or (
        rise is not None and turned and rise.is_worse
    )
    low = gap - CERTAIN * error
    if low < (GAP if turned else WIDE_GAP) and not (fell and gap > error):
        return None
    if not turned and _rises(features):
        return None
    epoch = rise.epoch if rise is not None else _gap_opens(features)
    since = f", from epoch {epoch} on" if epoch and rise is None else ""
    evidence: dict[str, float | int | str] = {
        "accuracy": accuracy,
        f"{part}_accuracy": seen,
        "gap": gap,
        "gap_low": low,
        "gap_high": gap + CERTAIN * error,
    }
    return Finding(
        f"Training accuracy is {accuracy:.1%} and {part} accuracy {seen:.1%}, a gap of "
        f"{100 * gap:.1f} ± {100 * CERTAIN * error:.1f} points{since}.",
        evidence,
        epoch=epoch,
    )


def _gap_opens(features: RunFeatures) -> int | None:
    """Return the epoch from which the gap stays above the floor."""
    train, seen = features.history.accuracy, features.history.val_accuracy
    opened = None
    for epoch, (a, b) in enumerate(zip(train, seen, strict=False), 1):
        opened = (opened or epoch) if a - b > GAP else None
    return opened


def improving(features: RunFeatures) -> Finding | None:
    """Training was ended while the accuracy still rose."""
    bad = bad_accuracy(features)
    stopped = bool(features.run.facts.get("stopped_early"))
    unfinished = bad is None and not stopped and _rises(features)
    slow = bad is None and not stopped and _far(features) and _loss_falls(features)
    if features.epochs < 2 or not (bad or unfinished or slow):
        return None
    steps = curves.last_quarter(features.epochs)
    what = "validation" if features.val_loss else "training"
    accuracy = features.val_accuracy if features.val_loss else features.accuracy
    span = f"{steps} epochs" if steps > 1 else "epoch"
    return Finding(
        f"Training stopped too early: {what} accuracy is {accuracy or 0.0:.1%} and "
        f"{_pace(features)} over the last {span}.",
        _training_evidence(features) | {"rise": features.rise, "rise_over_epochs": steps},
    )


def _pace(features: RunFeatures) -> str:
    """Say what still got better: the accuracy, or where that stood still the loss."""
    if features.rise >= RISE:
        return f"rose by {100 * features.rise:.1f} points"
    whose, losses = "its", features.val_loss
    fell = curves.gain([-loss for loss in losses]) if losses else 0.0
    if fell <= 0:
        whose, losses = "the training", features.history.loss
        fell = curves.gain([-loss for loss in losses])
    before = losses[-1] + fell
    # Some losses are below 0, and have no share to fall by.
    return f"{whose} loss fell by {f'{100 * fell / before:.0f} %' if before > 0 else f'{fell:.3g}'}"


def _rises(features: RunFeatures) -> bool:
    """Whether the accuracy to look at rose over the last quarter, and training goes on."""
    values, now, part = features.history.accuracy, features.accuracy, "train"
    if features.val_loss:
        values, now, part = features.history.val_accuracy, features.val_accuracy, "validation"
    if not features.still_learning:
        return False
    # Few examples tell no small rise.
    least = max(RISE, CERTAIN * features.error(now or 0.5, part))
    return curves.rises(values, least, 1.0) and curves.improvement(values) >= RISE


def _far(features: RunFeatures) -> bool:
    """Whether training or validation accuracy is far from perfect."""
    chance = features.chance
    if chance is None or chance >= 1:
        return False
    known = [a for a in (features.accuracy, features.val_accuracy) if a is not None]
    return any((accuracy - chance) / (1 - chance) < FITTED for accuracy in known)


def _loss_falls(features: RunFeatures) -> bool:
    """Whether the loss to look at fell by 5 % over the last quarter, and not by its jitter."""
    values = features.val_loss or features.history.loss
    return features.still_learning and values[-1] > 0 and curves.falls(values, 0.05 * values[-1])


def is_short(features: RunFeatures) -> bool:
    """Whether the run does not reach what simple baselines do, in training or held out."""
    short = held_out.find_shortfall(features, SHORTFALL)
    return bad_accuracy(features) is not None or short is not None


def below_and_rising(features: RunFeatures) -> Finding | None:
    """Below a baseline on held-out examples, while the validation loss still falls."""
    short = held_out.find_shortfall(features, SHORTFALL)
    if short is None or features.run.facts.get("stopped_early") or features.epochs < 2:
        return None
    if not features.val_loss or not curves.falls(features.val_loss) or not features.still_learning:
        return None
    return _below(features, short, ", and its loss still falls")


def below_baseline(features: RunFeatures) -> Finding | None:
    """Below a baseline on held-out examples, and clearly below the own training accuracy."""
    short = held_out.find_shortfall(features, SHORTFALL)
    if short is None or features.accuracy is None:
        return None
    errors = features.error(features.accuracy, "train"), features.error(short.accuracy, short.part)
    if features.accuracy - short.accuracy <= held_out.SURE * _both(*errors):
        return None
    return _below(features, short, f", with {features.accuracy:.1%} in training")


def below_all_over(features: RunFeatures) -> Finding | None:
    """Below a baseline on held-out examples, and no better on the training set."""
    short = held_out.find_shortfall(features, SHORTFALL)
    if short is None:
        return None
    return _below(features, short, ", and training accuracy is no better")


def _below(features: RunFeatures, short: held_out.Shortfall, end: str) -> Finding:
    text = short.text[0].upper() + short.text[1:]
    evidence = _training_evidence(features) | {
        f"{short.part}_accuracy": short.accuracy,
        "level": short.level,
        "level_of": short.name,
    }
    return Finding(f"{text}{end}.", evidence)


def no_scale(features: RunFeatures) -> Finding | None:
    """An accuracy that nothing known can be held against."""
    accuracy = features.accuracy
    if accuracy is None or features.chance is not None or accuracy >= GOOD:
        return None
    return Finding(
        f"Training accuracy is {accuracy:.1%}, but neither the number of classes nor a baseline is "
        "known: train it anew, so that run.json says them.",
        {"accuracy": accuracy},
    )


def healthy(features: RunFeatures) -> Finding | None:
    """Nothing of the above."""
    named = {
        "accuracy": features.accuracy,
        "val_accuracy": features.val_accuracy,
        "test_accuracy": features.test_accuracy,
    }
    evidence = {name: value for name, value in named.items() if value is not None}
    words = {"accuracy": "training", "val_accuracy": "validation", "test_accuracy": "test"}
    told = ", ".join(f"{words[name]} {value:.1%}" for name, value in evidence.items())
    return Finding(f"Accuracy is good: {told}.", evidence)


RULES = (
    Rule(
        "K001",
        "cannot_tell",
        "There is nothing to judge",
        "unknown",
        nothing_to_judge,
        "The run failed, no whole epoch was trained, or the training accuracy was not measured.",
        "A verdict without a measurement would be a guess.",
        "Read the run's `reason` in run.json, mend that, and train again.",
    ),
    Rule(
        "K101",
        "diverged",
        "The loss became NaN or infinite",
        "fault",
        diverged,
        "The run's status is `diverged`, or an epoch's training loss is NaN or infinite.",
        "From there on every weight is NaN: the network computes nothing any more.",
        "A smaller learning rate first, inputs of the size of 1, clipped gradients "
        "(`optimizer.clipnorm`), and an initializer that keeps the signal's size.",
    ),
    Rule(
        "K141",
        "test_mismatch",
        "The held-out examples are of other classes",
        "fault",
        split_differs,
        f"The validation (or test) set lacks a class of which {held_out.EXPECTED} examples or more "
        "were to be expected, or has one that training lacks; or more than "
        f"{held_out.MOVED:.0%} of its examples are of other classes, and by more than chance "
        "(chi-squared test). Files that are sorted by class are split so.",
        "What is measured on other classes says nothing about what was learned.",
        "`data.shuffle`; a test set with every class.",
    ),
    Rule(
        "K002",
        "cannot_tell",
        "One epoch has no direction",
        "unknown",
        too_short,
        "A single epoch was trained and the training accuracy is not good (yet).",
        "One point does not say whether the curve rises: it may be stuck or on its way.",
        "Train for more epochs.",
    ),
    Rule(
        "K110",
        "optimization_failure",
        "Training accuracy is bad",
        "fault",
        unfit,
        "At the epoch whose weights the run ended with, training accuracy is at chance (the share "
        "of the largest class), or below a linear classifier, nearest neighbours, or the best run "
        f"known, by more than {SHORTFALL:.0%} and {CERTAIN} standard errors; and it is not, at the "
        "pace of the last quarter, on its way from above chance to there within as many epochs "
        "again. Where no baseline is known, half of the way from chance to perfect stands in.",
        "The training set comes first: while the network can't do the examples it learns from, "
        "nothing that is done against overfitting helps.",
        "The remedies of the likeliest cause; in the lecture's order: the loss, the activation, "
        "the optimizer and its learning rate.",
    ),
    Rule(
        "K111",
        "optimization_failure",
        "Training stands still far from what the data holds",
        "fault",
        short_of_structure,
        f"Training accuracy went less than {FITTED:.0%} of the way from chance to perfect, does "
        f"not rise any more, yet is {NEAR_NEIGHBORS:.0%} above nearest neighbours, so that noise "
        "in the data is no explanation.",
        "The data can be learnt further than this network does.",
        "A larger network, or more and smaller steps.",
    ),
    Rule(
        "K140",
        "test_mismatch",
        "The test set is not like the validation set",
        "fault",
        test_differs,
        "Test accuracy is below validation accuracy by more than "
        f"{GAP:.0%} after {CERTAIN} standard errors, and by more than validation is below "
        "training. Without validation data: below training accuracy, where inputs or classes of "
        "the test set measurably differ.",
        "It is neither overfitting nor a failure to optimise: what was learnt is right, for other "
        "data than the test has.",
        "Make training like the test (noise, normalisation, classes), or the network less sure of "
        "single inputs: dropout.",
    ),
    Rule(
        "K130",
        "overfitting",
        "Training is good, validation is not",
        "fault",
        overfits,
        f"The gap from training to validation accuracy is surely above {WIDE_GAP:.0%} (binomial "
        f"interval). Or the validation loss has risen {held_out.RISEN:.0%} above its best "
        "(Prechelt 1998) while training accuracy held, and either the gap is surely above "
        f"{GAP:.0%} or validation accuracy fell. Noise is judged in pairs, since the same examples "
        "were measured in both epochs: the rise by its standard error over the examples, accuracy "
        "by McNemar's test (one-sided 95 %). Runs recorded without pairs need a smoothed rise of "
        f"{held_out.RISEN_UNPAIRED:.0%}; accuracy that fell by more than {SHORTFALL:.0%} and "
        "chance counts for all. Training accuracy is measured in inference mode.",
        "The network memorizes its training examples; what it learns does not generalize.",
        "Early stopping where the validation loss has turned; regularization, dropout, more data.",
    ),
    Rule(
        "K120",
        "still_improving",
        "Training ended too soon",
        "warning",
        improving,
        f"Over the last quarter of the epochs accuracy rose by {RISE:.0%} and {CERTAIN} standard "
        "errors or more, by more than it jitters and above its best before, the training loss "
        "still fell, and early stopping did not end it; or accuracy is below "
        f"{FITTED:.0%} of the way and the loss fell by 5 %.",
        "What the network can do is not known yet.",
        "More epochs; a larger learning rate or smaller batches get there sooner.",
    ),
    Rule(
        "K121",
        "still_improving",
        "Not yet as good as a simple baseline",
        "warning",
        below_and_rising,
        "Validation accuracy is significantly below a linear classifier or nearest neighbours on "
        f"held-out examples, by {SHORTFALL:.0%} at least (in pairs, on the same examples, where "
        "they were recorded), and the validation loss still falls.",
        "A method without training does better so far.",
        "What makes training faster, then more epochs.",
    ),
    Rule(
        "K131",
        "overfitting",
        "A simple baseline generalizes better",
        "fault",
        below_baseline,
        "Validation accuracy is significantly below a linear classifier or nearest neighbours on "
        f"held-out examples, by {SHORTFALL:.0%} at least, and below its own training accuracy.",
        "What was learned from the training examples generalizes worse than a method without "
        "training.",
        "Regularization, dropout, more data; another kind of network, such as convolutions for "
        "images.",
    ),
    Rule(
        "K112",
        "optimization_failure",
        "A simple baseline is better on held-out examples",
        "fault",
        below_all_over,
        "Validation accuracy is significantly below a linear classifier or nearest neighbours on "
        f"held-out examples, by {SHORTFALL:.0%} at least, and training accuracy is no better than "
        "validation accuracy.",
        "The network has not learned what a simple method finds in the same examples.",
        "The remedies of the likeliest cause.",
    ),
    Rule(
        "K003",
        "cannot_tell",
        "Nothing to hold the accuracy against",
        "unknown",
        no_scale,
        "Neither classes nor a baseline are known.",
        "60 % is bad for two classes and good for a hundred.",
        "Train the run with this version, which writes both into run.json.",
    ),
    Rule(
        "K100",
        "healthy",
        "Healthy",
        "good",
        healthy,
        "None of the other outcomes. Where the validation loss at the kept weights is "
        f"significantly above its own best (by {held_out.RISEN:.0%} or more, in pairs), the title "
        "says so: *overconfident* where accuracy held, *past its best epoch* where it fell a "
        "little or training got worse as well.",
        "Without that caution no problem was found. Overconfident networks are as often right, but "
        "surer of their wrong answers (Guo et al. 2017, On calibration of modern neural "
        "networks): their probabilities are not to be trusted.",
        "Nothing, without a caution. With it: early stopping on the validation loss, "
        "regularization, dropout, more data.",
    ),
)
