"""The lecturer's numbers beside ours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasdemo.analysis.claims import Finding
from kerasdemo.analysis.plots import BLUE, INK, VERMILION, figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def beside_the_lecturer(findings: Sequence[Finding]) -> "Figure | None":
    """Draw each claimed accuracy with its interval and the lecturer's; None for fewer than two."""
    told = [
        (finding.claim, finding.value, float(finding.claim.lecturer))
        for finding in findings
        if finding.value is not None
        and finding.value.n
        and isinstance(finding.claim.lecturer, int | float)
        and finding.claim.metric.endswith("accuracy")
    ]
    if len(told) < 2:
        return None
    with style():
        drawn = figure(9, 1.3 + 0.42 * len(told))
        drawn.set_layout_engine("constrained")
        ax = drawn.subplots()
        for place, (_, value, lecturer) in enumerate(told):
            ax.plot([100 * value.low, 100 * value.high], [place, place], color=BLUE, lw=2)
            ax.plot([100 * value.mean], [place], "o", color=BLUE, ms=7, label="here")
            ax.plot([lecturer], [place], "D", mfc="none", mec=VERMILION, ms=8, label="lecturer")
        names = [f"{_row(claim.rows)}{_short(claim.says)}" for claim, _, _ in told]
        ax.set_yticks(range(len(told)), names, color=INK)
        ax.invert_yaxis()
        ax.set(xlim=(0, 102), xlabel="accuracy (%): mean and 95 % interval over the seeds")
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(handles[:2], labels[:2], loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return drawn


def _row(rows: Sequence[int]) -> str:
    return f"row {', '.join(map(str, rows))}: " if rows else ""


def _short(text: str, most: int = 52) -> str:
    return text if len(text) <= most else f"{text[: most - 4].rsplit(' ', 1)[0]} ..."
