"""What the results of sanity checks (training/sanity_checks.py) mean, where there are any."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.features import RunFeatures, find_number
from kerasdemo.diagnosis.rule import FAILURES, Finding
from kerasdemo.records import Run

# A batch is memorized where nearly all of its predictions are right.
MEMORIZED = 0.95
# A gain over zeroed inputs of less than this share of the loss does not count.
LEAST_GAIN = 0.05
# A rate that gains less than this of what the best rate gains is at fault; above FINE it is not.
FAULTY, FINE = 0.5, 0.8
# Evidence that only a range of learning rates gives.
BEST_RATE = "best_learning_rate"

# As in sanity_checks.json: with the config's optimizer, or with Adam.
Optimizer = Literal["own", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)


@dataclass(frozen=True)
class RateRange:
    """The losses that a range of learning rates reached in a few steps.

    rate, loss: the config's. best_rate, best_loss: of the rate with the lowest loss. zeroed_loss:
    that is reached with inputs set to 0.
    """

    rate: float
    loss: float
    best_rate: float
    best_loss: float
    zeroed_loss: float
    steps: int

    @property
    def learns(self) -> bool:
        """Whether any rate gains something over inputs set to 0."""
        return self.zeroed_loss - self.best_loss > LEAST_GAIN * abs(self.zeroed_loss)

    @property
    def share(self) -> float:
        """The share of the best rate's gain that the config's rate had."""
        if not self.learns:
            return 1.0
        return (self.zeroed_loss - self.loss) / (self.zeroed_loss - self.best_loss)

    @property
    def is_too_high(self) -> bool:
        """Whether a smaller rate does far better."""
        return self.share < FAULTY and self.best_rate < self.rate

    @property
    def is_too_low(self) -> bool:
        """Whether a larger rate does far better."""
        return self.share < FAULTY and self.best_rate > self.rate

    @property
    def is_fine(self) -> bool:
        """Whether no other rate does much better."""
        return self.share >= FINE

    @property
    def text(self) -> str:
        """The ending of a sentence."""
        if not self.learns:
            return f"in {self.steps} steps no rate does better than with its inputs set to 0"
        loss = f"{self.loss:.3g}" if math.isfinite(self.loss) else "NaN"
        return (
            f"in {self.steps} steps the loss gets to {loss}, with {self.best_rate:g} to "
            f"{self.best_loss:.3g}"
        )

    def finding(self, word: str) -> Finding:
        """Return the finding that the config's rate is too `word`: high or low."""
        named = {
            "learning_rate": self.rate,
            "loss": self.loss,
            BEST_RATE: self.best_rate,
            "best_loss": self.best_loss,
            "steps": self.steps,
        }
        return Finding(
            f"The learning rate {self.rate:g} is too {word}: {self.text}.",
            {name: value for name, value in named.items() if math.isfinite(value)},
            0.93,
            [remedies.use_best_learning_rate(self.best_rate)],
        )


def find_rate_range(features: RunFeatures) -> RateRange | None:
    """Return the result of the range of learning rates, or None where none were tried."""
    checks = features.run.sanity_checks
    rate, best, before, steps = (
        find_number(checks, "learning_rates", key)
        for key in ("own_rate", "best_rate", "loss_before", "steps")
    )
    losses = {row["rate"]: find_number(row, "loss") for row in rate_rows(features)}
    best_loss = losses.get(best) if best is not None else None
    if rate is None or best is None or before is None or best_loss is None or steps is None:
        return None
    loss, zeroed = losses.get(rate), find_number(checks, "zeroed_input", "loss")
    zeroed_loss = before if zeroed is None else min(before, zeroed)
    return RateRange(
        rate, math.inf if loss is None else loss, best, best_loss, zeroed_loss, int(steps)
    )


def rate_rows(features: RunFeatures) -> list[dict[str, float | None]]:
    """Return the result of each learning rate: rate, loss, accuracy."""
    checked = features.run.sanity_checks.get("learning_rates") or {}
    return [row for row in checked.get("rates") or () if row.get("rate") is not None]


def has_memorized(features: RunFeatures, optimizer: Optimizer) -> bool | None:
    """Return whether one batch was memorized; None where that was not tried."""
    score = _score(features, "one_batch", optimizer)
    return None if score is None else score >= MEMORIZED


def _score(features: RunFeatures, *path: str) -> float | None:
    """Return the accuracy, or of a regression the R², that a check ended with."""
    return find_number(features.run.sanity_checks, *path, _metric(features))


def _metric(features: RunFeatures) -> str:
    return "r2" if features.task == "regression" else "accuracy"


