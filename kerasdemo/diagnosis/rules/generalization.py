"""Outcomes of training that works: the network generalizes, or it overfits."""

import math

from kerasdemo.diagnosis import remedies, val_loss_rise
from kerasdemo.diagnosis.baselines import MOST_ERROR, SHORTFALL, find_shortfall
from kerasdemo.diagnosis.curves import Z_95, Z_975
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import Finding, OutcomeRule
from kerasdemo.diagnosis.scale import BALANCED, SCALES
from kerasdemo.diagnosis.val_loss_rise import find_rise, has_fallen
from kerasdemo.records.verdict import Number

ACCURACY, R2 = SCALES["classification"], SCALES["regression"]


class Overfitting(OutcomeRule):
    """Training is good, validation is not: by the gap, the turn of its loss, or its fall."""

    code = "K130"
    name = "overfitting"
    title = "Training is good, validation is not"

    how_detected = (
        "The gap from training to validation accuracy is significantly above "
        f"{ACCURACY.wide_gap:.0%} (binomial interval). Or the validation loss has risen "
        f"{val_loss_rise.RISEN:.0%} above its best (Prechelt 1998) while training accuracy held, "
        "and either the gap is "
        f"significantly above {ACCURACY.gap:.0%} or validation accuracy fell. Noise is estimated "
        "in pairs, since both epochs measured the same examples: the rise by its standard error "
        "over them, "
        "accuracy by McNemar's test (one-sided 95 %). Runs recorded without pairs need a smoothed "
        f"rise of {val_loss_rise.RISEN_UNPAIRED:.0%}; accuracy that fell by more than "
        f"{val_loss_rise.LEAST_FALL:.0%} and chance counts for all. Not where training accuracy "
        "fell as well, for then the steps are too large. Training accuracy is measured in "
        "inference mode. Of a regression R² takes the place of accuracy, with gaps of "
        f"{R2.wide_gap:g} and {R2.gap:g}, and its standard error over the examples."
    )
    why_it_matters = (
        "The network memorizes its training examples; what it learns does not generalize."
    )
    what_to_try = (
        "Early stopping where the validation loss has turned; regularization, dropout, more data."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        score, (held_out, part) = features.score, features.held_out
        if score is None or held_out is None:
            return None
        scale, gap = features.scale, score - held_out
        error = math.hypot(features.error(score, "train"), features.error(held_out, part))
        low, high = gap - Z_975 * error, gap + Z_975 * error
        rise = find_rise(features)
        has_turned = rise is not None and rise.is_steady
        has_worsened = has_fallen(features)
        if rise is not None:  # where training got worse as well, its steps overshoot
            has_worsened = has_turned and (has_worsened or rise.is_worse)
        is_wide = low >= (scale.gap if has_turned else scale.wide_gap)
        if not is_wide and not (has_worsened and gap > error):
            return None
        if not has_turned and features.is_score_rising:
            return None
        epoch = rise.epoch if rise is not None else self._find_gap_start(features)
        since = f", from epoch {epoch} on" if epoch and rise is None else ""
        evidence: dict[str, Number] = {
            scale.metric: score,
            f"{part}_{scale.metric}": held_out,
            "gap": gap,
            "gap_low": low,
            "gap_high": high,
        }
        return Finding(
            f"Training {scale.name} is {scale.text(score)} and {part} {scale.name} "
            f"{scale.text(held_out)}, a gap of {scale.difference(gap)} ± "
            f"{scale.difference(Z_975 * error)}{scale.unit}{since}.",
            evidence,
            remedies=remedies.reduce_overfitting(features),
            epoch=epoch,
        )

    @staticmethod
    def _find_gap_start(features: RunFeatures) -> int | None:
        """Return the epoch from which on the gap stays above the floor."""
        start = None
        pairs = zip(features.scores, features.val_scores, strict=False)
        for epoch, (training, validation) in enumerate(pairs, 1):
            start = (start or epoch) if training - validation > features.scale.gap else None
        return start


class NothingGeneralizes(OutcomeRule):
    """Held-out examples at chance, for the network and for simple models."""

    code = "K006"
    name = "cannot_tell"
    title = "Nothing was learned that holds for new examples"
    severity = "unknown"

    how_detected = (
        "Validation accuracy is not above always predicting the most frequent class (R² not above "
        f"0) by {Z_975} standard errors, and neither a linear model's nor nearest neighbors' is; "
        "while training accuracy is above it (else it is a failure to optimize), and it was not "
        "still rising."
    )
    why_it_matters = (
        "Nobody finds a way from these inputs to these targets: perhaps there is none (labels that "
        "were shuffled, inputs that do not matter), or it takes more examples to find it, or to "
        "measure it."
    )
    what_to_try = (
        "Look at the data: are targets and inputs of the same rows? More examples, held out and to "
        "train on; with rare classes weights for them."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        held_out, part = features.held_out
        chance, scale = features.chance, features.scale
        if held_out is None or chance is None or not features.is_chance_known:
            return None
        chance = max([chance, *features.class_shares(f"{part}_")])
        linear = features.fact("data", "linear_baseline", "validation")
        neighbors = features.fact("data", "neighbor_baseline_validation")
        simple = [level for level in (linear, neighbors) if level is not None]
        if not simple or part != "validation" or scale is BALANCED:
            return None
        is_above = any(
            level > chance + self._margin(features, level, part) for level in (held_out, *simple)
        )
        is_going_on = features.is_score_rising and not features.has_stopped_early
        if is_above or is_going_on:
            return None
        return Finding(
            f"Validation {scale.name}{features.of_examples(part)} is {scale.text(held_out)}, "
            f"within chance no better than {scale.baseline} ({scale.text(chance)}); nor is a "
            "linear model, nor are nearest neighbors. Perhaps the targets have little to do with "
            "the inputs, or the examples are too few to tell.",
            features.training_evidence
            | {f"{part}_{scale.metric}": held_out, "level": chance, "level_of": scale.baseline},
            remedies=[remedies.weight_classes(features), remedies.add_data(features)],
        )

    @staticmethod
    def _margin(features: RunFeatures, level: float, part: str) -> float:
        """Return how far above chance a score may be by chance; of R² outliers make no more."""
        margin = Z_975 * features.error(level, part)
        return min(margin, MOST_ERROR) if features.task == "regression" else margin


class FewHeldOutExamples(OutcomeRule):
    """A wide gap, measured on so few examples that it may be nearly nothing; or hardly any."""

    code = "K005"
    name = "cannot_tell"
    title = "Too few held-out examples to tell whether it overfits"
    severity = "unknown"

    # An accuracy of 90 % is known to 11 points up or down.
    FEWEST = 30

    how_detected = (
        f"The gap from training to validation accuracy is {ACCURACY.wide_gap:.0%} or more (of R² "
        f"{R2.wide_gap:g}) and significantly above 0, but its 95 % interval is so wide, more than "
        "half of that to each side, that whether the network overfits is not clear. Or fewer than "
        f"{FEWEST} examples are held out, validation and test together."
    )
    why_it_matters = "On 30 examples an accuracy is known to 18 points up or down."
    what_to_try = "Hold out more examples; with few examples in all, compare several seeds."

    def find(self, features: RunFeatures) -> Finding | None:
        score, (held_out, part) = features.score, features.held_out
        if score is None or held_out is None:
            return None
        scale, gap = features.scale, score - held_out
        counts = [features.measured(one) for one in ("validation", "test")]
        held_out_examples = sum(count for count in counts if count)
        if counts[0] is not None and held_out_examples < self.FEWEST:
            return Finding(
                f"Training {scale.name} is {scale.text(score)} and {part} {scale.name} "
                f"{scale.text(held_out)}, but only {held_out_examples:,.0f} examples are held out: "
                "how good it is on new ones can't be told. Hold out more.",
                {scale.metric: score, f"{part}_{scale.metric}": held_out},
            )
        margin = Z_975 * math.hypot(features.error(score, "train"), features.error(held_out, part))
        if gap < max(scale.wide_gap, margin) or margin < scale.wide_gap / 2:
            return None
        return Finding(
            f"Training {scale.name} is {scale.text(score)} and {part} "
            f"{scale.name}{features.of_examples(part)} "
            f"{scale.text(held_out)}: a gap of {scale.difference(gap)} ± "
            f"{scale.difference(margin)}{scale.unit}. Whether it overfits is not clear on so few: "
            "hold out more.",
            {
                scale.metric: score,
                f"{part}_{scale.metric}": held_out,
                "gap": gap,
                "gap_low": gap - margin,
                "gap_high": gap + margin,
            },
            remedies=remedies.reduce_overfitting(features),
        )


class BaselineGeneralizesBetter(OutcomeRule):
    """Below a baseline on held-out examples, and clearly below its own training accuracy."""

    code = "K131"
    name = "overfitting"
    title = "A simple baseline generalizes better"

    how_detected = (
        "Validation accuracy (or R²) is significantly below a linear model or nearest neighbors on "
        f"held-out examples, by {SHORTFALL:.0%} at least, and below its own training accuracy."
    )
    why_it_matters = (
        "What was learned from the training examples generalizes worse than a method without "
        "training."
    )
    what_to_try = (
        "Regularization, dropout, more data; another kind of network, such as convolutions for "
        "images."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        shortfall, score = find_shortfall(features), features.score
        if shortfall is None or score is None:
            return None
        error = math.hypot(
            features.error(score, "train"), features.error(shortfall.score, shortfall.part)
        )
        if score - shortfall.score <= Z_95 * error:
            return None
        ending = f", with {features.scale.text(score)} in training"
        return shortfall.finding(features, ending, remedies.reduce_overfitting(features))


class Healthy(OutcomeRule):
    """None of the other outcomes."""

    code = "K100"
    name = "healthy"
    title = "Healthy"
    severity = "good"

    how_detected = (
        "None of the other outcomes. Where the validation loss at the kept weights is "
        f"significantly above its own best (by {val_loss_rise.RISEN:.0%} or more, in pairs), the "
        "title says so: *overconfident* where accuracy held, *past its best epoch* where it fell a "
        "little or training got worse as well."
    )
    why_it_matters = (
        "Without that caution no problem was found. Overconfident networks are as often right, but "
        "surer of their wrong predictions (Guo et al. 2017, On calibration of modern neural "
        "networks): their probabilities are not to be trusted."
    )
    what_to_try = (
        "Nothing, without a caution. With it: early stopping on the validation loss, "
        "regularization, dropout, more data."
    )

    def find(self, features: RunFeatures) -> Finding:
        scale = features.scale
        measured = {
            scale.metric: ("training", features.score),
            f"val_{scale.metric}": ("validation", features.val_score),
            f"test_{scale.metric}": ("test", features.test_score),
        }
        known = {key: (part, value) for key, (part, value) in measured.items() if value is not None}
        if features.is_judged_by_loss:
            return self._judge_by_loss(features)
        text = ", ".join(f"{part} {scale.text(value)}" for part, value in known.values())
        rise = find_rise(features)
        summary = f"{scale.name[0].upper()}{scale.name[1:]} is good: {text}."
        if not features.is_chance_known:
            summary = (
                f"No problem found by the curves alone: {scale.name} is {text}. Whether that is "
                "good depends on the data: where nearly all examples are of one class, always "
                "predicting it is as good."
            )
        return Finding(
            summary,
            {key: value for key, (_, value) in known.items()},
            remedies=remedies.reduce_overfitting(features) if rise is not None else (),
            epoch=rise.epoch if rise is not None else None,
        )

    @staticmethod
    def _judge_by_loss(features: RunFeatures) -> Finding:
        """Return what is known of a task that has no score."""
        loss, val_loss = features.at("loss"), features.at("val_loss")
        losses = {"training": loss, "validation": val_loss}
        text = ", ".join(
            f"{part} {value:.4g}" for part, value in losses.items() if value is not None
        )
        untrained = features.fact("initial", "loss")
        start = "" if untrained is None else f" from {untrained:.4g} untrained"
        rise = find_rise(features)
        return Finding(
            f"No problem found by the loss alone: it fell{start} to {text}. How low it could go is "
            "not known.",
            {
                key: value
                for key, value in (("loss", loss), ("val_loss", val_loss))
                if value is not None
            },
            remedies=remedies.reduce_overfitting(features) if rise is not None else (),
            epoch=rise.epoch if rise is not None else None,
        )
