"""Whole runs with settings of one's own: how good the rates and decays around a recommendation are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from benchmarks.quality.arena import Arena, Setup, failed
from benchmarks.quality.tasks import TASKS

from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle

FIRST = 99_000
"""Seeds from here on: no search has seen them, nor has a retraining."""


def train(
    names: Sequence[str], settings: Sequence[str], seeds: int, store: Path, quick: bool
) -> Iterator[str]:
    """A line per task and settings (lr_max/momentum/its smallest/decay): the last validation losses."""
    for name in names:
        with Arena.of(TASKS[name].task(quick), 0, store, quick) as arena:
            for words in settings:
                setup = _setup(words, arena.setting.iterations, arena.task.optimizer)
                runs = arena.train("fixed", [arena.spec(setup, FIRST + seed) for seed in range(seeds)])
                ends = [run.curve.val_loss[0 if failed(run) else -1] for run in runs]  # untrained: failed
                told = ", ".join("failed" if failed(run) else f"{run.curve.val_loss[-1]:.4f}" for run in runs)
                yield f"{name}, {words}: {told}; mean {np.mean(ends):.4f}"


def _setup(words: str, iterations: int, optimizer: str) -> Setup:
    """Momentum is held where its largest and smallest are the same."""
    rate, high, low, decay = (float(word) for word in words.split("/"))
    lr = OneCycle.of(rate, iterations)
    momentum = Constant(high) if high == low else MomentumCycle(high, low, lr.stepsize)
    return Setup(lr, momentum, decay, optimizer)
