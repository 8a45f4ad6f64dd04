"""The clue of instability: losses that jump, swing, or are lost for good."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Interval, Thresholds
from wellbegun.diagnosis.intervals import FEWEST, allowance, measured, noise, smooth, trend
from wellbegun.schedules._base import Floats

_DEFAULT = Thresholds()
LOST = 1.5  # val_loss above this multiple of its best so far is where a breakdown is looked for


def instability(
    curve: Curve,
    interval: Interval,
    *,
    rise: float = _DEFAULT.sharp,
    within: float = _DEFAULT.within,
    swing: float = _DEFAULT.swing,
) -> Clue | None:
    """Detect divergence, a sharp rise of both losses, or large swings; it is not overfitting (Sec. 3.3).

    Args:
        interval: a stretch without a change of direction, with the curve's noise level.
        rise: smallest relative rise of val_loss beyond its noise that is sharp; 0.25 is 25 %.
        within: the share of the run over which that rise takes place, two evaluations at least.
        swing: smallest standard deviation of log val_loss around its course that counts as swings.
    """
    evidence = (
        _not_finite(curve, interval)
        or _blast(curve, interval)
        or _broken_down(curve, interval)
        or _sharp_rise(curve, interval, np.log1p(rise), within)
        or _swings(interval, swing)
        or _rise_of_the_unlearned(curve, interval)
    )
    if not evidence:
        return None
    return Clue.over(curve, interval, "instability", evidence, *_advice(curve, interval))


def _not_finite(curve: Curve, interval: Interval) -> str:
    rows = slice(interval.start, interval.stop)
    losses = np.stack([curve.val_loss[rows], curve.train_loss[rows]])
    ended = interval.stop == len(curve) and np.isnan(losses[:, -1]).all()
    # cut() makes a row of its own only of a break, not of a history that measures now and then
    if np.isinf(losses).any() or (ended and not measured(losses).any() and interval.start > 0):
        return "the loss is no longer a finite number: training diverged"
    return ""


def _blast(curve: Curve, interval: Interval) -> str:
    """A jump in the last row or two, too late for a line through the rows after it."""
    last = curve.val_loss[interval.start :]
    earlier = curve.val_loss[: interval.start][measured(curve.val_loss[: interval.start])][-5:]
    if interval.stop < len(curve) or not 1 <= np.count_nonzero(measured(last)) <= 2 or not len(earlier):
        return ""
    low = float(np.min(last[measured(last)]))
    if low <= LOST * earlier.max():
        return ""
    return f"validation loss jumps from {np.median(earlier):.3g} to {low:.3g} at the end of the run"


def _broken_down(curve: Curve, interval: Interval) -> str:
    """What was learned is lost: back to the losses of the first rows, or to the accuracy of chance."""
    now = _middle(curve.val_loss, interval)
    if np.isnan(now) or interval.start == 0:
        return ""  # before the first row nothing was learned that could be lost
    best = _lowest(curve.val_loss[: interval.stop])
    loss = f"validation loss {now:.3g} is {now / best:.1f} times its best so far"
    if collapse := _collapsed(curve, interval):
        return f"{loss} and {collapse}"
    if now <= LOST * best:
        return ""
    first = curve.train_loss[np.isfinite(curve.train_loss)][: max(1, min(3, len(curve) // 15))]
    train = _middle(curve.train_loss, interval)
    if len(first) and train > 0.8 * first.min():
        return f"{loss} and training loss {train:.2g} is back where it began"
    if np.isfinite(curve.val_accuracy).sum() < 2:
        return "" if len(first) or now <= LOST * curve.val_loss[measured(curve.val_loss)][0] else loss
    return ""


def _collapsed(curve: Curve, interval: Interval) -> str:
    """Accuracy lost all but 15 % of what it had gained so far; a loss can be level meanwhile."""
    accuracy = curve.val_accuracy
    known = np.isfinite(accuracy)
    if known.sum() < 2 or not known[: interval.stop].any():
        return ""
    chance, top = accuracy[known][0], np.nanmax(smooth(accuracy[: interval.stop]))
    held = _middle(accuracy, interval)
    if top - chance > 0.1 and held < chance + 0.15 * (top - chance):
        return f"accuracy fell back from {top:.0%} to {held:.0%}"
    return ""


def _sharp_rise(curve: Curve, interval: Interval, rise: float, within: float) -> str:
    rows = slice(max(0, interval.start - 1), interval.stop)
    line = trend(curve.val_loss[rows], curve.iteration[rows])
    if line is None:
        return ""
    run = float(curve.iteration[-1] - curve.iteration[0])
    length = float(curve.iteration[rows][-1] - curve.iteration[rows][0])
    window = max(within * run, 2 * run / (len(curve) - 1))
    pace = line.change * min(1.0, window / length)
    train = trend(curve.train_loss[rows], curve.iteration[rows])
    both = train is not None and train.change > noise(curve.train_loss[rows])
    if pace <= (rise if both else 2 * rise) or line.change <= rise + allowance(interval.noise, line.rows):
        return ""
    return (
        f"validation loss rises sharply from {line.first:.3g} to {line.last:.3g} "
        f"({np.expm1(line.change):+.0%} in {length / run:.0%} of the run)"
        + (f" and training loss from {train.first:.2g} to {train.last:.2g}" if both and train else "")
    )


def _swings(interval: Interval, swing: float) -> str:
    # the noise of a few rows is that of their surroundings, where the first loss of all can be huge
    if interval.noise <= swing or interval.stop - interval.start < FEWEST:
        return ""
    return f"validation loss swings by a factor of {np.exp(interval.noise):.2g} from evaluation to evaluation"


def _rise_of_the_unlearned(curve: Curve, interval: Interval) -> str:
    """A rise where accuracy is below half of what the run reaches: nothing yet that could be overfitted.

    Seen where the running averages of batch norm lag behind, and between two breakdowns.
    """
    rows = slice(interval.start, interval.stop)
    line = trend(curve.val_loss[rows], curve.iteration[rows])
    held = _middle(curve.val_accuracy, interval)
    top = np.max(curve.val_accuracy, initial=0.0, where=curve.val_accuracy > 0)
    if line is None or not held < 0.5 * top or line.change <= allowance(interval.noise, line.rows):
        return ""
    if line.last <= LOST * _lowest(curve.val_loss):
        return ""
    return f"validation loss rises from {line.first:.3g} to {line.last:.3g} at an accuracy of only {held:.0%}"


def _advice(curve: Curve, interval: Interval) -> tuple[str, str]:
    lr = curve.lr[interval.start]
    if lr > curve.lr[0]:
        return f"keep lr_max below {lr:.2g}, or let it rise more slowly (a longer stepsize)", "4.1"
    return "use a smaller learning rate or less momentum", "4.1, 4.3"


def _middle(values: Floats, interval: Interval) -> float:
    part = values[interval.start : interval.stop]
    part = part[np.isfinite(part)]
    return float(np.median(part)) if len(part) else float("nan")


def _lowest(values: Floats) -> float:
    known = values[measured(values)]
    return float(np.exp(smooth(np.log(known)).min())) if len(known) else float("nan")
