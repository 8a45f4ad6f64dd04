"""The smooth course of a validation loss on a log scale: what bounds and scores are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from wellbegun.curve import FINISHED, Run
from wellbegun.diagnosis.intervals import smooth
from wellbegun.schedules._base import Floats

BLOWN_UP = 3.0  # log(val_loss) above the lowest: all the same from here on
ENDING = 3  # rows whose median is the end of a run
SHORT = 12  # rows: too few to pick a window by their noise


def last(run: Run) -> float:
    """The validation loss of a run's last evaluations, their median; infinite where it did not end well.

    At the end of a cycle the learning rate is next to nothing, so they differ by chance alone.
    """
    loss = run.curve.val_loss[-ENDING:]
    sound = run.ended == FINISHED and len(loss) > 0 and bool(np.isfinite(loss).all())
    return float(np.median(loss)) if sound else float("inf")


def ends(runs: Mapping[str, Run]) -> tuple[dict[str, float | None], str]:
    """The ends of some runs by name, None where one did not end well, and the same in words."""
    values = {name: last(run) for name, run in runs.items()}
    words = {name: f"{value:.4g}" if value < np.inf else "diverged" for name, value in values.items()}
    told = ", ".join(f"{name}: {word}" for name, word in words.items())
    return {name: value if value < np.inf else None for name, value in values.items()}, told


def lowest(run: Run) -> float:
    """The lowest smoothed validation loss of a run."""
    return float(np.exp(course(run.curve.val_loss).min()))


def stayed_above(runs: Sequence[Run], share: float, uninformed: float = np.nan) -> bool:
    """Whether half of these runs or more never came below this share of the untrained network's loss.

    Args:
        uninformed: validation loss of the best output that no input changes; where it is known and lower, the
            share is one of it: with rare classes most of an untrained network's loss says nothing of inputs.
    """
    firsts = [float(np.fmin(run.curve.val_loss[0], uninformed)) for run in runs]
    return float(np.median([lowest(run) / first for run, first in zip(runs, firsts, strict=True)])) > share


def course(loss: Floats) -> Floats:
    """Smoothed log(loss), float64[rows]; infinite from the first loss that is not finite and positive.

    A blow-up does not pull up the rows before it, nor a single lucky evaluation pull down its neighbours.
    """
    result = np.full(len(loss), np.inf)
    sound = np.isfinite(loss) & (loss > 0)
    stop = len(loss) if sound.all() else int(np.argmin(sound))
    if stop == 0:
        return result
    logs = np.log(loss[:stop])
    padded = np.concatenate([logs[:1], logs, logs[-1:]])
    lowest = float(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0).min())
    logs = np.clip(logs, lowest, lowest + BLOWN_UP)
    result[:stop] = np.maximum(smooth(logs, 3 if stop < SHORT else None), lowest)
    return result
