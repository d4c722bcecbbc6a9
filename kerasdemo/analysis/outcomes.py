"""What came of a run: rules in the order in which they are asked; the first that finds decides."""

import math

from kerasdemo.analysis import curves, held_out
from kerasdemo.analysis.reading import Reading
from kerasdemo.analysis.rule import Finding, Rule

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


def nothing_to_judge(reading: Reading) -> Finding | None:
    """No whole epoch, no accuracy, or a run that failed."""
    status = reading.run.status
    if status == "diverged" or reading.broken:
        return None
    if status == "failed":
        reason = reading.run.facts.get("reason") or "it gives no reason"
        return Finding(f"The run failed before it could be judged: {reason}.")
    if not reading.epochs:
        return Finding("No whole epoch was trained, so there is nothing to judge: train on.")
    if reading.accuracy is None:
        return Finding(
            "The training accuracy was not measured: only the loss is known, and it does not say "
            "how good is good."
        )
    return None


def diverged(reading: Reading) -> Finding | None:
    """The loss became NaN or infinite."""
    if reading.run.status != "diverged" and reading.broken is None:
        return None
    epoch = reading.broken or max(reading.epochs, 1)
    before = reading.at("loss", epoch - 2) if epoch > 1 else reading.fact("initial", "loss")
    told = f"; before it was {before:.4g}" if before is not None else ""
    evidence = {"epoch": epoch} | ({"loss_before": before} if before is not None else {})
    return Finding(
        f"The training loss became NaN or infinite in epoch {epoch}{told}.", evidence, epoch=epoch
    )


def split_differs(reading: Reading) -> Finding | None:
    """A held-out set that lacks classes of the training set, or has others: a sorted file."""
    found = held_out.split_fault(reading)
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


def too_short(reading: Reading) -> Finding | None:
    """One epoch that is not good yet has no direction."""
    if reading.epochs > 1 or bad_accuracy(reading) is None:
        return None
    accuracy = reading.accuracy
    return Finding(
        f"Training accuracy is {accuracy:.1%} after a single epoch: more epochs would tell "
        "whether it goes on rising.",
        {"accuracy": accuracy or 0.0, "epochs": reading.epochs},
    )


def bad_accuracy(reading: Reading) -> tuple[float, str] | None:
    """Return what the training accuracy should reach and does not, and what that is."""
    accuracy, chance = reading.accuracy, reading.chance
    if accuracy is None:
        return None
    if chance is not None and accuracy <= chance + _margin(reading, chance):
        return chance, "answering always the same"
    for level, name in _levels(reading):
        if accuracy < level - _margin(reading, level):
            return level, name
    return None


def _margin(reading: Reading, level: float) -> float:
    return max(SHORTFALL, CERTAIN * reading.error(level, "train"))


def _levels(reading: Reading) -> list[tuple[float, str]]:
    """Return what a network should reach on this training set, the highest first."""
    linear = reading.fact("data", "linear_baseline", "train")
    fair = reading.fact("data", "linear_baseline", "validation")
    neighbors = reading.fact("data", "neighbor_baseline")
    levels = []
    # A linear classifier may learn few examples by heart, which is no merit: then its validation
    # accuracy is what the network should reach.
    if linear is not None:
        levels.append((linear if fair is None else min(linear, fair), "a linear classifier"))
    if neighbors is not None:
        levels.append((neighbors, "nearest neighbours"))
    if reading.reference is not None:
        levels.append((reading.reference, "the best run known"))
    if not levels and reading.chance is not None:
        half = reading.chance + HALF_WAY * (1 - reading.chance)
        levels.append((half, "half of the way from chance to perfect"))
    return sorted(levels, reverse=True)


def unfit(reading: Reading) -> Finding | None:
    """Training accuracy below chance or a baseline, and more of the same would not mend it."""
    bad = bad_accuracy(reading)
    if bad is None or _promising(reading, bad[0]):
        return None
    accuracy, (level, name) = reading.accuracy or 0.0, bad
    word = "no better than" if level == reading.chance else "below"
    return Finding(
        f"Training accuracy ends at {accuracy:.1%}, {word} {name} ({level:.1%}).",
        _training_evidence(reading) | {"level": level, "level_of": name},
    )


def _promising(reading: Reading, level: float) -> bool:
    """Whether as many epochs again, at the pace of the last quarter, would reach the level."""
    pace = curves.gain(reading.history.accuracy)
    if level == reading.chance or pace < RISE or not reading.still_learning:
        return False
    quarters = reading.epochs / curves.last_quarter(reading.epochs)
    return (reading.accuracy or 0.0) + pace * quarters >= level - SHORTFALL


