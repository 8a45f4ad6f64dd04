"""The generalization error along a run, and whether a ramp shows super-convergence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.intervals import noise, smooth
from wellbegun.errors import Refused
from wellbegun.schedules._base import Floats

LARGE = 1.0  # a learning rate that only super-convergence survives (the papers' ramps go on to 3)
LEVEL = 0.10  # log(val_loss) above the lowest that is level still; three noise levels if that is more


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Validation minus training loss, row by row: what a network knows of the training data only."""

    iteration: Floats  # updates done
    lr: Floats  # NaN where the history has none
    gap: Floats  # nats per example, smoothed; NaN where one of the two losses is missing

    def to_json(self) -> dict[str, list[float | None]]:
        """Columns as lists, null for NaN."""
        columns = (("iteration", self.iteration), ("lr", self.lr), ("gap", self.gap))
        return {name: [v if v == v else None for v in column.tolist()] for name, column in columns}


def generalization_error(curve: Curve) -> Gap:
    """val_loss - train_loss over the iterations and learning rates of a run.

    Source: arXiv:1803.09820, Sec. 3: the generalization error is read beside the validation loss.
    Choice: both losses are smoothed first.
    """
    sound = np.isfinite(curve.val_loss) & np.isfinite(curve.train_loss)
    gap = np.full(len(curve), np.nan)
    gap[sound] = smooth(curve.val_loss[sound]) - smooth(curve.train_loss[sound])
    return Gap(curve.iteration.astype(np.float64), curve.lr, gap)


@dataclass(frozen=True, slots=True)
class SuperConvergence:
    """Whether the validation loss of a ramp stays level up to a very large learning rate."""

    possible: bool
    level_from: float  # lr from which the validation loss is near its lowest
    level_to: float  # and up to which it stays there
    reason: str  # a sentence with the numbers

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def super_convergence(curve: Curve, *, large: float = LARGE) -> SuperConvergence:
    """Test the ramp of a range test for super-convergence.

    Possible where the smoothed validation loss, having come near its lowest, stays within
    max(10 %, 3 noise levels) of it up to a rate of ``large`` at least.

    Args:
        curve: of a run whose lr only grows.
        large: learning rate, > 0; the papers' plain SGD on residual networks is told apart at about 1,
            other optimizers and networks have scales of their own.

    Raises:
        Refused: fewer than 8 evaluations with a learning rate and a validation loss.

    Source: arXiv:1708.07120, Sec. 4, and 1803.09820, Sec. 4.1. Choice: the limits.
    """
    if not large > 0:
        raise ValueError(f"a large learning rate must be above 0, got {large}; the papers' is about 1")
    rows = np.flatnonzero(np.isfinite(curve.lr))
    rows = rows[rows > 0]
    path = course(curve.val_loss[rows])
    if np.isfinite(path).sum() < 8:
        raise Refused(
            "super-convergence is read off at least 8 evaluations with a learning rate and a finite "
            f"validation loss, got {int(np.isfinite(path).sum())}; evaluate more often"
        )
    lr = curve.lr[rows]
    best = int(np.argmin(path))
    limit = path[best] + max(LEVEL, 3 * noise(curve.val_loss[rows][np.isfinite(path)]))
    first = int(np.argmax(path <= limit))
    beyond = np.flatnonzero(path[best:] > limit)
    last = best + int(beyond[0]) - 1 if len(beyond) else len(path) - 1
    possible = bool(lr[last] >= large)
    how = "so super-convergence is possible" if possible else f"short of {large:.2g}"
    reason = (
        f"validation loss stays within {np.expm1(limit - path[best]):.0%} of its lowest "
        f"({np.exp(path[best]):.3g}) from a learning rate of {lr[first]:.2g} to {lr[last]:.2g}, {how}"
    )
    return SuperConvergence(possible, float(lr[first]), float(lr[last]), reason)
