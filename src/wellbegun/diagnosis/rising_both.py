"""The clue of too much: validation and training loss rise together, smoothly."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Interval, Thresholds
from wellbegun.diagnosis.intervals import rising, trend
from wellbegun.diagnosis.overfitting import falling

_DEFAULT = Thresholds()


def rising_both(curve: Curve, interval: Interval, *, change: float = _DEFAULT.both) -> Clue | None:
    """Detect losses that rise together, smoothly: too much learning rate or regularization.

    Args:
        interval: a stretch without a change of direction, with the curve's noise level.
        change: smallest relative rise of val_loss across the interval beyond its noise; 0.05 is 5 %.

    Source: arXiv:1803.09820, Sec. 4.1 and Remark 3: the total regularization must be balanced, and a large
    learning rate is a part of it. Choice: a level training loss counts as rising.
    """
    rows = slice(interval.start, interval.stop)
    line = rising(curve.val_loss[rows], curve.iteration[rows], interval.noise, change)
    train = trend(curve.train_loss[rows], curve.iteration[rows])
    if line is None or train is None:
        return None
    if falling(curve, train):
        return None
    evidence = (
        f"validation loss rises from {line.first:.3g} to {line.last:.3g} ({np.expm1(line.change):+.0%}, "
        f"noise {interval.noise:.1%}) and training loss from {train.first:.2g} to {train.last:.2g}"
    )
    advice = "keep the learning rate below this range, or reduce weight decay"
    return Clue.over(curve, interval, "rising_both", evidence, advice, "4.1, Remark 3")
