"""How good a prediction is, task by task: the score, in scikit-learn's sense, and its words."""

from collections.abc import Mapping
from dataclasses import dataclass

from kerasdemo.records import Task


@dataclass(frozen=True)
class Scale:
    """A score: 1 is perfect, and a constant prediction scores `RunFeatures.chance`.

    Args:
        metric: its column in metrics.csv.
        name: in a sentence.
        baseline: the name of the best constant prediction.
        gap: a distance from training to validation that may be of consequence.
        wide_gap: one that is overfitting by itself.
    """

    metric: str
    name: str
    baseline: str
    gap: float
    wide_gap: float

    def text(self, score: float) -> str:
        """Return a score as text: 97.2%, or 0.972 of R²."""
        return f"{score:.1%}" if self.metric != "r2" else f"{score:.3f}"

    def difference(self, size: float) -> str:
        """Return a difference of scores as a number: in points, of R² as it is."""
        return f"{100 * size:.1f}" if self.metric != "r2" else f"{size:.3f}"

    @property
    def has_confidence(self) -> bool:
        """Whether a wrong prediction can be a sure one."""
        return self.metric != "r2"

    @property
    def unit(self) -> str:
        """The unit of a difference, after its number."""
        return " points" if self.metric != "r2" else ""


# Rows 12 and 14 of the lecture, which it takes for healthy, have gaps of 0.041 and 0.037.
_ACCURACY = Scale("accuracy", "accuracy", "always predicting one class", 0.05, 0.07)
_R2 = Scale("r2", "R²", "always predicting the mean", 0.05, 0.1)
_LABELS = Scale("accuracy", "accuracy", "always predicting the same labels", 0.05, 0.07)
# Of labels one kind of which is rare: the mean of the accuracies on both kinds.
BALANCED = Scale(
    "balanced_accuracy", "balanced accuracy", "always predicting the frequent label", 0.05, 0.07
)
# A task of another kind has no score: nothing writes this accuracy.
SCALES: Mapping[Task, Scale] = {
    "classification": _ACCURACY,
    "binary": _ACCURACY,
    "multi_label": _LABELS,
    "regression": _R2,
    "other": _ACCURACY,
}
