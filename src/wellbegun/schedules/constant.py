"""A value that never changes: constant learning rate, momentum, or the fixed policy of Caffe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wellbegun.schedules._base import Floats, check_fields, pointwise


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every update: value(t) = value."""

    value: float

    def __post_init__(self) -> None:
        check_fields(self)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        return np.full_like(t, self.value)
