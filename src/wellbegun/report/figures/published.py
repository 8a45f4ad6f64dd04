"""Numbers that were measured beside those that were published, a row for each run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wellbegun.report.figures._base import MUTED, PAPER, axes_or_new, legend, plain, tidy
from wellbegun.report.figures.curves import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_published(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw a dot per measured number and a diamond per published one: decides, shows and saves nothing.

    Args:
        values: ``xlabel``, ``ylabel``, ``rows`` [{label, measured: [number, deviation or None], published:
            the same or None}], the first on top.
    """
    ax = tidy(axes_or_new(ax), values["xlabel"], values["ylabel"])
    rows = values["rows"]
    for place, row in enumerate(rows):
        if row["published"] is not None:
            _point(ax, row["published"], place + 0.16, MUTED, "D", "" if place else "published")
        colour = COLOURS[place % len(COLOURS)]
        _point(ax, row["measured"], place - 0.16, colour, "o", "" if place else "measured")
    ax.set_yticks(range(len(rows)), [plain(row["label"], 22) for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.margins(x=0.08)
    legend(ax)
    return ax


def _point(ax: Axes, value: list[float | None], place: float, colour: str, marker: str, label: str) -> None:
    number, spread = value
    filled = marker == "o"
    ax.errorbar(
        [number or 0.0], [place], xerr=None if spread is None else [[spread], [spread]], fmt=marker,
        color=colour, markerfacecolor=colour if filled else PAPER, markersize=4.5, linewidth=1.1,
        capsize=2, label=label or None,
    )  # fmt: skip
