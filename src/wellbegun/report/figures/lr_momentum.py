"""The two schedules of a run, lr and the momentum that cycles against it, on one x axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wellbegun.report.figures._base import BLUE, PURPLE, axes_or_new, scale_x, tidy
from wellbegun.report.words import number
from wellbegun.schedules._base import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_lr_momentum(lr: Schedule, momentum: Schedule, iterations: int, ax: Axes | None = None) -> Axes:
    """Draw lr (left axis) and momentum (right axis, dashed): decides nothing, shows nothing, saves nothing.

    Args:
        iterations: length of the run, >= 1.

    Returns:
        The axes of lr; momentum has twin axes of its own.
    """
    ax = tidy(axes_or_new(ax), "iteration", "learning rate")
    t = np.unique(np.linspace(0, iterations - 1, 400).round().astype(np.int64))
    ax.plot(t, lr(t), color=BLUE, linewidth=1.9)
    scale_x(ax, np.array([0, max(iterations, 2)]), log=False)
    right = tidy(ax.twinx(), "", "momentum")
    right.plot(t, momentum(t), color=PURPLE, linewidth=1.5, linestyle=(0, (5, 1.8)))
    right.spines["right"].set(visible=True, color=PURPLE, linewidth=0.6)
    right.spines["left"].set_visible(False)
    right.grid(False)
    for axes, colour in ((ax, BLUE), (right, PURPLE)):
        axes.tick_params(axis="y", labelcolor=colour, color=colour)
        axes.yaxis.label.set_color(colour)
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))
    return ax
