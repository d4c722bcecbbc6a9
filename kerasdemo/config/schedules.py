"""Keras' learning-rate schedules: the rate that they reach, and whether they fit a run."""

from collections.abc import Iterator, Mapping
from typing import Any

# Shares of a run's updates between which a decay should end.
EARLY, LATE = 0.8, 1.25


def peak(rate: float | Mapping[str, Any]) -> float:
    """Return the largest learning rate of a schedule, or the rate itself where it is a number.

    Args:
        rate: a number, or a schedule's `name` and arguments.
    """
    if not isinstance(rate, Mapping):
        return float(rate)
    given = [rate.get(key) for key in ("initial_learning_rate", "warmup_target")]
    numbers = [*given, *(rate.get("values") or ())]
    return max((float(number) for number in numbers if number is not None), default=0.0)


def find_misfits(schedule: Mapping[str, Any], updates: int) -> Iterator[tuple[str, str]]:
    """Yield (argument, message) where a schedule does not fit the number of updates of a run.

    Args:
        schedule: its `name` and all its arguments.
        updates: mini-batches that the run trains on in all its epochs.
    """
    run = f"the run has {updates:,} updates"
    warmup = schedule.get("warmup_steps") or 0
    if warmup >= updates:
        yield "warmup_steps", f"{run}, so the warm-up never ends; use {max(1, updates // 10):,}"
        return
    match schedule["name"]:
        case "piecewise_constant_decay":
            for step in schedule["boundaries"]:
                if step >= updates:
                    yield "boundaries", f"{run}; {step:,} is never reached"
                    return
        case "cosine_decay_restarts":
            if schedule["first_decay_steps"] >= updates:
                yield "first_decay_steps", f"{run}, so the rate never restarts"
        case "exponential_decay" | "inverse_time_decay":
            if schedule["staircase"] and schedule["decay_steps"] >= updates:
                yield (
                    "decay_steps",
                    f"{run}, so the rate never falls; use {max(1, updates // 10):,}",
                )
        case _ if schedule.get("alpha") != 1 and not schedule.get("cycle"):
            yield from _find_wrong_end(schedule["decay_steps"], warmup, updates)


def _find_wrong_end(steps: int, warmup: int, updates: int) -> Iterator[tuple[str, str]]:
    """Yield (argument, message) where a decay of `steps` updates does not end with the run."""
    fitting = updates - warmup
    if steps < EARLY * fitting:
        message = f"the rate stays at its lowest from update {warmup + steps:,} on"
    elif steps > LATE * fitting:
        message = "the decay goes on long after them"
    else:
        return
    yield "decay_steps", f"the run has {updates:,} updates; {message}; use {fitting:,}"
