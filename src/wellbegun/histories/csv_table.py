"""CSV and its relatives: any delimiter, with or without quotes, streamed.

A large file is read with pyarrow where that is installed; all others, and any that pyarrow refuses, with
Python's own reader, which is slower but knows the line of every cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from wellbegun.errors import UnreadableHistory
from wellbegun.histories import arrow
from wellbegun.histories._text import lines, text
from wellbegun.histories.gather import Chunk, Table
from wellbegun.histories.numbers import EMPTY, number

LARGE = 2**24  # bytes from which pyarrow is worth its import
_ROWS = 20_000  # read at a time
_DELIMITERS = (",", "\t", ";", "|")


class _Shape:
    """How a file writes its table."""

    def __init__(self, path: Path) -> None:
        with text(path) as file:
            before, first = _first_line(lines(file, path), path)
        self.skip = before  # lines before the header or the first row
        first = first.strip("\r\n")
        self.delimiter = delimiter(first) or " "
        cells = split(first.lstrip("#").strip() if first.startswith("#") else first, self.delimiter)
        self.header = not all(_is_number(cell) for cell in cells)
        self.first = first
        self.names = _unique(cells) if self.header else [str(place) for place in range(1, len(cells) + 1)]
        self.comma = self.delimiter == ";"


def read(path: Path) -> Table:
    """The table in a CSV file, named by its header.

    Raises:
        UnreadableHistory: rows that differ in length from the header, or cells that are no numbers.
    """
    shape = _Shape(path)
    table = Table(path=path, names=shape.names, stream=lambda _: iter(()))
    if not shape.header:
        table.notes.append("there is no header: columns are named by their place, from 1")

    def stream(names: Sequence[str]) -> Iterator[Chunk]:
        if path.stat().st_size >= LARGE and shape.header and arrow.installed():
            try:
                yield from arrow.stream(path, shape.names, names, shape.delimiter, shape.skip)
                return
            except arrow.Refused as refused:
                done = refused.rows
        else:
            done = 0
        yield from _slowly(path, shape, names, table.notes, done)

    table.stream = stream
    return table


def delimiter(line: str) -> str:
    """The delimiter of a header or a row; "" for words between blanks or a single cell."""
    counts = {sign: line.count(sign) for sign in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda sign: counts[sign])
    if counts[best] == 0:
        return ""
    return ";" if counts[";"] else best  # a comma may be the decimal sign then


def split(line: str, sign: str) -> list[str]:
    """The cells of one line, blanks around them removed."""
    if sign == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=sign, strict=False), [])]


def _first_line(found: Iterator[str], path: Path) -> tuple[int, str]:
    """How many lines come before the header, and the header; a comment right before numbers is one."""
    comment, place = "", 0
    for place, line in enumerate(found):
        if not line.strip():
            continue
        if line.startswith("#"):
            comment = line
            continue
        sign = delimiter(line) or " "
        bare = split(comment.lstrip("#").strip(), delimiter(comment) or " ") if comment else []
        if bare and len(bare) == len(split(line, sign)) and all(map(_is_number, split(line, sign))):
            return place - 1, "#" + sign.join(bare)
        return place, line
    raise UnreadableHistory(f"a history needs rows, {path} has none; is it the right file?")


def _is_number(cell: str) -> bool:
    try:
        number(cell, comma=True)
    except ValueError:
        return False
    return True


def _unique(cells: Sequence[str]) -> list[str]:
    """Names that differ: a second "loss" becomes "loss.2"."""
    seen: dict[str, int] = {}
    names = []
    for cell in cells:
        seen[cell] = seen.get(cell, 0) + 1
        names.append(f"{cell}.{seen[cell]}" if seen[cell] > 1 else cell)
    return names


def _rows(path: Path, shape: _Shape) -> Iterator[tuple[int, list[str], bool]]:
    """(line, cells, whether the line has an end) of each row that holds something."""
    with text(path) as file:
        ended = True

        def counted() -> Iterator[str]:
            nonlocal ended
            for place, line in enumerate(lines(file, path)):
                ended = line.endswith(("\n", "\r"))
                if place >= shape.skip + shape.header and not line.startswith("#"):
                    yield line.replace("\0", "")
                else:
                    yield "\n"

        if shape.delimiter == " ":
            for place, line in enumerate(counted(), 1):
                if cells := line.split():
                    yield place, cells, ended
            return
        reader = csv.reader(counted(), delimiter=shape.delimiter)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells, ended
        except csv.Error as error:
            raise UnreadableHistory(
                f"a row must be readable as CSV, line {reader.line_num} of {path} is not: {error}"
            ) from None


def _slowly(path: Path, shape: _Shape, wanted: Sequence[str], notes: list[str], done: int) -> Iterator[Chunk]:
    """Chunks by Python's own reader, from row ``done`` on."""
    places = {name: shape.names.index(name) for name in wanted}
    kept: list[list[str]] = []
    numbers: list[int] = []
    rows = 0
    for line, cells, ended in _rows(path, shape):
        if len(cells) != len(shape.names):
            if not ended:
                notes.append(f"the last line ({line}) is cut off: it is left out")
                continue
            if not _fits(cells, shape.names):
                raise UnreadableHistory(
                    f"every row has as many cells as the header, {len(shape.names)}; line {line} of {path} "
                    f"has {len(cells)}; repair or remove it"
                )
            cells = cells[: len(shape.names)]
        elif cells == shape.names:
            notes.append("the header is repeated inside the file: passed over")
            continue
        rows += 1
        if rows <= done:
            continue
        kept.append(cells)
        numbers.append(line)
        if len(kept) == _ROWS:
            yield _chunk(path, kept, numbers, places, shape.comma)
            kept, numbers = [], []
    if kept:
        yield _chunk(path, kept, numbers, places, shape.comma)


