"""The jobs: tune, range_test, search, train.

They open the store, pick the executor and drive the searches.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wellbegun.curve import Run
from wellbegun.runs.executors.in_process import InProcess
from wellbegun.runs.executors.process_pool import check_picklable, process_pool
from wellbegun.runs.runner import Status, run_all
from wellbegun.runs.store import RunStore
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle
from wellbegun.schedules.decay import Cosine
from wellbegun.schedules.kinds import KINDS
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp
from wellbegun.search import learning_rate, momentum, recipe, weight_decay
from wellbegun.search.plan import Batch, Finding, Plan, drive
from wellbegun.search.recipe import Recommendation
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

if TYPE_CHECKING:
    from wellbegun.training.task import Task

T = TypeVar("T")
SCALE_FREE = ("BatchNorm", "SyncBatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm")
"""Layers after which the scale of the weights before them does not matter; not the local response norms."""


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


def tune(task: Task | str, *, final: bool = True, **options: Any) -> Recommendation:
    """Find learning rate, momentum and weight decay from short runs, then train with 1cycle.

    Args:
        task: a Task, or the name of one that comes with the package ("digits", "mnist", "cifar10", ...).
        final: make the final run; without it the recommendation has no result.
        options: see ``Options``: epochs, batch_size, optimizer, seed, store, workers, executor, device,
            precision, all_data, watch.

    Returns:
        The recommendation with the evidence of every choice. Called again with the same store it reads what
        is there and trains only what is missing.

    Raises:
        TaskError: the task cannot be trained; the message says why.
        Refused: the evidence supports no recommendation; carries the runs.

    Source: arXiv:1803.09820, Sec. 5.
    """
    with _Work.of(task, Options(**options)) as work:
        return work.drive(recipe.recipe(work.setting, final=final), recipe.planned(work.setting, final))


def range_test(
    task: Task | str,
    *,
    lr_min: float | None = None,
    lr_max: float | None = None,
    iterations: int | None = None,
    kind: str = "linear",
    momentum: float = 0.9,
    weight_decay: float | None = None,
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
        options: as for ``tune``.

    Source: arXiv:1803.09820, Sec. 4.1.
    """
    if kind not in ("linear", "exponential"):
        raise ValueError(f"kind must be 'linear' or 'exponential', got {kind!r}")

    def plan(setting: Setting) -> Plan[Finding]:
        top, decay = lr_max, weight_decay
        found: tuple[Run, ...] = ()
        if top is None:
            look = yield from learning_rate.coarse(setting)
            top, found = look.choice * learning_rate.HEADROOM, look.runs
        if decay is None:
            decay = search_middle(setting, top)
        length = iterations or setting.ramp_iterations
        low = top / (length if kind == "linear" else 1e4) if lr_min is None else lr_min
        ramp = (LinearRamp if kind == "linear" else ExponentialRamp)(low, top, length)
        spec = replace(setting, length=length).ramp(top, Constant(momentum), decay).but(lr=ramp)
        return (yield from learning_rate.single(spec, found))

    with _Work.of(task, Options(**options)) as work:
        length = iterations or work.setting.ramp_iterations
        return work.drive(plan(work.setting), {"learning rate": (1, length)})


def search_middle(setting: Setting, top: float) -> float:
    """The middle of the weight decay's grid when ``top`` is where ramps end."""
    return weight_decay.middle(setting, top / learning_rate.HEADROOM / 2, (0.95, 0.85))


