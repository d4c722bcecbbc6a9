"""What short experiments on a run's config (training/active.py) say, where they were made."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kerasdemo.diagnosis.features import RunFeatures, number
from kerasdemo.records import Run

# Of a batch that is learnt by heart, nearly all answers are right.
BY_HEART = 0.95
# Below this share of the loss a gain over zeroed inputs is none.
LEAST_GAIN = 0.05
# A rate that gains less than this of what the best rate gains is at fault; more than that is not.
FAULTY, FINE = 0.5, 0.8


@dataclass(frozen=True)
class Sweep:
    """What each learning rate did in a few steps.

    share: of the best rate's gain that the config's rate had; the gain is over inputs set to 0.
    learns: whether any rate gains something.
    """

    own_rate: float
    best_rate: float
    own_loss: float
    best_loss: float
    floor: float
    steps: int

    @property
    def learns(self) -> bool:
        return self.floor - self.best_loss > LEAST_GAIN * abs(self.floor)

    @property
    def share(self) -> float:
        if not self.learns:
            return 1.0
        return (self.floor - self.own_loss) / (self.floor - self.best_loss)

    @property
    def too_high(self) -> bool:
        """Whether a smaller rate does far better."""
        return self.share < FAULTY and self.best_rate < self.own_rate

    @property
    def too_low(self) -> bool:
        """Whether a larger rate does far better."""
        return self.share < FAULTY and self.best_rate > self.own_rate

    @property
    def fine(self) -> bool:
        """Whether no other rate does much better."""
        return self.share >= FINE

    @property
    def text(self) -> str:
        """The evidence in a sentence's end."""
        own = f"{self.own_loss:.3g}" if math.isfinite(self.own_loss) else "NaN"
        if not self.learns:
            return f"in {self.steps} steps no rate does better than with its inputs set to 0"
        return (
            f"in {self.steps} steps the loss gets to {own}, with {self.best_rate:g} to "
            f"{self.best_loss:.3g}"
        )


def sweep(features: RunFeatures) -> Sweep | None:
    """Return what was found out about learning rates, or None."""
    probe = features.run.sanity_checks
    own, best = (number(probe, "learning_rates", key) for key in ("own_rate", "best_rate"))
    before, zeroed = number(probe, "learning_rates", "loss_before"), _of(probe, "zeroed_input")
    steps = number(probe, "learning_rates", "steps")
    losses = {row["rate"]: number(row, "loss") for row in rates(features)}
    best_loss = losses.get(best) if best is not None else None
    if own is None or best is None or before is None or best_loss is None or steps is None:
        return None
    own_loss = losses.get(own)
    floor = before if zeroed is None else min(before, zeroed)
    return Sweep(
        own, best, math.inf if own_loss is None else own_loss, best_loss, floor, int(steps)
    )


def _of(probe: Any, *path: str) -> float | None:
    return number(probe, *path, "loss")


def rates(features: RunFeatures) -> list[dict[str, Any]]:
    """Return what each rate of the sweep came to: rate, loss, accuracy."""
    swept = features.run.sanity_checks.get("learning_rates")
    rows = swept.get("rates") if isinstance(swept, dict) else None
    listed = rows if isinstance(rows, list) else []
    return [row for row in listed if isinstance(row, dict) and number(row, "rate") is not None]


def learnt(features: RunFeatures, how: str) -> bool | None:
    """Return whether one batch was learnt by heart: with its `own` steps, or with `adam`."""
    accuracy = number(features.run.sanity_checks, "one_batch", how, "accuracy")
    return None if accuracy is None else accuracy >= BY_HEART


def unlearnable(features: RunFeatures) -> str | None:
    """Say that not even one batch can be learnt by heart, or nothing."""
    if learnt(features, "own") is not False or learnt(features, "adam") is not False:
        return None
    return f"Not even one batch can be learnt by heart ({_batch(features)}, with Adam no better)"


