"""The clue of overfitting: validation loss rises while training loss does not."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Interval, Thresholds
from wellbegun.diagnosis.intervals import Trend, rising, trend

FITTED = 0.02  # of its first value: a training loss below this is at its floor, where it rises by noise alone
_DEFAULT = Thresholds()


def overfitting(curve: Curve, interval: Interval, *, change: float = _DEFAULT.overfit) -> Clue | None:
    """Detect a validation loss that rises while training loss falls (Sec. 3.3).

    Permanent, gradual or a passing bump early in training: all three are the same sign. Without a training
    loss it cannot be told from a rise of both.

    Args:
        interval: a stretch without a change of direction, with the curve's noise level.
        change: smallest relative rise of val_loss across the interval beyond its noise; 0.02 is 2 %.

    Choice: training loss falls where the line through it does; one that has all but vanished
    counts as falling whichever way its line points.
    """
    rows = slice(interval.start, interval.stop)
    line = rising(curve.val_loss[rows], curve.iteration[rows], interval.noise, change)
    train = trend(curve.train_loss[rows], curve.iteration[rows])
    if line is None or train is None:
        return None
    if not falling(curve, train):
        return None
    evidence = (
        f"validation loss rises from {line.first:.3g} to {line.last:.3g} ({np.expm1(line.change):+.0%}, "
        f"noise {interval.noise:.1%}) while training loss goes from {train.first:.2g} to {train.last:.2g}"
    )
    return Clue.over(curve, interval, "overfitting", evidence, _advice(curve, interval), "3.3")


def falling(curve: Curve, train: Trend) -> bool:
    """Whether the training loss falls, or has fallen so far that its direction says nothing."""
    first = curve.train_loss[np.isfinite(curve.train_loss)][0]
    return train.change < 0 or max(train.first, train.last) < FITTED * float(first)


def _advice(curve: Curve, interval: Interval) -> str:
    """A bump that a larger learning rate cures needs no more than that larger rate."""
    after = curve.val_loss[interval.stop :]
    lowest = np.nanmin(curve.val_loss[: interval.stop])
    if np.any((after < lowest) & (curve.lr[interval.stop :] > curve.lr[interval.start])):
        return "it passes at a larger learning rate: begin with a larger one"
    return "regularize more: a larger learning rate, more weight decay or a smaller batch; or train shorter"
