"""Recommendation: a whole configuration with the evidence of every choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wellbegun.curve import Run
from wellbegun.search.plan import Cost, Finding


@dataclass(frozen=True, eq=False, kw_only=True)
class Recommendation:
    """A whole configuration with the evidence of every choice."""

    task_name: str
    optimizer: str
    lr_max: float
    lr_min: float
    momentum_max: float
    momentum_min: float
    weight_decay: float
    batch_size: int
    iterations: int
    stepsize: int
    epochs: float
    findings: tuple[Finding, ...] = field(repr=False)
    intervals: Mapping[str, tuple[float, float]] = field(
        default_factory=dict
    )  # values that cannot be told apart
    final: Run | None = None  # the final 1cycle run; None when it was not asked for
    restarts: int = 0  # final runs that diverged before this one
    discarded: tuple[Run, ...] = field(default=(), repr=False)  # those runs
    notes: tuple[str, ...] = ()  # warnings in a sentence each
    multipliers: bool = False  # the network's own, on rate and decay of its parameters
    decay_bias_and_norm: bool = True

    @property
    def cost(self) -> Cost:
        """Of everything: the searches and the final run, every run counted once."""
        runs = [run for finding in self.findings for run in finding.runs]
        return Cost.of([*runs, *self.discarded, *([self.final] if self.final else [])])

    def to_json(self) -> dict[str, Any]:
        """The object that ``wellbegun tune --json`` prints, without the report's path."""
        return {
            "task": self.task_name,
            "optimizer": self.optimizer,
            "lr_max": self.lr_max,
            "lr_min": self.lr_min,
            "momentum": {"max": self.momentum_max, "min": self.momentum_min},
            "weight_decay": self.weight_decay,
            "batch_size": self.batch_size,
            "iterations": self.iterations,
            "epochs": self.epochs,
            "stepsize": self.stepsize,
            "intervals": {name: list(pair) for name, pair in self.intervals.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "final": _final_json(self.final) | {"restarts": self.restarts} if self.final else None,
            "notes": list(self.notes),
            "cost": self.cost.to_json(),
        }


def _final_json(run: Run) -> dict[str, Any]:
    """The last evaluation of the final run; null where something was not measured or is not finite."""
    row = {name: float(column[-1]) for name, column in run.curve.columns().items() if name != "iteration"}
    numbers = {"val_loss": row["val_loss"], "val_accuracy": row["val_accuracy"], **run.test}
    numbers.setdefault("test_accuracy", float("nan"))
    finite = {name: value if abs(value) < float("inf") else None for name, value in numbers.items()}
    return {
        **finite,
        "diverged": run.diverged,
        "iterations": run.iterations,
        "seconds": round(run.seconds, 3),
    }
