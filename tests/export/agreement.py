"""Whether exported scripts reach what kerasdemo reaches: writes results/python/export.md.

Trains six configs with five seeds each by kerasdemo and by the exported script. About twenty
minutes on two cores.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

from kerasdemo import api  # noqa: E402
from kerasdemo.backend import keras  # noqa: E402
from kerasdemo.config import seeds  # noqa: E402
from tests.export.scripts import execute  # noqa: E402

CONFIGS = [
    "quickstart.yaml",
    "lecture/fizzbuzz/17_units_100.yaml",
    "examples/table_classification.yaml",
    "examples/table_regression.yaml",
    "examples/image_folder.yaml",
    "examples/text_gru.yaml",
]
SCORES = ("accuracy", "r2")
COVERAGE = 0.95


@dataclass(frozen=True)
class Agreement:
    """The test scores of one config, by seed: by kerasdemo and by the exported script."""

    name: str
    score: str
    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the mean of ours."""
        return interval_of_mean(self.ours)

    @property
    def is_within(self) -> bool:
        """Whether the mean of the script lies within the interval of ours."""
        low, high = self.interval
        return bool(low <= np.mean(self.theirs) <= high)

    @property
    def difference(self) -> tuple[float, float]:
        """The interval of the difference of the means, theirs - ours."""
        if max(np.ptp(self.ours), np.ptp(self.theirs)) == 0:
            return (float(np.mean(self.theirs) - np.mean(self.ours)),) * 2
        found = stats.ttest_ind(self.theirs, self.ours, equal_var=False)
        low, high = found.confidence_interval(COVERAGE)
        return float(low), float(high)

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        low, high = self.difference
        return [
            self.name,
            self.score,
            describe(self.ours),
            describe(self.theirs),
            "yes" if self.is_within else "no",
            f"{low:+.4f} to {high:+.4f}",
            "yes" if low <= 0 <= high else "no",
        ]


PAGE = REPOSITORY / "results" / "python" / "export.md"
ABOUT = """\
# Exported scripts against kerasdemo

Made by `python tests/export/agreement.py`: configs of this project, trained by kerasdemo and by the
script of plain Keras and numpy that `kerasdemo export RUN --python` writes, seeds {seeds}. The mean
test score of both with its 95 % interval over the seeds (Student 1908); whether the script's mean
lies within ours; and the interval of the difference (Welch 1947). Of two equal means one lies
outside the other's interval once in eight times with five seeds: the difference says more.

"""
HEAD = ["config", "score", "kerasdemo", "script", "within", "difference", "may be 0"]


def interval_of_mean(values: Sequence[float]) -> tuple[float, float]:
    half = stats.t.ppf((1 + COVERAGE) / 2, len(values) - 1) * stats.sem(values)
    return float(np.mean(values) - half), float(np.mean(values) + half)


def describe(values: Sequence[float]) -> str:
    low, high = interval_of_mean(values)
    return f"{np.mean(values):.4f} ({low:.4f} to {high:.4f})"


def compare(file: Path, chosen: Sequence[int], overrides: Sequence[str]) -> Agreement:
    """Train a config by both, with every seed."""
    ours: list[float] = []
    theirs: list[float] = []
    score = ""
    for seed in chosen:
        config = api.load_config(file, [*overrides, f"seed={seed}"])
        with tempfile.TemporaryDirectory() as folder:
            test: dict[str, Any] = api.run(config, folder).facts["test"]
        scores = execute(api.to_python(config))["scores"]
        keras.utils.clear_session()
        score = next(name for name in SCORES if name in test and name in scores)
        ours.append(float(test[score]))
        theirs.append(float(scores[score]))
        print(
            f"{file.stem}, seed {seed}: {score} {ours[-1]:.4f}, script {theirs[-1]:.4f}",
            file=sys.stderr,
            flush=True,
        )
    return Agreement(file.stem, score, ours, theirs)


def table(found: Sequence[Agreement]) -> Iterator[str]:
    for cells in (HEAD, ["---"] * len(HEAD), *(one.cells for one in found)):
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="*", type=Path)
    parser.add_argument("--seeds", default="0-4")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--output", type=Path, metavar="FILE", default=PAGE)
    given = parser.parse_args()
    files = given.configs or [REPOSITORY / "configs" / name for name in CONFIGS]
    found = [compare(file, seeds.parse(given.seeds), given.set) for file in files]
    text = ABOUT.format(seeds=given.seeds) + "\n".join(table(found)) + "\n"
    print(text, end="")
    given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
