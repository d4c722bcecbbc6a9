"""The cases: what each run of experiments/diagnosis is meant to be."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdemo.config.document import read

FILE = Path(__file__).with_name("cases.yaml")
SOUND = "sound"
HALVES = ("development", "held back")


@dataclass(frozen=True)
class Case:
    """A variant of an experiment. causes: those that name its fault, or have the same fix."""

    experiment: str
    name: str
    kind: str
    twin: str
    causes: tuple[str, ...] = ()

    @property
    def half(self) -> str:
        """Development, or held back: by the name alone, so that nobody chooses."""
        digest = hashlib.sha256(f"{self.experiment}/{self.name}".encode()).digest()
        return HALVES[digest[0] % 2]


def load() -> dict[tuple[str, str], Case]:
    """Return every case by experiment and name."""
    content = read(FILE).data
    cases = [
        Case(experiment, name, kind, twin, tuple(content["kinds"].get(kind, ())))
        for experiment, kinds in content["cases"].items()
        for kind, members in kinds.items()
        for name, twin in _twins(members).items()
    ]
    return {(case.experiment, case.name): case for case in cases}


def _twins(members: Any) -> dict[str, str]:
    return members if isinstance(members, dict) else dict.fromkeys(members, "plain")
