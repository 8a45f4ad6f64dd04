"""More weight decay where a whole run overfits: whole runs again, magnitudes up, then half of the step."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import ENDING, course, ends, last
from wellbegun.diagnosis.intervals import noise
from wellbegun.search.breakdown import GONE, lost_at
from wellbegun.search.learning_rate import round_to
from wellbegun.search.plan import Batch, Finding, Plan

STEP = "weight decay of the whole run"
TIMES = 2  # further whole runs at most
MAGNITUDE = 10.0  # a step up; one that was too long is halved in its exponent
FAR = 10**1.5  # the first step without normalisation layers, whose decays begin far lower
SAME = 0.02  # log(val_loss): ends that differ by less are equal
HALF = 0.5  # of a run: until then the learning rate of its cycle is large


def overfits(run: Run) -> bool:
    """Whether a cycle lost more in its second half than it gained: it ends above the best of the first.

    The falling learning rate lowers the validation loss of a network that still learns what carries over;
    where the end is higher all the same, overfitting has undone more than that. Where the training loss rose
    as well, it was no overfitting.

    Source: arXiv:1803.09820, Sec. 3: validation loss that rises while training goes on is overfitting.
    Choice: half of the run; by more than 2 %, twice the curve's own noise and a fiftieth of what was learned.
    """
    rows = run.curve.iteration <= HALF * run.spec.iterations
    if lost_at(run) is not None or rows.sum() <= ENDING:
        return False
    path = course(run.curve.val_loss)[rows]
    at, first, end = int(np.argmin(path)), float(run.curve.val_loss[0]), last(run)
    if end - np.exp(path[at]) <= GONE * (first - np.exp(path[at])) or _forgot(run, at):
        return False
    return bool(np.log(end) > path[at] + max(SAME, 2 * noise(run.curve.val_loss)))


def _forgot(run: Run, row: int) -> bool:
    """Whether the training loss ends no lower than around this row; False where it is not known."""
    loss = run.curve.train_loss
    around = loss[max(0, row - 1) : row + 2]
    if not (np.isfinite(around).any() and np.isfinite(loss[-ENDING:]).any()):
        return False
    return bool(np.nanmedian(loss[-ENDING:]) >= np.nanmedian(around))


def correction(final: Run, first_step: float = FAR) -> Plan[tuple[Finding, Run] | None]:
    """Whole runs with more weight decay than this one has, and which ended lowest; None if it is sound.

    A step up; from there a magnitude more if that run is better and overfits still, or else half of the step.
    Range tests cannot tell: overfitting shows only in a run of the whole length.

    Source: arXiv:1803.09820, Sec. 4.4: magnitudes first, then the exponent bisected; Remark 6: weight decay
    is the knob. Choice: after the whole run, and at most two more; the first step (benchmarks/README.md,
    overfitting).
    """
    if not overfits(final) or not final.spec.weight_decay > 0:
        return None
    runs, best, step = [final], final, first_step
    for _ in range(TIMES):
        decay = round_to(best.spec.weight_decay * step, 1)
        if decay in [run.spec.weight_decay for run in runs]:
            break
        (run,) = yield Batch.of(STEP, [final.spec.but(weight_decay=decay)])
        runs.append(run)
        better = bool(np.log(last(run)) < np.log(last(best)) - SAME)
        best = run if better else best
        if better and not overfits(run):
            break
        step = MAGNITUDE if better else step**0.5
    return _finding(runs, best), best


def _finding(runs: list[Run], best: Run) -> Finding:
    first = runs[0]
    scores, tried = ends({f"{run.spec.weight_decay:g}": run for run in runs})
    lowest = float(np.nanmin(first.curve.val_loss))
    at = first.curve.iteration[int(np.nanargmin(first.curve.val_loss))] / first.spec.iterations
    told = "is lowest" if best is not first else "stays: none of the others ends lower by more than 2 %"
    return Finding(
        STEP, best.spec.weight_decay,
        f"The final run overfitted: its validation loss was {lowest:.4g} after {at:.0%} of it and "
        f"{last(first):.4g} at its end. Whole runs end, by weight decay, at {tried}; "
        f"{best.spec.weight_decay:g} {told}.",
        tuple(runs),
        details={
            "labels": {run.key: f"{run.spec.weight_decay:g}" for run in runs}, "winner": best.key,
            "scores": scores,
            "table": {
                "columns": ["Weight decay", "Val. loss at the end"],
                "rows": [[name, end] for name, end in scores.items()],
                "won": f"{best.spec.weight_decay:g}",
            },
        },
        section="4.4",
    )  # fmt: skip