def _training_evidence(reading: Reading) -> dict[str, float | int | str]:
    named = {
        "accuracy": reading.accuracy,
        "loss": reading.at("loss"),
        "chance": reading.chance,
        "linear_baseline": reading.fact("data", "linear_baseline", "train"),
        "neighbor_baseline": reading.fact("data", "neighbor_baseline"),
        "gain_in_last_quarter": curves.gain(reading.history.accuracy),
        "epochs": reading.epochs,
    }
    return {name: value for name, value in named.items() if value is not None}


def short_of_structure(reading: Reading) -> Finding | None:
    """A plateau far from perfect, yet above the neighbours: the data holds more than is learnt."""
    accuracy, chance = reading.accuracy, reading.chance
    neighbors = reading.fact("data", "neighbor_baseline")
    if accuracy is None or chance is None or chance >= 1 or neighbors is None:
        return None
    fitted = (accuracy - chance) / (1 - chance)
    if fitted >= FITTED or accuracy < neighbors + NEAR_NEIGHBORS or reading.rise >= RISE:
        return None
    if held_out.find_rise(reading) is not None or reading.still_learning:
        return None
    return Finding(
        f"Training accuracy stands still at {accuracy:.1%}, although the data is no noise: the "
        f"network already beats nearest neighbours ({neighbors:.1%}).",
        _training_evidence(reading),
    )


def test_differs(reading: Reading) -> Finding | None:
    """Validation (or, without it, training) is good and the test is not."""
    test, seen = reading.test_accuracy, reading.val_accuracy
    part = "validation"
    if seen is None and _shifted(reading):
        seen, part = reading.accuracy, "train"
    if test is None or seen is None:
        return None
    gap = seen - test
    error = _both(reading.error(seen, part), reading.error(test, "test"))
    train_gap = (reading.accuracy or seen) - seen
    if gap - CERTAIN * error < GAP or gap < train_gap:
        return None
    shift = _shifted(reading)
    word = "Validation" if part == "validation" else "Training"
    because = f": {shift}" if shift else "; nothing known of the data says why"
    return Finding(
        f"{word} accuracy is {seen:.1%} and test accuracy {test:.1%}{because}.",
        {"seen_accuracy": seen, "test_accuracy": test, "gap": gap, "gap_error": error},
    )


def _shifted(reading: Reading) -> str | None:
    """Say how the test examples differ from the training examples, or nothing."""
    sd, test_sd = reading.fact("data", "input", "sd"), reading.fact("data", "test_input", "sd")
    mean, test_mean = (reading.fact("data", p, "mean") for p in ("input", "test_input"))
    # 20 % and a fifth of an sd: far beyond what sampling does to thousands of values.
    if sd and test_sd is not None and not 0.8 < test_sd / sd < 1.25:
        return f"its inputs have sd {test_sd:.3g} instead of {sd:.3g}"
    if sd and mean is not None and test_mean is not None and abs(test_mean - mean) > 0.2 * sd:
        return f"its inputs have mean {test_mean:.3g} instead of {mean:.3g}"
    shares, tested = reading.shares(), reading.shares("test_")
    if shares and len(shares) == len(tested):
        moved = sum(abs(a - b) for a, b in zip(shares, tested, strict=True)) / 2
        if moved > 0.2:
            return f"{moved:.0%} of its examples are of other classes"
    return None


def _both(first: float, second: float) -> float:
    return math.hypot(first, second)


def overfits(reading: Reading) -> Finding | None:
    """Training is good, validation is not: by the gap, the turn of its loss, or its fall."""
    accuracy, seen, part = reading.accuracy, reading.val_accuracy, "validation"
    if seen is None:
        seen, part = reading.test_accuracy, "test"
    if accuracy is None or seen is None:
        return None
    gap = accuracy - seen
    error = _both(reading.error(accuracy, "train"), reading.error(seen, part))
    rise = held_out.find_rise(reading)
    turned = rise is not None and rise.held
    fell = held_out.has_fallen(reading, SHORTFALL) or (
        rise is not None and turned and rise.is_worse
    )
    low = gap - CERTAIN * error
    if low < (GAP if turned else WIDE_GAP) and not (fell and gap > error):
        return None
    if not turned and _rises(reading):
        return None
    epoch = rise.epoch if rise is not None else _gap_opens(reading)
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


def _gap_opens(reading: Reading) -> int | None:
    """Return the epoch from which the gap stays above the floor."""
    train, seen = reading.history.accuracy, reading.history.val_accuracy
    opened = None
    for epoch, (a, b) in enumerate(zip(train, seen, strict=False), 1):
        opened = (opened or epoch) if a - b > GAP else None
    return opened


