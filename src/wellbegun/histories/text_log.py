"""Lines that people print: "step 300: loss=0.52 val_loss 0.6", "Epoch 3/10 - loss: 0.5", {'loss': 0.5}."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from wellbegun.histories import records
from wellbegun.histories._text import lines, text
from wellbegun.histories.gather import Table

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|NaN|inf|Infinity)%?"
_PAIR = re.compile(
    rf"""(?P<name>[A-Za-z_][\w/.\-]*(?:\ (?i:loss|accuracy|acc|rate|error))?)['"]?\s*[:=]\s*['"]?"""
    rf"(?P<value>{_NUMBER})(?![\w:]|\.\d)"
)
_BARE = re.compile(
    r"\b(?P<name>(?:(?:train|training|val|valid|validation|test|eval)[ _]?)?(?:loss|accuracy|acc)|lr)\s+"
    rf"(?P<value>{_NUMBER})(?![\w:/]|\.\d)",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    r"\b(?P<name>epoch|global[ _]step|step|iteration|iter)\b['\"]?[\s:=#\[(]*(?P<value>\d+)", re.IGNORECASE
)
_MEASURED = re.compile(r"loss|acc|error", re.IGNORECASE)
_LONGEST = 4000  # characters of a line that is looked at


def read(path: Path) -> Table:
    """The table in the pairs of name and number that the lines hold; other lines are passed over."""

    def rows() -> Iterator[tuple[int, dict[str, float]]]:
        with text(path) as file:
            counters: dict[str, float] = {}
            for place, line in enumerate(lines(file, path), 1):
                found = pairs(line)
                counters.update({name: value for name, value in found.items() if name in ("epoch", "step")})
                if any(_MEASURED.search(name) for name in found):
                    yield place, {**counters, **found}

    return records.table(path, rows)


def pairs(line: str) -> dict[str, float]:
    """The numbers of one line by name; counters are called "epoch" and "step"."""
    line = line[:_LONGEST]
    found = {m["name"].strip(): _value(m["value"]) for m in (*_BARE.finditer(line), *_PAIR.finditer(line))}
    found = {name: value for name, value in found.items() if not _COUNTER.fullmatch(f"{name} 1")}
    for match in _COUNTER.finditer(line):
        name = "epoch" if match["name"].lower() == "epoch" else "step"
        found.setdefault(name, float(match["value"][:15]))
    return found


def looks_like(start: str) -> bool:
    """Whether a text holds at least two lines with a loss or an accuracy."""
    hits = 0
    for line in start.splitlines():
        hits += any(_MEASURED.search(name) for name in pairs(line))
        if hits >= 2:
            return True
    return False


def _value(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)
