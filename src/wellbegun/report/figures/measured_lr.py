"""The learning rate that a history recorded, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.report.figures._base import BLUE, axes_or_new, scale_rates, scale_x, tidy
from wellbegun.report.figures._clues import shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_measured_lr(curve: Curve, ax: Axes | None = None, *, clues: Sequence[Clue] = ()) -> Axes:
    """Draw lr against iteration: decides nothing, shows nothing, saves nothing.

    The axis is logarithmic where the rates span more than two magnitudes.

    Args:
        clues: shaded without names, for axes that lie below those of the losses.
    """
    ax = tidy(axes_or_new(ax), "iteration", "learning rate")
    ax.plot(curve.iteration, curve.lr, color=BLUE, linewidth=1.7)
    scale_x(ax, curve.iteration, log=False)
    scale_rates(ax, curve.lr)
    shade(ax, clues, float, strip=False)
    return ax
