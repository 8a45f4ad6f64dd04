"""The balance of the learning rate with a regularizer: in which direction to move (Sec. 4.1, Remark 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.generalization import generalization_error
from wellbegun.errors import Refused
from wellbegun.schedules._base import Floats
from wellbegun.search.learning_rate import bounds_of, round_to
from wellbegun.search.paired import (
    SEEDS,
    Paired,
    compare,
    known,
    rank_correlation,
    size,
    students_t,
    with_seeds,
)
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import EVALUATIONS, Setting
from wellbegun.spec import RunSpec

DIVISORS = (4.0, 2.0, 1.0)  # of the safe lr_max: the rates of the grid, smallest first
SHARE, SHORTEST = 0.1, 100  # of the final run: length of the grid's runs in iterations
LATE = 0.25  # share of a run over which the gap of the losses is averaged

Change = Callable[[RunSpec, float], RunSpec]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Losses and gaps by rate, value and seed."""

    rates: tuple[float, ...]  # increasing
    values: tuple[float, ...]  # increasing
    home: int  # index of the value that the task has, or that follows from its length
    losses: Floats  # log of the validation loss at the end, float64[rates, values, seeds]; inf where diverged
    gaps: Floats  # validation minus training loss at the end, nats, of the same shape

    @property
    def cells(self) -> Paired:
        """All cells compared, row by row."""
        return compare(self.losses.reshape(-1, self.losses.shape[-1]), narrow=False)

    def names(self, factor: str) -> list[str]:
        """The cells' names, row by row."""
        return [f"lr {lr:g}, {factor} {value:g}" for lr in self.rates for value in self.values]

    def means(self) -> Floats:
        """Mean log loss, float64[rates, values]."""
        return self.cells.means.reshape(self.losses.shape[:2])

    def best_at(self, rate: int) -> tuple[int, int, int]:
        """(best, lowest tied, highest tied) index of a value at one rate."""
        row = self.means()[rate]
        tied = np.flatnonzero(row - row.min() <= self.cells.tie) if np.isfinite(row.min()) else np.array([0])
        return int(np.argmin(row)), int(tied[0]), int(tied[-1])

    def slopes(self) -> tuple[Floats, float]:
        """(change of log loss per step of the value, at every rate; standard error of one).

        NaN at a rate with a run that diverged. With v evenly spaced steps and s seeds the error is
        deviation / sqrt(s sum (i - mean i) ** 2).
        """
        steps = np.arange(len(self.values)) - (len(self.values) - 1) / 2
        slopes = np.array(
            [(row @ steps) / (steps @ steps) if np.isfinite(row).all() else np.nan for row in self.means()]
        )
        return slopes, float(self.cells.deviation / np.sqrt(self.losses.shape[-1] * (steps @ steps)))


def rates_of(lr_max: float) -> tuple[float, ...]:
    """The rates of the grid, smallest first."""
    return tuple(round_to(lr_max / divisor, 2) for divisor in DIVISORS)


def balance(
    setting: Setting,
    lr_max: float,
    momentum: tuple[float, float],
    factor: str,
    values: Sequence[float],
    own: float,
    change: Change,
    ramps: Sequence[Run] = (),
) -> Plan[Finding]:
    """Which learning rate with how much of a regularizer, and in which direction to move.

    Short 1cycle runs on a grid of rates and values with the same seeds, compared by the validation loss at
    their end. A larger rate regularizes more, so it should ask for less of the others: the change of the
    loss per step of the value then grows with the rate.

    Args:
        lr_max: safe; the grid goes from a quarter of it to itself.
        factor: what the values are of: "weight decay", or an argument of the model factory.
        own: the value that wins ties, or the nearest to it.
        change: (spec, value) -> the spec with that value.
        ramps: range tests made before, whose gap of losses is read as well.

    Raises:
        Refused: every run diverged.

    Source: arXiv:1803.09820, Sec. 4.1, Remark 3, and Sec. 5. Choice: the grid, and short cycles instead of
    the report's long runs at a few values.
    """
    rates, asked = rates_of(lr_max), tuple(sorted(values))
    specs = [change(_short(setting, rate, momentum), value) for rate in rates for value in asked]
    runs = yield Batch.of("balance", with_seeds(specs, setting))
    shape = (len(rates), len(asked), SEEDS)
    losses = np.array([_end(run) for run in runs]).reshape(shape)
    if not np.isfinite(losses).any():
        raise Refused(
            "a balance needs runs that train; all diverged at once: take smaller rates", tuple(runs)
        )
    home = min(range(len(asked)), key=lambda i: abs(_place(asked[i]) - _place(own)))
    grid = Grid(rates, asked, home, losses, np.array([_gap(run) for run in runs]).reshape(shape))
    return _finding(grid, factor, tuple(runs), _ramp_gap(ramps))


