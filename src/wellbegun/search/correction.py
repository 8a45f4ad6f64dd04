"""Where a whole run ends badly, others follow: with more weight decay, or with a smaller learning rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import ENDING, course, ends, last
from wellbegun.diagnosis.intervals import noise
from wellbegun.schedules.cyclical import OneCycle
from wellbegun.search.breakdown import GONE, TINY, lost_at
from wellbegun.search.learning_rate import round_to
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.spec import RunSpec

STEP, RATE = "weight decay of the whole run", "learning rate of the whole run"
TIMES = 2  # further whole runs at most
MAGNITUDE = 10.0  # a step up; one that was too long is halved in its exponent
FAR = 10**1.5  # the first step without normalisation layers, whose decays begin far lower
LOWER = 2.0  # the rate is divided by this where the training loss rose, too
SAME = 0.02  # log(val_loss): ends that differ by less are equal
HALF = 0.5  # of a run: until then the learning rate of its cycle is large
KNOWN = 0.9  # of the loss of the best output that no input changes: from there on a run has seen its inputs
LEFT = 0.1  # of the loss at first: with less of it left, training loss goes up and down by itself
LEVEL, EASED = 0.03, 0.2  # log(train_loss): no fall while the rate rises, a fall while it comes down
RISING, LARGEST = (4 / 9, 2 / 3), (8 / 9, 10 / 9)  # of the stepsize: rates of 0.5 to 0.7, and of 0.9 on


def overfits(run: Run) -> bool:
    """Whether validation loss rose to the end of a cycle while training loss fell.

    Source: arXiv:1803.09820, Sec. 3: validation loss that rises while training goes on is overfitting.
    """
    row = _risen_from(run)
    return row is not None and not _forgot(run, row)


def stumbled(run: Run) -> bool:
    """Whether validation loss ended higher, and training loss as well: the rate was too large in between.

    Source: arXiv:1803.09820, Sec. 4.1: both losses rise where the learning rate is too large. Less is lost
    than by a breakdown (``breakdown.lost_at``).
    """
    row = _risen_from(run)
    return row is not None and _forgot(run, row)


def held_up(run: Run, uninformed: float = np.nan) -> bool:
    """Whether training loss did not fall while the rate rose to its maximum, and did as it came down.

    Steps were too large to get any further: a smaller rate learns in that time, too. Not where a run had not
    begun to learn, nor where next to nothing was left to learn.

    Args:
        uninformed: validation loss of the best output that no input changes; NaN: unknown.

    Source: arXiv:1803.09820, Sec. 4.1, reads such signs in ramps. Choice: in the whole run, too, as a ramp is
    over while there is much to learn at any rate; the numbers (benchmarks/README.md, rates).
    """
    rising, largest, end = _on_the_way(run)
    first = float(np.fmin(run.curve.val_loss[0], uninformed))
    learns = LEFT * first < largest and rising < KNOWN * first
    return bool(learns and np.log(rising / largest) < LEVEL and np.log(largest / end) > EASED)


def _on_the_way(run: Run) -> tuple[float, float, float]:
    """Mean training loss while the rate rises, where it is largest, and at the end; NaN: none is known."""
    step, end = cast(OneCycle, run.spec.lr).stepsize, run.spec.iterations
    stretches = [[share * step for share in RISING], [share * step for share in LARGEST], [0.9 * end, end]]
    rows = [(low < run.curve.iteration) & (run.curve.iteration <= high) for low, high in stretches]
    known = [run.curve.train_loss[some & np.isfinite(run.curve.train_loss)] for some in rows]
    rising, largest, ending = (max(float(loss.mean()), TINY) if len(loss) else np.nan for loss in known)
    return rising, largest, ending


def _risen_from(run: Run) -> int | None:
    """The row of the lowest loss of a cycle's first half, where the end lies above it.

    The falling learning rate lowers the validation loss of a network that still learns what carries over;
    where the end is higher all the same, more than that was undone.

    Choice: half of the run; by more than 2 %, twice the curve's own noise and a fiftieth of what was learned.
    """
    rows = run.curve.iteration <= HALF * run.spec.iterations
    if lost_at(run) is not None or rows.sum() <= ENDING:
        return None
    path = course(run.curve.val_loss)[rows]
    row, first, end = int(np.argmin(path)), float(run.curve.val_loss[0]), last(run)
    lost = end - np.exp(path[row]) > GONE * (first - np.exp(path[row]))
    return row if lost and np.log(end) > path[row] + max(SAME, 2 * noise(run.curve.val_loss)) else None


def _forgot(run: Run, row: int) -> bool:
    """Whether the training loss ends no lower than around this row; False where it is not known."""
    loss = run.curve.train_loss
    around = loss[max(0, row - 1) : row + 2]
    if not (np.isfinite(around).any() and np.isfinite(loss[-ENDING:]).any()):
        return False
    return bool(np.nanmedian(loss[-ENDING:]) >= np.nanmedian(around))


def correction(
    final: Run, first_step: float = FAR, uninformed: float | None = None
) -> Plan[tuple[Finding, Run] | None]:
    """Whole runs after one that overfitted, stumbled or was held up, and which is lowest; None: it is sound.

    Range tests cannot tell: all three show only in a run of the whole length.

    Args:
        uninformed: as in ``held_up``; None: the rate comes from whole cycles, which would have shown that.
    """
    if overfits(final) and final.spec.weight_decay > 0:
        return (yield from _more_decay(final, first_step))
    if stumbled(final):
        told = "stumbled (its training loss rose, too): " + _rise(final)
        return (yield from _smaller_rate(final, stumbled, told))
    if uninformed is not None and held_up(final, uninformed):
        told = "was held up at its largest rates: " + _hold(final)
        return (yield from _smaller_rate(final, lambda run: held_up(run, uninformed), told))
    return None


def _more_decay(final: Run, step: float) -> Plan[tuple[Finding, Run]]:
    """A step up; from there a magnitude more if that run is better and overfits still, or else half of it.

    Source: arXiv:1803.09820, Sec. 4.4: magnitudes first, then the exponent bisected; Remark 6: weight decay
    is the knob. Choice: after the whole run, and at most two more; the first step (benchmarks/README.md,
    overfitting).
    """
    runs, best = [final], final
    for _ in range(TIMES):
        decay = round_to(best.spec.weight_decay * step, 1)
        if decay in [run.spec.weight_decay for run in runs]:
            break
        (run,) = yield Batch.of(STEP, [final.spec.but(weight_decay=decay)])
        runs.append(run)
        better = _better(run, best)
        best = run if better else best
        if better and not overfits(run):
            break
        step = MAGNITUDE if better else step**0.5
    return _finding(STEP, "overfitted: " + _rise(final), runs, best, lambda run: run.spec.weight_decay), best


def _smaller_rate(final: Run, still: Callable[[Run], bool], why: str) -> Plan[tuple[Finding, Run]]:
    """Half the rate, and half of that if that run is better and it is ``still`` too large."""
    runs, best = [final], final
    for _ in range(TIMES):
        (run,) = yield Batch.of(RATE, [_slower(best.spec)])
        runs.append(run)
        if not _better(run, best):
            break
        best = run
        if not still(run):
            break
    return _finding(RATE, why, runs, best, _peak), best


def _slower(spec: RunSpec) -> RunSpec:
    """The same cycle with half its rates."""
    cycle = cast(OneCycle, spec.lr)
    low, high = (round_to(value / LOWER, 2) for value in (cycle.lr_min, cycle.lr_max))
    return spec.but(lr=replace(cycle, lr_min=low, lr_max=high))


def _peak(run: Run) -> float:
    return cast(OneCycle, run.spec.lr).lr_max


def _better(run: Run, other: Run) -> bool:
    return bool(np.log(last(run)) < np.log(last(other)) - SAME)


def _finding(step: str, why: str, runs: list[Run], best: Run, value: Callable[[Run], float]) -> Finding:
    first, named = runs[0], {f"{value(run):g}": run for run in runs}
    scores, tried = ends(named)
    told = "is lowest" if best is not first else "stays: none of the others ends lower by more than 2 %"
    what = step.removesuffix(" of the whole run")
    return Finding(
        step, value(best),
        f"The final run {why}. Whole runs end, by {what}, at {tried}; {value(best):g} {told}.",
        tuple(runs),
        details={
            "labels": {run.key: name for name, run in named.items()}, "winner": best.key,
            "scores": scores,
            "table": {
                "columns": [what.capitalize(), "Val. loss at the end"],
                "rows": [[name, end] for name, end in scores.items()], "won": f"{value(best):g}",
            },
        },
        section="4.4" if step == STEP else "4.1",
    )  # fmt: skip


def _rise(run: Run) -> str:
    """From where to where the validation loss rose, in words."""
    row = int(np.nanargmin(run.curve.val_loss))
    lowest, at = run.curve.val_loss[row], run.curve.iteration[row] / run.spec.iterations
    return f"its validation loss was {lowest:.4g} after {at:.0%} of it and {last(run):.4g} at its end"


def _hold(run: Run) -> str:
    """How training loss went while the rate was large, in words."""
    rising, largest, end = _on_the_way(run)
    return (
        f"its training loss was {rising:.4g} while the rate rose, {largest:.4g} where it was largest, and "
        f"fell to {end:.4g} only as it came down"
    )
