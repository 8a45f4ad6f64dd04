"""Which run is best, and by more than the curves' own noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wellbegun.curve import ERROR, Curve
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.intervals import noise

SAME = 0.03  # log(val_loss): ramps of one seed that differ by less on average are the same
SUDDEN, WITHIN = 0.10, 3  # rise of log(val_loss) that is no wobble, and the rows that it takes at most
EARLY = 0.5  # of the middle ramp's calm length: a ramp that rises before that is unstable
TIE = 0.01  # log(val_loss): losses within 1 % are never told apart by one run each


@dataclass(frozen=True, slots=True)
class Score:
    """How low a ramp brought the validation loss, and how sure that number is."""

    loss: float  # lowest smoothed validation loss; inf when there is none
    spread: float  # standard deviation of log(loss), from the curve's own noise

    def __str__(self) -> str:
        return f"{self.loss:.4g}" if np.isfinite(self.loss) else "unstable"

    def to_json(self) -> dict[str, float | None]:
        return {"loss": self.loss if np.isfinite(self.loss) else None, "spread": self.spread}


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best of some scores and those that cannot be told apart from it."""

    winner: int
    tied: tuple[int, ...]  # indices, the winner's included, in the order given

    @property
    def is_tie(self) -> bool:
        return len(self.tied) > 1


def score(curve: Curve, *, rows: slice = slice(1, None)) -> Score:
    """The score of a ramp: its lowest smoothed validation loss among ``rows``.

    The untrained network is left out. A mean over repeats is as sure as they agree there.
    """
    loss = curve.val_loss[rows]
    path = course(loss)
    lowest = float(path.min(initial=np.inf))
    # a smoothed row averages about three independent evaluations
    spread = noise(loss[np.isfinite(path)]) / np.sqrt(3.0)
    if ERROR in curve.metrics and np.isfinite(lowest):
        error = curve.metrics[ERROR][rows][int(np.argmin(path))]
        spread = max(spread, float(error / np.exp(lowest)))
    return Score(float(np.exp(lowest)), spread)


def same_phase(
    curves: Sequence[Curve], *, calm: bool = True, early: float = EARLY
) -> tuple[tuple[Score, ...], Ranking]:
    """Scores of ramps over the same iterations, before any becomes unstable, and their ranking row by row.

    The score is the median loss of the second half of those rows. Ramps with one seed see the same data in
    the same order, so they are compared in pairs: the mean difference of log loss to the best, against its
    own standard error. A ramp that breaks down before ``early`` of the middle one's stable length scores inf.
    Unlike the lowest loss of each ramp, this does not hang on how long luck held near the edge.

    Args:
        curves: evaluated at the same iterations, as long as they last; the first row, that of the untrained
            network or of a snapshot, is left out.
        calm: end before the first sudden rise; False for continuations of one run, which share
            their bumps.
        early: in [0, 1]; with 0 none breaks down too early.
    """
    ends = np.array([_calm_rows(curve) if calm else len(curve) for curve in curves])
    sound = ends >= early * np.median(ends)
    stop = max(2, int(ends[sound].min()))  # the lowest loss may be the untrained network's
    start = max(1, stop // 2)
    logs = np.full((len(curves), stop - start), np.inf)
    for row in np.flatnonzero(sound).tolist():
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.nan_to_num(np.log(curves[row].val_loss[start:stop]), nan=np.inf, posinf=np.inf)
        logs[row, : len(values)] = values
    levels = np.median(logs, axis=1)
    winner = int(np.argmin(levels))
    tied, scores = [], []
    for row, level in enumerate(levels):
        both = np.isfinite(logs[row]) & np.isfinite(logs[winner])
        sound_level = np.isfinite(level) and bool(both.any())
        difference = (logs[row] - logs[winner])[both] if sound_level else np.array([np.inf])
        # neighbouring rows are alike: about every second one counts
        error = float(np.std(difference) / np.sqrt(max(1.0, len(difference) / 2))) if sound_level else 0.0
        scores.append(Score(float(np.exp(level)), error))
        if np.mean(difference) <= max(SAME, 2 * error):
            tied.append(row)
    return tuple(scores), Ranking(winner, tuple(tied))


def _calm_rows(curve: Curve) -> int:
    """The number of rows before the first sudden rise, whether the curve comes back from it or not."""
    loss = curve.val_loss
    good = np.isfinite(loss) & (loss > 0)
    logs = np.log(loss[: len(loss) if good.all() else int(np.argmin(good))])
    if not len(logs):
        return 0
    rise = max(SUDDEN, 3 * noise(np.exp(logs)))
    sudden = [row for row in range(1, len(logs)) if logs[row] > logs[max(0, row - WITHIN) : row].min() + rise]
    return int(sudden[0]) if len(sudden) else len(logs)


def rank(scores: Sequence[Score], *, tie: float = TIE) -> Ranking:
    """The lowest loss wins; scores within two standard deviations of the difference, or ``tie``, are ties.

    Raises:
        ValueError: no scores, or none of them finite.
    """
    losses = np.array([s.loss for s in scores])
    if not len(losses) or not np.isfinite(losses).any():
        raise ValueError(
            f"a ranking needs at least one finite loss, got {losses.tolist()}; all runs diverged at once"
        )
    winner = int(np.argmin(losses))
    logs = np.log(np.maximum(losses, np.finfo(float).tiny))
    spreads = np.array([s.spread for s in scores])
    limit = np.maximum(tie, 2.0 * np.sqrt(spreads**2 + spreads[winner] ** 2))
    return Ranking(winner, tuple(int(i) for i in np.flatnonzero(logs - logs[winner] <= limit)))


def spread_of(values: Sequence[float]) -> float:
    """Standard deviation of log(value) over repeats; 0 for fewer than two."""
    logs = np.log(np.asarray(values, dtype=np.float64))
    return float(np.std(logs, ddof=1)) if len(logs) > 1 else 0.0


def rank_repeats(values: Sequence[Sequence[float]], *, resolution: float = 0.0) -> tuple[Ranking, float]:
    """The highest mean over repeats wins; means within two standard errors of their difference are ties.

    With R repeats of each and s the standard deviation over repeats, pooled over all candidates because two
    or three repeats of one say little: a tie is a difference of at most 2 s sqrt(2 / R).

    Args:
        values: per candidate the repeats' values, larger is better; as many repeats of each.
        resolution: the smallest difference that means anything.

    Returns:
        The ranking, and s; with one repeat each s is unknown, everything is a tie, and s is infinite.

    Raises:
        ValueError: no candidates, or values that are not finite.
    """
    table = np.array([list(of_one) for of_one in values], dtype=np.float64)
    if not table.size or not np.isfinite(table).all():
        raise ValueError(
            f"a ranking of repeats needs finite values, got {table.tolist()}; leave out the rest"
        )
    repeats, means = table.shape[1], table.mean(axis=1)
    spread = float(np.sqrt(table.var(axis=1, ddof=1).mean())) if repeats > 1 else float("inf")
    limit = max(resolution, 2.0 * spread * np.sqrt(2.0 / repeats))
    tied = np.flatnonzero(means.max() - means <= limit * (1 + 1e-9))
    return Ranking(int(np.argmax(means)), tuple(int(i) for i in tied)), spread