def _place(value: float) -> float:
    """Where a value lies on a scale on which both ratios and magnitudes have their distance."""
    return float(np.log10(value + 1e-6))


def _short(setting: Setting, rate: float, momentum: tuple[float, float]) -> RunSpec:
    """A 1cycle run like the final one, only shorter; it reads no test data."""
    length = max(SHORTEST, round(SHARE * setting.iterations))
    per_epoch = max(1, setting.samples // setting.batch_size)
    short = replace(setting, epochs=length / per_epoch, all_data=False, has_test=False)
    spec = short.final(rate, momentum, 0.0)
    every = setting.spec(spec.iterations, spec.lr, spec.momentum, 0.0, EVALUATIONS)
    return spec.but(eval_every=every.eval_every, eval_samples=every.eval_samples)


def _end(run: Run) -> float:
    """log of the smoothed validation loss at the end; infinite where the run diverged."""
    return float("inf") if run.diverged else float(course(run.curve.val_loss)[-1])


def _gap(run: Run) -> float:
    """Validation minus training loss over the last part of a run, in nats; NaN where it diverged."""
    if run.diverged:
        return float("nan")
    late = run.curve.iteration > (1 - LATE) * run.iterations
    return float(np.nanmean(generalization_error(run.curve).gap[late]))


def _ramp_gap(ramps: Sequence[Run]) -> dict[str, Any]:
    """How the gap goes with the rate in range tests, from where the loss has come down to the edge."""
    found = bounds_of(ramps)
    per_ramp = []
    for run in ramps:
        if run.key in found:
            bound, gap = found[run.key], generalization_error(run.curve)
            sound = (gap.lr <= (bound.edge or np.inf)) & (gap.lr >= bound.interval[0] / 4)
            per_ramp.append(rank_correlation(gap.lr[sound], gap.gap[sound]))
    middle = float(np.nanmean(per_ramp)) if np.isfinite(per_ramp).any() else float("nan")
    return {"correlations": [known(value) for value in per_ramp], "mean": known(middle)}


def _chosen(grid: Grid) -> tuple[int, int]:
    """The best cell.

    Of those that cannot be told apart the one with the largest rate, then nearest to the home value.
    """
    cells = [divmod(cell, len(grid.values)) for cell in grid.cells.ranking().tied]
    return max(cells, key=lambda cell: (cell[0], -abs(cell[1] - grid.home)))


def _finding(grid: Grid, factor: str, runs: tuple[Run, ...], ramp_gap: dict[str, Any]) -> Finding:
    rate, value = _chosen(grid)
    names = grid.names(factor)
    slopes, error = grid.slopes()
    losses = np.exp(grid.cells.means)
    by_rate = [f"{lr:g}" for lr in grid.rates]
    return Finding(
        "balance", {"lr_max": grid.rates[rate], factor.replace(" ", "_"): grid.values[value]},
        _reason(grid, factor, (rate, value)), runs,
        details={
            "scores": {
                name: {"loss": known(loss), "spread": grid.cells.deviation}
                for name, loss in zip(names, losses, strict=True)
            },
            "labels": {run.key: f"{names[n // SEEDS]}, seed {run.spec.seed}" for n, run in enumerate(runs)},
            "tie": grid.cells.tie, "tied": [names[cell] for cell in grid.cells.ranking().tied],
            "direction": direction(grid)[0], "slope_error": error,
            "best": {lr: [grid.values[at] for at in grid.best_at(i)] for i, lr in enumerate(by_rate)},
            "slopes": {lr: known(slope) for lr, slope in zip(by_rate, slopes, strict=True)},
            "gaps": {lr: known(gap) for lr, gap in zip(by_rate, _gaps(grid), strict=True)},
            "ramp_gap": ramp_gap, "table": _table(grid, factor, (rate, value)),
            "figure": _figure(grid, factor, rate),
        },
        section="4.1, Remark 3",
    )  # fmt: skip


def direction(grid: Grid) -> tuple[str, float, float]:
    """("less", "more" or "same" of the regularizer at a larger rate, change of the slope, its error).

    The slopes at the smallest and the largest rate that can be read differ by more than chance.
    """
    slopes, error = grid.slopes()
    read = slopes[np.isfinite(slopes)]
    if len(read) < 2:
        return "unknown", float("nan"), float("nan")
    change, error = float(read[-1] - read[0]), error * float(np.sqrt(2.0))
    if abs(change) <= students_t(grid.cells.freedom) * error:
        return "same", change, error
    return "less" if change > 0 else "more", change, error


def _gaps(grid: Grid) -> Floats:
    """Mean gap of the losses at every rate, over the values and seeds that trained."""
    return np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in grid.gaps])


