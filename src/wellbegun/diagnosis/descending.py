"""The clue that training is under way: validation loss falls."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Interval, Thresholds
from wellbegun.diagnosis.intervals import tolerance, trend
from wellbegun.diagnosis.rate import because

_DEFAULT = Thresholds()


def descending(
    curve: Curve,
    interval: Interval,
    *,
    change: float = _DEFAULT.change,
    drift: float = _DEFAULT.drift,
    scatter: float = _DEFAULT.scatter,
    error: float = _DEFAULT.error,
    enough: float = 1.0,
) -> Clue | None:
    """Detect a falling validation loss: neutral in itself, underfitting where it lasts to the end (Sec. 3.2).

    Args:
        interval: a stretch without a change of direction, with the curve's noise level.
        change: smallest relative fall of val_loss across the interval beyond its noise; 0.03 is 3 %.
        drift: of the run's range of log(val_loss), what a level course may move over the whole run.
        scatter: noise levels that a fall must exceed.
        error: standard errors of its change that a fall must exceed besides.
        enough: share of all this that will do; less than 1 beside a descent that merely goes on.
    """
    rows = slice(interval.start, interval.stop)
    line = trend(curve.val_loss[rows], curve.iteration[rows])
    if line is None:
        return None
    if line.change >= -enough * tolerance(curve, interval, line.rows, change, drift, scatter, error):
        return None
    evidence = (
        f"validation loss falls from {line.first:.3g} to {line.last:.3g} ({np.expm1(line.change):+.0%}, "
        f"noise {interval.noise:.1%}){because(curve, interval)}"
    )
    return Clue.over(curve, interval, "descending", evidence, section="3.2")
