"""A learning rate range test: losses against lr, with what was read off them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.diagnosis.intervals import smooth
from wellbegun.report.figures._base import (
    BLUE,
    INK,
    MUTED,
    PAPER,
    VERMILION,
    axes_or_new,
    band,
    legend,
    scale_losses,
    scale_x,
    tidy,
)
from wellbegun.report.figures._clues import place_by_lr, shade
from wellbegun.report.words import number
from wellbegun.schedules._base import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_range_test(
    curve: Curve,
    ax: Axes | None = None,
    *,
    bounds: Mapping[str, Any] | None = None,
    clues: Sequence[Clue] = (),
) -> Axes:
    """Draw validation and training loss against lr: decides nothing, shows nothing, saves nothing.

    Args:
        curve: lr rises from row to row.
        bounds: of "extremum", "interval", "edge", "lr_max" those that are known; all are learning rates.
        clues: shaded and named, in iterations.
    """
    ax = tidy(axes_or_new(ax), "learning rate", "loss")
    ax.plot(curve.lr, curve.train_loss, color=MUTED, linewidth=1.0, alpha=0.6, label="training loss")
    ax.plot(curve.lr, curve.val_loss, "o", color=BLUE, markersize=2.6, markeredgewidth=0, alpha=0.45)
    ax.plot(curve.lr, course(curve.val_loss), color=BLUE, linewidth=1.9, label="validation loss, smoothed")
    band(ax, curve.lr, curve, BLUE)
    scale_x(ax, curve.lr)
    scale_losses(ax, [curve.val_loss], [curve.train_loss])
    points = shade(ax, clues, place_by_lr(curve))
    _mark(ax, curve, bounds or {})
    legend(ax, points)
    return ax


def course(loss: Floats) -> Floats:
    """The course of a loss, smoothed as logarithm; a blow-up at the end pulls up no row before it."""
    logs = np.full(len(loss), np.nan)
    known = np.isfinite(loss) & (loss > 0)
    logs[known] = np.log(loss[known])
    if not known.any():
        return logs
    lowest = int(np.nanargmin(logs))
    ceiling = max(logs[lowest] + 3.0, logs[known][0])
    logs[lowest:] = np.minimum(logs[lowest:], ceiling)
    smoothed: Floats = np.exp(smooth(logs))
    return smoothed


def _mark(ax: Axes, curve: Curve, bounds: Mapping[str, Any]) -> None:
    """The interval as a bar at the foot, lr_max and edge as named lines, the extremum as a ring."""
    low, high = bounds.get("interval") or (None, None)
    if low is not None and high is not None:
        foot = ax.get_xaxis_transform()
        ax.plot(
            [low, high], [0.035, 0.035], transform=foot, label="level within noise",
            color=INK, linewidth=4, alpha=0.75, solid_capstyle="butt",
        )  # fmt: skip
    if (extremum := bounds.get("extremum")) is not None and len(curve):
        nearest = int(np.nanargmin(np.abs(curve.lr - extremum)))
        lowest = course(curve.val_loss)[nearest]
        ax.plot(
            extremum,
            lowest,
            "o",
            color=BLUE,
            markerfacecolor=PAPER,
            markersize=6,
            markeredgewidth=1.6,
            zorder=4,
        )
    if (lr_max := bounds.get("lr_max")) is not None:
        _line(ax, lr_max, f"lr_max {number(lr_max)}", INK, "-", row=0)
    if (edge := bounds.get("edge")) is not None:
        _line(ax, edge, f"edge {number(edge)}", VERMILION, (0, (4, 2.5)), row=1)


def _line(ax: Axes, lr: float, text: str, colour: str, style: Any, row: int) -> None:
    """An upright line with its name beside it, on the side that has room."""
    if not ax.get_xlim()[0] <= lr <= ax.get_xlim()[1]:
        return
    ax.axvline(lr, color=colour, linewidth=1.2, linestyle=style, zorder=3)
    x = float((ax.transData + ax.transAxes.inverted()).transform((lr, ax.get_ylim()[0]))[0])
    right = x < 0.72 if row else x < 0.28
    ax.annotate(
        text, (lr, 0.97), xycoords=("data", "axes fraction"), xytext=(4 if right else -4, -12 * row),
        textcoords="offset points", ha="left" if right else "right", va="top", fontsize=8.5, color=colour,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8}, zorder=6,
    )  # fmt: skip
