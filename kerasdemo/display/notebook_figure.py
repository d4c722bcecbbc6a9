"""A run's curves as a figure that a notebook shows, without pyplot."""

import io

from matplotlib.figure import Figure

from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display import run_plots, style
from kerasdemo.records import Run

# In inches; a notebook shows a point as a pixel.
WIDTH, HEIGHT = 9.0, 3.6


class NotebookFigure(Figure):
    """A figure that is its own output in a cell, as those of pyplot are."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue(), {"width": round(72 * self.get_figwidth())}


@style.style()
def plot_curves(run: Run) -> NotebookFigure:
    """Return a figure of the loss and, of a task that has one, the score by epoch."""
    score = RunFeatures(run).scale
    metrics = ["loss", *([score.metric] if getattr(run.history, score.metric) else [])]
    figure = NotebookFigure(
        figsize=(WIDTH * len(metrics) / 2, HEIGHT), dpi=style.DPI, layout="constrained"
    )
    for ax, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        run_plots.plot_learning_curves([run], ax, metric)
        if metric == "r2":
            ax.set_ylabel(score.name)
    return figure
