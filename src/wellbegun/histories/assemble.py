"""From tracks to a curve: one row per evaluation, training values averaged since the row before."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellbegun.curve import Curve
from wellbegun.errors import UnreadableHistory
from wellbegun.histories import words
from wellbegun.histories._base import History, Raw
from wellbegun.histories.track import Settled
from wellbegun.schedules._base import Floats

EVALUATIONS = 5000
"""More evaluations than these are averaged in groups."""
ROWS = 1000
"""Rows of a curve that had to be averaged: groups of evaluations, or of training values without any."""

_VALIDATION = ("val_loss", "val_accuracy", "val_error")
_MEANT = ("train_loss", "train_accuracy")  # averaged between evaluations
_HELD = ("lr", "momentum")  # the last value counts


@dataclass
class _Work:
    """One column after another as it is put in order, with what there is to say about it."""

    columns: dict[str, str] = field(default_factory=dict)  # meaning -> name
    values: dict[str, Settled] = field(default_factory=dict)
    ordered: dict[str, Settled] = field(default_factory=dict)  # name -> how it was put in order
    notes: list[str] = field(default_factory=list)


def assemble(raw: Raw, path: Path, form: str, *, keep: str = "last") -> History:
    """The history of one run.

    Args:
        form: name of the format.
        keep: which of two evaluations at one iteration, "first" or "last".

    Raises:
        UnreadableHistory: there is neither a loss nor an accuracy in it.
    """
    work = _Work(notes=list(raw.notes))
    for meaning in (*_VALIDATION, *_MEANT, *_HELD):
        _settle(work, raw, meaning, keep)
    work.notes += words.order(work.ordered, keep)
    _fractions(work)
    if not set(work.values) & {*_VALIDATION, *_MEANT}:
        raise UnreadableHistory(words.nothing(path, raw))
    grid, joined = _grid(work)
    curve = Curve.of({"iteration": grid, **{m: _on(grid, s, m, joined) for m, s in work.values.items()}})
    counter = raw.axis.partition("/")[0]
    used = {counter: raw.chosen[counter][0]} if counter in raw.chosen else {}
    return History(
        path=path, format=form, writer=raw.writer, run=raw.run, curve=curve, columns={**used, **work.columns},
        others=raw.others, rows=max(track.count for track in raw.tracks.values()), axis=raw.axis,
        notes=(*words.axis(raw.axis), *dict.fromkeys(work.notes)), missing=words.missing(curve),
    )  # fmt: skip


def _settle(work: _Work, raw: Raw, meaning: str, keep: str) -> None:
    """Put the best column of a meaning in order; nothing where it has no values."""
    names = [n for n in raw.chosen.get(meaning, ()) if n in raw.tracks and raw.tracks[n].count]
    if not names:
        return
    name = _preferred(names, raw, meaning)
    settled = raw.tracks[name].settled("all" if meaning in _MEANT else keep)
    values, told = _finite(settled, name, loss=meaning.endswith("loss"))
    work.notes += told
    work.ordered[name] = settled
    if values is not None:
        work.columns[meaning], work.values[meaning] = name, values


def _preferred(names: list[str], raw: Raw, meaning: str) -> str:
    """Of a column per step and one per epoch: the mean over the epoch where each evaluation has one."""
    if len(names) == 1:
        return names[0]
    if meaning not in _MEANT:
        return max(names, key=lambda name: raw.tracks[name].count)
    validations = [n for m in _VALIDATION for n in raw.chosen.get(m, ()) if n in raw.tracks]
    evaluations = max((raw.tracks[name].count for name in validations), default=0)
    means = [name for name in names if "epoch" in name.lower()]
    if means and evaluations and raw.tracks[means[0]].count >= 0.9 * evaluations:
        return means[0]
    return max(names, key=lambda name: raw.tracks[name].count)


def _finite(settled: Settled, name: str, *, loss: bool) -> tuple[Settled | None, list[str]]:
    """Values without NaN. At the end of a loss NaN is divergence; between numbers it means "not measured"."""
    absent = np.isnan(settled.values)
    if not absent.any():
        return (settled, []) if len(settled.values) else (None, [])
    if absent.all():
        return None, [f"every value of {name!r} is NaN: it is left out"]
    last = int(np.flatnonzero(~absent)[-1])
    inner = int(absent[:last].sum())
    if loss and not inner:
        values = np.where(absent, np.inf, settled.values)
        at = int(settled.x[last + 1])
        note = f"{name!r} is NaN from {at} to the end: read as divergence"
        return Settled(settled.x, values, settled.weights), [note]
    kept = ~absent
    clean = Settled(settled.x[kept], settled.values[kept], settled.weights[kept])
    return clean, [] if inner > 0.5 * last else [f"{int(absent.sum())} values of {name!r} are NaN: left out"]


def _fractions(work: _Work) -> None:
    """Accuracies as fractions in [0, 1], error rates turned into accuracies."""
    for meaning in ("val_accuracy", "val_error", "train_accuracy"):
        if meaning not in work.values:
            continue
        settled, name = work.values.pop(meaning), work.columns[meaning]
        values, top = settled.values, float(np.max(settled.values))
        if not 0 <= float(np.min(values)) <= top <= 100.001:
            del work.columns[meaning]
            low = float(np.min(values))
            work.notes.append(
                f"{name!r} runs from {low:.3g} to {top:.3g}, which no accuracy does: it is left out"
            )
            continue
        if top > 1.001:
            values = values / 100
            work.notes.append(f"{name!r} goes up to {top:.3g}: read as percent")
        values = np.clip(1 - values if meaning == "val_error" else values, 0.0, 1.0)
        if meaning != "val_error":
            work.values[meaning] = Settled(settled.x, values, settled.weights)
        elif "val_accuracy" in work.values:
            del work.columns[meaning]  # it says the same
        else:
            work.values["val_accuracy"] = Settled(settled.x, values, settled.weights)
            work.notes.append(f"{name!r} is an error rate: accuracy is 1 minus it")


def _grid(work: _Work) -> tuple[NDArray[np.int64], bool]:
    """The iterations of the rows, and whether each row stands for several evaluations."""
    for meaning in ("val_loss", "val_accuracy"):
        if meaning in work.values:
            x, weights = work.values[meaning].x, work.values[meaning].weights
            if len(x) <= EVALUATIONS:
                return _with_end(x, work), False
            grid = _groups(x)
            work.notes.append(f"{int(weights.sum())} evaluations are averaged in {len(grid)} groups")
            return grid, True
    x = np.unique(np.concatenate([work.values[m].x for m in _MEANT if m in work.values]))
    if len(x) <= ROWS:
        return x, False
    grid = _groups(x)
    work.notes.append(f"training values at {len(x)} iterations are averaged in {len(grid)} groups")
    return grid, True


def _with_end(x: NDArray[np.int64], work: _Work) -> NDArray[np.int64]:
    """One row more where training diverged after the last evaluation, which nobody should miss."""
    train = work.values.get("train_loss")
    if train is None or len(train.x) == 0 or train.x[-1] <= x[-1]:
        return x
    lost = train.x[(train.x > x[-1]) & ~np.isfinite(train.values)]
    if not len(lost):
        return x
    work.notes.append(f"training loss is not finite at {int(lost[0])}, after the last evaluation")
    longer: NDArray[np.int64] = np.append(x, lost[-1])
    return longer


def _groups(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last iterations of about ROWS groups with as many values each."""
    ends = np.linspace(0, len(x), ROWS + 1).round().astype(np.int64)[1:] - 1
    rows: NDArray[np.int64] = x[ends]
    return rows


