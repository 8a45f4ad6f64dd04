"""Answers about a stretch of numbers, remembered: several detectors and joins ask the same of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from hashlib import blake2b
from typing import ParamSpec, TypeVar

import numpy as np

MOST = 1024  # answers kept per function; then all are forgotten
LONGEST = 4096  # rows: longer stretches are asked for once or twice, and weigh too much to be kept
P = ParamSpec("P")
R = TypeVar("R")


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` of arrays and plain values, computed once for the same numbers.

    It must be pure. What it returned is copied, so that nobody changes another's array.
    """
    answers: dict[bytes, R] = {}

    @wraps(function)
    def answer(*args: P.args, **options: P.kwargs) -> R:
        given = [np.asarray(value) for value in args]
        if any(value.size > LONGEST or value.dtype == object for value in given):
            return function(*args, **options)
        key = blake2b(repr(sorted(options.items())).encode(), digest_size=16)
        for value in given:
            key.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
        name = key.digest()
        found = answers.get(name)  # once: another thread may be forgetting everything just now
        if found is None:
            found = function(*args, **options)
            if len(answers) >= MOST:
                answers.clear()
            answers[name] = found
        return copy(found)

    return answer
