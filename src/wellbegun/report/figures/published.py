"""Curves of a replayed figure or table, each with the number that was published for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wellbegun.report.figures._base import (
    BLUE,
    OTHERS,
    PAPER,
    axes_or_new,
    legend,
    plain,
    scale_losses,
    scale_x,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (BLUE, *OTHERS)
_DASHES = ("-", (0, (5, 1.6)), (0, (2.2, 1.4)))
EARLY = 0.2  # share of a run whose accuracies do not lower the axis


def plot_published(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw lines with their spread and published numbers: decides nothing, shows nothing, saves nothing.

    A published number is a diamond at the end of its line, with its deviation as a bar.

    Args:
        values: ``xlabel``, ``ylabel``, ``loss`` (else an accuracy or a rate), ``lines`` [{label, x, y, low,
            high, published: [number, deviation or None] or None}].
    """
    ax = tidy(axes_or_new(ax), values["xlabel"], values["ylabel"])
    shown: list[float] = []
    for number, line in enumerate(values["lines"]):
        colour = _COLOURS[number % len(_COLOURS)]
        x, y, low, high = (np.asarray(line[name], dtype=np.float64) for name in ("x", "y", "low", "high"))
        dash = _DASHES[number // len(_COLOURS) % len(_DASHES)]
        ax.plot(x, y, color=colour, linestyle=dash, linewidth=1.4, label=plain(line["label"], 28))
        ax.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
        late = y[(x >= EARLY * x[-1]) & np.isfinite(y)]
        shown += [*late.tolist()]
        if line["published"] is not None:
            value, spread = line["published"]
            ax.plot(
                [x[-1]], [value], "D", color=colour, markerfacecolor=PAPER, markersize=5, zorder=4,
                clip_on=False,
            )  # fmt: skip
            if spread is not None:
                ax.vlines(x[-1], value - spread, value + spread, color=colour, linewidth=1.1, zorder=3)
            shown.append(value)
    scale_x(ax, np.concatenate([np.asarray(line["x"], float) for line in values["lines"]]), log=False)
    if values["loss"]:
        scale_losses(ax, [line["y"] for line in values["lines"]])
    elif shown:
        room = 0.06 * (max(shown) - min(shown) or 1.0)
        ax.set_ylim(min(shown) - room, max(shown) + room)
    legend(ax)
    return ax