def _on(grid: NDArray[np.int64], settled: Settled, meaning: str, joined: bool) -> Floats:
    """A column on the rows of the curve: the mean since the row before, or the last value."""
    last: NDArray[np.int64] = np.searchsorted(settled.x, grid, side="right").astype(
        np.int64
    )  # one past the last value of each row
    first = np.r_[0, last[:-1]]
    if meaning in _HELD:
        held: Floats = np.where(last > 0, settled.values[np.maximum(last - 1, 0)], np.nan)
        return held
    if meaning in _MEANT or joined:
        return _means(settled, first, last)
    exact = (last > 0) & (settled.x[np.maximum(last - 1, 0)] > np.r_[-1, grid[:-1]])
    return np.where(exact, settled.values[np.maximum(last - 1, 0)], np.nan)


def _means(settled: Settled, first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
    """Weighted means of the values from first to last - 1; infinite where one of them is."""
    lost = ~np.isfinite(settled.values)
    sums = np.r_[0.0, np.cumsum(np.where(lost, 0.0, settled.values * settled.weights))]
    weights = np.r_[0.0, np.cumsum(settled.weights)]
    losses = np.r_[0, np.cumsum(lost)]
    total = weights[last] - weights[first]
    means = np.divide(sums[last] - sums[first], total, out=np.full(len(last), np.nan), where=total > 0)
    return np.where(losses[last] > losses[first], np.inf, means)
