"""Several runs that differ in one value: their validation losses together, the chosen one in front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from wellbegun.curve import Run
from wellbegun.report.figures._base import (
    BLUE,
    OTHERS,
    PAPER,
    axes_or_new,
    band,
    is_geometric,
    legend,
    plain,
    scale_losses,
    scale_x,
    tidy,
)
from wellbegun.report.figures.range_test import course
from wellbegun.schedules._base import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED = 12  # curves that a legend can tell apart
FRONT = 3  # zorder of the winner
_DASHES = ("-", (0, (5, 1.6)), (0, (2.2, 1.4)), (0, (6, 1.5, 1.5, 1.5)))


def plot_candidates(
    runs: Sequence[Run],
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    winner: str | None = None,
) -> Axes:
    """Draw the runs' smoothed validation losses: decides nothing, shows nothing, saves nothing.

    x is lr where it rises in every run (range tests); else iterations, or shares of runs of unequal lengths.

    Args:
        labels: run key -> name in the legend; of more than ``NAMED`` runs only the winner is named.
        winner: key of the run drawn in front.
    """
    xlabel, columns = _x(runs)
    ax = tidy(axes_or_new(ax), xlabel, "validation loss")
    others = 0
    for run, x in zip(runs, columns, strict=True):
        won = run.key == winner
        colour, dash = (BLUE, "-") if won else (OTHERS[others % len(OTHERS)], _DASHES[others % len(_DASHES)])
        others += not won
        name = plain((labels or {}).get(run.key, run.key[:6]))
        if len(runs) > NAMED and not won:
            name = (
                f"{len(runs) - any(one.key == winner for one in runs)} others" if others == 1 else "_unnamed"
            )
        ax.plot(
            x, course(run.curve.val_loss), color=colour, linestyle=dash, linewidth=2.4 if won else 1.25,
            zorder=FRONT if won else 2, alpha=1 if won else 0.9, label=name,
        )  # fmt: skip
        if won:
            ax.plot(
                x,
                run.curve.val_loss,
                "o",
                color=colour,
                markersize=2.6,
                markeredgewidth=0,
                alpha=0.4,
                zorder=3,
            )
        band(ax, x, run.curve, colour)
        _lowest(ax, x, course(run.curve.val_loss), colour, won)
    finite = [x[np.isfinite(run.curve.val_loss)] for run, x in zip(runs, columns, strict=True)]
    if any(len(x) for x in finite):
        scale_x(
            ax, np.concatenate(finite), log=is_geometric(max(columns, key=len)) and xlabel == "learning rate"
        )
    scale_losses(ax, [run.curve.val_loss for run in runs])
    named = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    for text, line in zip(legend(ax).get_texts(), named, strict=True):
        text.set_fontweight("bold" if line.get_zorder() == FRONT else "normal")
    return ax


def _x(runs: Sequence[Run]) -> tuple[str, list[Floats]]:
    """The x axis' name and every run's values on it."""
    curves = [run.curve for run in runs]
    if all(len(c) > 1 and np.all(np.diff(c.lr[1:]) > 0) for c in curves):
        return "learning rate", [c.lr for c in curves]
    if len({run.spec.iterations for run in runs}) == 1:
        return "iteration", [c.iteration.astype(np.float64) for c in curves]
    return "share of the run", [run.curve.iteration / run.spec.iterations for run in runs]


def _lowest(ax: Axes, x: Floats, loss: Floats, colour: str, won: bool) -> None:
    """A ring where the smoothed loss is lowest: that is what the runs are compared by."""
    if np.isfinite(loss).any():
        row = int(np.nanargmin(np.where(np.isfinite(loss), loss, np.nan)))
        size = 6 if won else 4.2
        ax.plot(
            x[row],
            loss[row],
            "o",
            color=colour,
            markerfacecolor=PAPER,
            markersize=size,
            markeredgewidth=1.3,
            zorder=4,
        )
