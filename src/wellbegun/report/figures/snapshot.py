"""One run up to a snapshot, and its continuations fanning out from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wellbegun.report.figures._base import (
    BLUE,
    INK,
    MUTED,
    OTHERS,
    PAPER,
    axes_or_new,
    legend,
    scale_losses,
    scale_x,
    tidy,
)
from wellbegun.report.words import number
from wellbegun.schedules._base import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_snapshot(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the parent's and the continuations' validation losses: decides nothing, saves nothing.

    Args:
        values: ``snapshot`` (iteration), ``parent`` and ``continuations``, each with ``weight_decay``,
            ``iteration`` and ``val_loss`` (null where not measured, "inf" where it broke down); the chosen
            one has ``chosen``.
    """
    ax = tidy(axes_or_new(ax), "iteration", "validation loss")
    parent, fans = values["parent"], values["continuations"]
    losses = [_floats(part["val_loss"]) for part in (parent, *fans)]
    name = f"parent, decay {number(parent['weight_decay'])}"
    ax.plot(parent["iteration"], _shown(losses[0]), color=INK, linewidth=1.4, label=name)
    others = 0
    for part, loss in zip(fans, losses[1:], strict=True):
        won = bool(part.get("chosen"))
        colour = BLUE if won else OTHERS[others % len(OTHERS)]
        others += not won
        ax.plot(
            part["iteration"], _shown(loss), color=colour, linewidth=2.2 if won else 1.2, marker="o",
            markersize=2.4, zorder=3 if won else 2, label=number(part["weight_decay"]),
        )  # fmt: skip
    at = values["snapshot"]
    ax.axvline(at, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    before = [loss for loss, row in zip(losses[0], parent["iteration"], strict=True) if row == at]
    if before and np.isfinite(before[0]):
        ax.plot(at, before[0], "o", color=INK, markerfacecolor=PAPER, markersize=6, zorder=4)
    scale_x(ax, [row for part in (parent, *fans) for row in part["iteration"]], log=False)
    scale_losses(ax, losses)
    for text, part in zip(legend(ax).get_texts()[1:], fans, strict=True):
        text.set_fontweight("bold" if part.get("chosen") else "normal")
    return ax


def _floats(column: Sequence[Any]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in column])


def _shown(loss: Floats) -> Floats:
    """What is not finite leaves a gap."""
    return np.where(np.isfinite(loss), loss, np.nan)
