"""The clues of a curve in order: what each interval shows, judged together with its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis import rate
from wellbegun.diagnosis._base import Clue, Interval, Thresholds
from wellbegun.diagnosis.descending import descending
from wellbegun.diagnosis.instability import instability
from wellbegun.diagnosis.intervals import FEWEST, between, cut, measured, noise, smooth, trend
from wellbegun.diagnosis.overfitting import overfitting
from wellbegun.diagnosis.plateau import plateau
from wellbegun.diagnosis.rising_both import rising_both

DETECTORS: tuple[Callable[..., Clue | None], ...] = (
    instability,
    overfitting,
    rising_both,
    descending,
    plateau,
)
"""In the report's order: instability first, so that it is never taken for overfitting."""
APART = 0.05  # share of the run: what lies between two instabilities closer than this belongs to them
RISES = ("overfitting", "rising_both")
SLOPES = ("descending", *RISES)
SHORTEST = 3  # measured rows of a stretch
LEVEL = 0.25  # noise levels off its line: still on it
ROUNDS = 8  # of judging neighbours together; two or three are the rule
FAR = 4  # noise levels above the level: a jump, no scatter
Found = tuple[Interval, Clue]


def labelled(
    curve: Curve, thresholds: Thresholds, intervals: Sequence[Interval] | None = None
) -> tuple[Clue, ...]:
    """The clues of all intervals that show one, equal neighbours as one.

    Each interval by itself; then with its neighbours (a descent that goes on more slowly is one descent, a
    short stretch between instabilities is unstable, a slope has no short level part), equal ones joined, and
    again until nothing changes; an instability begins with its first jump; a fall and a rise meet in their
    lowest row; the turn between a slope and a level stretch is placed where the curve comes to the level, or
    leaves it; what a vanished learning rate no longer moves is level.

    Args:
        intervals: those of ``cut``, where they are known already.
    """
    found = [(each, clue) for each in intervals or cut(curve) if (clue := _clue(curve, each, thresholds))]
    found = _together(curve, found, thresholds)
    found = _pointed(curve, _warned(curve, found, thresholds), thresholds)
    return tuple(clue for _, clue in _annihilated(curve, _turned(curve, found, thresholds), thresholds))


def _keywords(name: str, thresholds: Thresholds) -> dict[str, float]:
    t = thresholds
    level = {"change": t.change, "drift": t.drift, "scatter": t.scatter, "error": t.error}
    return {
        "instability": {"rise": t.sharp, "within": t.within, "swing": t.swing},
        "overfitting": {"change": t.overfit},
        "rising_both": {"change": t.both},
        "descending": level,
        "plateau": level,
    }[name]


def _clue(curve: Curve, interval: Interval, thresholds: Thresholds) -> Clue | None:
    """What the first detector that fires says."""
    clues = (detect(curve, interval, **_keywords(detect.__name__, thresholds)) for detect in DETECTORS)
    return next((clue for clue in clues if clue), None)


