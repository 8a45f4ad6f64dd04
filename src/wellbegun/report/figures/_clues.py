"""Clues on a picture: a coloured strip above the curve, its names over it, a faint shade down to the axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.report.figures._base import GOLD, GREEN, MUTED, PURPLE, VERMILION, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "descending": MUTED,
    "plateau": GREEN,
    "overfitting": GOLD,
    "instability": VERMILION,
    "rising_both": PURPLE,
}
_STRIP, _ROW = 4.5, 9.5  # points: height of the strip, and of a row of names
_ROWS = 3  # of names above the strip; a fourth would take more room than the curve can spare


def shade(ax: Axes, clues: Sequence[Clue], place: Callable[[float], float], *, strip: bool = True) -> float:
    """Shade and name the clues' intervals; call it when the x axis has its scale and limits.

    Args:
        place: iteration -> x.
        strip: False shades only, for axes below the ones that carry the names.

    Returns:
        How many points above the axes are taken by strip and names.
    """
    spans = [(label, place(start), place(end)) for label, start, end in merged(clues)]
    for label, left, right in spans:
        faint = 0.05 if label == "descending" else 0.11
        ax.axvspan(left, right, color=COLOURS[label], alpha=faint, linewidth=0, zorder=0)
    return _names(ax, spans) if strip and spans else 0.0


def merged(clues: Sequence[Clue]) -> list[tuple[str, int, int]]:
    """(label, first iteration, last iteration), neighbours with the same label as one."""
    result: list[tuple[str, int, int]] = []
    for clue in sorted(clues, key=lambda clue: clue.start):
        if result and result[-1][0] == clue.label and clue.start <= result[-1][2]:
            result[-1] = (clue.label, result[-1][1], max(result[-1][2], clue.end))
        else:
            result.append((clue.label, clue.start, clue.end))
    return result


def place_by_lr(curve: Curve) -> Callable[[float], float]:
    """iteration -> lr of a range test, straight between its evaluations."""
    known = np.isfinite(curve.lr)
    iterations, lrs = curve.iteration[known].astype(np.float64), curve.lr[known]
    return lambda iteration: float(np.interp(iteration, iterations, lrs))


def _names(ax: Axes, spans: Sequence[tuple[str, float, float]]) -> float:
    """The strip, and each name over its part in the lowest row that has room for it."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError(
            "clues are drawn on the axes of a figure, got axes without one; use figure.subplots()"
        )
    to_axes = ax.transData + ax.transAxes.inverted()
    above = ax.transAxes + ScaledTranslation(0, (_STRIP / 2 + 1.5) / 72, figure.dpi_scale_trans)
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_ROWS)]
    for label, left, right in spans:
        x0, x1 = (float(np.clip(to_axes.transform((x, ax.get_ylim()[1]))[0], 0, 1)) for x in (left, right))
        colour, text = COLOURS[label], label.replace("_", " ")
        strip = Line2D(
            [x0, max(x1 - 0.002, x0 + 0.002)], [1, 1], transform=above, color=colour, linewidth=_STRIP
        )
        strip.set(solid_capstyle="butt", clip_on=False, alpha=0.35 if label == "descending" else 0.8)
        ax.add_artist(strip)
        half = width_of(text, ax) / 2
        middle = min(max((x0 + x1) / 2, half), 1 - half)
        for row, others in enumerate(taken):
            if all(middle + half + 0.01 < low or middle - half - 0.01 > high for low, high in others):
                others.append((middle - half, middle + half))
                ax.annotate(
                    text, (middle, 1), xycoords="axes fraction", xytext=(0, _STRIP + 3.5 + _ROW * row),
                    textcoords="offset points", ha="center", va="bottom", fontsize=8, color=colour,
                )  # fmt: skip
                break
    return _STRIP + 4.5 + _ROW * sum(map(bool, taken))
