"""The clue of balance: validation loss is level."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Interval, Thresholds
from wellbegun.diagnosis.intervals import tolerance, trend
from wellbegun.diagnosis.rate import calmer

_DEFAULT = Thresholds()


def plateau(
    curve: Curve,
    interval: Interval,
    *,
    change: float = _DEFAULT.change,
    drift: float = _DEFAULT.drift,
    scatter: float = _DEFAULT.scatter,
    error: float = _DEFAULT.error,
) -> Clue | None:
    """Detect a level validation loss: the balance the searches aim for (Sec. 3.1, Remark 2).

    Args:
        interval: a stretch without a change of direction, with the curve's noise level.
        change: largest relative change of val_loss across the interval beyond its noise; 0.03 is 3 %.
        drift: of the run's range of log(val_loss), what a level course may move over the whole run.
        scatter: noise levels that it may move besides.
        error: standard errors of its change that it may move besides.
    """
    rows = slice(interval.start, interval.stop)
    line = trend(curve.val_loss[rows], curve.iteration[rows])
    if line is None:
        return None
    if abs(line.change) > tolerance(curve, interval, line.rows, change, drift, scatter, error):
        return None
    evidence = (
        f"validation loss is level at {np.sqrt(line.first * line.last):.3g} over {line.rows} evaluations "
        f"({np.expm1(line.change):+.1%}, noise {interval.noise:.1%}){calmer(curve, interval)}"
    )
    return Clue.over(curve, interval, "plateau", evidence, section="3.1, Remark 2")
