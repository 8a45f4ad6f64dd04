"""A curve's noise level, its smooth course, and where it changes direction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Interval
from wellbegun.diagnosis._remembered import remembered
from wellbegun.schedules._base import Floats

FEWEST = 8  # measured rows that can be cut at all; also the rows that a noise level needs
_BINS = 400  # longer curves are thinned to at most so many medians before they are cut
_SHORTEST = 3  # rows, after thinning, of an interval; a straight line fits any two
_FLOOR = 0.004  # log units: differences below are rounding and evaluation order, not a change of direction
_PRIOR = 4.0  # rows that the local noise level weighs against an interval's own residuals
_PENALTY = 2.0  # per interval, x log(rows): half of it per parameter (a line, a noise level, a place)
_WIDEST = 1.5  # log units: the range of a run counts up to here
_MAD_TO_SD = 1.4826  # of a normal distribution


@dataclass(frozen=True, slots=True)
class Trend:
    """The straight line through log(loss) over some rows, with outliers clipped."""

    first: float  # the line's loss at the first row
    last: float  # and at the last
    rows: int  # measured rows

    @property
    def change(self) -> float:
        """log(last / first): 0.03 is a rise by 3 %."""
        return float(np.log(self.last / self.first))


@remembered
def noise(values: ArrayLike) -> float:
    """The standard deviation of log(values) around their smooth course, whatever that course is.

    Median absolute third difference of the logarithms, scaled to a normal distribution: any trend that is
    locally a parabola cancels, single jumps and spikes do not count. 0.1 means that values scatter by 10 %.

    Args:
        values: float64[rows], such as val_loss; values that are not finite or not positive are left out.

    Returns:
        >= 0; 0.0 where fewer than 4 values are left, too few to tell.
    """
    given = np.asarray(values, dtype=np.float64)
    return deviation(np.log(given[measured(given)]))


def deviation(values: Floats) -> float:
    """The standard deviation of finite ``values`` around their smooth course, in the values' own unit."""
    if len(values) < 4:
        return 0.0
    # the third difference of independent values has 1 + 9 + 9 + 1 times their variance
    return float(_MAD_TO_SD * np.median(np.abs(np.diff(values, 3))) / np.sqrt(20.0))


def measured(values: Floats) -> NDArray[np.bool_]:
    """Where a loss is a number that has a logarithm: finite and above 0."""
    return np.isfinite(values) & (values > 0)


@remembered
def smooth(values: ArrayLike, window: int | None = None) -> Floats:
    """The smooth course of ``values``: a running median of 3, then local straight lines.

    Straight lines (tricube weights) follow a slope up to both ends, where a mean would lag.
    smooth(a v + b) is a smooth(v) + b. Losses that span magnitudes are better smoothed as logarithms.

    Args:
        values: float64[rows]; rows that are not finite come back as they are and touch no other row.
        window: rows that one line covers, odd; None picks the window from the length and the noise.

    Returns:
        float64[rows].

    Raises:
        ValueError: window is not odd or below 1.
    """
    if window is not None and (window < 1 or window % 2 == 0):
        raise ValueError(f"window must be an odd number of rows >= 1, got {window}; try {max(1, window) | 1}")
    given = np.array(values, dtype=np.float64)
    finite = np.isfinite(given)
    kept = given[finite]
    if len(kept) >= 3:
        given[finite] = _lines(_median3(kept), window or _window(kept))
    return given


def _median3(values: Floats) -> Floats:
    """Running median of 3; the ends by Tukey's rule, from the line through their neighbours."""
    inner = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    result = np.concatenate([values[:1], inner, values[-1:]])
    if len(values) >= 4:
        for end, near, far in ((0, 1, 2), (-1, -2, -3)):
            result[end] = np.median([values[end], result[near], 3 * result[near] - 2 * result[far]])
    return result


