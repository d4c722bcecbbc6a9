"""Where the configs and experiments are that come with kerasdemo."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def root() -> Path:
    """Return the folder with configs/ and experiments/: of the wheel, or of the repository."""
    inside = PACKAGE / "shipped"
    return inside if inside.is_dir() else PACKAGE.parent


def experiment(name: str) -> Path:
    """Return the file of one of the lecture's experiments, `tips/depth` for example."""
    return root() / "experiments" / "lecture" / f"{name}.yaml"
