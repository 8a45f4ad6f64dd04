"""The jobs: tune, range_test, search, train.

They open the store, pick the executor and drive the searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wellbegun.curve import Run
from wellbegun.job import Options, Work
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle
from wellbegun.schedules.decay import Cosine
from wellbegun.schedules.kinds import KINDS
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp
from wellbegun.search import alone, learning_rate, recipe
from wellbegun.search.budget import Budget
from wellbegun.search.magnitude import look
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.recommendation import Recommendation
from wellbegun.search.setting import Setting

if TYPE_CHECKING:
    from wellbegun.training.task import Task


def tune(
    task: Task | str,
    *,
    final: bool = True,
    budget: str | None = None,
    also: Sequence[str] = (),
    **options: Any,
) -> Recommendation:
    """Find learning rate, momentum and weight decay from short runs, then train with 1cycle.

    Args:
        task: a Task, or the name of one that comes with the package ("digits", "mnist", "cifar10", ...).
        final: make the final run; without it the recommendation has no result.
        budget: what everything together may cost, as "10min", "90s", "1.5h", "5ep" or "2000it": steps of the
            checklist are left out until it fits, and the final run takes what is left.
        also: further steps: "batch-size" (compared at equal time, before everything else), "length" (of the
            final run, from a few short ones).
        options: see ``Options``: epochs, batch_size, optimizer, seed, store, workers, executor, device,
            precision, all_data, repeats, watch.

    Returns:
        The recommendation with the evidence of every choice. Called again with the same store it reads what
        is there and trains only what is missing.

    Raises:
        TaskError: the task cannot be trained; the message says why.
        Refused: the evidence supports no recommendation; carries the runs.

    Source: arXiv:1803.09820, Sec. 5.
    """
    asked = Options(budget=None if budget is None else Budget.parse(budget), **options)
    with Work.of(task, asked) as work:
        plan = recipe.recipe(work.informed(), final=final, budget=asked.budget, also=also)
        return work.drive(plan, {} if asked.budget else recipe.planned(work.setting, final))


def range_test(
    task: Task | str,
    *,
    lr_min: float | None = None,
    lr_max: float | None = None,
    iterations: int | None = None,
    kind: str = "linear",
    momentum: float = 0.9,
    weight_decay: float | None = None,
    estimate: int = learning_rate.ESTIMATE,
    **options: Any,
) -> Finding:
    """One learning rate range test, read.

    Where the validation loss is lowest, level, and where it becomes unstable.

    Args:
        lr_min: where the ramp begins; by default a small share of ``lr_max``.
        lr_max: where it ends; by default past the edge that a coarse ramp found first.
        iterations: length of the ramp, by default 7 % of the final run.
        kind: "linear" or "exponential".
        weight_decay: by default a middle value for the task.
        estimate: updates between two looks of the LR estimate (2017, Sec. 5), which becomes the metric
            ``lr_estimate`` of the run's curve; 0 leaves it out.
        options: as for ``tune``.

    Source: arXiv:1803.09820, Sec. 4.1.
    """
    if kind not in ("linear", "exponential"):
        raise ValueError(f"kind must be 'linear' or 'exponential', got {kind!r}")

    def plan(setting: Setting) -> Plan[Finding]:
        top, decay = lr_max, weight_decay
        found: tuple[Run, ...] = ()
        if top is None:
            seen = yield from look(setting)
            top, found = seen.choice * learning_rate.HEADROOM, seen.runs
        if decay is None:
            decay = alone.middle_decay(setting, top)
        length = iterations or setting.ramp_iterations
        low = top / (length if kind == "linear" else 1e4) if lr_min is None else lr_min
        ramp = (LinearRamp if kind == "linear" else ExponentialRamp)(low, top, length)
        spec = replace(setting, length=length).ramp(top, Constant(momentum), decay)
        spec = spec.but(lr=ramp, estimate=estimate)
        return (yield from learning_rate.single(spec, found))

    with Work.of(task, Options(**options)) as work:
        length = iterations or work.setting.ramp_iterations
        return work.drive(plan(work.setting), {"learning rate": (1, length)})


def search_for(
    task: Task | str,
    what: str,
    *,
    values: Sequence[float] = (),
    factor: str = "",
    kind: str = "",
    compare: bool = False,
    **options: Any,
) -> Finding:
    """One step of the checklist alone.

    Args:
        what: "momentum", "weight-decay", ...: the names of ``search.alone.SEARCHES``.
        values: the candidates; by default what the step itself would try.
        factor: for "regularizer" and "balance": the name of a number that the task's model factory takes.
        kind: for "weight-decay-snapshot": "ramp" (half a range test) or "constant" (a run to its plateau).
        compare: for "weight-decay-snapshot": make the whole grid of "weight-decay", too, and say whether
            both agree.
        options: as for ``tune``.

    Raises:
        ValueError: there is no such step, or it takes no values or no factor.
        TaskError: the model factory does not take the factor.
    """
    step, asked = alone.named(what), alone.Asked(tuple(values), factor, kind, compare)
    alone.check(what, asked)
    with Work.of(task, Options(**options)) as work:
        return work.drive(step.plan(work.setting, asked), {})


def train(
    task: Task | str,
    *,
    lr_max: float,
    lr_min: float | None = None,
    momentum: tuple[float, float] = (0.95, 0.85),
    weight_decay: float = 0.0,
    schedule: str | Schedule = "one_cycle",
    **options: Any,
) -> Run:
    """One run with settings that are known; momentum cycles from the first value to the second and back.

    Args:
        schedule: the name of a kind that needs only lr_max, lr_min and the length, or any Schedule.
    """
    with Work.of(task, Options(**options)) as work:
        spec = work.setting.final(lr_max, momentum, weight_decay)
        lr = named(schedule, lr_max, lr_min, spec.iterations) if isinstance(schedule, str) else schedule
        stepsize = getattr(lr, "stepsize", None)
        cycle = (
            MomentumCycle(*momentum, stepsize)
            if stepsize and momentum[0] > momentum[1]
            else Constant(momentum[0])
        )

        def plan() -> Plan[Run]:
            (run,) = yield Batch.of("training", [spec.but(lr=lr, momentum=cycle)])
            return run

        return work.drive(plan(), {"training": (1, spec.iterations)})


def named(kind: str, lr_max: float, lr_min: float | None, iterations: int) -> Schedule:
    """The schedule of that name over a whole run.

    Raises:
        ValueError: there is no such kind, or it needs more than its bounds and length.
    """
    cls = KINDS.get(kind)
    if cls is not None and hasattr(cls, "of"):
        made: Schedule = cls.of(lr_max, iterations, lr_min)
        return made
    simple: dict[str, Schedule] = {
        "constant": Constant(lr_max),
        "cosine": Cosine(lr_max, lr_min or 0.0, iterations),
        "linear_ramp": LinearRamp(lr_max, lr_min or 0.0, iterations),
    }
    if kind not in simple:
        known = sorted({*simple, *(name for name, cls in KINDS.items() if hasattr(cls, "of"))})
        raise ValueError(
            f"schedule must be one of {', '.join(known)}, got {kind!r}; or pass a Schedule in Python"
        )
    return simple[kind]
