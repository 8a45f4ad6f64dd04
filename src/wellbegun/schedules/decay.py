"""Schedules that only fall: Caffe's step, multistep, inv and exp policies, and the half cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wellbegun.schedules._base import Floats, check_fields, pointwise


@dataclass(frozen=True, slots=True)
class Step:
    """Caffe's step policy: value(t) = start * gamma ** floor(t / stepsize).

    The first drop is at update ``stepsize``.
    """

    start: float  # value at iteration 0
    gamma: float  # factor of one drop, in (0, 1]
    stepsize: int  # iterations between two drops

    def __post_init__(self) -> None:
        check_fields(self)
        _check_gamma("step", self.gamma)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        drops: Floats = np.floor(t / self.stepsize)
        return self.start * self.gamma**drops


@dataclass(frozen=True, slots=True)
class MultiStep:
    """Caffe's multistep policy: value(t) = start * gamma ** k(t), with k counting the milestones passed.

    k grows by at most one per iteration, when t has reached the next milestone in the order written. So a
    milestone that is out of order (or written twice) drops one iteration after the one before it.

    Source: the released log of densenet-40, whose last milestone is out of order: drops at 36,619 and 36,620.
    """

    start: float  # value before the first drop
    gamma: float  # factor of one drop, in (0, 1]
    milestones: tuple[int, ...]  # iterations, each >= 0, in the order of the solver file

    def __post_init__(self) -> None:
        check_fields(self)
        _check_gamma("multistep", self.gamma)
        whole = isinstance(self.milestones, tuple) and all(
            isinstance(m, (int, np.integer)) for m in self.milestones
        )
        if not whole or any(milestone < 0 for milestone in self.milestones):
            got = f"got {self.milestones!r}"
            raise ValueError(
                f"milestones must be a tuple of iterations, whole numbers >= 0, {got}; round, then tuple()"
            )

    @property
    def drops(self) -> tuple[int, ...]:
        """The iteration at which each drop takes place: never two at once."""
        drops: list[int] = []
        for milestone in self.milestones:
            drops.append(max(int(milestone), drops[-1] + 1) if drops else int(milestone))
        return tuple(drops)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        passed = np.searchsorted(np.asarray(self.drops, dtype=np.float64), t, side="right")
        return self.start * self.gamma ** passed.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Inv:
    """Caffe's inv policy: value(t) = start * (1 + gamma * t) ** -power.

    Source: arXiv:1803.09820, Table 2 (LeNet). Choice: it gives no gamma and power, so no defaults here.
    """

    start: float  # value at iteration 0
    gamma: float  # per iteration, >= 0
    power: float  # >= 0

    def __post_init__(self) -> None:
        check_fields(self)
        if self.gamma < 0 or self.power < 0:
            got = f"gamma={self.gamma}, power={self.power}"
            raise ValueError(f"inv only decays: gamma, power >= 0 must hold, got {got}; to grow, use a ramp")

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        decay: Floats = (1.0 + self.gamma * t) ** -self.power
        return self.start * decay


@dataclass(frozen=True, slots=True)
class Exp:
    """Caffe's exp policy: value(t) = start * gamma ** t."""

    start: float  # value at iteration 0
    gamma: float  # factor of one iteration, in (0, 1]

    def __post_init__(self) -> None:
        check_fields(self)
        _check_gamma("exp", self.gamma)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        return self.start * self.gamma**t


@dataclass(frozen=True, slots=True)
class Cosine:
    """Half a cosine from start to end: value(t) = end + (start - end) (1 + cos(pi t / (iterations - 1))) / 2.

    The last update (t = iterations - 1) gets ``end`` exactly, and so does everything after it; one iteration
    is the start alone.

    Choice: PyTorch's CosineAnnealingLR reaches its end at t = T_max, after a run of T_max updates; T_max is
    ``iterations - 1`` here, so that the last update of the run has the last value.
    """

    start: float  # value at iteration 0
    end: float  # value at iterations - 1 and after
    iterations: int  # updates of the whole run

    def __post_init__(self) -> None:
        check_fields(self)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        x = np.clip(t / max(self.iterations - 1, 1), 0.0, 1.0)
        left: Floats = (1.0 + np.cos(np.pi * x)) / 2.0
        values = self.end + (self.start - self.end) * left
        return np.where(x <= 0.0, self.start, np.where(x >= 1.0, self.end, values))


def _check_gamma(policy: str, gamma: float) -> None:
    if not 0 < gamma <= 1:
        raise ValueError(
            f"{policy} only decays: 0 < gamma <= 1 must hold, got gamma={gamma}; to grow, use a ramp"
        )
