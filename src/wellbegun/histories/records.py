"""JSON: lines of objects, a list of objects, or an object of lists as Keras' History.history is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellbegun.errors import UnreadableHistory
from wellbegun.histories._text import lines, text
from wellbegun.histories.gather import Chunk, Table
from wellbegun.histories.numbers import of_json

LARGEST = 2**27  # characters of a file that is one JSON value, which cannot be streamed
_ROWS = 20_000
Rows = Iterable[tuple[int, Mapping[str, float]]]


def read_lines(path: Path) -> Table:
    """The table in a file with one JSON object per line.

    Raises:
        UnreadableHistory: a line that is no JSON object; a last one that is cut off is left out.
    """
    notes: list[str] = []
    found = table(path, lambda: _objects(path, notes))
    found.notes = list(dict.fromkeys(notes))
    return found


def read_whole(path: Path) -> Table:
    """The table in a file that is one JSON value: rows, or columns.

    Raises:
        UnreadableHistory: no JSON, or JSON of another shape.
    """
    return of_value(path, load(path))


def load(path: Path) -> Any:
    """The JSON value that a file holds.

    Raises:
        UnreadableHistory: it is too large, or no JSON.
    """
    with text(path) as file:
        content = file.read(LARGEST)
    if len(content) >= LARGEST:
        raise UnreadableHistory(
            f"one JSON value must be shorter than {LARGEST} characters, {path} is not; "
            "write one object per line"
        )
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableHistory(
            f"a JSON file must hold one whole value, {path} does not: {error}; it may be cut off"
        ) from None


def of_value(path: Path, value: Any) -> Table:
    """The table in a JSON value."""
    if isinstance(value, dict) and isinstance(value.get("history"), dict | list):
        value = value["history"]
    if isinstance(value, list):
        found = [(place, flat(row)) for place, row in enumerate(value, 1) if isinstance(row, dict)]
        return table(path, lambda: found, "entry")
    if isinstance(value, dict):
        columns = {str(name): _column(column) for name, column in value.items()}
        listed = {name: column for name, column in columns.items() if column}
        rows = max((len(column) for column in listed.values()), default=0)
        if rows:
            found = [
                (row + 1, {n: c[row] for n, c in listed.items() if row < len(c) and c[row] is not None})
                for row in range(rows)
            ]
            return table(path, lambda: found, "entry")
    raise UnreadableHistory(
        f"a JSON history is a list of objects or an object of lists of numbers, {path} holds neither"
    )


def _column(value: Any) -> list[Any]:
    """A column's numbers; pandas writes {"0": value} in the place of a list."""
    if isinstance(value, dict):
        value = list(value.values())
    found = [of_json(item) for item in value] if isinstance(value, list) else []
    return found if any(item is not None for item in found) else []


def flat(row: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, float]:
    """The numbers of an object, those of objects inside it as "outer/inner"."""
    found: dict[str, float] = {}
    for name, value in row.items():
        if isinstance(value, dict) and depth < 8:
            found.update(flat(value, f"{before}{name}/", depth + 1))
        elif (number := of_json(value)) is not None:
            found[f"{before}{name}"] = number
    return found


def _objects(path: Path, notes: list[str]) -> Iterator[tuple[int, Mapping[str, float]]]:
    with text(path) as file:
        for place, line in enumerate(lines(file, path), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                if not line.endswith("\n"):
                    notes.append(f"the last line ({place}) is cut off: it is left out")
                    return
                raise UnreadableHistory(
                    f"every line must be a JSON object, line {place} of {path} is not: {error}; remove it"
                ) from None
            if not isinstance(row, dict):
                raise UnreadableHistory(
                    f"every line must be a JSON object, line {place} of {path} is {line.strip()[:40]!r}"
                )
            yield place, flat(row)


def table(path: Path, rows: Callable[[], Rows], line: str = "line") -> Table:
    """The table of these rows, which are gone through twice: for the names, and for the values."""
    names = list(dict.fromkeys(name for _, row in rows() for name in row))

    def stream(wanted: Sequence[str]) -> Iterator[Chunk]:
        kept: list[tuple[int, Mapping[str, float]]] = []
        for row in rows():
            kept.append(row)
            if len(kept) == _ROWS:
                yield _chunk(kept, wanted)
                kept = []
        if kept:
            yield _chunk(kept, wanted)

    return Table(path=path, names=names, stream=stream, line=line)


def _chunk(rows: Sequence[tuple[int, Mapping[str, float]]], wanted: Sequence[str]) -> Chunk:
    values = {name: np.array([row.get(name, np.nan) for _, row in rows]) for name in wanted}
    present = {name: np.array([name in row for _, row in rows]) for name in wanted}
    return Chunk(values, present, np.array([line for line, _ in rows], dtype=np.int64))
