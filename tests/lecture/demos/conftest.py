"""Tiny trained networks for the demos that need them, and the words of a figure."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text

from kerasdemo import config
from kerasdemo.lecture.demo import DemoContext
from kerasdemo.training import runner

TINY = """
data: {name: mnist_sample, train: 200, validation: 50, test: 100}
network: {depth: 2, units: 12}
training: {batch_size: 50, epochs: 2, early_stopping: null}
"""
Train = Callable[..., DemoContext]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Return a function that trains each variant (label -> overrides) with each seed."""

    def train(variants: Mapping[str, list[str]], seeds: tuple[int, ...] = (0, 1)) -> DemoContext:
        runs = {
            label: tuple(
                runner.run(
                    config.parse(TINY, overrides=[f"seed={seed}", f"name={label}", *overrides]),
                    tmp_path,
                )
                for seed in seeds
            )
            for label, overrides in variants.items()
        }
        return DemoContext(seeds, runs)

    return train


@pytest.fixture
def texts() -> Callable[[Any], str]:
    """Return a function that returns all text of a figure, a line for each piece."""
    return lambda figure: "\n".join(text.get_text() for text in figure.findobj(Text))
