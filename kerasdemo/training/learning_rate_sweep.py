"""A short training with each of several learning rates, from a config alone.

After Smith (2017, Cyclical learning rates), but from the initial weights with every rate, so that a
rate does not profit from the one before. The rates near the best are trained with further seeds:
that is the noise within which others are as good.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Any

from kerasdemo import data
from kerasdemo.config import RunConfig, schedules
from kerasdemo.training import runner
from kerasdemo.training.sanity_checks import ShortTrainer, take_steps

# Half decades, from a thousandth to the thousandfold of the config's rate.
HALF_DECADES = range(-6, 7)
# The best rate and so many on either side are trained with so many further seeds.
NEIGHBORS, FURTHER_SEEDS = 2, 2
# As good: closer to the best loss than twice the standard error of such a difference, or than this
# share of what the best training gains.
STANDARD_ERRORS, SHARE = 2.0, 0.02
# A loss that is so many times that of the untrained network has diverged.
TIMES = 3.0

# Trainings done, all trainings, the rate, its loss.
Follow = Callable[[int, int, float, float], None]


@dataclass(frozen=True)
class RateResult:
    """A learning rate, and the loss that a short training with it ended with, for each seed.

    Args:
        rate: the learning rate.
        losses: of the same training examples, in inference mode; NaN and infinity are possible.
        has_diverged: whether one of them is not finite, or far above the untrained network's.
    """

    rate: float
    losses: tuple[float, ...]
    has_diverged: bool

    @property
    def loss(self) -> float:
        """The mean of the losses."""
        return fmean(self.losses)


@dataclass(frozen=True)
class LearningRates:
    """What short trainings with several learning rates came to.

    Args:
        config: whose learning rate was varied.
        steps: mini-batches of each training.
        loss_before: of the untrained network.
        own: the config's rate; of a schedule the highest.
        rates: in rising order.
        best: the rate with the lowest loss; None where all diverged.
        low, high: the lowest and the highest rate around it that are as good within the noise.
    """

    config: RunConfig
    steps: int
    loss_before: float
    own: float
    rates: tuple[RateResult, ...]
    best: float | None
    low: float | None
    high: float | None

    @property
    def own_is_good(self) -> bool:
        """Whether the config's rate lies within the range that is as good as the best."""
        if self.low is None or self.high is None:
            return False
        # Rates are rounded.
        return self.low * 0.99 <= self.own <= self.high * 1.01

    @property
    def changes(self) -> dict[str, Any]:
        """The changes of the config that set the best rate; none where its own is as good."""
        if self.best is None or self.own_is_good:
            return {}
        return changes_to(self.config, self.best)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "name": self.config.name,
            "steps": self.steps,
            "loss_before": self.loss_before,
            "own_rate": self.own,
            "best_rate": self.best,
            "low": self.low,
            "high": self.high,
            "own_is_good": self.own_is_good,
            "changes": self.changes,
            "rates": [
                {
                    "rate": one.rate,
                    "loss": one.loss,
                    "losses": one.losses,
                    "diverged": one.has_diverged,
                }
                for one in self.rates
            ],
        }


def sweep(
    config: RunConfig, rates: tuple[float, ...] = (), follow: Follow | None = None
) -> LearningRates:
    """Train a config for a few hundred steps with each learning rate.

    Args:
        config: as it would be run; of a schedule the highest rate is varied and stays.
        rates: to try; left out: thirteen around the config's.
        follow: is called after each training.

    Raises:
        InputError: where the config can't be trained.
    """
    dataset = runner.load_dataset(config, data.find(config))
    own = schedules.peak(config.optimizer.arguments["learning_rate"])
    tried = sorted(set(rates)) or [float(f"{own * 10 ** (n / 2):.3g}") for n in HALF_DECADES]
    plain = config.with_changes({"optimizer.learning_rate": own})
    near = min(2 * NEIGHBORS + 1, len(tried))
    total = len(tried) + FURTHER_SEEDS * near
    losses: dict[float, list[float]] = {rate: [] for rate in tried}
    before, steps, done = 0.0, 0, 0

    chosen = tried
    for seed in range(config.seed, config.seed + 1 + FURTHER_SEEDS):
        seeded = plain.with_changes({"seed": seed})
        trainer, (order, x, y) = ShortTrainer(seeded, dataset), take_steps(seeded, dataset)
        for rate in chosen:
            row = trainer.train(order, x, y, rate)
            losses[rate].append(row["loss"])
            done += 1
            if follow:
                follow(done, total, rate, row["loss"])
        if seed == config.seed:
            before, steps = row["loss_before"], -(-len(order) // config.training.batch_size)
            chosen = _near_best(tried, losses)
            total = done + FURTHER_SEEDS * len(chosen)
    results = tuple(
        RateResult(rate, tuple(found), _has_diverged(found, before))
        for rate, found in losses.items()
    )
    return LearningRates(config, max(1, steps), before, own, results, *_find_range(results, before))


def _near_best(rates: list[float], losses: Mapping[float, list[float]]) -> list[float]:
    """Return the rate with the lowest loss and its neighbors; none where no loss is finite."""
    finite = [rate for rate in rates if math.isfinite(losses[rate][0])]
    if not finite:
        return []
    place = rates.index(min(finite, key=lambda rate: losses[rate][0]))
    return rates[max(0, place - NEIGHBORS) : place + NEIGHBORS + 1]


def _has_diverged(losses: list[float], before: float) -> bool:
    limit = before + (TIMES - 1) * abs(before)
    return not all(math.isfinite(loss) and loss <= limit for loss in losses)


def _find_range(
    results: tuple[RateResult, ...], before: float
) -> tuple[float | None, float | None, float | None]:
    """Return the best rate, and the ends of the range around it that is as good."""
    usable = [n for n, result in enumerate(results) if not result.has_diverged]
    if not usable:
        return None, None, None
    # A rate that was trained once may be the best by luck.
    seeds = max(len(results[n].losses) for n in usable)
    often = [n for n in usable if len(results[n].losses) == seeds]
    best = min(often, key=lambda n: results[n].loss)
    tolerance = SHARE * max(0.0, before - results[best].loss)
    if seeds > 1:
        # The median: a rate on the edge of diverging varies far more than the best.
        around = [n for n in often if abs(n - best) <= 1]
        noise = median(stdev(results[n].losses) for n in around)
        tolerance = max(tolerance, STANDARD_ERRORS * noise * math.sqrt(2 / seeds))
    limit = results[best].loss + tolerance

    def is_good(n: int) -> bool:
        return 0 <= n < len(results) and n in usable and results[n].loss <= limit

    low = high = best
    while is_good(low - 1):
        low -= 1
    while is_good(high + 1):
        high += 1
    return results[best].rate, results[low].rate, results[high].rate


def changes_to(config: RunConfig, rate: float) -> dict[str, Any]:
    """Return the changes that make a rate the config's; of its schedule all rates are scaled."""
    own = config.optimizer.arguments["learning_rate"]
    key = "optimizer.learning_rate"
    if not isinstance(own, Mapping):
        return {key: rate}
    factor = rate / schedules.peak(own)

    def scaled(value: float) -> float:
        return float(f"{value * factor:.3g}")

    changes: dict[str, Any] = {
        f"{key}.{name}": scaled(own[name])
        for name in ("initial_learning_rate", "warmup_target", "end_learning_rate")
        if own.get(name)
    }
    if own.get("values"):
        changes[f"{key}.values"] = [scaled(value) for value in own["values"]]
    return changes