def _batch(features: RunFeatures) -> str:
    probe = features.run.sanity_checks
    count, steps = (number(probe, "one_batch", key) or 0 for key in ("examples", "steps"))
    accuracy = number(probe, "one_batch", "own", "accuracy") or 0.0
    return f"{accuracy:.0%} of {count:.0f} examples after {steps:.0f} steps"


def notes(features: RunFeatures) -> Iterator[str]:
    """Yield what the experiments say beside any cause."""
    if unlearnable(features):
        yield f"{unlearnable(features)}: look at the network, its output and its loss first."
    elif learnt(features, "own") is False:
        yield (
            f"Its own steps don't learn one batch by heart ({_batch(features)}), Adam's do: the "
            "optimizer is at fault, not what the network can hold."
        )
    blind = number(features.run.sanity_checks, "zeroed_input", "accuracy")
    if blind is not None and _no_better(features, blind):
        yield (
            f"It does no better than with its inputs set to 0 ({blind:.1%}): it does not look at "
            "them."
        )


def conclusion(features: RunFeatures, outcome: str, cause: str | None) -> str | None:
    """Return in a sentence what the experiments make of a verdict; None where none were made."""
    swept, memorized = sweep(features), learnt(features, "own")
    if swept is None and memorized is None:
        return None
    slow = swept is not None and (swept.too_low or swept.too_high)
    if outcome in ("diverged", "optimization_failure", "still_improving"):
        known = cause.replace("_", " ") if cause else "none of the known causes"
        return f"Conclusion of the short experiments: training is at fault; first look at: {known}."
    if memorized is False or slow:
        signs = []
        if memorized is False:
            signs.append(f"it does not memorize one batch ({_batch(features)})")
        if swept is not None and slow:
            signs.append(f"another learning rate learns faster at first ({swept.text})")
        return (
            f"Conclusion of the short experiments: {' and '.join(signs)}; but the whole training "
            f"got there, so it is no fault here.{_what_remains(outcome)}"
        )
    rate = "and its learning rate is close to the best of those tried" if swept else ""
    return (
        "Conclusion of the short experiments: the training works: it memorizes one batch"
        f"{', ' + rate if rate else ''}.{_what_remains(outcome)}"
    )


def _what_remains(outcome: str) -> str:
    return {
        "overfitting": " The problem is generalization, not optimization: the remedies above "
        "apply, another optimizer or learning rate will not help.",
        "test_mismatch": " The problem is in the data: held-out examples are unlike those it was "
        "trained on.",
        "healthy": " Nothing speaks against the verdict.",
    }.get(outcome, "")


def _no_better(features: RunFeatures, blind: float) -> bool:
    margin = max(0.02, 2 * features.error(blind, "train"))
    return features.accuracy is not None and features.accuracy <= blind + margin


def table(run: Run) -> list[dict[str, Any]]:
    """Return the experiments as rows: check, loss, accuracy, note."""
    features, probe = RunFeatures(run), run.sanity_checks
    found = sweep(features)
    rows = [_row(probe, "untrained", "learning_rates", loss="loss_before")]
    for row in rates(features):
        same = found and [
            word
            for word, rate in (("the config's", found.own_rate), ("best", found.best_rate))
            if rate == row["rate"]
        ]
        rows.append(_row(row, f"learning rate {row['rate']:g}", note=", ".join(same or ())))
    rows.append(_row(probe, "inputs set to 0", "zeroed_input"))
    for how, words in (("own", "as configured"), ("adam", "with Adam")):
        done = learnt(features, how)
        note = "" if done is None else "learnt by heart" if done else "not learnt"
        rows.append(_row(probe, f"one batch, {words}", "one_batch", how, note=note))
    linear = features.fact("data", "linear_baseline", "train")
    return [*rows, {"check": "a linear classifier", "loss": None, "accuracy": linear, "note": ""}]


def _row(facts: Any, name: str, *path: str, loss: str = "loss", note: str = "") -> dict[str, Any]:
    values = {"loss": number(facts, *path, loss), "accuracy": number(facts, *path, "accuracy")}
    return {"check": name, **values, "note": note}
