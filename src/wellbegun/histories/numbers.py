"""One cell or one JSON value as a number: what the tools and people write into logs."""

from __future__ import annotations

import math
import re
from typing import Any

EMPTY = ("", "NA", "N/A", "n/a", "None", "none", "null", "NULL", "-", "--", "<NA>", "#N/A")
"""Cells that stand for "not measured"."""

_TENSOR = re.compile(r"tensor\(\[?([^,\]\)]+)[^)]*\)(, .*)?\)?")


def number(cell: str, *, comma: bool = False) -> float | None:
    """A cell as a number; None for an empty one.

    "tensor(0.5)" and "85.3%" are numbers too.

    Args:
        comma: whether the decimal sign is a comma.

    Raises:
        ValueError: the cell holds something else.
    """
    cell = cell.strip()
    if cell in EMPTY:
        return None
    if comma:
        cell = cell.replace(",", ".")
    if "_" in cell:
        raise ValueError("an underscore belongs to no number of a log")
    try:
        return float(cell)
    except ValueError:
        if cell.endswith("%"):
            return float(cell[:-1]) / 100
        if found := _TENSOR.fullmatch(cell):
            return float(found[1])
        raise


def of_json(value: Any) -> float | None:
    """A JSON value as a number; None for null and for everything that is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str):
        try:
            return number(value)
        except ValueError:
            return None
    return None
