"""Whether a run breaks down, losing what it has learned for good, and when."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.intervals import noise
from wellbegun.diagnosis.ranking import WITHIN
from wellbegun.schedules._base import Floats

LOST = 0.3  # log(val_loss) above its lowest at the end that is no wobble
GONE = 0.02  # of what was learned: where next to no loss is left, a few samples multiply it
TINY = 1e-12  # stands for a training loss of 0 on a logarithmic scale
UNLEARNED = 0.1  # log(train_loss) above the rows before: a sudden rise of both is no overfitting


def failed(run: Run) -> bool:
    """Whether a run diverged, or ended well above the lowest loss that it had reached.

    Well above: by more than ``LOST`` of log(val_loss) and three times its noise, and by more than ``GONE`` of
    the loss that it had lost since it began.
    """
    if run.diverged:
        return True
    path = course(run.curve.val_loss)
    known = path[np.isfinite(path)]
    if not len(known):
        return True
    first, lowest, end = float(run.curve.val_loss[0]), *np.exp([known.min(), known[-1]])
    risen = known[-1] - known.min() > max(LOST, 3 * noise(run.curve.val_loss))
    return bool(risen and end - lowest > GONE * (first - lowest))


def lost_at(run: Run) -> int | None:
    """The row in which a run lost by a sudden rise what it had learned, for good; None where it did not.

    A run that diverged between two evaluations lost it after the last row. Overfitting raises the loss, too,
    but not at once, or not that of the training data.
    """
    if not failed(run):
        return None
    loss, train = run.curve.val_loss, run.curve.train_loss
    sound = np.isfinite(loss) & (loss > 0)
    known = len(loss) if sound.all() else int(np.argmin(sound))
    rises = (
        row
        for row in range(1, known)
        if _rise(loss, row) > LOST and not _rise(train, row) <= UNLEARNED  # NaN: nobody knows
    )
    return next(rises, known if run.diverged else None)


def _rise(loss: Floats, row: int) -> float:
    """By how much log(loss) lies above the lowest of the rows just before."""
    logs = np.log(np.maximum(loss[max(0, row - WITHIN) : row + 1], TINY))
    return float(logs[-1] - logs[:-1].min())