def _lines(values: Floats, window: int) -> Floats:
    """Local linear regression over the row number with tricube weights, one window for all rows."""
    half = min(window // 2, len(values) - 1)
    if half < 1:
        return values.copy()
    x = np.arange(-half, half + 1, dtype=np.float64)
    kernel = _tricube(half)
    level = float(np.median(values))
    inside = np.ones(len(values))

    def total(weights: Floats, column: Floats) -> Floats:
        return np.convolve(column, weights[::-1], mode="full")[half : half + len(column)]

    s0, s1, s2 = (total(kernel * x**power, inside) for power in (0, 1, 2))
    t0, t1 = (total(kernel * x**power, values - level) for power in (0, 1))
    result: Floats = level + (s2 * t0 - s1 * t1) / (s0 * s2 - s1**2)
    return result


def _tricube(half: int) -> Floats:
    return (1.0 - np.abs(np.arange(-half, half + 1) / (half + 1)) ** 3) ** 3


def _window(values: Floats) -> int:
    """The window of the least expected error (Mallows' Cp, residuals clipped): noise asks for a wide one."""
    spread = deviation(values)
    if spread == 0.0:
        return 3
    fitted = _median3(values)
    costs = {}
    for window in (3, 5, 7, 9, 13, 17, 25, 35, 51):
        if window <= max(3, len(values) // 4):
            off = np.minimum(np.abs(values - _lines(fitted, window)), 4 * spread)
            costs[window] = float(np.mean(off**2)) + 2 * spread**2 / float(_tricube(window // 2).sum())
    return min(costs, key=lambda window: costs[window])


@remembered
def trend(values: Floats, iteration: ArrayLike) -> Trend | None:
    """The line through log(values) against ``iteration``; None with fewer than 3 measured rows."""
    rows = measured(values)
    if np.count_nonzero(rows) < _SHORTEST:
        return None
    x = np.asarray(iteration, dtype=np.float64)[rows]
    x = (x - x[0]) / (x[-1] - x[0])
    y = clipped(np.log(values[rows]), x)
    slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
    at_start = float(y.mean() - slope * x.mean())
    return Trend(float(np.exp(at_start)), float(np.exp(at_start + slope)), len(y))


@lru_cache(maxsize=1)  # every interval of a curve asks for it
def _range(curve: Curve) -> float:
    course = smooth(np.log(curve.val_loss[measured(curve.val_loss)]))[1:]
    return min(_WIDEST, float(np.ptp(course))) if len(course) else 0.0


@remembered
def rising(values: Floats, iteration: ArrayLike, noise: float, change: float) -> Trend | None:
    """The line through a loss that rises beyond its noise, else None.

    Two things must hold: the line rises by two standard errors, and the smooth course climbs above its lowest
    so far by more than log(1 + change) + noise (1/2 + 2 sqrt(12 / rows)): wobbles are no rise.
    """
    line = trend(values, iteration)
    if line is None:
        return None
    error = noise * float(np.sqrt(12.0 / line.rows))  # of the change of a line through equally spaced rows
    course = smooth(np.log(values[measured(values)]))
    climb = float(np.max(course - np.minimum.accumulate(course)))
    return line if line.change > 2 * error and climb > np.log1p(change) + 0.5 * noise + 2 * error else None


def allowance(noise: float, rows: int, scatter: float = 1.75, error: float = 0.5) -> float:
    """The change of log(loss) over an interval that is within its noise.

    noise (scatter + error sqrt(12 / rows)): the scatter of single values, and standard errors of the change
    of a line through ``rows`` of them.
    """
    return noise * (scatter + error * float(np.sqrt(12.0 / max(rows, 1))))


def tolerance(
    curve: Curve, interval: Interval, rows: int, change: float, drift: float, scatter: float, error: float
) -> float:
    """The change of log(val_loss) over an interval up to which its course is level.

    log(1 + change) + drift R w + allowance, where w is the interval's share of the run and R the run's range
    of log(val_loss): as by eye, a slow drift is judged against what the whole run covers.

    Choice: R is that of the smooth course without the first evaluation, at most 1.5: what an untrained
    network or a blow-up adds to the range says nothing about a drift.
    """
    last = min(interval.stop, len(curve) - 1)
    run = max(1.0, float(curve.iteration[-1] - curve.iteration[0]))
    width = float(curve.iteration[last] - curve.iteration[interval.start]) / run
    return (
        float(np.log1p(change))
        + drift * _range(curve) * width
        + allowance(interval.noise, rows, scatter, error)
    )


def clipped(values: Floats, at: Floats) -> Floats:
    """``values`` with spikes cut back to 3 local standard deviations from the running median of 5.

    Towards the ends the median is of fewer rows, as many on either side. The first and last value are
    compared with the line through their neighbours, continued twice as far (Tukey's rule): slopes stay.

    Args:
        at: where the values are; float64[rows], increasing.
    """
    if len(values) < FEWEST:
        return values
    middle = _running_median(values, 2)
    middle[[1, -2]] = np.median(values[:3]), np.median(values[-3:])
    for end, near, far in ((0, 1, 2), (-1, -2, -3)):
        slope = (middle[near] - middle[far]) / (at[near] - at[far])
        middle[end] = np.median([values[end], middle[near], middle[near] + 2 * slope * (at[end] - at[near])])
    off = values - middle
    limit = 3 * np.maximum(_MAD_TO_SD * _running_median(np.abs(off), 6), 0.5 * deviation(values))
    result: Floats = middle + np.clip(off, -limit, limit)
    return result


def _running_median(values: Floats, half: int) -> Floats:
    """The median of the rows up to ``half`` away; at the ends of those that exist."""
    rows = len(values)
    if rows <= 4 * half:
        return _short_medians(values, half)
    inner = np.median(sliding_window_view(values, 2 * half + 1), axis=-1)
    head = _short_medians(values[: 2 * half], half)[:half]
    tail = _short_medians(values[-2 * half :], half)[half:]
    return np.concatenate([head, inner, tail])


def _short_medians(values: Floats, half: int) -> Floats:
    """The same for few rows: sorted, what is missing at the ends comes last."""
    padded = np.full(len(values) + 2 * half, np.inf)
    padded[half : half + len(values)] = values
    parts = np.sort(sliding_window_view(padded, 2 * half + 1), axis=-1)
    row = np.arange(len(values))
    known = np.minimum(row, half) + np.minimum(len(values) - 1 - row, half) + 1
    result: Floats = (parts[row, (known - 1) // 2] + parts[row, known // 2]) / 2
    return result


def cut(curve: Curve) -> tuple[Interval, ...]:
    """The intervals between the changes of direction of the validation loss; together they cover every row.

    A piecewise straight line through log(val_loss) against the iteration. The cuts minimise

        sum over intervals of m log((rss + 4 s^2) / (m + 2)) + 2 log(rows)

    (m rows, rss the squares of the residuals, s the noise around there), so that both a new slope and another
    noise level start an interval, and neither the scale of the loss nor that of the iterations matters.
    Rows at the end that stand far above everything before, or are not numbers, are an interval of their own.

    Returns:
        One interval over all rows when fewer than 8 validation losses are usable; () for an empty curve.

    Choice: the report cuts by eye.
    """
    rows = len(curve)
    known = np.flatnonzero(measured(curve.val_loss))
    if rows == 0:
        return ()
    if len(known) < FEWEST:
        return (Interval(0, rows, noise(curve.val_loss)),)
    logs = np.log(curve.val_loss[known])
    body = _before_blast(logs)
    starts = _thinned(body)
    y = np.array([np.median(part) for part in np.split(logs[:body], starts[1:])])
    x = np.array([np.mean(part) for part in np.split(curve.iteration[known[:body]], starts[1:])])
    found = [int(known[starts[i]]) for i in _changes(clipped(y, x), x)[1:-1]]
    if body < len(known):
        found.append(int(known[body]))
    elif known[-1] < rows - 1 and _blank(curve, int(known[-1]) + 1):
        found.append(int(known[-1]) + 1)
    edges = [0, *found, rows]
    return tuple(between(curve, a, b) for a, b in pairwise(edges))


def _blank(curve: Curve, row: int) -> bool:
    """Whether the run broke down from this row on: an infinite loss, or no number at all in the last row."""
    losses = np.stack([curve.val_loss, curve.train_loss])
    full = np.isfinite(losses[:, 1:row]).all()  # else a row without numbers is nothing special
    return bool(np.isinf(losses[:, row:]).any() or (full and np.isnan(losses[:, -1]).all()))


def _before_blast(logs: Floats) -> int:
    """How many rows come before a last one or two that stand far above all others."""
    for last in (2, 1):
        calm = logs[1:-last]
        if len(calm) >= _SHORTEST and logs[-last:].min() > calm.max() + max(np.log(1.5), 6 * deviation(calm)):
            return len(logs) - last
    return len(logs)


def _thinned(rows: int) -> NDArray[np.int64]:
    return np.arange(0, rows, -(-rows // _BINS))


def between(curve: Curve, start: int, stop: int) -> Interval:
    """The rows start to stop - 1 as an interval, with their noise (where they are few, that around them)."""
    low, high = start, stop
    if np.count_nonzero(measured(curve.val_loss[start:stop])) < FEWEST:
        low, high = max(0, start - FEWEST), stop + FEWEST
    return Interval(start, stop, noise(curve.val_loss[low:high]))


def _changes(y: Floats, x: Floats) -> list[int]:
    """Where the best piecewise line breaks: 0, the first row of each further piece, len(y). Exact, by dynamic
    programming over the last break."""
    rows = len(y)
    x = (x - x[0]) / (x[-1] - x[0])
    sums = [np.concatenate([[0.0], np.cumsum(c)]) for c in (x, y, x * x, x * y, y * y, _variance(y))]
    best = np.full(rows + 1, np.inf)
    best[0] = 0.0
    before = np.zeros(rows + 1, dtype=np.int64)
    for stop in range(_SHORTEST, rows + 1):
        start = np.flatnonzero(np.isfinite(best[: stop - _SHORTEST + 1]))
        m = stop - start
        sx, sy, sxx, sxy, syy, s2 = (total[stop] - total[start] for total in sums)
        spread = np.maximum(sxx - sx * sx / m, 1e-15)
        rss = np.maximum(syy - sy * sy / m - (sxy - sx * sy / m) ** 2 / spread, 0.0)
        cost = best[start] + m * np.log((rss + _PRIOR * s2 / m) / (m - 2 + _PRIOR))
        chosen = int(np.argmin(cost))
        best[stop], before[stop] = cost[chosen] + _PENALTY * np.log(rows), start[chosen]
    breaks = [rows]
    while breaks[-1] > 0:
        breaks.append(int(before[breaks[-1]]))
    return breaks[::-1]


def _variance(values: Floats) -> Floats:
    """The square of the noise around each row."""
    third = np.abs(np.diff(values, 3))
    padded = np.concatenate([third[:1], third, third[-1:], third[-1:]])
    half = max(4, min(12, len(values) // 8))
    local = _MAD_TO_SD * _running_median(padded, half) / np.sqrt(20.0)
    result: Floats = np.maximum(local, _FLOOR) ** 2
    return result
