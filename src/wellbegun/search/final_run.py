"""The final run: with more decay where it overfits, at half the rate where it stumbles or breaks down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import UNTRAINED
from wellbegun.diagnosis.course import ENDING, last, lowest
from wellbegun.errors import Refused
from wellbegun.search.breakdown import lost_at
from wellbegun.search.correction import FAR, KNOWN, MAGNITUDE, RATE, correction
from wellbegun.search.learning_rate import round_to
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.recommendation import Recommendation
from wellbegun.search.setting import Setting

RESTARTS = 3  # final runs that may break down before the recipe gives up
BACK_OFF = 2.0  # lr_max is divided by this after one that did


def final_run(setting: Setting, found: Recommendation, *, correct: bool) -> Plan[Recommendation]:
    """The recommendation with its final run.

    A run that breaks down begins again with half the rate; one that overfits is followed by whole runs with
    more weight decay, one that stumbles or is held up by whole runs with a smaller rate.

    Args:
        correct: whether a run may be followed by others so.

    Raises:
        Refused: every one of them broke down.
    """
    lr_max, pair = found.lr_max, (found.momentum_max, found.momentum_min)
    step = MAGNITUDE if setting.adaptive or setting.normalised else FAR
    uninformed = None if setting.forgiving else setting.uninformed
    unstable: list[float] = []
    discarded: list[Run] = []
    for _ in range(1 + RESTARTS):
        (run,) = yield Batch.of("final run", [setting.final(lr_max, pair, found.weight_decay)])
        sound = correct and not _lost(setting, run)
        more = (yield from correction(run, step, uninformed)) if sound else None
        kept = run if more is None else more[1]
        if not _lost(setting, kept):
            found = replace(found, lr_max=lr_max, lr_min=round_to(lr_max / 10, 2), final=kept)
            found = found if more is None else _corrected(found, more[0])
            return _begun_again(_told(setting, found), unstable, discarded)
        unstable.append(lr_max)
        discarded += [run] if more is None else more[0].runs
        lr_max = round_to(lr_max / BACK_OFF, 2)
    raise Refused(
        f"a recommended configuration must train, but {len(unstable)} final runs became unstable, down to "
        f"lr_max = {lr_max:.2g}; see the curves of the range tests, and check the data for rare extreme "
        "values",
        tuple(discarded),
    )  # fmt: skip


def _lost(setting: Setting, run: Run) -> bool:
    """Whether a run broke down, or ends as if it saw no inputs, in training too, and had known better."""
    if lost_at(run) is not None or not np.isfinite(setting.uninformed):
        return lost_at(run) is not None
    nothing = UNTRAINED * setting.uninformed
    seen = run.curve.train_loss[-ENDING:]
    known = np.isfinite(seen).any() and np.nanmedian(seen) >= nothing
    return bool(known and last(run) >= nothing and lowest(run) < KNOWN * setting.uninformed)


def _corrected(found: Recommendation, finding: Finding) -> Recommendation:
    """The recommendation with the weight decay or the rate of its final run, which others may have shown."""
    found = replace(found, findings=(*found.findings, finding))
    if finding.name == RATE:
        changed, name = finding.choice != found.lr_max, "lr_max"
        found = replace(found, lr_max=finding.choice, lr_min=round_to(finding.choice / 10, 2))
    else:
        changed, name = finding.choice != found.weight_decay, "weight_decay"
        found = replace(found, weight_decay=finding.choice)
    return replace(found, intervals={k: v for k, v in found.intervals.items() if not (changed and k == name)})


def _begun_again(found: Recommendation, unstable: list[float], discarded: list[Run]) -> Recommendation:
    """The recommendation with what was lost on the way to its final run."""
    if not unstable:
        return found
    notes = [f"A final run with lr_max = {lr:.2g} was unstable and was begun again." for lr in unstable]
    proven = {k: v for k, v in found.intervals.items() if k != "lr_max"}  # the range tests' one was wrong
    return replace(
        found, intervals=proven, restarts=len(unstable), discarded=tuple(discarded),
        notes=(*found.notes, *notes),
    )  # fmt: skip


def _told(setting: Setting, found: Recommendation) -> Recommendation:
    """With a warning where the final run is no better than one output for all inputs: the commonest class."""
    assert found.final is not None
    curve = found.final.curve
    loss, known = float(curve.val_loss[-1]), curve.val_accuracy[np.isfinite(curve.val_accuracy)]
    error = float(np.sqrt(setting.chance * (1 - setting.chance) / setting.validation))
    if loss < UNTRAINED * setting.uninformed:
        better = 1 - loss / setting.uninformed
        if len(known) or loss < KNOWN * setting.uninformed:
            return found
        warning = (
            f"The final run's validation loss, {loss:.4g}, is only {better:.0%} below the "
            f"{setting.uninformed:.4g} of the one output that suits all inputs best: little was learned from "
            "the inputs yet; train longer."
        )
        return replace(found, notes=(*found.notes, warning))
    if len(known) and setting.chance < 1 and not known[-1] > setting.chance + 2 * error:
        warning = (
            f"The final run's validation accuracy, {known[-1]:.3g}, is no better than naming the commonest "
            f"class ({setting.chance:.3g} +- {error:.1g}): nothing that carries over was learned, so no "
            "value here is better than another; check the labels."
        )
    elif not len(known) and np.isfinite(setting.uninformed):
        warning = (
            f"The final run's validation loss, {loss:.4g}, is no better than the {setting.uninformed:.4g} of "
            "the one output that suits all inputs best: nothing was learned from the inputs, so no value "
            "here is better than another; check the data, or train longer."
        )
    else:
        return found
    return replace(found, notes=(*found.notes, warning))
