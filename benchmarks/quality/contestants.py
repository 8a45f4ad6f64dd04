"""The contestants: what each proposes after how much searching."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.quality import tpe, valley
from benchmarks.quality.ablation import ABLATIONS, without
from benchmarks.quality.arena import Arena, Setup
from benchmarks.quality.cost import Spent

from wellbegun.curve import Run
from wellbegun.errors import Refused
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import FastaiOneCycle, MomentumCycle, OneCycle
from wellbegun.schedules.decay import Cosine, MultiStep
from wellbegun.schedules.ramp import ExponentialRamp
from wellbegun.search import recipe
from wellbegun.search.plan import tallied
from wellbegun.search.recommendation import Recommendation
from wellbegun.tune import tune

POINTS = (1, 2, 5, 10, 20)
"""Trials after which a search is asked for its best so far."""
LOOK = 64
"""Samples evaluated after every update of fastai's range test, which reads the training loss alone."""


@dataclass(frozen=True)
class Point:
    """What a contestant would train with after some of its search."""

    setup: Setup | None  # None: it refused
    spent: Spent  # on the search, and on the final run where that is part of it
    trials: int | None = None  # of a search by trials
    final: bool = False  # whether the final run is among what was spent
    restarts: int = 0  # final runs that became unstable and were begun again
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """A way to train."""

    says: str  # for the table
    play: Callable[[Arena], Sequence[Point]]
    seeds: int = 3  # search seeds
    runs: float = 3.0  # a cell costs about so many final runs, the retraining included
    rank: int = 0  # cheap ones are played first


def play_tune(arena: Arena, rule: str | None = None) -> list[Point]:
    """The whole recipe, or the recipe without one rule."""
    task, options = arena.task, arena.work.options
    try:
        with without(rule):
            found = tune(task, seed=arena.seed, store=options.store)
    except Refused as refused:
        return [Point(None, arena.spent(_asked(arena, rule)), details={"refused": str(refused)})]
    assert found.final is not None
    runs = [run for finding in found.findings for run in finding.runs]
    spent = arena.spent([*runs, *found.discarded, found.final])
    setup = Setup.of(found.final.spec)
    return [Point(setup, spent, None, True, found.restarts, _described(arena, found))]


def _asked(arena: Arena, rule: str | None) -> list[Run]:
    """Every run of a search that ended in a refusal, read from the store: it carries only its last ones."""
    runs: list[Run] = []
    with without(rule), suppress(Refused):
        arena.work.drive(tallied(recipe.recipe(arena.work.informed()), runs), {})
    return runs


def _described(arena: Arena, found: Recommendation) -> dict[str, Any]:
    """What was recommended, and what every step cost, in updates of the final run."""
    seen: set[str] = set()
    steps: dict[str, float] = {}
    for finding in found.findings:
        new: list[Run] = [run for run in finding.runs if run.key not in seen]
        seen |= {run.key for run in new}
        steps[finding.name] = round(sum(run.iterations for run in new) / arena.setting.iterations, 3)
    return {
        "lr_max": found.lr_max, "momentum": [found.momentum_max, found.momentum_min],
        "weight_decay": found.weight_decay, "steps": steps, "notes": list(found.notes),
    }  # fmt: skip


