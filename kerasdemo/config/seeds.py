"""Seeds as they are written: "0-4" or "0,2,5-7"."""

import re

# More than any comparison needs; counted before a list is made of them.
MOST = 1_000
_PART = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")


def parse(text: str) -> list[int]:
    """Return the seeds that a text names, each once.

    Raises:
        ValueError: with what is wrong.
    """
    ranges = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < 2**31:
            shown = text if len(text) <= 60 else f"{text[:57]}..."
            raise ValueError(f"got {shown!r}; expected seeds below 2^31 such as 0-4 or 0,2,5")
        ranges.append(range(first, last + 1))
    count = sum(map(len, ranges))
    if count > MOST:
        raise ValueError(f"{count:,} seeds; expected at most {MOST:,}")
    return list(dict.fromkeys(seed for one in ranges for seed in one))
