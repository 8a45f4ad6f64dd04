"""A small chart in plain characters: braille dots where the terminal knows them, stars elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wellbegun.report.words import number

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # bits of U+2800 by column and row of a cell


def chart(
    x: Sequence[float],
    y: Sequence[float],
    *,
    width: int = 64,
    height: int = 8,
    log_x: bool = False,
    log_y: bool = False,
    braille: bool = True,
    x_ends: tuple[float, float] | None = None,
) -> list[str]:
    """Lines of text that draw y over x, with the ends of both axes; points that are not finite are left out.

    Args:
        width, height: of the drawing in characters, without the axis.
        log_x, log_y: a logarithmic axis, for values > 0.
        braille: 2 x 4 dots per character; else one star.
        x_ends: of a linear x axis, where it goes on beyond the points.
    """
    across_at, up_at = (_log if log else float for log in (log_x, log_y))
    points = [(across_at(a), up_at(b), float(a), float(b)) for a, b in zip(x, y, strict=True)]
    points = [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])]
    if not points:
        return ["(nothing to draw)"]
    across, down = (2, 4) if braille else (1, 1)
    cells = [[0] * width for _ in range(height)]
    left, right = x_ends or (min(p[0] for p in points), max(p[0] for p in points))
    low, high = min(p[1] for p in points), max(p[1] for p in points)
    for a, b, *_ in points:
        column = round((a - left) / ((right - left) or 1) * (width * across - 1))
        row = round((high - b) / ((high - low) or 1) * (height * down - 1))
        cells[row // down][column // across] |= DOTS[column % across][row % down] if braille else 1
    drawn = ["".join(_character(cell, braille) for cell in line).rstrip() for line in cells]
    ends = [(min(p[axis] for p in points), max(p[axis] for p in points)) for axis in (3, 2)]
    return _framed(drawn, ends[0], x_ends or ends[1], width)


def marks(
    spans: Sequence[tuple[str, float, float]],
    left: float,
    right: float,
    drawing: Sequence[str],
    width: int = 64,
) -> list[str]:
    """Lines to print below a chart: which span lies where, with its name or the first letter of it inside.

    What the letters stand for follows in a line of its own.

    Args:
        spans: (name, from, to) in the unit of the chart's linear x axis, in order.
        left, right: the ends of that axis.
        drawing: the chart, whose margin is kept.
    """
    if not spans or right <= left:
        return []
    cells, short = [" "] * width, dict[str, None]()
    for name, start, end in spans:
        first, last = (round((value - left) / (right - left) * width) for value in (start, end))
        first = min(max(first, 0), width - 1)
        room = max(1, min(last, width) - first)
        inside = name if room > len(name) else name[:1]
        short |= {name: None} if inside != name else {}
        cells[first : first + room] = list(f"|{inside}".ljust(room, "-") if room > 1 else inside)
    margin = " " * (drawing[0].find("|") + 2)
    legend = ", ".join(f"{name[:1]} {name}" for name in short)
    return [margin + "".join(cells).rstrip(), *([f"{margin}{legend}"] if short else [])]


def _log(value: float) -> float:
    return math.log10(value) if value > 0 else math.nan


def _character(cell: int, braille: bool) -> str:
    if not cell:
        return " "
    return chr(0x2800 + cell) if braille else "*"


def _framed(drawn: list[str], y: tuple[float, float], x: tuple[float, float], width: int) -> list[str]:
    labels = [number(y[1]), *[""] * (len(drawn) - 2), number(y[0])]
    margin = max(len(label) for label in labels)
    lines = [f"{label.rjust(margin)} | {line}".rstrip() for label, line in zip(labels, drawn, strict=True)]
    first, last = number(x[0]), number(x[1])
    return [*lines, f"{' ' * margin}   {first}{last.rjust(width - len(first))}"]
