"""How fast the learning rate may rise: the shortest stepsize that reaches a given lr_max (Sec. 4.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import LEARNED
from wellbegun.diagnosis.course import lowest
from wellbegun.errors import Refused
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.search.breakdown import failed
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import STOP_AT, Setting
from wellbegun.spec import RunSpec

STEP = "ramp speed"
SEEDS = 3  # a stepsize is stable when none of so many seeds fails
SHORTEST = 8  # iterations: below this a rise is a jump
FIRST = 0.25  # of a ramp's length: where the search begins
PAST = 0.5  # of the stepsize: how far past the peak a rise is watched
ROWS = 24  # evaluations per rise


def ramp_speed(
    setting: Setting, lr_max: float, momentum: tuple[float, float], weight_decay: float
) -> Plan[Finding]:
    """The shortest stepsize in which the learning rate may rise from lr_max / 10 to lr_max.

    Rises of one cycle, watched until half a stepsize past the peak, with three seeds each: halved while they
    are stable, doubled while one of them fails, then once the geometric mean between the two. A rise in
    which nothing was learnt cannot lose anything: it is no proof and counts as failed.

    Args:
        momentum: (max, min), against the learning rate as in the cycle.

    Raises:
        Refused: a rise over the whole first half of the final run fails: lr_max itself is too large.

    Source: arXiv:1803.09820, Sec. 4.1: the rate may only rise so fast; a longer stepsize allows a wider
    range. Choice: the report gives no test; these three seeds, and what counts as failed.
    """
    found: dict[int, tuple[Run, ...]] = {}
    length: int | None = max(SHORTEST, round(FIRST * setting.ramp_iterations))
    while length is not None:
        spec = rise(setting, length, lr_max, momentum, weight_decay)
        seeds = [spec.but(seed=setting.seed + number) for number in range(SEEDS)]
        found[length] = tuple((yield Batch.of(STEP, seeds)))
        length = _next(found, setting.cycle(lr_max).stepsize)
    runs = tuple(run for length in sorted(found) for run in found[length])
    fails = _fails(found)
    low, high = _bracket(fails)
    if high is None:
        raise Refused(
            f"some stepsize must bring the learning rate to lr_max = {lr_max:.2g}, but {_told(fails)}, and "
            f"the final run has no longer one; lower lr_max, or train longer", runs,
        )  # fmt: skip
    between = f"Somewhere between {low} and {high} lies the limit." if low else "None was too fast."
    named = {run.key: f"{length}, seed {run.spec.seed}" for length in found for run in found[length]}
    return Finding(
        STEP, {"stepsize": high, "lr_max": lr_max},
        f"The learning rate rises from {lr_max / 10:.2g} to {lr_max:.2g} and half way back: {_told(fails)}. "
        f"{between} {high} iterations are the shortest stepsize tried that is stable.",
        runs,
        details={
            "fails_at": low,
            "labels": named,
            "figure": {
                "stepsize": list(fails), "failed": list(fails.values()), "seeds": SEEDS, "shortest": high,
            },
        },
        section="4.1",
    )  # fmt: skip


def rise(
    setting: Setting, stepsize: int, lr_max: float, momentum: tuple[float, float], weight_decay: float
) -> RunSpec:
    """The beginning of a cycle with this stepsize: up to the peak and half a stepsize past it."""
    lr = OneCycle(lr_max / 10, lr_max, stepsize, 2 * stepsize + 1)
    iterations = math.ceil((1 + PAST) * stepsize)
    spec = setting.spec(iterations, lr, MomentumCycle(*momentum, stepsize), weight_decay, ROWS)
    return spec.but(limit=STOP_AT)


def _fails(found: Mapping[int, tuple[Run, ...]]) -> dict[int, int]:
    """Stepsize -> seeds that failed or showed nothing, shortest first."""
    return {
        length: sum(failed(run) or not _learned(run) for run in found[length]) for length in sorted(found)
    }


def _learned(run: Run) -> bool:
    return bool(lowest(run) < LEARNED * run.curve.val_loss[0])


def _next(found: Mapping[int, tuple[Run, ...]], longest: int) -> int | None:
    """The stepsize to try next, or None."""
    low, high = _bracket(_fails(found))
    if high is None:
        return None if low is None or low >= longest else min(2 * low, longest)
    if low is None:
        return None if high <= SHORTEST else max(SHORTEST, high // 2)
    between = round(math.sqrt(low * high))
    return between if high / low >= 1.9 and between not in (low, high) else None


def _bracket(fails: Mapping[int, int]) -> tuple[int | None, int | None]:
    """(longest stepsize that fails, shortest stable one above it)."""
    low = max((length for length, count in fails.items() if count), default=None)
    high = min((length for length in fails if low is None or length > low), default=None)
    return low, high


def _told(fails: Mapping[int, int]) -> str:
    parts = []
    for length, count in fails.items():
        verb = "fails or learns" if count <= 1 else "fail or learn"
        parts.append(f"in {length} iterations {count or 'none'} of {SEEDS} seeds {verb} nothing")
    return ", ".join(parts)
