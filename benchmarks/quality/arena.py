"""Where contestants meet: the same task, engine, length, evaluations, and seeds that no search has seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality.cost import Spent

from wellbegun.curve import Run
from wellbegun.job import Options, Work
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.kinds import to_json
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec
from wellbegun.training.task import Task

EVALUATIONS = 10
"""Of a whole run that is judged: on all of the validation part, so that few samples decide nothing."""
APART = 100
"""Distance between two search seeds: a search may use the seeds just above its own."""
FRESH = 90_000
"""From here on seeds are for retraining alone."""


@dataclass(frozen=True)
class Setup:
    """A configuration that a contestant proposes for the final run."""

    lr: Schedule
    momentum: Schedule
    weight_decay: float
    optimizer: str

    @classmethod
    def of(cls, spec: RunSpec) -> Setup:
        """What a run was trained with."""
        return cls(spec.lr, spec.momentum, spec.weight_decay, spec.optimizer)

    def to_json(self) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer,
            "lr": to_json(self.lr),
            "momentum": to_json(self.momentum),
            "weight_decay": self.weight_decay,
        }


@dataclass(frozen=True)
class Arena:
    """One task, one search seed, one store."""

    task: Task
    work: Work
    number: int  # of the search seed: 0, 1, ...
    quick: bool  # a rehearsal: fewer trials, fewer fresh seeds

    @classmethod
    @contextmanager
    def of(cls, task: Task, number: int, store: Path, quick: bool) -> Iterator[Arena]:
        """The arena of a cell; runs that the store has are read."""
        with Work.of(task, Options(seed=APART * number, store=store)) as work:
            yield cls(task, work, number, quick)

    @property
    def setting(self) -> Setting:
        return self.work.setting

    @property
    def seed(self) -> int:
        """What a search begins with."""
        return APART * self.number

    @property
    def fresh(self) -> tuple[int, ...]:
        """Seeds for retraining, the same for every contestant."""
        return tuple(FRESH + 10 * self.number + k for k in range(2 if self.quick else 3))

    def spec(self, setup: Setup, seed: int, test: bool = False) -> RunSpec:
        """A whole run with a configuration."""
        setting = self.setting
        spec = setting.spec(setting.iterations, setup.lr, setup.momentum, setup.weight_decay, EVALUATIONS)
        return spec.but(optimizer=setup.optimizer, seed=seed, test=test, eval_samples=None)

    def train(self, title: str, specs: Sequence[RunSpec]) -> list[Run]:
        """The runs, read or trained."""

        def plan() -> Plan[list[Run]]:
            return (yield Batch.of(title, specs))

        return self.work.drive(plan(), {})

    def spent(self, runs: Sequence[Run]) -> Spent:
        """What they cost."""
        return Spent.of(runs, self.setting.validation, self.setting.test_samples)


def failed(run: Run) -> bool:
    """Whether a run diverged, or ended no better than the untrained network."""
    return run.diverged or not run.curve.val_loss[-1] < run.curve.val_loss[0]


def result(run: Run) -> dict[str, Any]:
    """What a judged run came to; no numbers where it failed, but the loss of the untrained network."""
    failure = failed(run)
    row: Mapping[str, float] = {
        "val_loss": float(run.curve.val_loss[-1]),
        "val_accuracy": float(run.curve.val_accuracy[-1]),
        **{name: float(run.test[name]) for name in ("test_loss", "test_accuracy") if name in run.test},
    }
    return {
        "seed": run.spec.seed,
        "failed": failure,
        "untrained": round(float(run.curve.val_loss[0]), 5),
        "seconds": round(run.seconds, 2),
        **({} if failure else {name: round(value, 5) for name, value in row.items()}),
    }
