"""The LR estimate of the simplified Hessian-free method beside the learning rate of a range test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wellbegun.curve import LR_ESTIMATE, Curve
from wellbegun.report.figures._base import BLUE, INK, MUTED, axes_or_new, legend, scale_rates, scale_x, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_lr_estimate(curve: Curve, ax: Axes | None = None, *, lr_max: float | None = None) -> Axes:
    """Draw the estimate against the lr in use: decides nothing, shows nothing, saves nothing.

    Where the estimate lies above the dotted line, the method says that a larger rate would do.

    Args:
        curve: lr rises from row to row; has the metric ``lr_estimate``.
        lr_max: what the range test chose, as an upright line.

    Source: arXiv:1708.07120v1, Sec. 5, Fig. 5; there against iterations.
    """
    ax = tidy(axes_or_new(ax), "learning rate in use", "estimated learning rate")
    estimate = curve.metrics[LR_ESTIMATE]
    ax.plot(curve.lr, estimate, "-o", color=BLUE, linewidth=1.7, markersize=2.8, label="estimate")
    ax.plot(curve.lr, curve.lr, color=MUTED, linewidth=1.1, linestyle=(0, (1.5, 1.5)), label="rate in use")
    scale_x(ax, curve.lr)
    scale_rates(ax, np.concatenate([estimate[np.isfinite(estimate)], curve.lr]))
    if lr_max is not None and ax.get_xlim()[0] <= lr_max <= ax.get_xlim()[1]:
        ax.axvline(lr_max, color=INK, linewidth=1.2, label="lr_max")
    legend(ax)
    return ax
