"""`make examples`: runs the worked examples of configs/examples; writes results/examples.

Each example gets its verdict, its scores and its picture on the page.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from kerasdemo import api
from kerasdemo.display.verdict_text import describe_accuracies
from kerasdemo.records import Run
from kerasdemo.records.verdict import Verdict

REPOSITORY = Path(__file__).parent.parent.parent
CONFIGS = sorted((REPOSITORY / "configs" / "examples").glob("*.yaml"))
RUNS = REPOSITORY / "results" / "runs" / "examples"
PAGE = REPOSITORY / "results" / "examples"

HEAD = """\
# Worked examples

Each is a file in `configs/examples/`, with data that is part of the project
([sources and licences](../../configs/data/README.md)). Made by `make examples`, seed 0; the numbers
are those of this run, and other machines come close to them.
"""


@dataclass(frozen=True)
class Example:
    """A config that was run, and its verdict."""

    file: Path
    run: Run
    verdict: Verdict

    @property
    def section(self) -> str:
        """Its part of the page, in Markdown."""
        assert self.run.config is not None
        first, *rest = self.run.config.description
        network = f"{self.run.facts['parameters']:,} parameters"
        config = f"configs/examples/{self.file.name}"
        lines = [
            f"## {self.file.stem.replace('_', ' ').capitalize()}",
            "",
            f"{first.upper()}{''.join(rest)}: [`{config}`](../../{config})",
            "",
            f"- **{self.verdict.title}**: {self.verdict.summary}",
            f"- {self.run.setup.task.replace('_', '-')}: {describe_accuracies(self.run)}",
            f"- {network}, {self.run.history.epochs} epochs",
            "",
            f"![Curves of {self.file.stem}]({self.file.stem}.png)",
            "",
        ]
        return "\n".join(lines)


def run(file: Path, results: Path) -> Example:
    """Run one example, or read it where it has been run."""
    return Example(file, *api.run_and_diagnose(file, results))


def main() -> None:
    """Run what is not run yet; write the page and its pictures."""
    PAGE.mkdir(parents=True, exist_ok=True)
    examples = [run(file, RUNS) for file in CONFIGS]
    for example in examples:
        shutil.copy(example.run.folder.curves_file, PAGE / f"{example.file.stem}.png")
    text = "\n".join([HEAD, *(example.section for example in examples)])
    (PAGE / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
