"""The learning rate that a history recorded, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.report.figures._base import BLUE, axes_or_new, scale_losses, scale_x, tidy
from wellbegun.report.figures._clues import shade
from wellbegun.report.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAGNITUDES = 100.0  # from the lowest to the highest rate: more needs a logarithmic axis


def plot_measured_lr(curve: Curve, ax: Axes | None = None, *, clues: Sequence[Clue] = ()) -> Axes:
    """Draw lr against iteration: decides nothing, shows nothing, saves nothing.

    The axis is logarithmic where the rates span more than two magnitudes.

    Args:
        clues: shaded without names, for axes that lie below those of the losses.
    """
    ax = tidy(axes_or_new(ax), "iteration", "learning rate")
    ax.plot(curve.iteration, curve.lr, color=BLUE, linewidth=1.7)
    scale_x(ax, curve.iteration, log=False)
    known = curve.lr[np.isfinite(curve.lr) & (curve.lr > 0)]
    if len(known) and known.max() > _MAGNITUDES * known.min() and len(known) == np.isfinite(curve.lr).sum():
        scale_losses(ax, [np.r_[known.max(), known]])  # the same few round numbers on a logarithmic axis
    else:
        ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))
    shade(ax, clues, float, strip=False)
    return ax
