"""The verdict on a whole run, from its clues in order."""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue
from wellbegun.diagnosis.intervals import FEWEST, measured, noise, smooth, trend
from wellbegun.diagnosis.rate import fall

SLOPE = 0.01  # relative fall of val_loss per tenth of the run that is still a descent
ONSET = 0.25  # share of a descent: a learning rate that falls in it came with the descent
SLIGHT = 0.05  # relative rise of val_loss above its best that is normal near the best settings (Sec. 5.5)
_NEAR = 50  # rows at the end that tell the noise there
DOMINATES = 0.25  # share of the run in instability that makes the whole run unstable


def verdict(curve: Curve, clues: tuple[Clue, ...]) -> tuple[str, str]:
    """One of VERDICTS and a sentence why; the rules are in the docstring of ``diagnose``."""
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
    if _by_the_rate(curve, clues):
        return None
    lr = curve.lr[rows & np.isfinite(curve.lr)]
    if len(lr) and lr.min() < 0.9 * lr[0]:
        return None
    rate = f"the learning rate ends at {lr[-1]:.2g}" if len(lr) else "no learning rate is recorded"
    return "underfitting", (
        f"validation loss still falls over the last third of the run ({np.expm1(change):+.0%}) and {rate}; "
        "use a larger learning rate, less regularization or a longer run (Sec. 3.2)"
    )


def _by_the_rate(curve: Curve, clues: tuple[Clue, ...]) -> bool:
    """Whether the last descent set in with a fall of the learning rate, which lowers the loss by itself."""
    last = clues[-1]
    start = int(np.searchsorted(curve.iteration, last.start))
    onset = last.start + ONSET * (last.end - last.start)
    stop = int(np.searchsorted(curve.iteration, onset, side="right"))
    return len(clues) > 1 and fall(curve, start, stop) is not None


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
