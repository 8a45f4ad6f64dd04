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
from wellbegun.search.breakdown import GONE, lost_at
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


def correction(final: Run, first_step: float = FAR) -> Plan[tuple[Finding, Run] | None]:
    """Whole runs after one that overfitted or stumbled, and which of them ended lowest; None if it is sound.

    Range tests cannot tell: both show only in a run of the whole length.
    """
    if overfits(final) and final.spec.weight_decay > 0:
        return (yield from _more_decay(final, first_step))
    return (yield from _smaller_rate(final)) if stumbled(final) else None


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
    return _finding(STEP, "overfitted", runs, best, lambda run: run.spec.weight_decay), best


def _smaller_rate(final: Run) -> Plan[tuple[Finding, Run]]:
    """Half the rate, and half of that if that run is better and stumbles still."""
    runs, best = [final], final
    for _ in range(TIMES):
        (run,) = yield Batch.of(RATE, [_slower(best.spec)])
        runs.append(run)
        if not _better(run, best):
            break
        best = run
        if not stumbled(run):
            break
    why = "stumbled (its training loss rose, too)"
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
    lowest = float(np.nanmin(first.curve.val_loss))
    at = first.curve.iteration[int(np.nanargmin(first.curve.val_loss))] / first.spec.iterations
    told = "is lowest" if best is not first else "stays: none of the others ends lower by more than 2 %"
    what = step.removesuffix(" of the whole run")
    return Finding(
        step, value(best),
        f"The final run {why}: its validation loss was {lowest:.4g} after {at:.0%} of it and "
        f"{last(first):.4g} at its end. Whole runs end, by {what}, at {tried}; {value(best):g} {told}.",
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