def find_nothing_memorized(features: RunFeatures) -> str | None:
    """Return a sentence (without its full stop) where no optimizer memorized even one batch."""
    if all(has_memorized(features, optimizer) is False for optimizer in OPTIMIZERS):
        return f"Not even one batch can be memorized ({_batch(features)}, with Adam no better)"
    return None


def _batch(features: RunFeatures) -> str:
    checks = features.run.sanity_checks
    count, steps = (find_number(checks, "one_batch", key) or 0 for key in ("examples", "steps"))
    score = _score(features, "one_batch", "own") or 0.0
    share = f"R² {score:.3f}" if features.task == "regression" else f"{score:.0%}"
    return f"{share} of {count:.0f} examples after {steps:.0f} steps"


def notes(features: RunFeatures, outcome: str, cause: str | None) -> Iterator[str]:
    """Yield what the checks say of a verdict: details where training is at fault, a conclusion.

    Args:
        outcome: the verdict's.
        cause: the name of the likeliest one.
    """
    rates, is_memorized = find_rate_range(features), has_memorized(features, "own")
    if outcome in FAILURES:
        yield from _details(features)
    if rates is None and is_memorized is None:
        return
    signs = []
    if is_memorized is False:
        signs.append(f"it does not memorize one batch ({_batch(features)})")
    if rates is not None and (rates.is_too_low or rates.is_too_high):
        signs.append(f"another learning rate learns faster at first ({rates.text})")
    if outcome in FAILURES:
        known = cause.replace("_", " ") if cause else "none of the known causes"
        text = f"training is at fault; first look at: {known}."
    elif signs:
        text = f"{' and '.join(signs)}; but the full training succeeded, so it is no problem here."
    else:
        rate = ", and its learning rate is close to the best of those tried" if rates else ""
        text = f"the training works: it memorizes one batch{rate}."
    remaining = {
        "overfitting": " The problem is generalization, not optimization: the remedies above "
        "apply, another optimizer or learning rate will not help.",
        "test_mismatch": " The problem is in the data: held-out examples are unlike those it was "
        "trained on.",
        "healthy": " Nothing speaks against the verdict.",
    }
    yield f"Conclusion of the sanity checks: {text}{remaining.get(outcome, '')}"


def _details(features: RunFeatures) -> Iterator[str]:
    nothing = find_nothing_memorized(features)
    if nothing is not None:
        yield f"{nothing}: look at the network, its output and its loss first."
    elif has_memorized(features, "own") is False:
        yield (
            f"It does not memorize one batch ({_batch(features)}), with Adam it does: the "
            "optimizer is at fault, not the size of the network."
        )
    zeroed, score = _score(features, "zeroed_input"), features.at(_metric(features))
    if zeroed is not None and score is not None:
        margin = max(0.02, 2 * features.error(zeroed, "train"))
        if score <= zeroed + margin:
            shown = f"R² {zeroed:.3f}" if features.task == "regression" else f"{zeroed:.1%}"
            yield (
                f"It does no better than with its inputs set to 0 ({shown}): it does not look "
                "at them."
            )


def table(run: Run) -> list[dict[str, object]]:
    """Return the checks as rows: check, loss, accuracy (of a regression r2), note."""
    features, checks = RunFeatures(run), run.sanity_checks
    metric = _metric(features)

    def row(name: str, facts: Mapping[str, object], *path: str, note: str = "") -> None:
        loss, score = (find_number(facts, *path, key) for key in ("loss", metric))
        rows.append({"check": name, "loss": loss, metric: score, "note": note})

    before = find_number(checks, "learning_rates", "loss_before")
    rows: list[dict[str, object]] = []
    row("untrained", {"loss": before})
    rates = find_rate_range(features)
    marks = (("the config's", rates.rate), ("best", rates.best_rate)) if rates else ()
    for found in rate_rows(features):
        note = ", ".join(mark for mark, rate in marks if rate == found["rate"])
        row(f"learning rate {found['rate']:g}", found, note=note)
    row("inputs set to 0", checks, "zeroed_input")
    for optimizer, name in zip(OPTIMIZERS, ("as configured", "with Adam"), strict=True):
        memorized = has_memorized(features, optimizer)
        note = "" if memorized is None else "memorized" if memorized else "not memorized"
        row(f"one batch, {name}", checks, "one_batch", optimizer, note=note)
    linear = "a linear model" if features.task == "regression" else "a linear classifier"
    row(linear, {metric: features.fact("data", "linear_baseline", "train")})
    return rows
