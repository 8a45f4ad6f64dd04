"""Optuna's TPE: whole trainings judged by their validation loss; a trial that diverged counts as infinite.

The study lives in memory and is repeated from the runs in the store: the sampler's seed and the same values
lead to the same questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchmarks.quality.arena import Arena, Setup, failed

from wellbegun.curve import Run
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.schedules.decay import Cosine

Box = dict[str, tuple[float, float]]
BOX: Box = {"lr": (1e-4, 3.0), "momentum": (0.8, 0.99), "weight_decay": (1e-6, 1e-1)}
ADAMW_BOX: Box = {"lr": (1e-5, 0.3), "momentum": (0.8, 0.99), "weight_decay": (1e-5, 1.0)}
"""As wide in decades; the rate of AdamW lies ten times lower, its decay acts through the rate."""
TRIALS, QUICK_TRIALS = 20, 4
Shape = Callable[[dict[str, float], int, str], Setup]


@dataclass(frozen=True)
class Trial:
    """One training of the search."""

    values: dict[str, float]
    run: Run

    @property
    def loss(self) -> float:
        """What the study is told."""
        return math.inf if failed(self.run) else float(self.run.curve.val_loss[-1])


def cosine(values: dict[str, float], iterations: int, optimizer: str) -> Setup:
    """As people use it: half a cosine down to 0, constant momentum."""
    lr = Cosine(values["lr"], 0.0, iterations)
    return Setup(lr, Constant(values["momentum"]), values["weight_decay"], optimizer)


def one_cycle(values: dict[str, float], iterations: int, optimizer: str) -> Setup:
    """Our own schedule: momentum falls from the value by 0.1, and from 0.95 on to 0.85, as tune's does."""
    lr, high = OneCycle.of(values["lr"], iterations), values["momentum"]
    momentum = MomentumCycle(high, min(0.85, high - 0.1), lr.stepsize)
    return Setup(lr, momentum, values["weight_decay"], optimizer)


def study(arena: Arena, shape: Shape) -> list[Trial]:
    """The trials in their order.

    Raises:
        SystemExit: Optuna is not installed.
    """
    optuna = _optuna()
    sampler = optuna.samplers.TPESampler(seed=arena.seed)
    asked = optuna.create_study(sampler=sampler, direction="minimize")
    box = ADAMW_BOX if arena.task.optimizer == "adamw" else BOX
    trials = []
    for _ in range(QUICK_TRIALS if arena.quick else TRIALS):
        ticket = asked.ask()
        values = {
            name: ticket.suggest_float(name, low, high, log=name != "momentum")
            for name, (low, high) in box.items()
        }
        setup = shape(values, arena.setting.iterations, arena.task.optimizer)
        (run,) = arena.train("trial", [arena.spec(setup, arena.seed)])
        trials.append(Trial(values, run))
        asked.tell(ticket, trials[-1].loss)
    return trials


def _optuna() -> ModuleType | Any:
    try:
        import optuna
    except ImportError as error:
        raise SystemExit(
            f"the TPE contestants need Optuna ({error}): pip install -c constraints.txt -e '.[bench]', "
            "or leave them out with --contestant"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
