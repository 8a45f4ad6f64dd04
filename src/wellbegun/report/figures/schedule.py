"""One schedule over one run, every update of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from wellbegun.report.figures._base import BLUE, axes_or_new, is_geometric, scale_x, tidy
from wellbegun.report.words import number
from wellbegun.schedules._base import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_schedule(schedule: Schedule, iterations: int, ax: Axes | None = None) -> Axes:
    """Draw a schedule over one run: decides nothing, shows nothing, saves nothing.

    The value axis is logarithmic where the values grow by factors, as in an exponential ramp. No update is
    left out: a peak or a late drop could lie between two drawn points.

    Args:
        iterations: length of the run, >= 1.

    Raises:
        ValueError: there is no iteration to draw.
    """
    if iterations < 1:
        raise ValueError(
            f"a schedule is drawn over at least 1 iteration, got {iterations}; give the run's length"
        )
    ax = tidy(axes_or_new(ax), "iteration", "value")
    t = np.arange(iterations)
    values = schedule(t)
    ax.plot(t, values, color=BLUE, linewidth=1.9, marker="o" if iterations == 1 else "")
    scale_x(ax, t, log=False)
    if is_geometric(values):
        ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))
    return ax
