"""Track: the values of one column with the iteration of each, in bounded memory however many there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellbegun.schedules._base import Floats

KEPT = 2**19
"""Values kept one by one; beyond, neighbours are averaged so that a quarter of this number is left."""
SHUFFLED = 0.1  # share of the values that go back: more is disorder, fewer are resumed runs


@dataclass(frozen=True, eq=False)
class Settled:
    """A track in order: iterations that increase, and what was done to get there."""

    x: NDArray[np.int64]
    values: Floats
    weights: Floats  # how many values each one is the mean of
    resumed: tuple[tuple[int, int], ...] = ()  # (iteration before, iteration after) of each step back
    dropped: int = 0  # values that a resumed run rewound over
    sorted: bool = False  # the values came without order
    repeated: int = 0  # values dropped because another has the same iteration
    block: int = 1  # values averaged into one, because there were too many to keep


class Track:
    """Collects (iteration, value) pairs in the order of the file."""

    def __init__(self) -> None:
        self.count = 0  # values so far
        self._parts: list[tuple[NDArray[np.int64], Floats, Floats]] = []
        self._held = 0
        self._block = 1
        self._resumed: tuple[tuple[int, int], ...] = ()
        self._dropped, self._sorted = 0, False

    def add(self, x: NDArray[np.int64], values: Floats) -> None:
        """Append values; both arrays have the same length and are not changed later."""
        self.count += len(x)
        self._parts.append((x, values, np.ones(len(x))))
        self._held += len(x)
        if self._held > KEPT:
            self._thin()

    def scale(self, factor: int) -> None:
        """Multiply all iterations so far."""
        self._parts = [(x * factor, values, weights) for x, values, weights in self._parts]

    def settled(self, keep: str = "last") -> Settled:
        """The values in order of iteration.

        A few steps back are those of a resumed run: what it rewound over is dropped. Values without any order
        are sorted.

        Args:
            keep: of values with the same iteration, the "first" or the "last" of the file, or "all".
        """
        x, values, weights = self._ordered()
        repeated = 0
        if keep != "all" and len(x):
            new = np.diff(x) > 0
            alone = np.r_[True, new] if keep == "first" else np.r_[new, True]
            repeated = len(x) - int(alone.sum())
            x, values, weights = x[alone], values[alone], weights[alone]
        return Settled(x, values, weights, self._resumed, self._dropped, self._sorted, repeated, self._block)

    def _ordered(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        """All values by increasing iteration; equal ones stay next to each other."""
        x = np.concatenate([part[0] for part in self._parts] or [np.zeros(0, dtype=np.int64)])
        values = np.concatenate([part[1] for part in self._parts] or [np.zeros(0)])
        weights = np.concatenate([part[2] for part in self._parts] or [np.zeros(0)])
        back = np.flatnonzero(np.diff(x) < 0)
        if not len(back):
            return x, values, weights
        if len(back) > max(1.0, SHUFFLED * len(x)):
            self._sorted = True
            rows = np.argsort(x, kind="stable")
        else:
            self._resumed += tuple((int(x[i]), int(x[i + 1])) for i in back[:100])
            later = np.r_[np.minimum.accumulate(x[::-1])[::-1][1:], np.iinfo(np.int64).max]
            rows = np.flatnonzero(x <= later)
            self._dropped += len(x) - len(rows)
        ordered = x[rows], values[rows], weights[rows]
        self._parts, self._held = [ordered], len(rows)
        return ordered

    def _thin(self) -> None:
        """Average neighbours until a quarter of what may be kept is left."""
        x, values, weights = self._ordered()
        done = np.cumsum(weights)
        width = done[-1] / (KEPT / 4)
        group = ((done - weights) // width).astype(np.int64)
        starts = np.flatnonzero(np.r_[True, np.diff(group) > 0])
        with np.errstate(invalid="ignore"):  # infinite losses of both signs
            total = np.add.reduceat(weights, starts)
            means = np.add.reduceat(values * weights, starts) / total
        ends = np.r_[starts[1:], len(x)] - 1
        self._parts, self._held = [(x[ends], means, total)], len(starts)
        self._block = max(self._block, int(total.max()))
