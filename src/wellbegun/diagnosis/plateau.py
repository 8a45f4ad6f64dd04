"""The clue of balance: validation loss is level."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Interval
from wellbegun.diagnosis.intervals import allowance, trend


def plateau(curve: Curve, interval: Interval, *, change: float = 0.03) -> Clue | None:
    """Detect a level validation loss: the balance the searches aim for (Sec. 3.1, Remark 2).

    Args:
        interval: a stretch without a change of direction, with the curve's noise level.
        change: largest relative change of val_loss across the interval beyond its noise; 0.03 is 3 %.
    """
    rows = slice(interval.start, interval.stop)
    line = trend(curve.val_loss[rows], curve.iteration[rows])
    if line is None or abs(line.change) > np.log1p(change) + allowance(interval.noise, line.rows):
        return None
    evidence = (
        f"validation loss is level at {np.sqrt(line.first * line.last):.3g} over {line.rows} evaluations "
        f"({np.expm1(line.change):+.1%}, noise {interval.noise:.1%})"
    )
    return Clue.over(curve, interval, "plateau", evidence, section="3.1, Remark 2")