def search(task: Task | str, what: str, **options: Any) -> Finding:
    """One step of the checklist alone: "momentum" or "weight-decay"."""

    def plan(setting: Setting) -> Plan[Finding]:
        look = yield from learning_rate.coarse(setting)
        top = look.choice * learning_rate.HEADROOM
        if what == "momentum":
            return (yield from momentum.momentum(setting, top, search_middle(setting, top)))
        centre = search_middle(setting, top)
        return (yield from weight_decay.weight_decay(setting, top, (0.95, 0.85), centre))

    if what not in ("momentum", "weight-decay"):
        raise ValueError(f"what must be 'momentum' or 'weight-decay', got {what!r}")
    with _Work.of(task, Options(**options)) as work:
        steps = recipe.planned(work.setting, final=False)
        return work.drive(
            plan(work.setting), {k: steps[k] for k in ("learning rate range", what.replace("-", " "))}
        )


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
    with _Work.of(task, Options(**options)) as work:
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


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every job takes."""

    epochs: float | None = None  # length of the final run; None: the task's own
    batch_size: int | None = None  # None: the task's own
    optimizer: str | None = None  # None: the task's own
    seed: int = 0  # of weights, order of the data, augmentation
    store: Path | str | None = None  # where runs are kept; None: nowhere, they are gone at the end
    workers: int = 0  # processes on this machine; 0 trains in this one
    executor: Executor | None = None  # any concurrent.futures.Executor, instead of workers
    device: str = "auto"
    precision: str = "auto"
    all_data: bool = False  # the final run trains on training and validation data together
    watch: Watch | None = None

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ValueError(f"workers must be at least 0, got {self.workers}; 0 trains in this process")


@dataclass(frozen=True)
class Training:
    """Trains one run of a task, in whatever process it is called."""

    task: Task

    def __call__(self, spec: RunSpec, report: Callable[[Mapping[str, float]], None]) -> Run:
        from wellbegun.training.engine.trainer import build
        from wellbegun.training.measure import measure

        return measure(build(self.task, spec), spec, report=report)


@dataclass(frozen=True)
class _Work:
    """A task that is ready to train, with its store and executor."""

    setting: Setting
    training: Training
    store: RunStore
    executor: Executor
    watch: Watch | None

    @classmethod
    @contextmanager
    def of(cls, task: Task | str, options: Options) -> Iterator[_Work]:
        """Checks the task, opens store and executor, closes what it opened."""
        task = _asked(task, options)
        if options.workers:
            check_picklable(task)
        setting = _setting(task, options)
        with _store(options.store) as store, _executor(options) as executor:
            yield cls(setting, Training(task), store, executor, options.watch)

    def drive(self, plan: Plan[T], planned: Mapping[str, tuple[int, int]]) -> T:
        """Answer the plan's questions from the store and the executor."""
        tracker = _Tracker(dict(planned), self.watch) if self.watch else None

        def answer(specs: Sequence[RunSpec]) -> list[Run]:
            if tracker is not None:
                tracker.asked(specs)
            runs = run_all(
                specs, self.training, self.store, self.executor, watch=tracker.status if tracker else None
            )
            if tracker is not None:
                tracker.answered(runs)
            return runs

        return drive(plan, answer)


def _asked(task: Task | str, options: Options) -> Task:
    """The task with what the caller asked for instead of its own settings; checked."""
    if isinstance(task, str):
        from wellbegun.zoo.tasks import load

        task = load(task)
    changes = {name: getattr(options, name) for name in ("epochs", "batch_size", "optimizer")}
    task = replace(task, **{name: value for name, value in changes.items() if value is not None})
    task.check()
    return task


def _setting(task: Task, options: Options) -> Setting:
    from wellbegun.training.engine import sources
    from wellbegun.training.engine.precision import resolve

    parts = task.parts()
    samples = sources.size(parts.train)
    chance = sources.commonest(parts.validation)
    model = task.build_model(options.seed)
    device, precision = resolve(task, options.device, options.precision)
    return Setting(
        task_name=task.name, task=task.fingerprint(), samples=samples,
        validation=sources.size(parts.validation), batch_size=min(task.batch_size, samples),
        epochs=task.epochs, optimizer=task.optimizer,
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        normalised=any(type(module).__name__.startswith(SCALE_FREE) for module in model.modules()),
        multipliers=hasattr(model, "multipliers"), decay_bias_and_norm=task.decay_bias_and_norm,
        chance=float("nan") if chance is None else chance,
        has_test=parts.test is not None, all_data=options.all_data, seed=options.seed, device=device,
        precision=precision,
    )  # fmt: skip


@contextmanager
def _store(place: Path | str | None) -> Iterator[RunStore]:
    if place is not None:
        yield RunStore(Path(place))
        return
    with tempfile.TemporaryDirectory(prefix="wellbegun-") as folder:
        yield RunStore(Path(folder))


@contextmanager
def _executor(options: Options) -> Iterator[Executor]:
    if options.executor is not None:
        yield options.executor  # the caller's: the caller shuts it down
        return
    with process_pool(options.workers) if options.workers else InProcess() as executor:
        yield executor


@dataclass
class _Tracker:
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
