"""One training: validation accuracy against iteration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.report.figures._base import GREEN, axes_or_new, scale_x, thick, tidy
from wellbegun.report.figures._clues import shade
from wellbegun.report.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_accuracy(curve: Curve, ax: Axes | None = None, *, clues: Sequence[Clue] = ()) -> Axes:
    """Draw validation accuracy in percent: decides nothing, shows nothing, saves nothing.

    Args:
        clues: shaded without names, for axes that lie below those of the losses.
    """
    ax = tidy(axes_or_new(ax), "iteration", "validation\naccuracy, %")
    ax.plot(curve.iteration, 100 * curve.val_accuracy, color=GREEN, linewidth=thick(len(curve)))
    scale_x(ax, curve.iteration, log=False)
    finite = 100 * curve.val_accuracy[np.isfinite(curve.val_accuracy)]
    if len(finite):
        low, high = float(finite[len(finite) // 10 :].min()), float(finite.max())
        reach = max(high - low, 1.0)
        ax.set_ylim(max(0.0, low - 0.08 * reach), min(high + 0.12 * reach, 101.0))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))
    shade(ax, clues, float, strip=False)
    return ax
