"""More weight decay where a whole run overfits: whole runs again, magnitudes up, then half of the step."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import ENDING, course, ends, last
from wellbegun.diagnosis.intervals import noise
from wellbegun.search.breakdown import lost_at
from wellbegun.search.learning_rate import round_to
from wellbegun.search.plan import Batch, Finding, Plan

STEP = "weight decay of the whole run"
TIMES = 2  # further whole runs at most
MAGNITUDE = 10.0  # a step up; one that was too long is halved in its exponent
FAR = 10**1.5  # the first step without normalisation layers, whose decays begin far lower
SAME = 0.02  # log(val_loss): ends that differ by less are equal
BY_HEART = 0.1  # log(train_loss) that a run learned while it learned nothing more that carries over
HALF = 0.5  # of a run: until then the learning rate of its cycle is large


def overfits(run: Run) -> bool:
    """Whether a cycle lost more in its second half than it gained: it ends above the best of the first.

    The falling learning rate lowers the validation loss of a network that still learns what carries over;
    where the end is higher all the same, overfitting has undone more than that. Of a run that broke down, the
    rows before that are read, all of them, and its training loss must have fallen since the best.

    Source: arXiv:1803.09820, Sec. 3: validation loss that rises while training goes on is overfitting.
    Choice: half of the run, and by more than 2 % and twice the curve's own noise; of a run that broke down,
    2 % while its training loss fell by a tenth.
    """
    broken = lost_at(run)
    curve = run.curve if broken is None else run.curve.rows(0, broken)
    first = len(curve) if broken is not None else int(np.sum(curve.iteration <= HALF * run.spec.iterations))
    if first <= ENDING:
        return False
    path = course(curve.val_loss)[:first]
    risen = np.log(np.median(curve.val_loss[-ENDING:])) - path.min()
    if broken is None:
        return bool(risen > max(SAME, 2 * noise(curve.val_loss)))
    learned = np.log(curve.train_loss[int(np.argmin(path))] / np.median(curve.train_loss[-ENDING:]))
    return bool(risen > SAME and learned > BY_HEART)


def correction(final: Run, first_step: float = FAR) -> Plan[tuple[Finding, Run] | None]:
    """Whole runs with more weight decay than this one has, and which ended lowest; None if it is sound.

    A step up; from there a magnitude more if that run overfits still and ended no higher, or else half of the
    step. Range tests cannot tell: overfitting shows only in a run of the whole length.

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
        still = overfits(run)
        better = bool(np.log(last(run)) < np.log(last(best)) - SAME)
        up = still and (better or lost_at(best) is not None)  # of two that broke down by heart, the second
        best = run if better or up else best
        if better and not still:
            break
        step = MAGNITUDE if up else step**0.5
    return _finding(runs, best), best


def _finding(runs: list[Run], best: Run) -> Finding:
    first = runs[0]
    scores, tried = ends({f"{run.spec.weight_decay:g}": run for run in runs})
    curve, broken = first.curve, lost_at(first)
    lowest = float(np.nanmin(curve.val_loss))
    share = curve.iteration / first.spec.iterations
    at = share[int(np.nanargmin(curve.val_loss))]
    end = f"{last(first):.4g} at its end"
    if broken is not None:
        end = f"{curve.val_loss[broken - 1]:.4g} after {share[broken - 1]:.0%}, where it broke down"
    told = "is lowest" if best is not first else "stays: none of the others ends lower by more than 2 %"
    return Finding(
        STEP, best.spec.weight_decay,
        f"The final run overfitted: its validation loss was {lowest:.4g} after {at:.0%} of it and "
        f"{end}. Whole runs end, by weight decay, at {tried}; "
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
