"""What every job stands on: its options, the store, the executor, the training of one run."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from wellbegun.curve import TOO_LARGE, Curve, Run
from wellbegun.errors import StoreError
from wellbegun.runs.executors.in_process import InProcess
from wellbegun.runs.executors.process_pool import check_picklable, cores, process_pool
from wellbegun.runs.progress import Tracker, Watch
from wellbegun.runs.runner import Report, run_all
from wellbegun.runs.store import RunStore
from wellbegun.search.budget import Budget
from wellbegun.search.plan import Plan, drive
from wellbegun.search.regularizer import factors
from wellbegun.search.repeats import initialisations, repeated
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

if TYPE_CHECKING:
    from wellbegun.training.task import Task

T = TypeVar("T")
SCALE_FREE = ("BatchNorm", "SyncBatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm")
"""Layers after which the scale of the weights before them does not matter; not the local response norms."""


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
    budget: Budget | None = None  # of the whole job, see Budget.parse
    begun: float | None = None  # time.time() when the job began; None: when it was called
    repeats: bool = False  # every short run four times, as the report's appendix does (A.1)
    watch: Watch | None = None

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ValueError(f"workers must be at least 0, got {self.workers}; 0 trains in this process")
        if self.budget is not None and self.repeats:
            raise ValueError(
                f"a budget plans single runs, got repeats and {self.budget.text}; give one of them"
            )
        if self.budget is not None and self.epochs is not None:
            raise ValueError(
                f"a budget sets the final run's length, got epochs={self.epochs:g} as well; give one of them"
            )


@dataclass(frozen=True)
class Training:
    """Trains one run of a task, in whatever process it is called."""

    task: Task
    root: Path  # of the store, where snapshots are kept
    keep: tuple[int, ...] = ()  # iterations after which a snapshot of every run is kept
    begun: float = 0.0  # time.time() when the job began

    def __call__(self, spec: RunSpec, report: Report) -> Run:
        if spec.host is None:
            return self._train(spec, spec.key, self.keep, report)
        from wellbegun.training.engine import memory

        start = time.perf_counter()
        try:
            return self._train(spec, spec.key, self.keep, report)
        except (RuntimeError, MemoryError) as error:  # what a measured run is asked for may be just this
            if not memory.is_too_little(error):
                raise
        nothing = Curve.of({"iteration": []})
        return Run(
            spec=spec,
            curve=nothing,
            ended=TOO_LARGE,
            iterations=0,
            seconds=time.perf_counter() - start,
            epochs=0.0,
        )

    def _train(self, spec: RunSpec, key: str, keep: tuple[int, ...], report: Report | None) -> Run:
        """Train one run; its snapshots are kept under ``key``."""
        from wellbegun.training.engine.state import to_bytes
        from wellbegun.training.engine.trainer import build
        from wellbegun.training.measure import measure

        store = RunStore(self.root)

        def saver(iteration: int) -> Callable[[dict[str, Any]], None]:
            return lambda state: store.save_snapshot(key, iteration, to_bytes(state))

        start, before = time.perf_counter(), time.time() - self.begun
        trainer = build(self.task, spec)
        built = time.perf_counter() - start
        if spec.start is not None:
            trainer.load_state_dict(self._snapshot(store, *spec.start))
        savers = {iteration: saver(iteration) for iteration in keep if iteration <= spec.iterations}
        run = measure(trainer, spec, report=report, keep=savers)
        return run if spec.host is None else _timed(run, begun=before, build=built)

    def _snapshot(self, store: RunStore, key: str, iteration: int) -> dict[str, Any]:
        """The state of a finished run after so many updates; trained again where it was not kept."""
        from wellbegun.training.engine.state import from_bytes

        kept = store.load_snapshot(key, iteration)
        if kept is None:
            parent = store.read(key)
            if iteration > parent.iterations:
                done = f"got {iteration}, run {key} did {parent.iterations}"
                raise StoreError(f"a run goes on from an update that its parent has done, {done}; go back")
            self._train(parent.spec.but(iterations=iteration), key, (iteration,), None)
            kept = store.load_snapshot(key, iteration) or b""
        return from_bytes(kept)


def _timed(run: Run, **seconds: float) -> Run:
    """A measured run with what happened before its first update as further metrics."""
    columns = run.curve.columns()
    more = {name: np.full(len(run.curve), value) for name, value in seconds.items()}
    return replace(run, curve=Curve.of({**columns, **more}))


@dataclass(frozen=True)
class Work:
    """A task that is ready to train, with its store and executor."""

    setting: Setting
    training: Training
    store: RunStore
    executor: Executor
    options: Options

    @classmethod
    @contextmanager
    def of(cls, task: Task | str, options: Options) -> Iterator[Work]:
        """Checks the task, opens store and executor, closes what it opened."""
        begun = options.begun or time.time()
        task = _asked(task, options)
        if options.workers:
            check_picklable(task)
        setting = _setting(task, options)
        with _store(options.store) as store, _executor(options) as executor:
            yield cls(setting, Training(task, store.root, begun=begun), store, executor, options)

    def informed(self) -> Setting:
        """The setting with the loss without a look at the inputs: a second's work, for the recipe alone."""
        from wellbegun.training.engine.uninformed import uninformed_loss

        return replace(self.setting, uninformed=uninformed_loss(self.training.task))

    def drive(self, plan: Plan[T], planned: Mapping[str, tuple[int, int]]) -> T:
        """Answer the plan's questions from the store and the executor."""
        tracker = Tracker(dict(planned), self.options.watch) if self.options.watch else None
        if self.options.repeats:
            plan = repeated(plan, self.setting)

        def answer(specs: Sequence[RunSpec]) -> list[Run]:
            if tracker is not None:
                tracker.asked(specs)
            training = replace(self.training, keep=getattr(specs, "keep", ()))
            watch = tracker.status if tracker else None
            runs = run_all(specs, training, self.store, self.executor, watch=watch)
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
    from wellbegun.training.engine import memory, norm, sources
    from wellbegun.training.engine.precision import resolve

    parts = task.parts()
    samples = sources.size(parts.train)
    chance = sources.commonest(parts.validation)
    model = task.build_model(options.seed).train()
    device, precision = resolve(task, options.device, options.precision)
    return Setting(
        task_name=task.name, task=task.fingerprint(), samples=samples,
        validation=sources.size(parts.validation), batch_size=min(task.batch_size, samples),
        epochs=task.epochs, optimizer=task.optimizer,
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        normalised=any(type(module).__name__.startswith(SCALE_FREE) for module in model.modules()),
        batch_norm=any(norm.needs_statistics(module) for module in model.modules()),
        multipliers=hasattr(model, "multipliers"), decay_bias_and_norm=task.decay_bias_and_norm,
        chance=float("nan") if chance is None else chance,
        factors=factors(task.model, task.factory_args),
        initialisations=initialisations(task.model), has_test=parts.test is not None,
        test_samples=0 if parts.test is None else sources.size(parts.test),
        all_data=options.all_data, seed=options.seed, device=device, precision=precision,
        host=_host(options, device), memory=memory.capacity(device),
    )  # fmt: skip


def _host(options: Options, device: str) -> str:
    """Whose seconds a measured run says: a machine and what computes on it, for that run alone."""
    from wellbegun.training.engine import memory

    threads = max(1, cores() // options.workers) if options.workers else None
    place = platform.node() if options.executor is None else type(options.executor).__name__
    return f"{place}, {memory.describe(device, threads)}"


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
