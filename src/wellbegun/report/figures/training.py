"""One training: losses against iteration, with its clues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.report.figures._base import (
    BLUE,
    MUTED,
    axes_or_new,
    legend,
    scale_losses,
    scale_x,
    thick,
    tidy,
)
from wellbegun.report.figures._clues import shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes


NAMES = ("training loss", "validation loss")


def plot_training(
    curve: Curve, ax: Axes | None = None, *, clues: Sequence[Clue] = (), names: tuple[str, str] = NAMES
) -> Axes:
    """Draw training and validation loss of one run: decides nothing, shows nothing, saves nothing.

    Args:
        clues: shaded and named.
        names: what stands in ``train_loss`` and ``val_loss``, where it is something else.
    """
    ax = tidy(axes_or_new(ax), "iteration", "loss")
    if np.isfinite(curve.train_loss).any():
        ax.plot(curve.iteration, curve.train_loss, color=MUTED, linewidth=1.1, alpha=0.75, label=names[0])
    ax.plot(curve.iteration, curve.val_loss, color=BLUE, linewidth=thick(len(curve)), label=names[1])
    scale_x(ax, curve.iteration, log=False)
    scale_losses(ax, [curve.val_loss], [curve.train_loss])
    legend(ax, shade(ax, clues, float))
    return ax