def _together(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """The intervals judged with their neighbours, until that changes none of them."""
    for _ in range(ROUNDS):
        before = [(interval, clue.label) for interval, clue in found]
        found = _joined(curve, _bridged(curve, _continued(curve, found, thresholds)), thresholds)
        found = _joined(curve, _straight(curve, found, thresholds), thresholds)
        if [(interval, clue.label) for interval, clue in found] == before:
            break
    return found


def _continued(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """A level stretch after a descent belongs to it while it falls on at a good part of its pace.

    It must fall by a good part of what a descent needs, too: an early descent is so fast that a small part of
    its pace is still a descent, a late one so slow that a large part of it is none.
    """
    result: list[Found] = []
    for interval, clue in found:
        more = None
        after = clue.label == "plateau" and result and result[-1][1].label == "descending"
        if after and _pace(curve, interval) <= thresholds.pace * _pace(curve, result[-1][0]):
            options = _keywords("descending", thresholds)
            more = descending(curve, interval, enough=thresholds.continued, **options)
        result.append((interval, more or clue))
    return result


def _pace(curve: Curve, interval: Interval) -> float:
    """The change of log(val_loss) per iteration; 0.0 where it cannot be told."""
    rows = slice(interval.start, interval.stop)
    line = trend(curve.val_loss[rows], curve.iteration[rows])
    last = min(interval.stop, len(curve) - 1)
    length = float(curve.iteration[last] - curve.iteration[interval.start])
    return line.change / length if line and length > 0 else 0.0


def _bridged(curve: Curve, found: list[Found]) -> list[Found]:
    """A short stretch between two instabilities, or a short rise into one, is part of it."""
    longest = APART * float(curve.iteration[-1] - curve.iteration[0]) if len(curve) else 0.0
    result = list(found)
    for i in range(len(result) - 1):
        (interval, clue), (_, after) = result[i : i + 2]
        part = clue.label in RISES or (i > 0 and result[i - 1][1].label == "instability")
        if part and clue.label != "instability" == after.label and clue.end - clue.start <= longest:
            same = replace(clue, label="instability", advice=after.advice, section=after.section)
            result[i] = interval, same
    return result


def _straight(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """A short level stretch that lies on one straight line with the slope beside it is part of it.

    By chance, or where another noise level begins, a slope is cut into pieces too short to rise or fall.
    """
    result: list[Found] = []
    for pair in found:
        result.append(pair)
        while len(result) > 1 and (union := _one_line(curve, result[-2], result[-1], thresholds)):
            result[-2:] = [union]
    return result


def _one_line(curve: Curve, left: Found, right: Found, thresholds: Thresholds) -> Found | None:
    (first, clue), (second, other) = left, right
    level, slope = (first, other) if clue.label == "plateau" else (second, clue)
    steep = second if level is first else first
    if {clue.label, other.label} != {"plateau", slope.label} or slope.label not in SLOPES:
        return None
    if first.stop != second.start or 2 * (level.stop - level.start) > steep.stop - steep.start:
        return None
    whole = between(curve, first.start, second.stop)
    own = trend(curve.val_loss[level.start : level.stop], curve.iteration[level.start : level.stop])
    joint = trend(curve.val_loss[whole.start : whole.stop], curve.iteration[whole.start : whole.stop])
    if own is None or joint is None:
        return None
    at = curve.iteration[[level.start, level.stop - 1]] - curve.iteration[whole.start]
    share = at / float(curve.iteration[whole.stop - 1] - curve.iteration[whole.start])
    off = np.log([own.first, own.last]) - np.log(joint.first) - joint.change * share
    # of a line through m rows, either end has a standard error of noise x 2 / sqrt(m); up to three
    if np.abs(off).max() > 6 * max(level.noise, whole.noise) / np.sqrt(own.rows):
        return None
    return _again(curve, whole.start, whole.stop, slope, thresholds)


def _pointed(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """A level stretch of a few rows between a fall and a rise is their turn, which is its lowest row."""
    result: list[Found] = []
    for i, (interval, clue) in enumerate(found):
        after = found[i + 1] if i + 1 < len(found) else None
        turn = clue.label == "plateau" and interval.stop - interval.start <= SHORTEST + 1
        if turn and after and after[1].label in RISES and result and result[-1][1].label == "descending":
            losses = curve.val_loss[interval.start : interval.stop]
            lowest = interval.start + int(np.nanargmin(losses)) if measured(losses).any() else interval.start
            fall, rise = result[-1], after
            result[-1] = _again(curve, fall[0].start, lowest, fall[1], thresholds)
            found[i + 1] = _again(curve, lowest, rise[0].stop, rise[1], thresholds)
        else:
            result.append((interval, clue))
    return result


def _warned(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """An instability begins with the first jump that comes back, where that is nearer to it than to row 0."""
    result: list[Found] = []
    for interval, clue in found:
        first = len(result)
        while clue.label == "instability" and first and result[first - 1][1].label == "plateau":
            first -= 1
        if first < len(result):
            level = between(curve, result[first][0].start, interval.start)
            at = _first_jump(curve, level, thresholds.sharp)
            if at is not None and interval.start - at <= at:
                kept = [pair for pair in result[first:] if pair[0].stop <= at]
                cut_short = [pair for pair in result[first:] if pair[0].start < at < pair[0].stop]
                result[first:] = kept + [_again(curve, e.start, at, k, thresholds) for e, k in cut_short]
                whole = between(curve, at, interval.stop)
                same = Clue.over(curve, whole, clue.label, clue.evidence, clue.advice, clue.section)
                result.append((whole, same))
                continue
        result.append((interval, clue))
    return result


def _first_jump(curve: Curve, interval: Interval, rise: float) -> int | None:
    """The first row that stands far above the level before it, once there are rows enough to know that."""
    for row in range(interval.start + FEWEST, interval.stop):
        calm = curve.val_loss[interval.start : row]
        calm = calm[measured(calm)]
        if len(calm) >= FEWEST and curve.val_loss[row] > 0:
            jump = np.log(curve.val_loss[row] / np.median(calm))
            if jump > max(np.log1p(rise), FAR * noise(calm)):
                return row
    return None


def _joined(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """Equal neighbours as one clue where their union shows it too; level parts that drift are a descent."""
    result: list[Found] = []
    for pair in found:
        result.append(pair)
        while len(result) > 1 and (union := _union(curve, result[-2], result[-1], thresholds)):
            result[-2:] = [union]
    return result


def _union(curve: Curve, left: Found, right: Found, thresholds: Thresholds) -> Found | None:
    (first, clue), (second, other) = left, right
    if clue.label != other.label or first.stop != second.start:
        return None
    whole = between(curve, first.start, second.stop)
    if clue.label == "instability":
        return whole, replace(clue, end=other.end, lr_end=other.lr_end)
    joint = _clue(curve, whole, thresholds)
    return (whole, joint) if joint and joint.label in (clue.label, "descending") else None


def _turned(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """The same clues, with every turn between a slope and a level stretch where a reader would place it.

    A straight line leaves out the bend at its end: the slope goes on until the curve first crosses the line
    through the level stretch, and begins after the last time that it does.
    """
    stops = [interval.stop for interval, _ in found]
    for i in range(len(found) - 1):
        (left, before), (right, after) = found[i : i + 2]
        if left.stop != right.start:
            continue
        start = left.start if i == 0 else max(left.start, stops[i - 1])
        if before.label in SLOPES and after.label == "plateau":
            stops[i] = right.start + _crossing(curve, right.start, right.stop, before.label, first=True)
            if before.label in RISES:
                stops[i] = _top(curve, left.start, stops[i], right.stop)
        elif before.label == "plateau" and after.label in SLOPES:
            stops[i] = start + _crossing(curve, start, left.stop, after.label, first=False)
    result, start = [], found[0][0].start if found else 0
    for i, (interval, clue) in enumerate(found):
        joins = i > 0 and found[i - 1][0].stop == interval.start
        start = stops[i - 1] if joins else interval.start
        moved = (start, stops[i]) != (interval.start, interval.stop)
        result.append(_again(curve, start, stops[i], clue, thresholds) if moved else (interval, clue))
    return result


def _top(curve: Curve, start: int, at: int, stop: int) -> int:
    """A rise lasts as long as the smooth course from ``start`` on still climbs after row ``at``."""
    losses = curve.val_loss[start:stop]
    if not measured(losses).all():
        return at
    course = smooth(np.log(losses))
    row = at
    while row + SHORTEST < stop and course[row + 1 - start] > course[row - start]:
        row += 1
    return row


def _annihilated(curve: Curve, found: list[Found], thresholds: Thresholds) -> list[Found]:
    """A descent ends where the learning rate vanishes for good and the loss is level from there on."""
    if not found or found[-1][1].label != "descending":
        return found
    interval, clue = found[-1]
    start = rate.annihilation(curve)
    if start is None or start - interval.start < SHORTEST:
        return found
    tail = between(curve, start, interval.stop)
    losses = curve.val_loss[tail.start : tail.stop]
    losses = losses[measured(losses)]
    half = len(losses) // 2
    if half == 0:
        return found
    moved = abs(float(np.log(np.median(losses[half:]) / np.median(losses[:half]))))
    if moved > np.log1p(thresholds.change) + thresholds.scatter * interval.noise:
        return found
    level = float(np.exp(np.mean(np.log(losses))))
    evidence = (
        f"validation loss is level at {level:.3g} over {len(losses)} evaluations, the learning rate at "
        f"{curve.lr[start]:.1g}: what is learned is settled"
    )
    return [
        *found[:-1],
        _again(curve, interval.start, start, clue, thresholds),
        (tail, Clue.over(curve, tail, "plateau", evidence, section="4.1")),
    ]


def _crossing(curve: Curve, start: int, stop: int, slope: str, *, first: bool) -> int:
    """Rows from ``start`` to where the level stretch first, or last, crosses its own line."""
    unmoved = 0 if first else stop - start
    loss, at = curve.val_loss[start:stop], curve.iteration[start:stop]
    rows = np.flatnonzero(measured(loss))
    line = trend(loss, at)
    if line is None or len(rows) < 2 * SHORTEST:
        return unmoved
    x = (at[rows] - at[rows[0]]) / (at[rows[-1]] - at[rows[0]])
    above = np.log(loss[rows]) - np.log(line.first) - line.change * x
    # a descent comes down to its end and starts downwards from the level; a rise is its mirror image
    near = LEVEL * noise(loss)
    past = above <= near if (slope == "descending") == first else above >= -near
    settled = np.flatnonzero(past)
    if not len(settled):
        return unmoved
    if first:
        return int(rows[settled[0]]) if len(rows) - settled[0] >= SHORTEST else unmoved
    last = int(settled[-1]) + 1
    return int(rows[last]) if SHORTEST < last < len(rows) else unmoved


def _again(curve: Curve, start: int, stop: int, clue: Clue, thresholds: Thresholds) -> Found:
    """The same clue over other rows, with the numbers of these rows."""
    interval = between(curve, start, stop)
    anyway = {"descending": {"enough": -np.inf}, "plateau": {"change": np.inf}}.get(clue.label, {})
    detect = next(each for each in DETECTORS if each.__name__ == clue.label)
    options = {**_keywords(clue.label, thresholds), **anyway}
    same = Clue.over(curve, interval, clue.label, clue.evidence, clue.advice, clue.section)
    return interval, detect(curve, interval, **options) or same
