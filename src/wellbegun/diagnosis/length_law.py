"""How a final loss falls with the length of training: a power law with a floor, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from wellbegun.errors import Refused
from wellbegun.schedules._base import Floats

LENGTHS = 3  # of different lengths: fewer do not show whether a fall slows down
EXACT = 0.003  # log(value): no end result is known better than this, whatever its repeats say
MISFIT = 0.05  # log(value) per doubling beyond the longest length: real falls follow no law exactly
SAME = 0.01  # log(value): differences below this are no rise and no fall
FLOORS, POWERS = np.linspace(0.0, 0.98, 50), np.geomspace(0.05, 3.0, 250)
LEVELS = (0.05, 0.5, 0.95)  # quantiles: an interval of 90 %, with its middle
SCATTER = np.array(
    [-1.65, -1.04, -0.67, -0.39, -0.13, 0.13, 0.39, 0.67, 1.04, 1.65]
)  # of one run, equally likely


@dataclass(frozen=True, slots=True)
class Band:
    """A middle value and the ends between which the true one lies with 90 %."""

    low: float
    middle: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"low": self.low, "middle": self.middle, "high": self.high}


@dataclass(frozen=True, eq=False)
class Law:
    """value(n) = v (f + (1 - f) (n / longest) ** -b), each (f, b) with its weight.

    f is the share of the value at the longest length measured that no training removes.
    """

    longest: float  # length that was measured, in the unit of the lengths
    noise: float  # standard deviation of log(value) between repeats
    count: int  # values it was fitted to
    values: Floats  # v of each (f, b)
    floors: Floats  # f
    powers: Floats  # b
    weights: Floats  # sum to 1

    @property
    def floorless(self) -> float:
        """How likely the points make a fall that never slows down: f = 0, in [0, 1]."""
        return float(self.weights[self.floors == 0.0].sum())

    def at(self, length: float, *, one_run: bool = False) -> Band:
        """The value after so long a training.

        Args:
            one_run: with the scatter of a single run; else the mean over many.
        """
        share = 1.0 / self.count + one_run  # of the variance of one run: that of v, and its own
        values = self._scattered(
            self._at(length), np.hypot(self.noise * np.sqrt(share), self._misfit(length))
        )
        return self._band(values, np.repeat(self.weights, len(SCATTER)) / len(SCATTER))

    def change(self, length: float, other: float) -> Band:
        """log(value(other) / value(length)): -0.1 is a fall by 10 %."""
        apart = abs(self._misfit(other) - self._misfit(length))
        values = np.log(self._scattered(self._at(other) / self._at(length), apart))
        return self._band(values, np.repeat(self.weights, len(SCATTER)) / len(SCATTER))

    def enough(self, lengths: Sequence[float], least: float) -> Band:
        """The first of growing ``lengths`` from which a doubling lowers log(value) by less than ``least``.

        The middle follows from the middle gain; where none suffices it is the last.
        """
        gains = np.stack([np.log(self._at(n) / self._at(2 * n)) for n in lengths])
        first = [int(np.argmax(column)) if column.any() else len(lengths) - 1 for column in (gains < least).T]
        ends = self._band(np.asarray(lengths, dtype=np.float64)[first], self.weights)
        middle = next((n for n in lengths if -self.change(n, 2 * n).middle < least), lengths[-1])
        return Band(min(ends.low, middle), float(middle), max(ends.high, middle))

    def _misfit(self, length: float) -> float:
        """Standard deviation of log(value) by which the law itself may be wrong there."""
        return MISFIT * max(0.0, float(np.log2(length / self.longest)))

    def _scattered(self, values: Floats, deviation: float) -> Floats:
        """Each value with a normal scatter of its logarithm, as ``SCATTER`` samples it."""
        spread: Floats = (np.log(values)[:, None] + deviation * SCATTER).ravel()
        return np.exp(spread)

    def _at(self, length: float) -> Floats:
        shape: Floats = self.floors + (1 - self.floors) * (length / self.longest) ** -self.powers
        return self.values * shape

    def _band(self, values: Floats, weights: Floats) -> Band:
        order = np.argsort(values)
        share = np.cumsum(weights[order])
        low, middle, high = (float(values[order][np.searchsorted(share, q * share[-1])]) for q in LEVELS)
        return Band(low, middle, high)


def fit(points: Mapping[float, Sequence[float]]) -> Law:
    """The law of some end results, and how sure it is.

    Every floor share f and power b counts with the probability of the points under it, the scale v and the
    noise integrated out: RSS(f, b) ** -((N - 2) / 2) for N values, RSS the squares of log(value) around the
    curve with its best v. Beforehand a pure power law (f = 0) is as likely as all floors together. So a floor
    is there as far as the points support it: with few or noisy ones laws with and without all count, and the
    intervals are as wide as they differ.

    Args:
        points: length -> positive end results, one per repeat.

    Raises:
        Refused: fewer than 3 lengths, values that are not positive, no fall, or a rise from one length to
            the next beyond the noise.

    Source: arXiv:1803.09820, Remark 4 asks for the length; it gives no law. Choice: the law, flat in f > 0
    and in log b; an error of the law itself, sized by four measured cases (benchmarks, length.py); N - 2
    instead of N - 1, with which intervals held the truth in 8 of 10 cases, not in 9.
    """
    lengths = sorted(points)
    logs = _logs(points, lengths)
    noise = noise_between(points)
    _check_order(lengths, logs, noise)
    y = np.concatenate(logs)
    x = np.repeat(lengths, [len(each) for each in logs]) / lengths[-1]
    floors, powers = (grid.ravel() for grid in np.meshgrid(FLOORS, POWERS, indexing="ij"))
    shapes = np.log(floors[:, None] + (1 - floors[:, None]) * x[None, :] ** -powers[:, None])
    residuals = y[None, :] - shapes
    scale = residuals.mean(axis=1)
    squares = ((residuals - scale[:, None]) ** 2).sum(axis=1) + len(y) * EXACT**2
    weights = (squares / squares.min()) ** (-(len(y) - 2) / 2)
    weights *= np.where(floors == 0.0, len(FLOORS) - 1.0, 1.0)  # as likely beforehand as all floors together
    return Law(float(lengths[-1]), noise, len(y), np.exp(scale), floors, powers, weights / weights.sum())


def _logs(points: Mapping[float, Sequence[float]], lengths: Sequence[float]) -> list[Floats]:
    if len(lengths) < LENGTHS:
        raise Refused(f"a law of length needs at least {LENGTHS} lengths, got {len(lengths)}; give more")
    values = [np.asarray(points[length], dtype=np.float64) for length in lengths]
    if any(not len(each) or not (np.isfinite(each) & (each > 0)).all() for each in values):
        got = [each.tolist() for each in values]
        raise Refused(f"a law of length needs end results that are finite and above 0, got {got}")
    return [np.log(each) for each in values]


def noise_between(points: Mapping[float, Sequence[float]]) -> float:
    """The standard deviation of log(value) between the repeats of a length, pooled over the lengths."""
    logs = _logs(points, sorted(points))
    free = sum(len(each) - 1 for each in logs)
    within = sum(float(((each - each.mean()) ** 2).sum()) for each in logs)
    return max(EXACT, float(np.sqrt(within / free))) if free else SAME


def _check_order(lengths: Sequence[float], logs: Sequence[Floats], noise: float) -> None:
    means = [float(each.mean()) for each in logs]
    said = ", ".join(f"{n:g}: {np.exp(m):.4g}" for n, m in zip(lengths, means, strict=True))

    def error(i: int, j: int) -> float:
        return max(SAME, 2 * noise * float(np.sqrt(1 / len(logs[i]) + 1 / len(logs[j]))))

    for i in range(len(means) - 1):
        if means[i + 1] - means[i] > error(i, i + 1):
            raise Refused(
                f"longer training must not end worse beyond the noise of {noise:.1%}, got {said}; that is "
                "overfitting or an unstable rate: more weight decay, a smaller rate, or shorter runs"
            )
    if means[0] - means[-1] <= error(0, len(means) - 1):
        raise Refused(
            f"a law of length needs end results that fall by more than their noise of {noise:.1%}, got "
            f"{said}; the shortest is as good as the longest: give other lengths, further apart"
        )


def speeds_up(points: Mapping[float, Sequence[float]]) -> bool:
    """Whether the values fall faster between the last two lengths than between the first two.

    By more than a standard error, in log(value) per log(length): no power law does that, with or without a
    floor, so the shortest lengths lie before it.
    """
    lengths = sorted(points)
    logs, noise = _logs(points, lengths), noise_between(points)
    means = [float(each.mean()) for each in logs]

    def slope(i: int, j: int) -> tuple[float, float]:
        reach = float(np.log(lengths[j] / lengths[i]))
        return (means[j] - means[i]) / reach, noise * np.sqrt(1 / len(logs[i]) + 1 / len(logs[j])) / reach

    (first, error), (last, other) = slope(0, 1), slope(-2, -1)
    return bool(last < first - np.hypot(error, other))


def lengths_between(low: float, high: float, per_doubling: int = 4) -> list[float]:
    """Lengths from low to high (included as far as they fit), evenly spread over a logarithmic axis."""
    steps = int(np.floor(per_doubling * np.log2(high / low) + 1e-9))
    grown: ArrayLike = low * 2.0 ** (np.arange(steps + 1) / per_doubling)
    return [float(n) for n in np.asarray(grown)]


def to_json(bands: Mapping[str, Band]) -> dict[str, Any]:
    """Bands by name."""
    return {name: band.to_json() for name, band in bands.items()}
