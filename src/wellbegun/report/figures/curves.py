"""Curves of several runs with their spread, none of them before the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wellbegun.report.figures._base import (
    BLUE,
    OTHERS,
    axes_or_new,
    legend,
    plain,
    scale_losses,
    scale_x,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (BLUE, *OTHERS)
_DASHES = ("-", (0, (5, 1.6)), (0, (2.2, 1.4)))
EARLY = 0.2  # share of a run whose values do not lower the axis


def plot_curves(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw lines with their spread: decides nothing, shows nothing, saves nothing.

    Args:
        values: ``xlabel``, ``ylabel``, ``loss`` (else an accuracy or a rate), ``lines`` [{label, x, y, low,
            high}].
    """
    ax = tidy(axes_or_new(ax), values["xlabel"], values["ylabel"])
    shown: list[float] = []
    for number, line in enumerate(values["lines"]):
        colour = COLOURS[number % len(COLOURS)]
        x, y, low, high = (np.asarray(line[name], dtype=np.float64) for name in ("x", "y", "low", "high"))
        dash = _DASHES[number // len(COLOURS) % len(_DASHES)]
        ax.plot(x, y, color=colour, linestyle=dash, linewidth=1.4, label=plain(line["label"], 28))
        ax.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
        shown += y[(x >= EARLY * x[-1]) & np.isfinite(y)].tolist()
    scale_x(ax, np.concatenate([np.asarray(line["x"], float) for line in values["lines"]]), log=False)
    if values["loss"]:
        scale_losses(ax, [line["y"] for line in values["lines"]])
    elif shown:
        room = 0.06 * (max(shown) - min(shown) or 1.0)
        ax.set_ylim(min(shown) - room, max(shown) + room)
    legend(ax)
    return ax
