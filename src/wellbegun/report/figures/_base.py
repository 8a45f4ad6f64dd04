"""What all figures share: the palette, plain axes, numbers on ticks, and where a label finds room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import ArrayLike

from wellbegun.curve import SPREAD, Curve
from wellbegun.report.words import number
from wellbegun.schedules._base import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

INK, MUTED, LINE, PAPER = "#22252b", "#666b75", "#e2dfd7", "#fdfcfa"
BLUE, VERMILION, GREEN, PURPLE, GOLD, SKY = "#0a62a8", "#c24e1a", "#04795a", "#9d4079", "#a06c00", "#3f93c6"

PALETTE = {
    INK: "ink", MUTED: "muted", LINE: "line", PAPER: "paper", BLUE: "blue", VERMILION: "vermilion",
    GREEN: "green", PURPLE: "purple", GOLD: "gold", SKY: "sky",
}  # fmt: skip
"""Colour -> CSS variable that takes its place in a page; a set that colour-blind readers can tell apart."""

OTHERS = (VERMILION, GREEN, PURPLE, GOLD, SKY, MUTED)
"""Colours of the curves beside the one that matters, which is always blue."""


def thick(rows: int) -> float:
    """How thick the main curve is drawn, in points: thinner where so many rows would make it a band."""
    return 1.9 if rows <= 300 else 1.1


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    return ax if ax is not None else Figure(figsize=(7.0, 3.4), layout="constrained").subplots()


def tidy(ax: Axes, xlabel: str = "", ylabel: str = "") -> Axes:
    """Plain axes: two spines, quiet ticks, horizontal guide lines behind the data."""
    ax.set_facecolor("none")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    for spine in ("left", "bottom"):
        ax.spines[spine].set(color=MUTED, linewidth=0.6)
    ax.tick_params(which="both", color=MUTED, labelcolor=MUTED, labelsize=8, width=0.6, length=3)
    ax.tick_params(which="minor", length=1.8, width=0.4)
    ax.grid(axis="y", which="major", color=LINE, linewidth=0.6)
    ax.set_xlabel(xlabel, color=MUTED, fontsize=8.5)
    ax.set_ylabel(ylabel, color=MUTED, fontsize=8.5)
    return ax


def band(ax: Axes, x: Floats, curve: Curve, colour: str) -> None:
    """One standard deviation around a mean over repeats; nothing where the curve is a single run's."""
    if SPREAD in curve.metrics:
        spread = curve.metrics[SPREAD]
        low = np.maximum(curve.val_loss - spread, 0.01 * curve.val_loss)
        ax.fill_between(x, low, curve.val_loss + spread, color=colour, alpha=0.16, linewidth=0, zorder=1.5)


def legend(ax: Axes, points: float = 0.0) -> Legend:
    """The names of the curves in one line above the axes, where they hide nothing.

    Args:
        points: height of what stands between the axes and the names.
    """
    figure, names = ax.get_figure(root=True), ax.get_legend_handles_labels()[1]
    if figure is None:
        raise ValueError(
            "a legend is placed on the axes of a figure, got axes without one; use figure.subplots()"
        )
    each = max((width_of(name, ax) for name in names), default=0.0) * 0.9 + 28 / (72 * _inches(ax))
    columns = max(1, min(len(names), int(1 / each)))
    return ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns,
        bbox_transform=ax.transAxes + ScaledTranslation(0, (points + 1.5) / 72, figure.dpi_scale_trans),
        frameon=False, fontsize=8, labelcolor=INK, borderaxespad=0, borderpad=0.2, handlelength=1.6,
        columnspacing=1.4, handletextpad=0.5, labelspacing=0.3,
    )  # fmt: skip


def is_geometric(values: ArrayLike) -> bool:
    """Whether positive values grow by factors rather than by steps, so that a logarithmic axis suits them."""
    given = np.asarray(values, dtype=np.float64)
    given = np.sort(given[np.isfinite(given) & (given > 0)])
    if len(given) < 3 or given[-1] < 20 * given[0]:
        return False
    middle = math.log(float(np.median(given)))
    steps, factors = math.log((given[0] + given[-1]) / 2), (math.log(given[0]) + math.log(given[-1])) / 2
    return abs(middle - factors) < abs(middle - steps)


