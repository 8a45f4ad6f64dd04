"""Ramps from one value to another over a run: range tests, and momentum that falls while they rise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wellbegun.schedules._base import Floats, check_fields, pointwise


@dataclass(frozen=True, slots=True)
class LinearRamp:
    """A straight line: value(t) = start + (end - start) t / (iterations - 1), then ``end``.

    Start and end are exact; a ramp of one iteration is its start. Momentum that falls has start > end.

    Source: arXiv:1803.09820, Sec. 4.1. Choice: the last update of the run gets ``end``. Caffe's range test
    divides by the number of iterations, so its last update stays one part short: ``Triangular`` with that
    stepsize.
    """

    start: float  # value at iteration 0
    end: float  # value at iterations - 1 and after
    iterations: int  # updates of the whole ramp

    def __post_init__(self) -> None:
        check_fields(self)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        return np.interp(t, [0.0, float(max(self.iterations - 1, 1))], [self.start, self.end])


@dataclass(frozen=True, slots=True)
class ExponentialRamp:
    """A straight line in the logarithm: value(t) = start (end / start) ** (t / (iterations - 1)), then end.

    Start and end are exact; a ramp of one iteration is its start.
    """

    start: float  # value at iteration 0, > 0
    end: float  # value at iterations - 1 and after, > 0
    iterations: int  # updates of the whole ramp

    def __post_init__(self) -> None:
        check_fields(self)
        if self.start <= 0 or self.end <= 0:
            got = f"start={self.start}, end={self.end}"
            raise ValueError(
                f"an exponential ramp needs start, end > 0, got {got}; from or to 0, use LinearRamp"
            )

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        x = np.clip(t / max(self.iterations - 1, 1), 0.0, 1.0)
        values: Floats = self.start ** (1.0 - x) * self.end**x  # end / start could overflow
        return np.where(x <= 0.0, self.start, np.where(x >= 1.0, self.end, values))
