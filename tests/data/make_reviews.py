"""Writes configs/data/reviews.csv: made-up reviews whose opinion depends on the order of words.

Every review praises one thing and blames another, with words that are as frequent in both classes:
who counts words knows nothing. What counts is the main clause, or what follows "but".

    python tests/data/make_reviews.py
"""

import csv
import random
from pathlib import Path

FILE = Path(__file__).parents[2] / "configs" / "data" / "reviews.csv"
ROWS = 2_000

THINGS = (
    "bed", "breakfast", "chef", "coffee", "dessert", "dinner", "fish", "garden", "location",
    "lobby", "music", "pasta", "pool", "receptionist", "room", "salad", "service", "shower",
    "soup", "staff", "steak", "terrace", "view", "waiter", "wine",
)  # fmt: skip
GOOD = (
    "amazing", "brilliant", "charming", "delightful", "excellent", "fantastic", "good", "great",
    "lovely", "perfect", "superb", "wonderful",
)  # fmt: skip
BAD = (
    "appalling", "awful", "bad", "disappointing", "dreadful", "horrible", "mediocre", "nasty",
    "poor", "shabby", "terrible", "unpleasant",
)  # fmt: skip
DEGREES = ("", "", "", "really ", "quite ", "rather ", "simply ", "truly ")
# The opinion is that of {main}.
FORMS = (
    "The {a} was {other}, but the {b} was {main}.",
    "The {a} was {other} but the {b} {main}!",
    "Although the {a} was {other}, the {b} was {main}.",
    "The {b} was {main}, although the {a} was {other}.",
    "We had read that the {a} was {other}. It was {main}.",
    "The {a} was {main}; we had read that it was {other}.",
    "The {a} was not {other}, it was {main}.",
    "The {a} was {main}, not {other}.",
)


def make_rows() -> list[tuple[str, str]]:
    """Return reviews and their opinions, positive or negative, no review twice."""
    rng = random.Random(2017)
    rows: dict[str, str] = {}
    while len(rows) < ROWS:
        a, b = rng.sample(THINGS, 2)
        opinion = ("positive", "negative")[len(rows) % 2]
        main, other = rng.choice(GOOD), rng.choice(BAD)
        if opinion == "negative":
            main, other = other, main
        main, other = (rng.choice(DEGREES) + word for word in (main, other))
        form = rng.choice(FORMS)
        rows.setdefault(form.format(a=a, b=b, main=main, other=other), opinion)
    return list(rows.items())


if __name__ == "__main__":
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("review", "opinion"), *make_rows()])
