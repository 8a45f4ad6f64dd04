"""Sec. 5's checklist in order, and the Recommendation that comes out of it."""

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
    findings: tuple[Finding, ...]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # values that cannot be told apart
    final: Run | None = None  # the final 1cycle run; None when it was not asked for
    restarts: int = 0  # final runs that diverged before this one
    notes: tuple[str, ...] = ()  # warnings in a sentence each

    @property
    def cost(self) -> Cost:
        """Of everything: the searches and the final run, every run counted once."""
        runs = [run for finding in self.findings for run in finding.runs]
        return Cost.of(runs + ([self.final] if self.final else []))

    def to_json(self) -> dict[str, Any]:
        """The object that ``wellbegun tune --json`` prints (DESIGN, section 1), without the report's path."""
        raise NotImplementedError
