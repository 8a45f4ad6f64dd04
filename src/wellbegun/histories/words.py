"""What is said about a history: what was done with its rows, what is missing and what that rules out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wellbegun.curve import Curve
from wellbegun.histories._base import Raw
from wellbegun.histories.track import Settled

_FEWEST = 8  # evaluations that a diagnosis needs


def nothing(path: Path, raw: Raw) -> str:
    """Why no history could be made of a file that was understood."""
    names = [*dict.fromkeys([*(n for c in raw.chosen.values() for n in c), *raw.others])]
    shown = ", ".join(names[:30]) or "none"
    return (
        f"a history needs a loss or an accuracy with values, {path} has these columns: {shown}; "
        "name one with --column val_loss=NAME (in Python: columns={'val_loss': 'NAME'})"
    )


def axis(kind: str) -> tuple[str, ...]:
    """What the iterations are, where they are none."""
    return {
        "epoch": ("there are no iterations: epochs stand in their place, numbered as in the file",),
        "epoch/1000": ("there are no iterations: thousandths of epochs stand in their place",),
        "row": ("there are neither iterations nor epochs: rows stand in their place, counted from 0",),
    }.get(kind, ())


def order(columns: Mapping[str, Settled], keep: str) -> list[str]:
    """What was done about values out of order, repeated, or too many; each thing once, for all columns."""
    said: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for name, settled in columns.items():
        for kind, text in _done(settled, keep).items():
            said.setdefault(kind, []).append(name)
            texts.setdefault(kind, text)
    return [f"{', '.join(map(repr, names))}: {texts[kind]}" for kind, names in said.items()]


def _done(settled: Settled, keep: str) -> dict[str, str]:
    """What was done to one column, by kind."""
    found = {}
    if settled.sorted:
        found["sorted"] = "the rows come without order and were sorted by iteration"
    if settled.resumed:
        before, after = settled.resumed[0]
        times = len(settled.resumed)
        more = f" and {times - 1} more times" if times > 1 else ""
        found["resumed"] = (
            f"iterations go back from {before} to {after}{more}: read as a resumed run, "
            f"what it rewound over is dropped ({settled.dropped} values)"
        )
    if settled.repeated:
        found["repeated"] = (
            f"several values at one iteration, the {keep} one kept ({settled.repeated} dropped)"
        )
    if settled.block > 1:
        found["averaged"] = f"too many values to keep all, up to {settled.block} neighbours averaged"
    return found


def missing(curve: Curve) -> tuple[str, ...]:
    """What is not there, and what cannot be said because of that; the most important first."""
    lacks = {name: bool(np.isnan(column).all()) for name, column in curve.columns().items()}
    said = []
    if lacks["val_loss"] and lacks["val_accuracy"]:
        said.append(
            "no validation loss: only training can be judged, whether it is stable and whether it still "
            "falls; nothing can be said about over- or underfitting"
        )
    elif lacks["val_loss"]:
        said.append(
            "no validation loss: the error rate (1 - accuracy) is judged in its place, which shows "
            "overfitting later than a loss does"
        )
    elif lacks["train_loss"]:
        said.append("no training loss: a rise of the validation loss cannot be told to be overfitting")
    if lacks["lr"]:
        said.append(
            "no learning rate: no clue can be tied to it, and a fall that its decay causes is not seen"
        )
    if len(curve) < _FEWEST:
        said.append(
            f"only {len(curve)} evaluations: a diagnosis needs at least {_FEWEST}; evaluate more often"
        )
    losses = curve.val_loss[~np.isnan(curve.val_loss)]
    if len(losses) and (losses <= 0).any():
        below = int((losses <= 0).sum())
        said.append(
            f"{below} of {len(losses)} validation losses are not above 0: curves are read on a log scale, "
            "so these are passed over; add a constant to the loss"
        )
    return tuple(said)
