"""Schedules that go up and come back: the triangular policies, 1cycle in four shapes, momentum against them.

Time is counted from 0 and S is the stepsize, half a cycle: the peak is at t = S, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wellbegun.schedules._base import Floats, check_fields, pointwise


@dataclass(frozen=True, slots=True)
class Triangular:
    """Cycles of equal height: a straight line from lr_min up to lr_max over S iterations, then back.

    Source: arXiv:1506.01186; arXiv:1803.09820, Sec. 4.1. With S = iterations it is Caffe's range test.
    """

    lr_min: float  # at t = 0, 2S, 4S, ...
    lr_max: float  # at t = S, 3S, ...; >= lr_min
    stepsize: int  # S, iterations

    def __post_init__(self) -> None:
        check_fields(self)
        _check_bounds(self.lr_min, self.lr_max)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        return _between(self.lr_min, self.lr_max, _height(t, self.stepsize))


@dataclass(frozen=True, slots=True)
class TriangularHalving:
    """Cycles whose height halves each time (triangular2): lr_min + (lr_max - lr_min) h(t) / 2 ** cycle.

    h is the triangle between 0 and 1, and cycle = floor(t / 2S).

    Source: arXiv:1506.01186, Sec. 3.
    """

    lr_min: float  # at t = 0, 2S, 4S, ...
    lr_max: float  # at t = S; >= lr_min
    stepsize: int  # S, iterations

    def __post_init__(self) -> None:
        check_fields(self)
        _check_bounds(self.lr_min, self.lr_max)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        return _between(self.lr_min, self.lr_max, _halving_height(t, self.stepsize))


@dataclass(frozen=True, slots=True)
class ExpRange:
    """Cycles whose height decays with every iteration: lr_min + (lr_max - lr_min) h(t) gamma ** t.

    Source: arXiv:1506.01186, Sec. 3. As there, ``lr_max`` is the height before the decay: no peak reaches it.
    """

    lr_min: float  # at t = 0, 2S, 4S, ...
    lr_max: float  # >= lr_min
    stepsize: int  # S, iterations
    gamma: float  # factor of one iteration, in (0, 1]

    def __post_init__(self) -> None:
        check_fields(self)
        _check_bounds(self.lr_min, self.lr_max)
        if not 0 < self.gamma <= 1:
            raise ValueError(
                f"the height must not grow: 0 < gamma <= 1, got gamma={self.gamma}; raise lr_max instead"
            )

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        decay: Floats = self.gamma**t
        return _between(self.lr_min, self.lr_max, _height(t, self.stepsize) * decay)


@dataclass(frozen=True, slots=True)
class OneCycle:
    """1cycle as its author ran it: up to lr_max, down towards 0, the rest at lr_min/1000.

    t <= S: lr_min + (lr_max - lr_min) t / S;  t > S: max(lr_max (2 - t / S), lr_min / 1000).

    A run of fewer than 3 iterations cannot hold a cycle. It has S = 1 and is the line cut off: lr_min alone,
    or lr_min and lr_max.

    Source: the learning rates printed in all 13 published logs of arXiv:1803.09820. The text describes
    another shape, see ``OneCycleText``.
    """

    lr_min: float  # at t = 0
    lr_max: float  # at t = S; >= lr_min
    stepsize: int  # S, iterations; 2S < iterations
    iterations: int  # updates of the whole run

    def __post_init__(self) -> None:
        check_fields(self)
        _check_bounds(self.lr_min, self.lr_max)
        if 2 * self.stepsize >= self.iterations and not (self.stepsize == 1 and self.iterations < 3):
            raise ValueError(_TOO_LONG.format(rule="2 * stepsize < iterations", got=self))

    @classmethod
    def of(cls, lr_max: float, iterations: int, lr_min: float | None = None) -> OneCycle:
        """The default cycle for a run: lr_min = lr_max/10, S = 0.45 iterations, rounded.

        Choice: where rounding up leaves no iteration after the cycle (runs of 4, 6 or 8), S is one less;
        below 3 iterations S is 1.
        """
        low = lr_max / 10 if lr_min is None else lr_min
        return cls(low, lr_max, _stepsize(iterations, spare=1), iterations)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        line = np.interp(t, [0.0, self.stepsize, 2.0 * self.stepsize], [self.lr_min, self.lr_max, 0.0])
        return np.maximum(line, np.where(t > self.stepsize, self.lr_min / 1000, 0.0))


@dataclass(frozen=True, slots=True)
class OneCycleText:
    """1cycle as the text tells it: a triangle back to lr_min, then the annihilation down to final.

    Source: arXiv:1803.09820, Sec. 4.1: one cycle, shorter than the run, then several orders of magnitude
    less. Choice: the line reaches ``final`` with the last update of the run.
    """

    lr_min: float  # at t = 0 and t = 2S
    lr_max: float  # at t = S; >= lr_min
    stepsize: int  # S, iterations; 2S < iterations - 1, so that the annihilation has an update of its own
    iterations: int  # updates of the whole run
    final: float  # at iterations - 1 and after; 0 <= final <= lr_min

    def __post_init__(self) -> None:
        check_fields(self)
        _check_bounds(self.lr_min, self.lr_max)
        if 2 * self.stepsize >= self.iterations - 1:
            raise ValueError(_TOO_LONG.format(rule="2 * stepsize < iterations - 1", got=self))
        if not 0 <= self.final <= self.lr_min:
            got = f"final={self.final}, lr_min={self.lr_min}"
            raise ValueError(f"the annihilation falls: 0 <= final <= lr_min, got {got}; use lr_min/1000")

    @classmethod
    def of(
        cls, lr_max: float, iterations: int, lr_min: float | None = None, final: float | None = None
    ) -> OneCycleText:
        """The default for >= 4 iterations: lr_min = lr_max/10, S = 0.45 iterations, final = lr_min/1000."""
        low = lr_max / 10 if lr_min is None else lr_min
        end = low / 1000 if final is None else final
        return cls(low, lr_max, _stepsize(iterations, spare=2), iterations, end)

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        corners = [0.0, self.stepsize, 2.0 * self.stepsize, self.iterations - 1.0]
        return np.interp(t, corners, [self.lr_min, self.lr_max, self.lr_min, self.final])


@dataclass(frozen=True, slots=True)
class TorchOneCycle:
    """The learning rate of ``torch.optim.lr_scheduler.OneCycleLR``, same values.

    It starts at lr_max / div_factor, reaches lr_max at t = pct_start * iterations - 1 (between two updates
    where that is no whole number), and the last update has lr_max / div_factor / final_div_factor. With three
    phases it comes back to the start at t = 2 pct_start * iterations - 2 and falls to the end from there.

    Source: PyTorch 2.13. Choice: past the last update PyTorch raises an error, here the last value stays;
    where a phase has no length PyTorch divides by 0, here that one update has the phase's end.
    """

    lr_max: float  # > 0
    iterations: int  # total_steps
    pct_start: float = 0.3  # share of the run that rises, in [0, 1]
    div_factor: float = 25.0  # > 0
    final_div_factor: float = 1e4  # > 0
    phases: int = 2  # 3 is three_phase=True
    anneal: str = "cos"  # "cos" or "linear"

    def __post_init__(self) -> None:
        check_fields(self)
        _check_shape(self.lr_max, self.pct_start, (self.div_factor, self.final_div_factor))
        if self.phases not in (2, 3):
            raise ValueError(f"OneCycleLR has 2 or 3 phases, got phases={self.phases}; 3 is three_phase=True")
        if self.anneal not in ("cos", "linear"):
            raise ValueError(
                f"anneal must be 'cos' or 'linear', got {self.anneal!r}; PyTorch's default is 'cos'"
            )

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        first = self.lr_max / self.div_factor
        last = first / self.final_div_factor
        rise, end = self.pct_start * self.iterations, self.iterations - 1.0
        if self.phases == 3:
            corners, values = [0.0, rise - 1, 2 * rise - 2, end], [first, self.lr_max, first, last]
        else:
            corners, values = [0.0, rise - 1, end], [first, self.lr_max, last]
        t = np.minimum(t, end)
        result = np.full_like(t, last)
        for i in reversed(range(len(corners) - 1)):  # the first phase that ends at or after t counts
            width = corners[i + 1] - corners[i]
            x = (t - corners[i]) / width if width else np.ones_like(t)
            share = _cosine(x) if self.anneal == "cos" else x
            # The last phase takes all that is left: in very short runs the corners are not in order.
            here = (t <= corners[i + 1]) | (i == len(corners) - 2)
            result = np.where(here, _between(values[i], values[i + 1], share), result)
        return result


@dataclass(frozen=True, slots=True)
class FastaiOneCycle:
    """The learning rate of fastai's ``fit_one_cycle``: one cosine up, another one down.

    With p = t / iterations, the first cosine covers p in [0, pct_start), the second the rest.

    Source: fastai 2, callback.schedule (combined_cos). As there, the end belongs to p = 1, one past the last
    update. Choice: fastai finds the place within a cosine in single precision, so its values agree to about
    1e-6.
    """

    lr_max: float  # at t = pct_start * iterations, where that is a whole number; > 0
    iterations: int  # updates of the whole run
    pct_start: float = 0.25  # share of the run that rises, in (0, 1)
    div: float = 25.0  # > 0
    div_final: float = 1e5  # > 0

    def __post_init__(self) -> None:
        check_fields(self)
        _check_shape(self.lr_max, self.pct_start, (self.div, self.div_final))
        if self.pct_start in (0, 1):
            raise ValueError(
                f"both cosines need a share: 0 < pct_start < 1, got {self.pct_start}; use Cosine"
            )

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        p = np.clip(t / self.iterations, 0.0, 1.0)
        rising = _between(self.lr_max / self.div, self.lr_max, _cosine(p / self.pct_start))
        down = (p - self.pct_start) / (1 - self.pct_start)
        falling = _between(self.lr_max, self.lr_max / self.div_final, _cosine(down))
        return np.where(p < self.pct_start, rising, falling)


@dataclass(frozen=True, slots=True)
class CyclicalMomentum:
    """Momentum as the appendix cycles it: from ``momentum`` to ``other`` and back, half as far each cycle.

    momentum + (other - momentum) clip((1 - |x|) / 2**cycle, 0, 1)  with cycle = floor(t / 2S) and
    x = t/S - (2 cycle + 1).

    Source: arXiv:1803.09820, appendix; it fits the momentum in all published logs. Mind that the next,
    smaller cycle starts at t = 2S: in the last part of 1cycle the momentum moves while the learning rate is
    constant.
    """

    momentum: float  # at t = 0, 2S, 4S, ...; in [0, 1]
    other: float  # at t = S; in [0, 1], above or below
    stepsize: int  # S, iterations

    def __post_init__(self) -> None:
        check_fields(self)
        if not (0 <= self.momentum <= 1 and 0 <= self.other <= 1):
            got = f"momentum={self.momentum}, other={self.other}"
            raise ValueError(f"momentum lies in [0, 1], got {got}; the report cycles between 0.95 and 0.85")

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        return _between(self.momentum, self.other, _halving_height(t, self.stepsize))


@dataclass(frozen=True, slots=True)
class MomentumCycle:
    """Momentum against one cycle: down while the learning rate rises, up while it falls, then the maximum.

    Straight lines through (0, maximum), (S, minimum), (2S, maximum).

    Source: arXiv:1803.09820, Sec. 4.3.
    """

    maximum: float  # at t = 0 and from t = 2S on; < 1
    minimum: float  # at t = S; 0 <= minimum <= maximum
    stepsize: int  # S, iterations: that of the learning rate

    def __post_init__(self) -> None:
        check_fields(self)
        if not 0 <= self.minimum <= self.maximum < 1:
            got = f"minimum={self.minimum}, maximum={self.maximum}"
            raise ValueError(
                f"0 <= minimum <= maximum < 1 must hold, got {got}; the report uses 0.85 and 0.95"
            )

    @pointwise
    def __call__(self, t: Floats) -> Floats:
        """int or int[n] -> float64 of the same shape."""
        corners = [0.0, self.stepsize, 2.0 * self.stepsize]
        return np.interp(t, corners, [self.maximum, self.minimum, self.maximum])


_TOO_LONG = (
    "the cycle must be shorter than the run: {rule}, got {got}; lower stepsize or use of(lr_max, iterations)"
)


def _height(t: Floats, stepsize: int) -> Floats:
    """The triangle: 0 at even multiples of the stepsize, exactly 1 at odd ones."""
    place = np.mod(t, 2.0 * stepsize)
    height: Floats = np.minimum(place, 2.0 * stepsize - place) / stepsize
    return height


def _halving_height(t: Floats, stepsize: int) -> Floats:
    """The triangle with half the height in each cycle; ldexp halves exactly."""
    cycle = np.floor(t / (2.0 * stepsize)).astype(np.int64)
    return np.ldexp(_height(t, stepsize), -np.minimum(cycle, 2000).astype(np.int32))


def _between(start: float, end: float, share: Floats) -> Floats:
    """start + (end - start) share, and exactly ``end`` at share 1, where the sum may miss it."""
    return np.where(share == 1.0, end, start + (end - start) * share)


def _cosine(x: Floats) -> Floats:
    """From 0 at x = 0 to 1 at x = 1 along half a cosine, exact at both."""
    share: Floats = (1.0 - np.cos(np.pi * x)) / 2.0
    return np.where(x == 1.0, 1.0, share)


def _stepsize(iterations: int, spare: int) -> int:
    """0.45 iterations, rounded; >= 1, and less where the cycle would not leave ``spare`` iterations."""
    return max(1, min(round(0.45 * iterations), (iterations - spare) // 2))


def _check_bounds(lr_min: float, lr_max: float) -> None:
    if not (0 <= lr_min <= lr_max and lr_max > 0):
        got = f"lr_min={lr_min}, lr_max={lr_max}"
        raise ValueError(
            f"0 <= lr_min <= lr_max and lr_max > 0 must hold, got {got}; swap them or take lr_max/10"
        )


def _check_shape(lr_max: float, pct_start: float, divisors: tuple[float, float]) -> None:
    if lr_max <= 0 or min(divisors) <= 0:
        got = f"lr_max={lr_max}, divisors {divisors}"
        raise ValueError(f"lr_max and its divisors must be > 0, got {got}; the usual first divisor is 25")
    if not 0 <= pct_start <= 1:
        raise ValueError(f"pct_start is a share of the run in [0, 1], got {pct_start}; give 0.3 for 30 %")
