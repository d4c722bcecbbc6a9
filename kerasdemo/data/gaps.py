"""Whether every part of the data has examples of every class."""

from collections.abc import Mapping, Sequence

from kerasdemo.data.npz_file import list_some


def describe_gaps(
    present: Mapping[str, set[int]],
    names: Sequence[str] | None,
    plural: str,
    is_shuffled: bool | None,
) -> str | None:
    """Return which part lacks classes or labels that another has, as in a file sorted by class.

    Args:
        present: {part: the numbers of those that it has}.
        names: of classes or labels, or None where they have none.
        plural: classes or labels.
        is_shuffled: whether the examples were mixed before they were split.
    """
    every = set[int]().union(*present.values())
    gaps = []
    for part, found in present.items():
        missing = [names[c] if names else str(c) for c in sorted(every - found)]
        if missing:
            of = f"{len(missing)} of {len(every)} {plural} ({list_some(missing)})"
            gaps.append(f"no {part} example of {of}")
    if not gaps:
        return None
    advice = "give it more examples" if is_shuffled else "mix them with data.shuffle: true"
    return f"{' and '.join(gaps)}: metrics there say nothing about these {plural}; {advice}"
