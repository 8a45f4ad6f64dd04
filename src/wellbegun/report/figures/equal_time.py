"""Candidates that had equal time: validation accuracy and loss against seconds, with bands over the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wellbegun.report.figures._base import (
    BLUE,
    MUTED,
    OTHERS,
    axes_or_new,
    legend,
    plain,
    scale_losses,
    tidy,
)
from wellbegun.report.words import number
from wellbegun.schedules._base import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_equal_time(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw each candidate's mean and its deviation over the seeds: decides nothing, saves nothing.

    The axes given show the loss; those of the accuracy, where it was measured, take their upper half.

    Args:
        values: ``seconds``, the time that each was given, and ``candidates``: name, chosen, and lists by
            evaluation: seconds, accuracy, accuracy_std (fractions), loss, loss_std (null: not measured).
    """
    ax, candidates = tidy(axes_or_new(ax), "seconds of updates", "validation loss"), values["candidates"]
    losses = _bands(ax, candidates, "loss", 1.0)
    top = ax
    if any(value is not None for one in candidates for value in one["accuracy"]):
        top = _upper(ax)
        tidy(top, "", "validation\naccuracy, %").tick_params(labelbottom=False)
        _accuracy_scale(top, _bands(top, candidates, "accuracy", 100.0))
    scale_losses(ax, [column[1:] for column in losses])  # without the untrained network
    longest = max((max(one["seconds"]) for one in candidates), default=0.0)
    for axes in {ax, top}:
        axes.set_xlim(0.0, max(longest, values["seconds"]) * 1.01)
        axes.axvline(values["seconds"], color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
    for text, one in zip(legend(top).get_texts(), candidates, strict=True):
        text.set_fontweight("bold" if one["chosen"] else "normal")
    return ax


def _bands(ax: Axes, candidates: Sequence[Mapping[str, Any]], name: str, unit: float) -> list[Floats]:
    """A line and a band for each; the chosen one is the boldest. Returns the lines."""
    drawn, others = [], 0
    for one in candidates:
        colour = BLUE if one["chosen"] else OTHERS[others % len(OTHERS)]
        others += not one["chosen"]
        seconds, middle, spread = (
            np.array(one[k], dtype=np.float64) for k in ("seconds", name, f"{name}_std")
        )
        middle, spread = unit * middle, unit * spread
        width, front = (2.2, 3) if one["chosen"] else (1.2, 2)
        ax.plot(seconds, middle, color=colour, linewidth=width, zorder=front, label=plain(str(one["name"])))
        ax.fill_between(seconds, middle - spread, middle + spread, color=colour, alpha=0.16, linewidth=0)
        drawn.append(middle)
    return drawn


def _upper(ax: Axes) -> Axes:
    """New axes in the upper half of the place of these, which keep the lower half."""
    figure, place = ax.get_figure(root=True), ax.get_subplotspec()
    if figure is None or place is None:
        raise ValueError("two panels need axes made by figure.subplots(), got others; leave ax out")
    halves = place.subgridspec(2, 1, height_ratios=(1.15, 1.0))
    ax.set_subplotspec(halves[1])
    return figure.add_subplot(halves[0])


def _accuracy_scale(ax: Axes, columns: Sequence[Floats]) -> None:
    """The y axis for accuracies: what lies above the worst candidate's lowest value of its second half."""
    finite = [column[np.isfinite(column)] for column in columns]
    later = [column[len(column) // 2 :] for column in finite if len(column)]
    if later:
        low, high = min(float(c.min()) for c in later), max(float(c.max()) for c in later)
        reach = max(high - low, 0.5)
        ax.set_ylim(max(0.0, low - 0.25 * reach), min(high + 0.15 * reach, 101.0))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))
