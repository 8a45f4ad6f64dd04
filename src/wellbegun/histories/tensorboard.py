"""TensorBoard's event files, read with the library ``tensorboard``, which is optional.

Choice: event files are records of protocol buffers with checksums, in two generations of formats. The
loader of TensorBoard itself reads them all, is kept up by its authors, and needs no TensorFlow.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from wellbegun.errors import UnreadableHistory
from wellbegun.histories._base import Raw
from wellbegun.histories.columns import guess, tokens
from wellbegun.histories.track import Track

MARK = "tfevents"
"""Part of the name of every event file."""
_PART = 8192  # values collected before they go to their track
_HALVES = {"train", "training", "val", "valid", "validation", "eval", "test"}
"""Folders that hold one side each of the same run, as Keras writes them."""


def read(path: Path, asked: Mapping[str, str]) -> list[Raw]:
    """The runs in an event file, or in all event files below a folder.

    Files of one folder are one run, in the order of their names. Folders called train and validation are two
    sides of the same run.

    Raises:
        UnreadableHistory: no scalars, or a file that is damaged from the beginning.
        ModuleNotFoundError: ``tensorboard`` is not installed.
    """
    groups: dict[Path, list[Path]] = {}
    for file in files(path):
        groups.setdefault(file.parent, []).append(file)
    runs: dict[Path, dict[str, Track]] = {}
    notes: dict[Path, list[str]] = {}
    for folder, members in groups.items():
        half = folder.name.lower() if folder != path and folder.name.lower() in _HALVES else ""
        run = folder.parent if half else folder
        tracks, told = _tracks(members)
        named = {f"{half}/{tag}" if half else tag: track for tag, track in tracks.items()}
        runs.setdefault(run, {}).update(named)
        notes.setdefault(run, []).extend(told)
    found = [
        _raw(tracks, asked, _name(run, path, len(runs)), notes[run]) for run, tracks in runs.items() if tracks
    ]
    if not found:
        raise UnreadableHistory(f"an event file must hold scalars, {path} has none; is it damaged?")
    return found


def files(path: Path) -> list[Path]:
    """The event files that a path names, the older ones first."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob(f"*{MARK}*") if file.is_file())


def looks_like(start: bytes) -> bool:
    """Whether bytes begin as an event file: its first record names the version of the format."""
    return b"brain.Event:" in start[:64]


def _name(run: Path, path: Path, runs: int) -> str:
    return "" if runs == 1 else str(run.relative_to(path) if run != path else ".")


def _raw(tracks: dict[str, Track], asked: Mapping[str, str], run: str, notes: list[str]) -> Raw:
    chosen = guess(list(tracks), asked)
    axis = {meaning: chosen.pop(meaning) for meaning in ("iteration", "epoch") if meaning in chosen}
    used = {name for names in (*chosen.values(), *axis.values()) for name in names}
    others = tuple(name for name in tracks if name not in used)
    return Raw(tracks=tracks, chosen=chosen, others=others, run=run, axis=_axis(tracks), notes=notes)


def _axis(tracks: Mapping[str, Track]) -> str:
    """Keras writes epochs where others write iterations, and says so in the tags."""
    return "epoch" if tracks and all("epoch" in tokens(name) for name in tracks) else "iteration"


def _tracks(members: list[Path]) -> tuple[dict[str, Track], list[str]]:
    waiting: dict[str, tuple[list[int], list[float]]] = {}
    tracks: dict[str, Track] = {}
    negative = 0
    for tag, step, value in (scalar for file in members for scalar in _scalars(file)):
        if step < 0:
            negative += 1
            continue
        x, values = waiting.setdefault(tag, ([], []))
        x.append(step)
        values.append(value)
        if len(x) >= _PART:
            tracks.setdefault(tag, Track()).add(np.array(x, dtype=np.int64), np.array(values))
            del waiting[tag]
    for tag, (x, values) in waiting.items():
        tracks.setdefault(tag, Track()).add(np.array(x, dtype=np.int64), np.array(values))
    return tracks, [f"{negative} values at negative iterations are left out"] if negative else []


def _scalars(file: Path) -> Iterator[tuple[str, int, float]]:
    """(tag, iteration, value) of every scalar; a damaged or cut-off end is where the reading ends."""
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util.tensor_util import make_ndarray
    except ModuleNotFoundError as error:
        rule = "reading event files needs the library tensorboard"
        raise ModuleNotFoundError(
            f"{rule}, which is not installed; install it with pip install 'wellbegun[tensorboard]'",
            name=error.name,
        ) from None
    try:
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name not in ("scalars", ""):
                    continue
                number = np.asarray(make_ndarray(value.tensor)) if value.HasField("tensor") else None
                if number is not None and number.size == 1 and number.dtype.kind in "fiu":
                    yield str(value.tag), int(event.step), float(number.reshape(-1)[0])
                elif value.HasField("simple_value") and not math.isnan(value.simple_value):
                    yield str(value.tag), int(event.step), float(value.simple_value)
    except OSError:
        raise
    except Exception as error:
        raise UnreadableHistory(
            f"an event file holds records of TensorBoard, {file} does not: {type(error).__name__}: {error}"
        ) from None