def improving(reading: Reading) -> Finding | None:
    """Training was ended while the accuracy still rose."""
    bad = bad_accuracy(reading)
    stopped = bool(reading.run.facts.get("stopped_early"))
    unfinished = bad is None and not stopped and _rises(reading)
    slow = bad is None and not stopped and _far(reading) and _loss_falls(reading)
    if reading.epochs < 2 or not (bad or unfinished or slow):
        return None
    steps = curves.last_quarter(reading.epochs)
    what = "validation" if reading.val_loss else "training"
    accuracy = reading.val_accuracy if reading.val_loss else reading.accuracy
    span = f"{steps} epochs" if steps > 1 else "epoch"
    return Finding(
        f"Training stopped too early: {what} accuracy is {accuracy or 0.0:.1%} and "
        f"{_pace(reading)} over the last {span}.",
        _training_evidence(reading) | {"rise": reading.rise, "rise_over_epochs": steps},
    )


def _pace(reading: Reading) -> str:
    """Say what still got better: the accuracy, or where that stood still the loss."""
    if reading.rise >= RISE:
        return f"rose by {100 * reading.rise:.1f} points"
    whose, losses = "its", reading.val_loss
    fell = curves.gain([-loss for loss in losses]) if losses else 0.0
    if fell <= 0:
        whose, losses = "the training", reading.history.loss
        fell = curves.gain([-loss for loss in losses])
    before = losses[-1] + fell
    # Some losses are below 0, and have no share to fall by.
    return f"{whose} loss fell by {f'{100 * fell / before:.0f} %' if before > 0 else f'{fell:.3g}'}"


def _rises(reading: Reading) -> bool:
    """Whether the accuracy to look at rose over the last quarter, and training goes on."""
    values, now, part = reading.history.accuracy, reading.accuracy, "train"
    if reading.val_loss:
        values, now, part = reading.history.val_accuracy, reading.val_accuracy, "validation"
    if not reading.still_learning:
        return False
    # Few examples tell no small rise.
    least = max(RISE, CERTAIN * reading.error(now or 0.5, part))
    return curves.rises(values, least, 1.0) and curves.bettered(values) >= RISE


def _far(reading: Reading) -> bool:
    """Whether training or validation accuracy is far from perfect."""
    chance = reading.chance
    if chance is None or chance >= 1:
        return False
    known = [a for a in (reading.accuracy, reading.val_accuracy) if a is not None]
    return any((accuracy - chance) / (1 - chance) < FITTED for accuracy in known)


def _loss_falls(reading: Reading) -> bool:
    """Whether the loss to look at fell by 5 % over the last quarter, and not by its jitter."""
    values = reading.val_loss or reading.history.loss
    return reading.still_learning and values[-1] > 0 and curves.falls(values, 0.05 * values[-1])


def is_short(reading: Reading) -> bool:
    """Whether the run does not reach what simple baselines do, in training or held out."""
    short = held_out.find_shortfall(reading, SHORTFALL)
    return bad_accuracy(reading) is not None or short is not None


def below_and_rising(reading: Reading) -> Finding | None:
    """Below a baseline on held-out examples, while the validation loss still falls."""
    short = held_out.find_shortfall(reading, SHORTFALL)
    if short is None or reading.run.facts.get("stopped_early") or reading.epochs < 2:
        return None
    if not reading.val_loss or not curves.falls(reading.val_loss) or not reading.still_learning:
        return None
    return _below(reading, short, ", and its loss still falls")


def below_baseline(reading: Reading) -> Finding | None:
    """Below a baseline on held-out examples, and clearly below the own training accuracy."""
    short = held_out.find_shortfall(reading, SHORTFALL)
    if short is None or reading.accuracy is None:
        return None
    errors = reading.error(reading.accuracy, "train"), reading.error(short.accuracy, short.part)
    if reading.accuracy - short.accuracy <= held_out.SURE * _both(*errors):
        return None
    return _below(reading, short, f", with {reading.accuracy:.1%} in training")


def below_all_over(reading: Reading) -> Finding | None:
    """Below a baseline on held-out examples, and no better on the training set."""
    short = held_out.find_shortfall(reading, SHORTFALL)
    if short is None:
        return None
    return _below(reading, short, ", and training accuracy is no better")


def _below(reading: Reading, short: held_out.Shortfall, end: str) -> Finding:
    text = short.text[0].upper() + short.text[1:]
    evidence = _training_evidence(reading) | {
        f"{short.part}_accuracy": short.accuracy,
        "level": short.level,
        "level_of": short.name,
    }
    return Finding(f"{text}{end}.", evidence)


def no_scale(reading: Reading) -> Finding | None:
    """An accuracy that nothing known can be held against."""
    accuracy = reading.accuracy
    if accuracy is None or reading.chance is not None or accuracy >= GOOD:
        return None
    return Finding(
        f"Training accuracy is {accuracy:.1%}, but neither the number of classes nor a baseline is "
        "known: train it anew, so that run.json says them.",
        {"accuracy": accuracy},
    )


def healthy(reading: Reading) -> Finding | None:
    """Nothing of the above."""
    named = {
        "accuracy": reading.accuracy,
        "val_accuracy": reading.val_accuracy,
        "test_accuracy": reading.test_accuracy,
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
