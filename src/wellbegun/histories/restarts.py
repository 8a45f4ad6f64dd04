"""Steps that start again in each epoch, put one epoch after the other."""

from __future__ import annotations

import numpy as np

from wellbegun.schedules._base import Floats


def filled(column: Floats, before: float) -> Floats:
    """The column with NaN replaced by the value above it, ``before`` above the first row."""
    empty = np.isnan(column)
    if not empty.any():
        return column
    last = np.maximum.accumulate(np.where(empty, -1, np.arange(len(column))))
    whole: Floats = np.where(last >= 0, column[np.maximum(last, 0)], before)
    return whole


class Restarts:
    """Counts on where a step goes back while the epoch goes up; a resumed run goes back in both."""

    def __init__(self) -> None:
        self.count = 0  # how often that was so
        self._offset = 0.0
        self._step = self._epoch = np.nan  # of the row before

    def unwound(self, steps: Floats, epochs: Floats) -> Floats:
        """The steps of some rows, counted through; called with one part of the table after the other.

        Args:
            steps, epochs: float64[rows]; NaN in epochs where none is known.
        """
        if not len(steps):
            return steps
        epochs = filled(epochs, self._epoch)
        before = np.append(self._step, steps[:-1])
        again = (steps < before) & (epochs > np.append(self._epoch, epochs[:-1]))
        jumps = np.where(again, before + (steps == 0), 0.0)
        offsets = self._offset + np.cumsum(jumps)
        self.count += int(again.sum())
        self._offset, self._step, self._epoch = float(offsets[-1]), float(steps[-1]), float(epochs[-1])
        return steps + offsets
