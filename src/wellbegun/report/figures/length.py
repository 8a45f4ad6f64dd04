"""The final loss against the length of training: points, their law, and the lengths that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wellbegun.report.figures._base import (
    BLUE,
    INK,
    MUTED,
    PAPER,
    VERMILION,
    axes_or_new,
    legend,
    scale_losses,
    scale_x,
    tidy,
)
from wellbegun.report.words import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_length(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw end results over epochs, on logarithmic axes: decides nothing, shows nothing, saves nothing.

    Args:
        values: ``points`` (``epochs`` and ``val_loss``, one per repeat), ``law`` (columns ``epochs``,
            ``low``, ``middle``, ``high``), ``marks`` (name -> ``epochs``, and the same three for one run).
    """
    ax = tidy(axes_or_new(ax), "epochs", "final validation loss")
    law, points, marks = values["law"], values["points"], values["marks"]
    ax.fill_between(law["epochs"], law["low"], law["high"], color=BLUE, alpha=0.14, linewidth=0)
    ax.plot(law["epochs"], law["middle"], color=BLUE, linewidth=1.9, label="law, with its 90 %")
    x = [point["epochs"] for point in points for _ in point["val_loss"]]
    y = [loss for point in points for loss in point["val_loss"]]
    ax.plot(x, y, "o", color=INK, markersize=4, label="measured", zorder=4)
    for number, (name, mark) in enumerate(marks.items()):
        own = name == "recommended"
        middle, ends = mark["middle"], [mark["middle"] - mark["low"], mark["high"] - mark["middle"]]
        ax.errorbar(
            mark["epochs"], middle, yerr=np.array(ends)[:, None], fmt="D" if own else "o", color=VERMILION,
            markerfacecolor=VERMILION if own else PAPER, markersize=6 if own else 4.5, linewidth=1.1,
            zorder=3, label="one run: half, recommended, twice" if not number else None,
        )  # fmt: skip
    _recommended(ax, marks)
    reach = [*x, *law["epochs"], *(mark["epochs"] for mark in marks.values())]
    scale_x(ax, [min(reach) / 1.08, *reach, max(reach) * 1.08], log=True)
    scale_losses(ax, [y, law["low"], law["high"], *([m["low"], m["high"]] for m in marks.values())])
    legend(ax)
    return ax


def _recommended(ax: Axes, marks: Mapping[str, Any]) -> None:
    """A line down to the axis at the recommended length, with its number."""
    if "recommended" not in marks:
        return
    mark = marks["recommended"]
    ax.axvline(mark["epochs"], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    ax.annotate(
        count_of(mark["epochs"], "epoch"), (mark["epochs"], 1.0), xycoords=("data", "axes fraction"),
        xytext=(-4, -3), textcoords="offset points", ha="right", va="top", fontsize=8, color=MUTED,
    )  # fmt: skip
