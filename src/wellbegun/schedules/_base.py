"""What every schedule is: a frozen value that maps iterations to the values used for those updates."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@runtime_checkable
class Schedule(Protocol):
    """A pure function of the iteration: ``schedule(t)`` is used for update t, counted from 0.

    Members are frozen dataclasses whose fields are numbers, so equality, hashing and JSON follow from the fields.
    """

    def __call__(self, iteration: ArrayLike) -> Floats:
        """int or int[n] -> float64 of the same shape; one call evaluates a whole run."""
        ...
