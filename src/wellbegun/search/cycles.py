"""Two settings side by side in short 1cycle runs: which trains better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wellbegun.curve import Run
from wellbegun.diagnosis.course import ends, last
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

COLUMNS = ("Settings", "lr_max", "Momentum", "Weight decay", "Val. loss at the end")


@dataclass(frozen=True, slots=True)
class Cycle:
    """The settings of a 1cycle run, its length aside."""

    lr_max: float
    momentum: tuple[float, float]
    weight_decay: float

    def __str__(self) -> str:
        high, low = self.momentum
        return f"{self.lr_max:g} / {high:g}-{low:g} / {self.weight_decay:g}"

    def effective_rate(self, setting: Setting) -> float:
        """How far a lasting gradient of 1 moves a weight at the peak: lr_max / (1 - momentum).

        An adaptive optimizer's momentum averages, so there it is lr_max.
        """
        return self.lr_max if setting.adaptive else self.lr_max / (1 - self.momentum[1])

    def short(self, setting: Setting, length: int, seed: int) -> RunSpec:
        """A whole cycle of so many updates."""
        steady = replace(setting, length=length)
        return steady.short_cycle(self.lr_max, self.momentum, self.weight_decay).but(seed=seed)


@dataclass(frozen=True, slots=True)
class Duel:
    """The same short cycles, seed by seed, with a task's own settings and with others."""

    own: Cycle
    other: Cycle
    pairs: tuple[tuple[Run, Run], ...]  # one per seed

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(run for pair in self.pairs for run in pair)

    @property
    def gains(self) -> list[float]:
        """By how much the own settings end lower, in log(val_loss), seed by seed; 0 where both diverged."""
        return [_gain(own, other) for own, other in self.pairs]

    def ended(self) -> tuple[str, str]:
        """Where the own and where the other settings end, in words."""
        own, other = zip(*self.pairs, strict=True)
        return _ends(own), _ends(other)

    def details(self, names: tuple[str, str], second: bool) -> dict[str, Any]:
        """What a report shows, of own and other settings by name; whether the second ones won."""
        told = [f"{name}, seed {pair[0].spec.seed}" for pair in self.pairs for name in names]
        rows = zip(names, (self.own, self.other), self.ended(), strict=True)
        return {
            "labels": {run.key: name for name, run in zip(told, self.runs, strict=True)},
            "scores": ends(dict(zip(told, self.runs, strict=True)))[0],
            "winner": self.pairs[0][second].key,
            "table": {
                "columns": list(COLUMNS), "rows": [_row(*row) for row in rows], "won": names[second],
            },
        }  # fmt: skip


def duel(
    setting: Setting, own: Cycle, other: Cycle, *, step: str, length: int, seeds: int, by: float
) -> Plan[Duel]:
    """Cycles of both with one seed after the other, while the other settings end lower by more than ``by``.

    Args:
        length: updates of a cycle.
        seeds: how many at most.
        by: in log(val_loss).
    """
    found = Duel(own, other, ())
    for seed in range(setting.seed, setting.seed + seeds):
        first, second = yield Batch.of(step, [cycle.short(setting, length, seed) for cycle in (own, other)])
        found = replace(found, pairs=(*found.pairs, (first, second)))
        if found.gains[-1] >= -by:
            break
    return found


def _gain(own: Run, other: Run) -> float:
    a, b = last(own), last(other)
    return 0.0 if math.isinf(a) and math.isinf(b) else math.log(b) - math.log(a)


def _row(name: str, cycle: Cycle, ended: str) -> list[str]:
    high, low = cycle.momentum
    return [name, f"{cycle.lr_max:g}", f"{high:g} to {low:g}", f"{cycle.weight_decay:g}", ended]


def _ends(runs: Sequence[Run]) -> str:
    """Of one seed after the other, in words."""
    return ", ".join(f"{last(run):.4g}" if math.isfinite(last(run)) else "diverged" for run in runs)