def _reason(grid: Grid, factor: str, chosen: tuple[int, int]) -> str:
    parts = []
    for i, lr in enumerate(grid.rates):
        best, low, high = grid.best_at(i)
        as_good = f" ({grid.values[low]:g} to {grid.values[high]:g} as good)" if low < high else ""
        loss = np.exp(grid.means()[i, best])
        parts.append(
            f"{grid.values[best]:g}{as_good} with a loss of {loss:.4g} at {lr:g}"
            if np.isfinite(loss) else f"none at {lr:g}, where a seed of each diverged"
        )  # fmt: skip
    text = (
        f"Best {factor} in short cycles, by lr_max: {'; '.join(parts)}. Differences below "
        f"{size(grid.cells.tie)} are the spread of {grid.losses.shape[-1]} seeds. "
    )
    return text + _how(grid, factor) + " " + _move(grid, factor, chosen)


def _how(grid: Grid, factor: str) -> str:
    """How the wish for the regularizer changes with the rate, and what the gap of the losses says."""
    way, change, error = direction(grid)
    told = {
        "less": f"the larger rate asks for less {factor}",
        "more": f"the larger rate asks for more {factor}, against the report's Remark 3",
        "same": f"too little to say whether a larger rate asks for less {factor}",
        "unknown": "too many runs diverged to compare the rates",
    }[way]
    slopes = [value for value in grid.slopes()[0] if np.isfinite(value)]
    text = f"{told[0].upper()}{told[1:]}."
    if len(slopes) > 1:
        text = (
            f"A step up in {factor} changes the loss by {np.expm1(slopes[0]):+.1%} at the smallest rate and "
            f"by {np.expm1(slopes[-1]):+.1%} at the largest (in log loss {change:+.3f} +- {error:.3f} more): "
            f"{told}."
        )
    gaps = _gaps(grid)
    gaps = gaps[np.isfinite(gaps)]
    if len(gaps) > 1:
        text += (
            f" Validation minus training loss at the end is {gaps[0]:.3f} at the smallest rate and "
            f"{gaps[-1]:.3f} at the largest."
        )
    return text


def _move(grid: Grid, factor: str, chosen: tuple[int, int]) -> str:
    """Where to go from the home value, and on what ground."""
    rate, value = chosen
    _, low, high = grid.best_at(rate)
    tied = len(grid.cells.ranking().tied)
    others = (
        f", as good as {tied - 1} other{'s' if tied > 2 else ''}" if tied > 1 else ", lower than all others"
    )
    text = f"Best together: lr_max {grid.rates[rate]:g} with {factor} {grid.values[value]:g}{others}"
    if tied > 1:
        text += " (a tie goes to the largest rate, then to the value that was there before)"
    before = f"{grid.values[grid.home]:g}"
    if high < grid.home:
        text += f". So lower the {factor} from {before}: at this rate less is better"
    elif low > grid.home:
        text += f". So raise the {factor} from {before}: the rate alone does not regularize enough"
    else:
        text += (
            f". So leave the {factor} at {before} and go to the large rate" if rate else f"; {before} stays"
        )
    at_edge = low == high and value in (0, len(grid.values) - 1) and value != grid.home
    return text + ("; the best may lie beyond the values tried." if at_edge else ".")


def _table(grid: Grid, factor: str, chosen: tuple[int, int]) -> dict[str, Any]:
    """Validation loss at the end, a row per value, for the page."""
    losses = np.exp(grid.means())
    rows = [
        [f"{value:g}", *("diverged" if np.isinf(loss) else f"{loss:.4g}" for loss in losses[:, i])]
        for i, value in enumerate(grid.values)
    ]
    return {
        "columns": [factor, *(f"lr_max {lr:g}" for lr in grid.rates)],
        "rows": rows, "won": f"{grid.values[chosen[1]]:g}",
    }  # fmt: skip


def _figure(grid: Grid, factor: str, rate: int) -> dict[str, Any]:
    """Loss over the values, a line per rate, for ``plot_bands``."""
    lines, spread = [], grid.cells.deviation
    for i, (lr, row) in enumerate(zip(grid.rates, grid.means(), strict=True)):
        sound = np.flatnonzero(np.isfinite(row))
        y = row[sound]
        lines.append(
            {
                "label": f"lr_max {lr:g}", "won": i == rate, "x": (sound + 0.06 * (i - 1)).tolist(),
                "y": np.exp(y).tolist(),
                "low": np.exp(y - spread).tolist(), "high": np.exp(y + spread).tolist(),
            }
        )  # fmt: skip
    return {
        "xlabel": factor, "ylabel": "validation loss at the end", "lines": lines,
        "ticks": [f"{value:g}" for value in grid.values], "instead": True,
    }  # fmt: skip
