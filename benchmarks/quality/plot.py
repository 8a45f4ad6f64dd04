"""The picture: quality against cost, one panel per task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from benchmarks.quality.contestants import CONTESTANTS
from benchmarks.quality.scores import Score, last
from benchmarks.quality.tasks import TASKS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = dict(
    zip(
        CONTESTANTS,
        ("#c0392b", "#7f8c8d", "#8e6bb0", "#2c3e50", "#d68910", "#2471a3", "#48a9a6"),
        strict=True,
    )
)
MARKERS = dict(zip(CONTESTANTS, ("*", "v", "^", "s", "P", "o", "D"), strict=True))
CHEAPEST = 0.8
"""Final runs; a logarithmic axis has no place for less."""


def draw(found: Sequence[Score], path: Path) -> None:
    """Write the picture as SVG; the same scores give the same file."""
    tasks = [task for task in TASKS if any(score.task == task for score in found)]
    columns = min(3, len(tasks))
    rows = -(-len(tasks) // columns)
    figure = Figure(figsize=(4.0 * columns, 3.2 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for task, ax in zip(tasks, axes, strict=False):
        panel([score for score in found if score.task == task], ax)
    for ax in axes[len(tasks) :]:
        ax.set_axis_off()
    handles = {
        label: line for ax in axes for line, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=8
    )
    with mpl.rc_context({"svg.hashsalt": "quality", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})


def panel(found: Sequence[Score], ax: Axes) -> Axes:
    """One task: a search by trials is a line, every other contestant a point; bars are standard errors."""
    top = upper_edge([score.loss for score in last(found).values()])
    for name, contestant in CONTESTANTS.items():
        points = [score for score in found if score.contestant == name]
        if not points:
            continue
        errors = [0.0 if np.isnan(score.error) or score.loss > top else score.error for score in points]
        _, caps, bars = ax.errorbar(
            [max(score.cost, CHEAPEST) for score in points],
            [min(score.loss, top) for score in points], errors,
            label=contestant.says, color=COLOURS[name], marker=MARKERS[name],
            markersize=9 if name == "tune" else 5, capsize=2, lw=1, clip_on=False,
        )  # fmt: skip
        for one in (*caps, *bars):  # a bar may end outside of its panel; a marker stays whole on its edge
            one.set_clip_on(True)
    low, high = (edge(score.loss for score in found) for edge in (min, max))
    room = 0.1 * (top - low)
    ax.set_ylim(low - room, top if high > top else top + room)
    dearest = max(score.cost for score in found)
    ax.set(xscale="log", title=found[0].task, xlabel="cost in final runs", xlim=(0.8, max(25, 1.2 * dearest)))
    ax.set(ylabel="validation loss, fresh seeds")
    ax.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    return ax


def upper_edge(losses: Sequence[float]) -> float:
    """Where a panel ends, so that what failed or lies far off does not flatten the rest.

    The best loss plus three times the median's distance from it, or the largest loss where that is lower;
    whatever lies beyond is drawn on this edge.
    """
    low, middle = min(losses), float(np.median(losses))
    return max(min(max(losses), low + 3 * (middle - low)), 1.05 * low)
