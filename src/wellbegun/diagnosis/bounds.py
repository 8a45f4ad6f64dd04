"""Reads lr_max and lr_min off the curve of a learning rate range test."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.intervals import noise
from wellbegun.errors import Refused

LEARNED = 0.95  # a ramp that never gets the loss below this share of the untrained network's has not learned
UNTRAINED = 0.98  # from this share of the untrained network's loss on, a network is no better than that
FORGOTTEN = 0.6  # of the descent in log(val_loss): a network that loses more is unstable, however noisy
RISE = 0.10  # log(val_loss) above its lowest so far that is no wobble, whatever the noise


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one range test says about the learning rate."""

    extremum: float  # lr where the smoothed validation loss is lowest
    interval: tuple[float, float]  # every lr around it whose smoothed loss is within the curve's noise
    edge: float | None  # lr where instability begins; None when the ramp ended before it
    lr_max: float  # the smaller of the interval's upper end and edge / margin
    lr_min: float  # lr_max / 10, for one cycle (Sec. 4.1)
    lr_constant: float  # for a constant or stepped rate, which must be smaller than a cycle's maximum
    val_loss: float  # the lowest smoothed validation loss
    noise: float  # standard deviation of log val_loss around its smooth course
    reason: str  # a sentence with the numbers

    @property
    def level_to_end(self) -> bool:
        """No edge up to the end of the ramp: possible super-convergence, try a larger maximum."""
        return self.edge is None

    def to_json(self) -> dict[str, Any]:
        """The fields by name, ``level_to_end`` included."""
        return {**asdict(self), "interval": list(self.interval), "level_to_end": self.level_to_end}


def read(curve: Curve, *, margin: float = 1.5, learned: float = LEARNED) -> Bounds:
    """Extremum, interval, edge and the bounds of the cycle that follow from them.

    With s the smoothed log(val_loss) and m(i) its lowest value up to row i, the edge lies behind the last row
    with log(val_loss(i)) <= m(i) + min(max(RISE, 3 noise), FORGOTTEN (log(val_loss(0)) - m(i))): a passing
    bump that comes back is no edge, a rise for good is, and so is forgetting most of what had been learnt.

    Args:
        curve: of a run whose lr only grows; the first row is the untrained network.
        margin: >= 1, the factor that keeps lr_max away from the edge; take it from the spread between
            repeats.
        learned: the lowest loss must come below this share of the first row's, or nothing can be read.

    Returns:
        The bounds; rates in the curve's own unit.

    Raises:
        Refused: fewer than 5 evaluations, or the network never learned; the message says which and what
            to do.

    Source: arXiv:1803.09820, Sec. 4.1. Choice: the interval and the margin; the paper takes the minimum of
    one curve, which moves threefold between seeds.
    """
    if not margin >= 1:
        raise ValueError(f"margin must be at least 1, got {margin}; 1 puts lr_max at the edge itself")
    loss = np.where(np.isfinite(curve.val_loss), curve.val_loss, np.inf)[1:]
    lr = curve.lr[1:]
    _check_rows(curve)
    path = course(loss)
    lowest = np.minimum.accumulate(path)
    spread = noise(loss[: int(np.argmin(path)) + 1])
    # not smoothed: one good evaluation proves that training was sound there, while a spike alone
    # proves nothing
    learnt = np.maximum(np.log(curve.val_loss[0]) - lowest, 0.0)
    near = np.flatnonzero(loss <= np.exp(lowest + np.minimum(max(RISE, 3 * spread), FORGOTTEN * learnt)))
    edge = float(lr[near[-1] + 1]) if near[-1] + 1 < len(lr) else None
    best = int(np.argmin(path))
    _check_learned(curve, float(path[best]), learned, spread)
    low, high = _around(path <= path[best] + max(spread, 0.01), best)
    high_lr = float(lr[high])
    lr_max = high_lr if edge is None else min(high_lr, edge / margin)
    reason = (
        f"validation loss is lowest ({np.exp(path[best]):.4g}) at a learning rate of {lr[best]:.2g}, level "
        f"within noise from {lr[low]:.2g} to {high_lr:.2g}, "
        + ("and stable to the end of the ramp" if edge is None else f"and unstable from {edge:.2g}")
    )
    return Bounds(
        float(lr[best]), (float(lr[low]), high_lr), edge, lr_max, lr_max / 10, lr_max / 3,
        float(np.exp(path[best])), spread, reason,
    )  # fmt: skip


def _check_rows(curve: Curve) -> None:
    rows = len(curve) - 1
    if rows < 5:
        raise Refused(
            f"a range test needs at least 5 evaluations to be read, got {rows}; "
            "start at a smaller learning rate, or evaluate more often"
        )
    if not curve.val_loss[0] > 0:
        raise Refused(
            "losses are read on a log scale and must be positive, got "
            f"{curve.val_loss[0]:.4g} for the untrained network; add a constant to the loss"
        )


def _check_learned(curve: Curve, lowest: float, learned: float, spread: float) -> None:
    if not lowest < np.log(curve.val_loss[0]) - max(-np.log(learned), 2 * spread):
        raise Refused(
            f"a range test must lower the validation loss below {learned:.1%} of the untrained network's "
            f"{curve.val_loss[0]:.4g} and by more than its noise of {spread:.1%}, got "
            f"{np.exp(lowest):.4g} at best; check the data and the loss, or try a wider range of "
            "learning rates"
        )


def breakdown(curve: Curve) -> float | None:
    """The lr from which on the network is never again better than untrained; None where it is at the end.

    Unlike the edge it needs no descent worth the name: it can be told of ramps that ``read`` refuses. One
    that came down but a little is better than untrained while it keeps half of that.
    """
    untrained = curve.val_loss[0]
    half = (1 + np.nanmin(curve.val_loss) / untrained) / 2
    dead = ~(curve.val_loss < max(UNTRAINED, half) * untrained)
    if not dead[-1]:
        return None
    alive = np.flatnonzero(~dead[1:])
    return float(curve.lr[1:][alive[-1] + 1] if len(alive) else curve.lr[1])


def _around(inside: np.ndarray[Any, np.dtype[np.bool_]], best: int) -> tuple[int, int]:
    """First and last index of the stretch of True that holds ``best``."""
    low = high = best
    while low > 0 and inside[low - 1]:
        low -= 1
    while high + 1 < len(inside) and inside[high + 1]:
        high += 1
    return low, high
