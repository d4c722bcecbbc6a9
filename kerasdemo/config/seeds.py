"""Seeds as they are written: "0-4" or "0,2,5-7", or a list."""

import re
from collections.abc import Iterable
from itertools import islice
from numbers import Integral

# More than any comparison needs; counted before a list is made of them.
MOST = 1_000
_PART = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")


def parse(seeds: str | Iterable[int]) -> tuple[int, ...]:
    """Return the seeds that a text or a list names.

    Args:
        seeds: a text, of which each seed counts once; or a list without duplicates.

    Raises:
        ValueError: with what is wrong.
    """
    if not isinstance(seeds, Iterable):
        raise ValueError(f"got {seeds!r}; expected seeds such as 0-4, or a list")
    if not isinstance(seeds, str):
        return _check(list(islice(seeds, MOST + 1)))
    ranges = []
    for part in seeds.split(","):
        match = _PART.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < 2**31:
            shown = seeds if len(seeds) <= 60 else f"{seeds[:57]}..."
            raise ValueError(f"got {shown!r}; expected seeds below 2^31 such as 0-4 or 0,2,5")
        ranges.append(range(first, last + 1))
    count = sum(map(len, ranges))
    if count > MOST:
        raise ValueError(f"{count:,} seeds; expected at most {MOST:,}")
    return tuple(dict.fromkeys(seed for one in ranges for seed in one))


def _check(seeds: list[int]) -> tuple[int, ...]:
    if len(seeds) > MOST:
        raise ValueError(f"more than {MOST:,} seeds; expected at most {MOST:,}")
    for seed in seeds:
        if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= seed < 2**31:
            raise ValueError(f"got {seed!r}; expected a whole number from 0 to 2^31 - 1")
    duplicate = next((seed for seed in seeds if seeds.count(seed) > 1), None)
    if duplicate is not None:
        raise ValueError(f"duplicate seed {duplicate}")
    return tuple(int(seed) for seed in seeds)
