"""Short cycles beside whole runs: whether the order of two settings shows in a part of the length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.arena import EVALUATIONS, Arena
from benchmarks.quality.tasks import TASKS

from wellbegun.curve import Run
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle

PARTS = (8, 4, 2)
"""One cycle over an eighth, a quarter and half of the updates of a whole run."""
SEEDS = (0, 1)
SETTINGS = ("tune-no-usual", "one-cycle")
"""Contestants whose settings at search seed 0 are compared."""


def compare(
    names: Sequence[str], records: Sequence[Mapping[str, Any]], store: Path, quick: bool
) -> Iterator[str]:
    """A line per task and part: where short cycles with both settings end, seed by seed."""
    for name in names:
        setups = {
            record["contestant"]: record["points"][-1]["setup"]
            for record in records
            if record["task"] == name and record["seed"] == 0 and record["contestant"] in SETTINGS
        }
        if len(setups) < len(SETTINGS):
            yield f"{name}: not both of {', '.join(SETTINGS)} have been played with seed 0"
            continue
        with Arena.of(TASKS[name].task(quick), 0, store, quick) as arena:
            for part in PARTS:
                ends = {who: _ends(arena, setups[who], arena.setting.iterations // part) for who in SETTINGS}
                told = "; ".join(f"{who} {', '.join(f'{end:.4g}' for end in ends[who])}" for who in SETTINGS)
                yield f"{name}, 1/{part} of the updates: {told}"


def _ends(arena: Arena, setup: Mapping[str, Any], iterations: int) -> list[float]:
    lr = OneCycle.of(setup["lr"]["lr_max"], iterations)
    momentum = MomentumCycle(setup["momentum"]["maximum"], setup["momentum"]["minimum"], lr.stepsize)
    spec = arena.setting.spec(iterations, lr, momentum, setup["weight_decay"], EVALUATIONS)
    spec = spec.but(optimizer=setup["optimizer"], eval_samples=None)
    runs: list[Run] = arena.train("short cycles", [spec.but(seed=seed) for seed in SEEDS])
    return [float(run.curve.val_loss[-1]) for run in runs]
