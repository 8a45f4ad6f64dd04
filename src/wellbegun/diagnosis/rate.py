"""What a falling learning rate explains: a descent, or less noise, that says nothing about the fit."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Interval
from wellbegun.diagnosis.intervals import FEWEST, noise

FALL = 0.9  # of its value before: a learning rate at or below this has fallen
VANISHED = 0.01  # of its maximum: a learning rate that moves nothing any more
CALMER = 0.5  # of the noise before: less noise that is worth a word


def fall(curve: Curve, start: int, stop: int) -> tuple[float, float] | None:
    """The learning rate in the row before ``start`` and in row ``stop`` - 1 where it falls, else None.

    From the row before, so that a step that coincides with the start of the rows is seen.
    """
    rates = curve.lr[max(0, start - 1) : stop]
    rates = rates[np.isfinite(rates)]
    if not len(rates) or not rates[-1] <= FALL * rates[0]:
        return None
    return float(rates[0]), float(rates[-1])


def annihilation(curve: Curve) -> int | None:
    """The first row of the end of a run over which the learning rate stays below VANISHED of its maximum.

    Rows without a rate say nothing: a last evaluation, after the last update, often has none.
    """
    known = np.flatnonzero(np.isfinite(curve.lr))
    rates = curve.lr[known]
    if not len(rates) or not rates.max() > 0:
        return None
    moving = int(np.flatnonzero(rates > VANISHED * rates.max())[-1])
    return int(known[moving + 1]) if moving + 1 < len(known) else None


def because(curve: Curve, interval: Interval) -> str:
    """The end of a sentence about a descent while the learning rate falls, in the end, or ""."""
    rates = fall(curve, interval.start, interval.stop)
    if rates is None:
        return ""
    largest = float(np.nanmax(curve.lr[interval.start : interval.stop]))
    if rates[0] <= FALL * largest:  # most of a cycle: the descent has more reasons than its end
        return (
            f"; the learning rate rises from {rates[0]:.2g} to {largest:.2g} here and falls to {rates[1]:.2g}"
        )
    return f"; the learning rate falls from {rates[0]:.2g} to {rates[1]:.2g} here, which explains it"


def calmer(curve: Curve, interval: Interval) -> str:
    """The end of a sentence about a level stretch whose noise fell with the learning rate, or ""."""
    before = max(0, interval.start - max(FEWEST, interval.stop - interval.start))
    earlier = noise(curve.val_loss[before : interval.start])
    middle = (before + interval.start) // 2
    rates = fall(curve, middle + 1, interval.stop) if interval.start else None
    if rates is None or not interval.noise < CALMER * earlier:
        return ""
    return (
        f"; noise falls from {earlier:.1%} with the learning rate ({rates[0]:.2g} to {rates[1]:.2g}), "
        "which explains it"
    )