def sgd_step(iterations: int, adamw: bool) -> Setup:
    """SGD 0.1 / 0.9 / 5e-4, a tenth at 1/2 and 3/4; for a network that wants AdamW: 1e-3 / 0.01."""
    corners = (iterations // 2, 3 * iterations // 4)
    if adamw:
        return Setup(MultiStep(1e-3, 0.1, corners), Constant(0.9), 0.01, "adamw")
    return Setup(MultiStep(0.1, 0.1, corners), Constant(0.9), 5e-4, "nesterov")


def adamw_cosine(iterations: int, adamw: bool) -> Setup:
    """AdamW 1e-3 / 0.01, half a cosine down to 0."""
    del adamw
    return Setup(Cosine(1e-3, 0.0, iterations), Constant(0.9), 0.01, "adamw")


def one_cycle(iterations: int, adamw: bool) -> Setup:
    """1cycle up to 0.1, momentum 0.95 to 0.85, decay 5e-4; with AdamW up to 3e-3, decay 0.01."""
    lr = OneCycle.of(3e-3 if adamw else 0.1, iterations)
    momentum = MomentumCycle(0.95, 0.85, lr.stepsize)
    return Setup(lr, momentum, *((0.01, "adamw") if adamw else (5e-4, "nesterov")))


def untuned(arena: Arena, make: Callable[[int, bool], Setup]) -> list[Point]:
    """A fixed configuration costs its final run alone."""
    return [Point(make(arena.setting.iterations, arena.task.optimizer == "adamw"), Spent())]


def by_trials(arena: Arena, shape: tpe.Shape) -> list[Point]:
    """The best trial so far, after some and after all; its training is the final run."""
    trials = tpe.study(arena, shape)
    history = [{**trial.values, "val_loss": trial.loss} for trial in trials]
    points = []
    for count in sorted({min(count, len(trials)) for count in POINTS}):
        best = min(trials[:count], key=lambda trial: trial.loss)
        spent = arena.spent([trial.run for trial in trials[:count]])
        details = {"history": _numbers(history)} if count == len(trials) else {}
        points.append(Point(Setup.of(best.run.spec), spent, count, True, 0, details))
    return points


def _numbers(history: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """Trials for JSON: what is not finite becomes a word."""
    return [
        {name: float(f"{v:.6g}") if abs(v) < float("inf") else "diverged" for name, v in row.items()}
        for row in history
    ]


def fastai(arena: Arena) -> list[Point]:
    """The range test of fastai, its valley, its one cycle with its defaults.

    Choice: weight decay as in the other untuned settings (fastai's SGD has none, its Adam 0.01).
    """
    lr = ExponentialRamp(valley.FROM, valley.TO, valley.ITERATIONS)
    spec = arena.spec(Setup(lr, Constant(0.9), 0.0, arena.task.optimizer), arena.seed)
    adamw = arena.task.optimizer == "adamw"
    decay = 0.01 if adamw else 5e-4
    (run,) = arena.train(
        "range test",
        [spec.but(iterations=valley.ITERATIONS, eval_every=1, eval_samples=LOOK, weight_decay=decay)],
    )
    spent = arena.spent([run])
    try:
        top = valley.read(lr(run.curve.iteration[1:] - 1).tolist(), run.curve.train_loss[1:].tolist())
    except ValueError as error:
        return [Point(None, spent, details={"refused": str(error)})]
    iterations = arena.setting.iterations
    # its momentum is the same shape turned over: 0.95 -> 0.85 -> 0.95
    momentum = FastaiOneCycle(0.85, iterations, div=0.85 / 0.95, div_final=0.85 / 0.95)
    setup = Setup(FastaiOneCycle(top, iterations), momentum, decay, arena.task.optimizer)
    return [Point(setup, spent, details={"lr_max": top})]


CONTESTANTS = {
    "tune": Contestant("tune", play_tune, seeds=5, runs=7.0),
    "sgd-step": Contestant("untuned: SGD 0.1 / 0.9 / 5e-4 in steps", partial(untuned, make=sgd_step)),
    "adamw-cosine": Contestant("untuned: AdamW 1e-3 / 0.01, cosine", partial(untuned, make=adamw_cosine)),
    "one-cycle": Contestant("untuned: 1cycle 0.1 / 0.95-0.85 / 5e-4", partial(untuned, make=one_cycle)),
    "fastai-valley": Contestant("fastai's valley and one cycle", fastai, runs=3.5, rank=1),
    "tpe-one-cycle": Contestant(
        "20 trials of TPE, our 1cycle", partial(by_trials, shape=tpe.one_cycle), 3, 32.0, 2
    ),
    "tpe-cosine": Contestant("20 trials of TPE, cosine", partial(by_trials, shape=tpe.cosine), 3, 32.0, 2),
}
"""By name."""
UNTUNED = ("sgd-step", "adamw-cosine", "one-cycle")
ABLATED = {
    f"tune-no-{name}": Contestant(f"tune: {one.says}", partial(play_tune, rule=name), 3, 7.0, 3)
    for name, one in ABLATIONS.items()
}
"""Played only when they are asked for by name."""
