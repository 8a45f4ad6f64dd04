"""What a training history says: its intervals, the clue of each, and the verdict on the whole run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Diagnosis, Interval
from wellbegun.diagnosis.descending import descending
from wellbegun.diagnosis.instability import instability
from wellbegun.diagnosis.intervals import FEWEST, between, cut, measured, noise, smooth, trend
from wellbegun.diagnosis.overfitting import overfitting
from wellbegun.diagnosis.plateau import plateau
from wellbegun.diagnosis.rising_both import rising_both

DETECTORS = (instability, overfitting, rising_both, descending, plateau)
"""In the report's order: instability first, so that it is never taken for overfitting."""
APART = 0.05  # share of the run: what lies between two instabilities closer than this belongs to them
SLOPE = 0.01  # relative fall of val_loss per tenth of the run that is still a descent
SLIGHT = 0.05  # relative rise of val_loss above its best that is normal near the best settings (Sec. 5.5)
_NEAR = 50  # rows at the end that tell the noise there
DOMINATES = 0.25  # share of the run in instability that makes the whole run unstable


def diagnose(curve: Curve) -> Diagnosis:
    """The clues of a run in order, equal neighbours as one, and the verdict on the whole run.

    Verdict: *unstable* when the run ends in instability, spends a quarter of its length there or comes back
    to it; *overfitting* when validation loss ends more than 5 % above its best after an overfitting rise;
    *underfitting* when it still descends over the last third while the learning rate is constant or rising;
    *balanced* otherwise; *unclear*, with the reason, when there are fewer than 8 validation losses or the
    clues do not say which.

    Source: arXiv:1803.09820, Sec. 3.1 to 3.3. Choice: the thresholds, above.
    """
    found = [(interval, clue) for interval in cut(curve) if (clue := _clue(curve, interval))]
    clues = tuple(clue for _, clue in _merged(curve, _bridged(curve, found)))
    overall, reason = _verdict(curve, clues)
    return Diagnosis(clues, overall, reason)


def _clue(curve: Curve, interval: Interval) -> Clue | None:
    """What the first detector that fires says."""
    return next((clue for detect in DETECTORS if (clue := detect(curve, interval))), None)


def _bridged(curve: Curve, found: list[tuple[Interval, Clue]]) -> list[tuple[Interval, Clue]]:
    """A short stretch between two instabilities, or a short rise into one, is part of it."""
    longest = APART * float(curve.iteration[-1] - curve.iteration[0]) if len(curve) else 0.0
    result = list(found)
    for i in range(len(result) - 1):
        (interval, clue), (_, after) = result[i : i + 2]
        part = clue.label in ("overfitting", "rising_both") or (
            i > 0 and result[i - 1][1].label == "instability"
        )
        if part and clue.label != "instability" == after.label and clue.end - clue.start <= longest:
            same = replace(clue, label="instability", advice=after.advice, section=after.section)
            result[i] = interval, same
    return result


def _merged(curve: Curve, found: list[tuple[Interval, Clue]]) -> list[tuple[Interval, Clue]]:
    """Equal neighbours as one clue where their union shows it too; level parts that drift are a descent."""
    result: list[tuple[Interval, Clue]] = []
    for pair in found:
        result.append(pair)
        while len(result) > 1 and (union := _union(curve, result[-2], result[-1])):
            result[-2:] = [union]
    return result


def _union(
    curve: Curve, left: tuple[Interval, Clue], right: tuple[Interval, Clue]
) -> tuple[Interval, Clue] | None:
    (first, clue), (second, other) = left, right
    if clue.label != other.label or first.stop != second.start:
        return None
    whole = between(curve, first.start, second.stop)
    if clue.label == "instability":
        return whole, replace(clue, end=other.end, lr_end=other.lr_end)
    joint = _clue(curve, whole)
    return (whole, joint) if joint and joint.label in (clue.label, "descending") else None


