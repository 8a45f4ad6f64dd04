"""Lines with bands: the mean of several runs each, over whatever was varied, the chosen one in front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wellbegun.report.figures._base import (
    BLUE,
    MUTED,
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

_DASHES = ("-", (0, (5, 1.6)), (0, (2.2, 1.4)), (0, (6, 1.5, 1.5, 1.5)))


def plot_bands(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw lines with their spread: decides nothing, shows nothing, saves nothing.

    Args:
        values: ``xlabel``, ``ylabel``, ``lines`` [{label, won, x, y, low, high}]; with ``ticks`` (a name per
            x, from 0) the points are marked, and the line between them is only a guide.
    """
    ax = tidy(axes_or_new(ax), values["xlabel"], values["ylabel"])
    ticks, others = values.get("ticks"), 0
    for line in values["lines"]:
        won = bool(line.get("won"))
        colour, dash = (BLUE, "-") if won else (OTHERS[others % len(OTHERS)], _DASHES[others % len(_DASHES)])
        others += not won
        x, y, low, high = (np.asarray(line[name], dtype=np.float64) for name in ("x", "y", "low", "high"))
        ax.plot(
            x, y, color=colour, linestyle=dash, linewidth=2.2 if won else 1.3, zorder=3 if won else 2,
            label=plain(line["label"], 28),
        )  # fmt: skip
        if ticks:
            ax.errorbar(
                x, y, yerr=np.maximum(np.stack([y - low, high - y]), 0.0), fmt="o", color=colour,
                markersize=5 if won else 4, linewidth=1.1, capsize=2.5, zorder=4,
            )  # fmt: skip
        else:
            ax.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0, zorder=1)
    _scale(ax, values, ticks)
    for text, line in zip(legend(ax).get_texts(), values["lines"], strict=True):
        text.set_fontweight("bold" if line.get("won") else "normal")
    return ax


def _scale(ax: Axes, values: Mapping[str, Any], ticks: list[str] | None) -> None:
    lines = values["lines"]
    scale_losses(ax, [line["high"] for line in lines] + [line["low"] for line in lines])
    if ticks:
        ax.set_xticks(range(len(ticks)), ticks)
        ax.tick_params(axis="x", labelcolor=MUTED)
        ax.set_xlim(-0.3, len(ticks) - 0.7)
    else:
        scale_x(ax, np.concatenate([np.asarray(line["x"], dtype=np.float64) for line in lines]), log=False)
