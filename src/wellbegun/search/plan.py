"""A plan is a generator that asks for runs and returns a finding.

``drive`` answers it, ``together`` merges several.
Deciding is pure: a plan reads no clock, disk or random state, so the same answers lead to the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wellbegun.curve import Run
from wellbegun.spec import RunSpec

T = TypeVar("T")
Plan = Generator[Sequence[RunSpec], list[Run], T]
Train = Callable[[Sequence[RunSpec]], list[Run]]


class Batch(tuple[RunSpec, ...]):
    """The specs of one question.

    With the step of the checklist that asks, and the finding of the step before.
    """

    title: str = ""
    news: Finding | None = None
    keep: tuple[int, ...] = ()  # iterations after which snapshots of these runs are kept

    @classmethod
    def of(cls, title: str, specs: Sequence[RunSpec], keep: Sequence[int] = ()) -> Batch:
        """A titled question."""
        batch = cls(specs)
        batch.title, batch.keep = title, tuple(keep)
        return batch


@dataclass(frozen=True, slots=True)
class Cost:
    """What runs cost, counted once per run whether it was trained now or read from the store."""

    iterations: int = 0
    epochs: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.iterations + other.iterations, self.epochs + other.epochs, self.seconds + other.seconds
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "iterations": self.iterations,
            "epochs": None if self.epochs != self.epochs else round(self.epochs, 3),
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Cost:
        """The cost of some runs, each key counted once."""
        once = {run.key: run for run in runs}.values()
        return cls(sum(r.iterations for r in once), sum(r.epochs for r in once), sum(r.seconds for r in once))


@dataclass(frozen=True, eq=False)
class Finding:
    """What one search chose, why, and the runs that it read."""

    name: str  # "learning rate range", "momentum", "weight decay", ...
    choice: Any  # JSON-able
    reason: str  # a sentence or two, with numbers
    runs: tuple[Run, ...] = field(default=(), repr=False)
    interval: tuple[float, float] | None = None  # values that cannot be told apart from the choice
    # JSON-able evidence: scores, bounds per run
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    section: str = ""  # of the 2018 report

    @property
    def cost(self) -> Cost:
        return Cost.of(self.runs)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "choice": self.choice, "reason": self.reason, "section": self.section,
            "interval": list(self.interval) if self.interval else None, "details": dict(self.details),
            "runs": [run.key for run in self.runs], "cost": self.cost.to_json(),
        }  # fmt: skip


def drive(plan: Plan[T], train: Train) -> T:
    """Answer a plan's questions with ``train`` until it returns."""
    try:
        specs = next(plan)
        while True:
            specs = plan.send(train(specs))
    except StopIteration as stop:
        result: T = stop.value
        return result


def announce(news: Finding, plan: Plan[T]) -> Plan[T]:
    """The same plan, whose first question carries the finding of the step before: for whoever watches.

    A plan that asks nothing asks for no runs, so that the news gets through.
    """
    try:
        asked = next(plan)
    except StopIteration as stop:
        nothing = Batch.of(news.name, [])
        nothing.news = news
        yield nothing
        result: T = stop.value
        return result
    if isinstance(asked, Batch):
        asked.news = news
    answers = yield asked
    while True:
        try:
            answers = yield plan.send(answers)
        except StopIteration as stop:
            result = stop.value
            return result


def tallied(plan: Plan[T], runs: list[Run]) -> Plan[T]:
    """The same plan, whose answers are also added to ``runs``."""
    try:
        asked = next(plan)
        while True:
            answers = yield asked
            runs.extend(answers)
            asked = plan.send(answers)
    except StopIteration as stop:
        result: T = stop.value
        return result


def together(*plans: Plan[T]) -> Plan[list[T]]:
    """Several plans in step.

    Their questions of one round form one batch, so that they may run side by side.
    """
    results: dict[int, T] = {}
    asked: dict[int, Sequence[RunSpec]] = {}

    def advance(number: int, answer: list[Run] | None) -> None:
        try:
            asked[number] = plans[number].send(answer) if answer is not None else next(plans[number])
        except StopIteration as stop:
            results[number] = stop.value

    for number in range(len(plans)):
        advance(number, None)
    while asked:
        order, batch = list(asked), [spec for specs in asked.values() for spec in specs]
        sizes = [len(asked[number]) for number in order]
        answers = yield batch
        if len(answers) != len(batch):
            raise ValueError(f"a batch of {len(batch)} specs needs as many runs, got {len(answers)}")
        asked.clear()
        for number, size in zip(order, sizes, strict=True):
            advance(number, answers[:size])
            answers = answers[size:]
    return [results[number] for number in range(len(plans))]
