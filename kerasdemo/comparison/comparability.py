"""Which runs a metric can rank, and what must be said where compared runs are not alike."""

from collections.abc import Callable, Iterator, Sequence

from kerasdemo.comparison.groups import MISSING, Group, differing_keys, format_value, is_on_sample
from kerasdemo.comparison.metrics import TIMES, is_loss, part_of
from kerasdemo.records import Summary
from kerasdemo.records.summary import PARTS

# How a network sees its examples is a setting; which examples there are is the data.
PREPROCESSING = ("data.normalize",)


def split_by_scale(groups: Sequence[Group]) -> list[list[Group]]:
    """Return the groups in lists, each of groups that a metric can rank.

    Losses have a common scale only if they are the same function on the same data. A group that is
    itself a mean over several scales stands alone.
    """
    scales: dict[object, list[Group]] = {}
    for number, group in enumerate(groups):
        kinds = {_scale_key(run, group.metric) for run in group.runs}
        scales.setdefault(kinds.pop() if len(kinds) == 1 else number, []).append(group)
    if len(scales) == 1:
        return [*scales.values()]
    return sorted(scales.values(), key=lambda scale: scale[0].label)


def _scale_key(run: Summary, metric: str) -> tuple[object, ...]:
    """Return what two runs must share so that a smaller loss is a better one."""
    if not is_loss(metric):
        return ()
    settings = sorted(
        (key, repr(value))
        for key, value in run.settings.items()
        if (_is_of_loss(key) or _is_of_data(key, metric)) and (key != "data.path" or not run.data)
    )
    return (run.data, *settings)


def _is_of_loss(key: str) -> bool:
    """Return whether a key is about what is summed up in a loss: penalties are."""
    return key.startswith("loss.") or "regularizer" in key.split(".")


def _is_of_data(key: str, metric: str) -> bool:
    """Return whether a key is about the examples that a metric was measured on."""
    if not key.startswith("data.") or key in PREPROCESSING:
        return False
    if metric in TIMES and key == "data.train":
        return False
    last = key.rsplit(".", 1)[-1]
    return last == part_of(metric) or last not in PARTS


def find_cautions(
    runs: Sequence[Summary], groups: Sequence[Group], metric: str, keys: Sequence[str]
) -> Iterator[str]:
    """Yield a sentence for each respect in which ranked or pooled runs are not alike.

    Args:
        runs: all of them.
        groups: what they were grouped into, by `keys`.
        metric: what is compared.
        keys: dotted paths.
    """
    count = sum(map(is_on_sample, runs))
    if count:
        which = f"{count} of {len(runs)} runs" if count < len(runs) else "all runs"
        yield f"CAUTION: {which} used the bundled sample of 5,000 digits in place of MNIST"
    yield from _data_cautions(groups, metric)
    yield from _loss_cautions(groups, metric)
    pooled = dict.fromkeys(
        key for group in groups for key in differing_keys(group.runs) if key not in keys
    )
    if pooled:
        data_first = sorted(pooled, key=lambda key: not key.startswith(("data.", "loss.")))
        differ = any(_is_of_loss(key) or _is_of_data(key, metric) for key in pooled)
        more = ": their values have no common scale" if is_loss(metric) and differ else ""
        yield f"CAUTION: a group is the mean of runs that differ in {_some(data_first)}{more}"
    changed = any(
        len({run.data for run in group.runs if run.settings.get("data.name") == "file"}) > 1
        for group in groups
    )
    if changed and "data.path" not in pooled:
        yield "CAUTION: a group is the mean of runs on different contents of a data file"


def _data_cautions(groups: Sequence[Group], metric: str) -> Iterator[str]:
    values = _differing_values(groups, lambda key: _is_of_data(key, metric))
    if not values and len({frozenset(run.data for run in group.runs) for group in groups}) > 1:
        values = {"contents of the data": []}
    if not values:
        return
    if "data.source" in values:
        # It is what was really used, for whatever name.
        values.pop("data.name", None)
    by = _some([f"{key} ({_some(some)})" if some else key for key, some in values.items()])
    if is_loss(metric):
        yield f"CAUTION: {metric} on different data, by {by}, has no common scale: not ranked"
    else:
        yield f"CAUTION: runs on different data are ranked, by {by}"


def _loss_cautions(groups: Sequence[Group], metric: str) -> Iterator[str]:
    values = _differing_values(groups, lambda key: key.startswith("loss."))
    names = values.get("loss.name") or [
        f"{key} ({_some(some)})" for key, some in values.items() if some
    ]
    if names and is_loss(metric):
        yield (
            f"CAUTION: {metric} of different losses, {_some(names)}: their values have no common "
            "scale, not ranked"
        )
    elif names:
        yield f"CAUTION: runs with different losses are ranked, {_some(names)}"
    penalties = _differing_values(
        groups, lambda key: _is_of_loss(key) and not key.startswith("loss.")
    )
    if penalties and is_loss(metric):
        yield (
            f"CAUTION: {metric} contains different penalties, by {_some([*penalties])}: not ranked"
        )


def _differing_values(
    groups: Sequence[Group], is_chosen: Callable[[str], bool]
) -> dict[str, list[str]]:
    """Return the chosen keys in which groups differ, and their values as text."""
    settings = [[run.settings for run in group.runs] for group in groups]
    keys = dict.fromkeys(
        key for runs in settings for some in runs for key in some if is_chosen(key)
    )
    # Where a file lies is no other data, if its content is known.
    if all(run.data for group in groups for run in group.runs):
        keys.pop("data.path", None)
    found = {}
    for key in keys:
        by_group = [
            frozenset(format_value(some.get(key, MISSING)) for some in runs) for runs in settings
        ]
        if len(set(by_group)) > 1:
            found[key] = sorted(frozenset().union(*by_group) - {MISSING})
    return found


def _some(names: Sequence[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")
