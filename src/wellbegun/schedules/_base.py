"""What every schedule is: a frozen value that maps iterations to the values used for those updates."""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
S = TypeVar("S")


@runtime_checkable
class Schedule(Protocol):
    """A pure function of the iteration: ``schedule(t)`` is used for update t, counted from 0.

    Members are frozen dataclasses whose fields are numbers, so equality, hashing and JSON follow
    from the fields.
    """

    def __call__(self, iteration: ArrayLike, /) -> Floats:
        """int or int[n] -> float64 of the same shape; one call evaluates a whole run."""
        ...


def pointwise(law: Callable[[S, Floats], Floats]) -> Callable[[S, ArrayLike], Floats]:
    """A schedule's ``__call__`` from its law for float64[n]: takes any shape; no neighbour changes a value.

    Everything passes through contiguous arrays, because NumPy's ``**`` may round differently for a scalar and
    for an array: without that, a run could see other last digits when it asks for its values in other
    segments.
    """

    @functools.wraps(law)
    def call(self: S, iteration: ArrayLike) -> Floats:
        t = np.asarray(iteration, dtype=np.float64)
        values: Floats = law(self, np.ravel(t)).reshape(t.shape)[()]
        return values

    return call


def check_fields(schedule: Any) -> None:
    """Check a schedule's numbers against their annotations: every int is a count >= 1, every float is finite.

    Raises:
        ValueError: a field breaks its rule.
    """
    for field in dataclasses.fields(schedule):
        value, name = getattr(schedule, field.name), f"{type(schedule).__name__}.{field.name}"
        if field.type == "int" and not (_is_number(value, numbers.Integral) and value >= 1):
            raise ValueError(
                f"{name} counts iterations or phases: a whole number >= 1, got {value!r}; round it"
            )
        if field.type == "float" and not (_is_number(value, numbers.Real) and math.isfinite(value)):
            raise ValueError(f"{name} must be a finite number, got {value!r}; give an int or a float")


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
