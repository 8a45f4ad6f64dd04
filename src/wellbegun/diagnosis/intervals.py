"""A curve's noise level, its smooth course, and where it changes direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from wellbegun.schedules._base import Floats

_MAD_TO_SD = 1.4826  # of a normal distribution


def noise(values: ArrayLike) -> float:
    """The standard deviation of log(values) around their smooth course, whatever that course is.

    Median absolute third difference of the logarithms, scaled to a normal distribution: any trend that is locally a
    parabola cancels, single jumps and spikes do not count. 0.1 means that single values scatter by about 10 %.

    Args:
        values: float64[rows], such as val_loss; values that are not finite or not positive are left out.

    Returns:
        >= 0; 0.0 where fewer than 4 values are left, too few to tell.
    """
    given = np.asarray(values, dtype=np.float64)
    return deviation(np.log(given[np.isfinite(given) & (given > 0)]))


def deviation(values: Floats) -> float:
    """The standard deviation of finite ``values`` around their smooth course, in the values' own unit."""
    if len(values) < 4:
        return 0.0
    third = np.diff(values, 3)
    return float(
        _MAD_TO_SD * np.median(np.abs(third)) / np.sqrt(20.0)
    )  # variance of the difference: 1 + 9 + 9 + 1


def smooth(values: ArrayLike, window: int | None = None) -> Floats:
    """The smooth course of ``values``: a running median of 3, then local straight lines.

    Straight lines (tricube weights) follow a slope up to both ends, where a mean would lag. smooth(a v + b) is
    a smooth(v) + b. Losses that span magnitudes are better smoothed as logarithms.

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
    kernel = (1.0 - np.abs(x / (half + 1)) ** 3) ** 3
    level = float(np.median(values))
    inside = np.ones(len(values))

    def total(weights: Floats, column: Floats) -> Floats:
        return np.convolve(column, weights[::-1], mode="full")[half : half + len(column)]

    s0, s1, s2 = (total(kernel * x**power, inside) for power in (0, 1, 2))
    t0, t1 = (total(kernel * x**power, values - level) for power in (0, 1))
    result: Floats = level + (s2 * t0 - s1 * t1) / (s0 * s2 - s1**2)
    return result


def _window(values: Floats) -> int:
    """The window with the least expected error (Mallows' Cp with clipped residuals): noise asks for a wide one."""
    spread = deviation(values)
    widest = max(3, min(len(values) // 4, 51))
    if spread == 0.0:
        return 3
    windows = [w for w in (3, 5, 7, 9, 13, 17, 25, 35, 51) if w <= widest]
    fitted = _median3(values)
    costs = []
    for window in windows:
        off = np.minimum(np.abs(values - _lines(fitted, window)), 4 * spread)
        half = window // 2
        kernel = (1.0 - np.abs(np.arange(-half, half + 1) / (half + 1)) ** 3) ** 3
        costs.append(float(np.mean(off**2)) + 2 * spread**2 / float(kernel.sum()))
    return windows[int(np.argmin(costs))]