def _verdict(curve: Curve, clues: tuple[Clue, ...]) -> tuple[str, str]:
    if reason := _unstable(curve, clues):
        return "unstable", reason
    usable = int(np.count_nonzero(measured(curve.val_loss)))
    if usable < FEWEST:
        reason = (
            f"a verdict needs at least {FEWEST} validation losses above 0, got {usable}; evaluate more often"
        )
        return "unclear", reason
    return _overfitted(curve, clues) or _underfitted(curve, clues) or _balance(curve, clues)


def _unstable(curve: Curve, clues: tuple[Clue, ...]) -> str:
    found = [clue for clue in clues if clue.label == "instability"]
    if not found:
        return ""
    run = max(1, int(curve.iteration[-1] - curve.iteration[0]))
    share = sum(clue.end - clue.start for clue in found) / run
    if found[-1] is not clues[-1] and share <= DOMINATES and len(found) < 2:
        return ""
    where = ", ".join(f"{clue.start} to {clue.end}" for clue in found)
    return f"training is unstable at iterations {where} ({share:.0%} of the run): {found[-1].evidence}"


def _overfitted(curve: Curve, clues: tuple[Clue, ...]) -> tuple[str, str] | None:
    best, last, best_at = _best_and_last(curve)
    rises = [clue for clue in clues if clue.label == "overfitting" and clue.end > best_at]
    if not rises or last <= best * (1 + SLIGHT + 0.5 * noise(curve.val_loss[-_NEAR:])):
        return None
    reason = f"validation loss ends at {last:.3g}, {last / best - 1:.0%} above its best of {best:.3g}"
    return "overfitting", f"{reason}, after a rise from iteration {rises[-1].start} on; {rises[-1].advice}"


def _underfitted(curve: Curve, clues: tuple[Clue, ...]) -> tuple[str, str] | None:
    if not clues or clues[-1].label != "descending":
        return None
    parts = []
    usable = curve.iteration[measured(curve.val_loss)]
    for share in (1 / 3, 1 / 6):
        since = curve.iteration[-1] - share * (curve.iteration[-1] - curve.iteration[0])
        rows = curve.iteration >= min(since, usable[-4])
        line = trend(curve.val_loss[rows], curve.iteration[rows])
        parts.append((rows, 0.0 if line is None else line.change, 0 if line is None else line.rows))
    (rows, change, count), (_, late, _) = parts
    error = noise(curve.val_loss[rows]) * float(np.sqrt(12 / max(1, count)))
    if change > -max(SLOPE / 0.3, 2 * error) or late > -SLOPE / 1.2:
        return None
    lr = curve.lr[rows & np.isfinite(curve.lr)]
    if len(lr) and lr.min() < 0.9 * lr[0]:
        return None
    rate = f"the learning rate ends at {lr[-1]:.2g}" if len(lr) else "no learning rate is recorded"
    return "underfitting", (
        f"validation loss still falls over the last third of the run ({np.expm1(change):+.0%}) and {rate}; "
        "use a larger learning rate, less regularization or a longer run (Sec. 3.2)"
    )


def _balance(curve: Curve, clues: tuple[Clue, ...]) -> tuple[str, str]:
    best, last, _ = _best_and_last(curve)
    known = curve.val_loss[measured(curve.val_loss)]
    if best > 0.95 * known[0]:
        reason = f"validation loss never falls by 5 % ({known[0]:.3g} to {best:.3g} at best)"
        return "unclear", f"{reason}: nothing is learned"
    if last > best * (1 + SLIGHT) + 2 * best * noise(known):
        known_train = np.isfinite(curve.train_loss).any()
        why = "it is not training loss that falls" if known_train else "there is no training loss"
        return (
            "unclear",
            f"validation loss ends {last / best - 1:.0%} above its best of {best:.3g}, but {why}",
        )
    end = clues[-1].evidence if clues else f"validation loss ends at {last:.3g}"
    return "balanced", f"{end}; the best is {best:.3g}"


def _best_and_last(curve: Curve) -> tuple[float, float, int]:
    """The lowest and the last value of the smooth course of val_loss, and the iteration of the lowest."""
    rows = measured(curve.val_loss)
    course = np.exp(smooth(np.log(curve.val_loss[rows])))
    return float(course.min()), float(course[-1]), int(curve.iteration[rows][np.argmin(course)])