def _fits(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a row only has empty cells too many, as some spreadsheets write them."""
    return len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :])


def _chunk(
    path: Path, rows: list[list[str]], numbers: list[int], places: dict[str, int], comma: bool
) -> Chunk:
    values, present = {}, {}
    for name, place in places.items():
        column = [row[place] for row in rows]
        try:
            found = np.array([float(cell) if cell else np.nan for cell in column])
            there = np.array([bool(cell) for cell in column])
            if any("_" in cell for cell in column):
                raise ValueError
        except ValueError:
            found, there = _carefully(path, column, numbers, name, comma)
        values[name], present[name] = found, there
    return Chunk(values, present, np.array(numbers, dtype=np.int64))


def _carefully(
    path: Path, column: list[str], numbers: list[int], name: str, comma: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Cell by cell, so that one that is no number can be named."""
    found: list[float | None] = []
    for cell, line in zip(column, numbers, strict=True):
        try:
            found.append(number(cell, comma=comma))
        except ValueError:
            shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
            raise UnreadableHistory(
                f"cells of {name!r} must be numbers or empty, line {line} of {path} has {shown!r}; "
                "repair it, or leave the column out with --column MEANING="
            ) from None
    there = np.array([value is not None for value in found])
    return np.array([np.nan if value is None else value for value in found]), there


def looks_like(start: str) -> bool:
    """Whether a text begins as a table does: two lines with equally many cells, numbers in the second."""
    rows = [line for line in start.splitlines() if line.strip() and not line.startswith("#")][:3]
    if not rows:
        return False
    sign = delimiter(rows[0]) or " "
    cells = [split(row, sign) for row in rows]
    if len(cells) == 1:
        return len(cells[0]) > 1 and sign != " "
    numbers = [_is_number(cell) for cell in cells[0]]
    if len(cells[0]) != len(cells[1]) or (sign == " " and any(numbers) and not all(numbers)):
        return False
    return any(_is_number(cell) and cell not in EMPTY for cell in cells[1])