def scale_x(ax: Axes, values: ArrayLike, *, log: bool | None = None) -> None:
    """The x axis for these values: exactly as long as they are, logarithmic where they grow by factors."""
    given = np.asarray(values, dtype=np.float64)
    given = given[np.isfinite(given)]
    log = is_geometric(given) if log is None else log
    given = given[given > 0] if log else given
    if len(given) and given.max() > given.min():
        _numbers(ax, "x", float(given.min()), float(given.max()), log)
        ax.set_xlim(float(given.min()), float(given.max()))


def scale_losses(ax: Axes, main: Sequence[ArrayLike], others: Sequence[ArrayLike] = ()) -> None:
    """The y axis for losses: ``main`` up to where it began, cut off above lest a blow-up squash it.

    Logarithmic where the losses span more than a factor of 8.

    Args:
        main: losses that the picture is about.
        others: losses that are drawn too; they may lower the axis by up to half a decade, never raise it.
    """
    columns = [
        column[np.isfinite(column) & (column > 0)] for column in (np.asarray(c, dtype=float) for c in main)
    ]
    columns = [column for column in columns if len(column)]
    if not columns:
        return
    low = min(float(column.min()) for column in columns)
    first = max(min(float(np.median(column[:3])), 3.0 * float(column[0])) for column in columns)
    top = min(max(float(column.max()) for column in columns), max(1.25 * first, 2.0 * low))
    for column in (np.asarray(c, dtype=float) for c in others):
        finite = column[np.isfinite(column) & (column > 0)]
        low = min(low, max(float(finite.min()), low / 3)) if len(finite) else low
    if top > 8 * low:
        _numbers(ax, "y", low, top, log=True)
        reach = math.log(top / low)
        ax.set_ylim(low * math.exp(-0.1 * reach), top * math.exp(0.05 * reach))
    else:
        _numbers(ax, "y", low, top, log=False)
        reach = max(top - low, 1e-3 * top)
        ax.set_ylim(low - 0.1 * reach, top + 0.05 * reach)


def scale_rates(ax: Axes, values: ArrayLike) -> None:
    """The y axis for learning rates: logarithmic where they span more than two magnitudes."""
    given = np.asarray(values, dtype=np.float64)
    given = given[np.isfinite(given)]
    if not len(given):
        return
    low, high = float(given.min()), float(given.max())
    log = low > 0 and high > 100 * low
    _numbers(ax, "y", low, high, log)
    if log:
        ax.set_ylim(low / (high / low) ** 0.06, high * (high / low) ** 0.06)
    else:
        ax.set_ylim(low - 0.08 * (high - low or high or 1.0), high + 0.08 * (high - low or high or 1.0))


def _numbers(ax: Axes, which: str, low: float, high: float, log: bool) -> None:
    """Few ticks with short plain numbers."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    many = max(3, round(7 * _inches(ax) / 7.0)) if which == "x" else 5
    if log:
        (ax.set_xscale if which == "x" else ax.set_yscale)("log")
        decades = math.log10(high / low)
        if decades < 2.5:
            axis.set_major_locator(FixedLocator(_few(low, high, many)))
        else:
            axis.set_major_locator(LogLocator(numticks=many + 1))
        axis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=99) if decades < 9 else NullLocator())
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(many, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))


def _few(low: float, high: float, many: int) -> list[float]:
    """Round numbers between low and high, evenly spread over a logarithmic axis."""
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for parts in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [part * 10.0**ten for ten in tens for part in parts if low <= part * 10.0**ten <= high]
        if len(ticks) <= many + 1:
            return ticks
    return ticks


def _inches(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    return float(figure.get_figwidth()) if figure is not None else 7.0


def width_of(text: str, ax: Axes, points: float = 8.0) -> float:
    """About how wide a text is, as a fraction of the axes' width."""
    return len(text) * points * 0.6 / (_inches(ax) * 72 * 0.88)


def plain(text: str, longest: int = 24) -> str:
    """A name that matplotlib shows as it is, no mathematics between dollars, and not too long."""
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return text.replace("$", r"\$")
