"""Candidates that were run with the same seeds: which differ by more than chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import LEARNED
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.ranking import TIE, Ranking
from wellbegun.errors import Refused
from wellbegun.schedules._base import Floats
from wellbegun.search.learning_rate import edges_of
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

SEEDS = 3  # per candidate: the fewest that show how much two of them differ by chance


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Means over the seeds, and how sure the difference of two of them is."""

    means: Floats  # float64[candidates], of a logarithm; inf where any seed failed
    deviation: float  # standard deviation of one value, what candidate and seed explain taken away
    freedom: int  # of the deviation, in degrees
    seeds: int

    @property
    def error(self) -> float:
        """Standard error of the difference of two means."""
        return self.deviation * float(np.sqrt(2.0 / self.seeds))

    @property
    def tie(self) -> float:
        """The largest difference that is none, at 95 %: 1 % at least."""
        return max(TIE, students_t(self.freedom) * self.error)

    def ranking(self) -> Ranking:
        """The lowest mean, and those that cannot be told apart from it."""
        winner = int(np.argmin(self.means))
        return Ranking(winner, tuple(np.flatnonzero(self.means <= self.means[winner] + self.tie).tolist()))


def compare(logs: ArrayLike, *, narrow: bool = True) -> Paired:
    """Means and spread of ``logs[candidate, seed]``, a table without holes.

    deviation ** 2 = sum (x - mean of candidate - mean of seed + mean of all) ** 2 / ((c - 1) (s - 1)), as a
    seed that is good for all candidates alike tells nothing about their difference. Candidates with a value
    that is not finite are left out of it and come last. So are, one round after the other, those that the
    deviation tells from the best: near the edge runs scatter widely, which says nothing about the rest.

    Args:
        narrow: leave out those; without it all finite candidates count, for statements about all of them.

    Raises:
        ValueError: not a table with at least one candidate and one seed.
    """
    table = np.asarray(logs, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"values by candidate and seed are a table, got the shape {table.shape}; fill it")
    sound = np.asarray(np.isfinite(table).all(axis=1))
    means = np.full(len(table), np.inf)
    means[sound] = table[sound].mean(axis=1)
    while True:
        found = Paired(means, *_deviation(table[sound]), table.shape[1])
        left = np.zeros(len(table), dtype=bool)
        left[list(found.ranking().tied)] = True
        left &= sound
        if not narrow or left.sum() in (0, 1, sound.sum()):
            return found
        sound = left


def _deviation(good: Floats) -> tuple[float, int]:
    """(standard deviation of what rows and columns leave, its degrees of freedom)."""
    if not good.size or good.shape[1] < 2:
        return 0.0, 1
    rest = good - good.mean(axis=1, keepdims=True)
    if len(good) > 1:
        rest = rest - rest.mean(axis=0)
    freedom = max(1, len(good) - 1) * (good.shape[1] - 1)
    return float(np.sqrt((rest**2).sum() / freedom)), freedom


def students_t(freedom: int) -> float:
    """The 97.5 % point of Student's distribution, to 4 % from 2 degrees of freedom on.

    Source: Abramowitz and Stegun, 26.7.5: t = z + (z^3 + z) / 4n + (5 z^5 + 16 z^3 + 3 z) / 96 n^2 + ...
    """
    z, n = 1.959964, float(freedom)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return float(z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2) + third)


def size(difference: float) -> str:
    """A difference of logarithms in words: "12.3%", "a factor of 2.3"."""
    return (
        f"{np.expm1(difference):.1%}" if difference < np.log(2) else f"a factor of {np.exp(difference):.2g}"
    )


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])


def with_seeds(specs: Sequence[RunSpec], setting: Setting, seeds: int = SEEDS) -> list[RunSpec]:
    """Every spec with each seed in turn, candidate by candidate, seed by seed."""
    return [spec.but(seed=setting.seed + number) for spec in specs for number in range(seeds)]


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Spearman's coefficient of two columns, equal values sharing their middle rank; NaN where one is level.

    Rows with a value that is not finite are left out.
    """
    x, y = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    sound = np.isfinite(x) & np.isfinite(y)
    x, y = _ranks(x[sound]), _ranks(y[sound])
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _ranks(values: Floats) -> Floats:
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    middles: Floats = np.cumsum(sizes) - (sizes - 1) / 2.0
    return middles[group]


def lowest_of(ramps: Sequence[Run]) -> Floats:
    """log of the lowest smoothed validation loss of every ramp, the untrained network left out."""
    return np.array([course(run.curve.val_loss[1:]).min(initial=np.inf) for run in ramps])


def check_learned(ramps: Sequence[Run]) -> None:
    """Whether the ramps learned enough to be compared.

    Raises:
        Refused: none of them brought the loss below 95 % of the untrained network's.
    """
    lowest = float(np.exp(lowest_of(ramps).min()))
    first = float(np.mean([run.curve.val_loss[0] for run in ramps]))
    if not lowest < LEARNED * first:
        raise Refused(
            f"ramps are compared when they have learned: validation loss must fall below {LEARNED:.0%} of "
            f"the untrained network's {first:.4g}, got {lowest:.4g} at best; give more epochs, since ramps "
            "are a share of the final run, or check the data",
            tuple(ramps),
        )


def ends_of(ramps: Sequence[Run]) -> Floats:
    """lr where every ramp became unstable: its end if it never did, its breakdown if it never learned."""
    tops = [float(run.spec.lr(run.spec.iterations - 1)) for run in ramps]
    return np.minimum(list(edges_of(ramps).values()), tops)


def stable_to(ramps: Sequence[Run]) -> float:
    """Geometric mean of the learning rates where ramps became unstable."""
    return float(np.exp(np.mean(np.log(ends_of(ramps)))))


def known(value: float) -> float | None:
    """A number for JSON, which has neither NaN nor infinity."""
    return float(value) if np.isfinite(value) else None


def bands(groups: Mapping[str, Sequence[Run]], xlabel: str, won: str | None = None) -> dict[str, Any]:
    """Validation loss of groups of runs over lr, momentum or iterations, as values for ``plot_bands``.

    The middle is the geometric mean over the runs of a group, the band one standard deviation; a band ends
    where the first of its runs did.
    """
    columns = {"learning rate": "lr", "momentum": "momentum", "iteration": "iteration"}
    lines = []
    for label, runs in groups.items():
        rows = min(len(run.curve) for run in runs)
        x = runs[0].curve.columns()[columns[xlabel]][:rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.stack([run.curve.val_loss[:rows] for run in runs]))
        sound = np.isfinite(logs).all(axis=0)
        middle, spread = logs[:, sound].mean(axis=0), logs[:, sound].std(axis=0, ddof=min(1, len(runs) - 1))
        lines.append(
            {
                "label": label, "won": label == won, "x": x[sound].tolist(), "y": np.exp(middle).tolist(),
                "low": np.exp(middle - spread).tolist(), "high": np.exp(middle + spread).tolist(),
            }
        )  # fmt: skip
    return {"xlabel": xlabel, "ylabel": "validation loss", "lines": lines, "instead": True}
