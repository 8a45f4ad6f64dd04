"""From the rows of a table to tracks: which columns are read, and which iteration each row belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellbegun.errors import UnreadableHistory
from wellbegun.histories._base import Raw
from wellbegun.histories.columns import exported, guess, tokens, written_by
from wellbegun.histories.restarts import Restarts, filled
from wellbegun.histories.track import Track
from wellbegun.schedules._base import Floats

LARGEST = 2**53  # iterations beyond are no longer told apart as floating-point numbers
_PARTS = 1000  # of an epoch, where a history counts in fractions of epochs


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows of a table: numbers by column; NaN that was written is present, an empty cell is not."""

    values: Mapping[str, Floats]
    present: Mapping[str, NDArray[np.bool_]]
    lines: NDArray[np.int64]  # of the file, from 1


@dataclass(kw_only=True)
class Table:
    """A table that can be streamed: its names, and its rows for some of them."""

    path: Path
    names: Sequence[str]
    stream: Callable[[Sequence[str]], Iterator[Chunk]]
    notes: list[str] = field(default_factory=list)
    line: str = "line"  # what Chunk.lines counts
    writer: str = ""  # the tool, where the format tells


def gather(table: Table, asked: Mapping[str, str]) -> list[Raw]:
    """The runs of a table, one for most of them, read in one pass.

    Raises:
        UnreadableHistory: iterations that are no whole numbers from 0 on.
    """
    runs = exported(table.names)
    parts = [_plan(table, asked, run, metrics) for run, metrics in runs.items()] or [_plan(table, asked)]
    wanted = {name for part in parts for name in part.needed()}
    rows = 0
    for chunk in table.stream([name for name in table.names if name in wanted]):
        for part in parts:
            part.take(chunk, rows)
        rows += len(chunk.lines)
    for part in parts:
        part.raw.notes += [*table.notes, *part.told()]
    return [part.raw for part in parts]


def _plan(
    table: Table, asked: Mapping[str, str], run: str = "", metrics: Mapping[str, str] | None = None
) -> _Part:
    """How one run is read: names as the run has them, and the columns that they stand for."""
    own = {name: name for name in table.names if name}
    if metrics is not None:
        every = {name for columns in exported(table.names).values() for name in columns.values()}
        shared = [n for n in table.names if n not in every and not n.endswith(("__MIN", "__MAX"))]
        own = {**{name: name for name in shared}, **metrics}
    chosen = guess(list(own), {m: _short(n, run) for m, n in asked.items()})
    if "iteration" not in chosen and "epoch" not in chosen and metrics is not None:
        chosen["iteration"] = (next(iter(own)),)  # a chart's x axis can have any name
    axis = next((kind for kind in ("iteration", "epoch") if kind in chosen), "row")
    used = {name for names in chosen.values() for name in names}
    raw = Raw(
        tracks={}, chosen=chosen, axis=axis, run=run, writer=table.writer or written_by(table.names),
        others=tuple(name for name in own if name not in used),
    )  # fmt: skip
    return _Part(table, raw, own)


def _short(name: str, run: str) -> str:
    return name.removeprefix(f"{run} - ") if run else name


class _Part:
    """One run of a table while it is read."""

    def __init__(self, table: Table, raw: Raw, own: Mapping[str, str]) -> None:
        self.raw, self._table, self._own = raw, table, own
        self._axis = raw.chosen[raw.axis][0] if raw.axis in raw.chosen else ""
        self._epoch = raw.chosen["epoch"][0] if raw.axis == "iteration" and "epoch" in raw.chosen else ""
        self._restarts = Restarts()
        self._before = np.nan  # the last iteration of the rows so far
        self._filled = self._skipped = 0
        self._parts = 1  # 1000 where epochs are counted in fractions
        self._measured = [
            name
            for meaning, names in raw.chosen.items()
            if meaning not in ("iteration", "epoch")
            for name in names
        ]

    def needed(self) -> set[str]:
        """The names of the columns in the file."""
        return {self._own[name] for name in (*self._measured, self._axis, self._epoch) if name}

    def take(self, chunk: Chunk, rows: int) -> None:
        """Add the values of some rows; ``rows`` came before them."""
        any_value = np.zeros(len(chunk.lines), dtype=bool)
        for name in self._measured:
            any_value |= chunk.present[self._own[name]]
        x = self._iterations(chunk, rows, any_value)
        known = ~np.isnan(x)
        self._skipped += int((any_value & ~known).sum())
        for name in self._measured:
            present = chunk.present[self._own[name]] & known
            if present.any():
                track = self.raw.tracks.setdefault(name, Track())
                track.add(x[present].astype(np.int64), chunk.values[self._own[name]][present])

    def _iterations(self, chunk: Chunk, rows: int, used: NDArray[np.bool_]) -> Floats:
        """The iteration of each row; a row without one stands where the row before it stands."""
        if not self._axis:
            return np.arange(rows, rows + len(chunk.lines), dtype=np.float64)
        x = np.where(chunk.present[self._own[self._axis]], chunk.values[self._own[self._axis]], np.nan)
        self._check(x, chunk.lines)
        self._filled += int((np.isnan(x) & used).sum())
        x = filled(x, self._before)
        if len(x):
            self._before = float(x[-1])
        if self._epoch:
            epochs = np.where(
                chunk.present[self._own[self._epoch]], chunk.values[self._own[self._epoch]], np.nan
            )
            x = self._restarts.unwound(x, epochs)
        return np.round(x * self._parts)

    def _check(self, x: Floats, lines: NDArray[np.int64]) -> None:
        kind = self.raw.axis
        whole = np.isnan(x) | ((x >= 0) & (x < LARGEST / _PARTS) & (x == np.round(x)))
        if whole.all():
            return
        bad = int(np.argmin(whole))
        fine = np.isnan(x) | ((x >= 0) & (x < LARGEST / _PARTS))
        if kind.startswith("epoch") and fine.all():
            if self._parts == 1 and self.raw.tracks:
                self._rescale()
            self._parts, self.raw.axis = _PARTS, "epoch/1000"
            return
        where = f"{self._table.line} {int(lines[bad])} of {self._table.path} has {x[bad]:g}"
        raise UnreadableHistory(
            f"{kind}s are whole numbers from 0 on, {where} in column {self._axis!r}; "
            f"name another column with --column {kind}=NAME, or none with --column {kind}="
        )

    def _rescale(self) -> None:
        for track in self.raw.tracks.values():
            track.scale(_PARTS)

    def told(self) -> list[str]:
        """What was done with rows that lack an iteration, and in which unit epochs are counted."""
        notes = []
        if self._filled - self._skipped > 0:
            notes.append(
                f"{self._filled - self._skipped} rows without {self._axis!r} stand at that of the row before"
            )
        if self._restarts.count:
            notes.append(f"{self._axis!r} starts again in each epoch: epochs are put one after the other")
        if self._skipped:
            notes.append(f"{self._skipped} rows before the first {self._axis!r} are left out")
        names = {n for m, c in self.raw.chosen.items() if m.startswith("val") for n in c}
        if any("test" in tokens(name) for name in names):
            notes.append("values of a test set are read as validation")
        return notes
