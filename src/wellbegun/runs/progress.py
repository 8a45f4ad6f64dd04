"""How far a job is, told to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wellbegun.curve import Run
from wellbegun.runs.runner import Status
from wellbegun.spec import RunSpec


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is; the numbers planned are estimates that get exact."""

    step: str  # of the checklist: "momentum", "weight decay", "final run"
    runs_done: int
    runs_planned: int
    iterations_done: int
    iterations_planned: int  # over the whole job
    seconds: float
    seconds_left: float | None
    curve: tuple[int, float, float] | None  # iteration, train_loss, val_loss of the run in training
    message: str | None = None  # a finding's sentences when a step has ended


Watch = Callable[[Progress], None]


@dataclass
class Tracker:
    """Turns what the runner says into Progress."""

    planned: dict[str, tuple[int, int]]
    watch: Watch
    started: float = field(default_factory=time.perf_counter)
    step: str = ""
    batch: tuple[RunSpec, ...] = ()  # in training now
    done: dict[str, tuple[int, int]] = field(default_factory=dict)  # step -> runs, iterations
    trained: tuple[int, float] = (0, 0.0)  # iterations and seconds of runs trained now, not read

    def asked(self, specs: Sequence[RunSpec]) -> None:
        self.step, self.batch = getattr(specs, "title", "") or "runs", tuple(specs)
        news = getattr(specs, "news", None)
        runs, iterations = self.done.get(self.step, (0, 0))
        asked = runs + len(specs), iterations + sum(spec.iterations for spec in specs)
        before = self.planned.get(self.step, (0, 0))
        self.planned[self.step] = max(before[0], asked[0]), max(before[1], asked[1])
        for step in list(self.planned)[: list(self.planned).index(self.step)]:
            self.planned[step] = self.done.get(step, (0, 0))  # that step is over: now its size is exact
        self._tell(0, 0, None, news.reason if news is not None else None)

    def status(self, status: Status) -> None:
        live = max((row for _, row in status.live), key=lambda row: row.get("iteration", 0), default=None)
        curve = None
        if live is not None:
            curve = (
                int(live["iteration"]),
                live.get("train_loss", float("nan")),
                live.get("val_loss", float("nan")),
            )
        finished = sum(spec.iterations for spec in self.batch[: status.done])
        live_iterations = sum(int(row.get("iteration", 0)) for _, row in status.live)
        self._tell(status.done, finished + live_iterations, curve, None)

    def answered(self, runs: Sequence[Run]) -> None:
        before = self.done.get(self.step, (0, 0))
        self.done[self.step] = before[0] + len(runs), before[1] + sum(run.iterations for run in runs)
        fresh = [run for run in runs if not run.replayed]
        self.trained = (
            self.trained[0] + sum(run.iterations for run in fresh),
            self.trained[1] + sum(run.seconds for run in fresh),
        )
        self._tell(0, 0, None, None)

    def _tell(
        self, runs: int, iterations: int, curve: tuple[int, float, float] | None, message: str | None
    ) -> None:
        runs += sum(count for count, _ in self.done.values())
        iterations += sum(count for _, count in self.done.values())
        planned = sum(count for _, count in self.planned.values())
        left = max(0, planned - iterations)
        speed = self.trained[1] / self.trained[0] if self.trained[0] else None
        self.watch(
            Progress(
                self.step, runs, sum(count for count, _ in self.planned.values()), iterations, planned,
                time.perf_counter() - self.started, None if speed is None else left * speed, curve, message,
            )
        )  # fmt: skip
