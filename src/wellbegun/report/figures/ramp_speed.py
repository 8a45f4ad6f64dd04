"""How many seeds fail when the learning rate rises in so many iterations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from wellbegun.report.figures._base import BLUE, INK, VERMILION, axes_or_new, legend, tidy
from wellbegun.report.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_ramp_speed(values: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw failures by stepsize: decides nothing, shows nothing, saves nothing.

    Args:
        values: ``stepsize`` (iterations, increasing), ``failed`` (of so many seeds), ``seeds``, ``shortest``
            (the shortest stable stepsize).
    """
    ax = tidy(axes_or_new(ax), "stepsize: iterations from lr_max / 10 to lr_max", "seeds that fail")
    sizes, failures = values["stepsize"], values["failed"]
    ax.plot(sizes, failures, color=INK, linewidth=0.9, alpha=0.5)
    for colour, name, chosen in ((VERMILION, "fails", True), (BLUE, "stable", False)):
        points = [(x, y) for x, y in zip(sizes, failures, strict=True) if bool(y) == chosen]
        if points:
            ax.plot(*zip(*points, strict=True), "o", color=colour, markersize=7, label=name)
    ax.axvline(values["shortest"], color=INK, linewidth=1.2, label="shortest stable")
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(value))))
    ax.set_xlim(min(sizes) / 1.3, max(sizes) * 1.3)
    ax.set_ylim(-0.2, values["seeds"] + 0.2)
    ax.yaxis.set_major_locator(FixedLocator(range(values["seeds"] + 1)))
    legend(ax)
    return ax
