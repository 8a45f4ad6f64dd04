"""run_all: the runs that were asked for, read from the store or trained now; nothing is trained twice."""

from __future__ import annotations

import dataclasses
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from pickle import PicklingError, dumps, loads

from wellbegun.curve import Run
from wellbegun.errors import StoreError, TrainingFailed, WellbegunError
from wellbegun.runs.lease import held, lease
from wellbegun.runs.store import RunStore
from wellbegun.spec import RunSpec

Report = Callable[[Mapping[str, float]], None]
"""Called by a run in training with its latest evaluation."""
TrainRun = Callable[[RunSpec, Report], Run]
"""Trains one run; picklable where the executor's calls travel to other processes."""


@dataclass(frozen=True)
class Status:
    """How far one call of ``run_all`` is."""

    done: int  # runs read or trained, repeated keys counted once
    asked: int  # runs asked for, counted likewise
    live: tuple[tuple[RunSpec, Mapping[str, float]], ...]  # the latest evaluation of each run in training


def run_all(
    specs: Sequence[RunSpec],
    train: TrainRun,
    store: RunStore,
    executor: Executor,
    *,
    watch: Callable[[Status], None] | None = None,
    poll_seconds: float = 0.2,
) -> list[Run]:
    """The runs of these specs, in their order: stored ones are read, missing ones trained once.

    A run that another driver trains is waited for, after all others, and taken over should that driver die.

    Args:
        train: trains one run inside the executor; the worker itself publishes the result.
        executor: any ``concurrent.futures.Executor``; the caller shuts it down.
        watch: called at the beginning, after every poll and every completed run, in this thread.
        poll_seconds: time between two looks at the store.

    Raises:
        TrainingFailed: ``train`` raised (``__cause__``), or a worker process ended; the other runs in
            training were published first. An error of wellbegun's own, such as TaskError, comes as it is.
        StoreError: the store cannot be read or written.
    """
    if not poll_seconds > 0:
        raise ValueError(f"poll_seconds must be positive, got {poll_seconds}; 0.2 is the default")
    call = _Call(specs, train, store, executor, watch)
    outer, _thread.call = getattr(_thread, "call", None), call
    try:
        call.start()
        while call.waiting:
            call.poll(poll_seconds)
    except BaseException as error:
        call.abandon(at_once=not isinstance(error, Exception))
        raise
    finally:
        _thread.call = outer
    if call.failure is not None:
        raise call.failure
    return [call.runs[spec.key] for spec in specs]


@dataclass(frozen=True)
class Outcome:
    """What a worker sends back; the run itself is read from the store, as a replay does."""

    trained: bool  # False: it was published already, or another process holds its lease
    error: BaseException | None = None
    traceback: str = ""

    def __reduce__(self) -> tuple[type, tuple[bool, BaseException | None, str]]:
        return Outcome, (self.trained, _portable(self.error), self.traceback)


def train_and_publish(root: Path, train: TrainRun, spec: RunSpec) -> Outcome:
    """Train one run and publish it, unless it is published already or another process trains it."""
    try:
        store = RunStore(root)
        with lease(root, spec.key) as mine:
            if not mine or store.has(spec.key):
                return Outcome(trained=False)
            try:
                store.forget_live(spec.key)  # of a process that ended before
                run = train(spec, lambda row: _report(store, spec, row))
                if run.key != spec.key:
                    raise ValueError(
                        f"train must return the run of its spec {spec.key}, got {run.key}; check train"
                    )
                store.publish(run)
            finally:
                store.forget_live(spec.key)
        return Outcome(trained=True)
    except Exception as error:
        return Outcome(False, error, "".join(traceback.format_exception(error)))


class _Call:
    """One call of run_all: what is asked, answered, in training, and left to other drivers."""

    def __init__(
        self,
        specs: Sequence[RunSpec],
        train: TrainRun,
        store: RunStore,
        executor: Executor,
        watch: Callable[[Status], None] | None,
    ) -> None:
        self.asked: dict[str, RunSpec] = {}
        for spec in specs:
            self.asked.setdefault(spec.key, spec)
        self.runs: dict[str, Run] = {}
        self.running: dict[Future[Outcome], RunSpec] = {}
        self.elsewhere: dict[str, RunSpec] = {}
        self.failure: Exception | None = None
        self._train, self._store, self._executor, self._watch = train, store, executor, watch

    @property
    def waiting(self) -> bool:
        return bool(self.running) or (bool(self.elsewhere) and self.failure is None)

    def start(self) -> None:
        """Read what is stored, submit the rest."""
        missing = [spec for spec in self.asked.values() if not self._read(spec, replayed=True)]
        self.tell()
        for spec in missing:
            self._submit(spec)

    def poll(self, seconds: float) -> None:
        """Wait for a completed run, at most so long; then look what other drivers have published or left."""
        if self.running:
            done, _ = wait(self.running, timeout=seconds, return_when=FIRST_COMPLETED)
            for future in done:
                self._settle(future)
        else:
            time.sleep(seconds)
        for key, spec in list(self.elsewhere.items()):
            # In this order: who publishes a run does so before giving the lease back.
            free = not held(self._store.root, key)
            if self._read(spec, replayed=True):
                del self.elsewhere[key]
            elif free and self.failure is None:
                del self.elsewhere[key]
                self._submit(spec)
        self.tell()

    def tell(self) -> None:
        """Call ``watch`` with the present state."""
        if self._watch is None:
            return
        live = []
        for key, spec in self.asked.items():
            if key not in self.runs and (row := self._store.live(key)) and held(self._store.root, key):
                live.append((spec, row))
        self._watch(Status(len(self.runs), len(self.asked), tuple(live)))

    def abandon(self, *, at_once: bool) -> None:
        """Leave: drop what has not begun; on Ctrl-C also kill what is in training, where the executor can."""
        kill = getattr(self._executor, "kill_workers", None)
        if at_once and kill is not None:
            kill()  # without cancelling: a pool that breaks trips over cancelled calls (Python 3.11)
            return
        for future in self.running:
            future.cancel()

    def _read(self, spec: RunSpec, *, replayed: bool) -> bool:
        run = self._store.find(spec.key)
        if run is not None:
            self.runs[spec.key] = dataclasses.replace(run, spec=spec, replayed=replayed)
        return run is not None

    def _submit(self, spec: RunSpec) -> None:
        if self.failure is not None:
            return
        try:
            future = self._executor.submit(train_and_publish, self._store.root, self._train, spec)
        except BrokenExecutor as error:  # a worker died while this thread did not look
            self._fail(_lost(error, spec))
            return
        self.running[future] = spec
        if future.done():  # an executor that runs its calls in this thread
            self._settle(future)
            self.tell()

    def _settle(self, future: Future[Outcome]) -> None:
        spec = self.running.pop(future)
        try:
            outcome = future.result()
        except Exception as error:  # of the executor: ours come inside the outcome
            self._fail(_lost(error, spec))
            return
        if outcome.error is not None:
            self._fail(_failed(outcome, spec))
        elif not self._read(spec, replayed=not outcome.trained):
            if outcome.trained:
                problem = f"a published run must be readable, but {spec.key} is not"
                self._fail(StoreError(f"{problem}; check the disk of {self._store.root} and call again"))
            else:
                self.elsewhere[spec.key] = spec

    def _fail(self, error: Exception) -> None:
        """Keep the first failure, and drop what has not begun; what is in training comes to its end."""
        self.failure = self.failure or error
        self.running = {future: spec for future, spec in self.running.items() if not future.cancel()}


_thread = threading.local()  # .call: the call of run_all that this thread is in


def _report(store: RunStore, spec: RunSpec, row: Mapping[str, float]) -> None:
    store.report(spec.key, row)
    call: _Call | None = getattr(_thread, "call", None)
    if call is not None:  # the run trains inside the driver's own thread, which therefore cannot poll
        call.tell()


def _failed(outcome: Outcome, spec: RunSpec) -> Exception:
    error = outcome.error
    if isinstance(error, WellbegunError):
        failure: Exception = error
    else:
        what = f"run {spec.key} must train without an error, got {type(error).__name__}: {error}"
        failure = TrainingFailed(
            f"{what}; correct the task's code and call again: finished runs are kept", spec
        )
        failure.__cause__ = error
    failure.add_note(f"In the worker:\n{outcome.traceback}")
    return failure


def _lost(error: Exception, spec: RunSpec) -> TrainingFailed:
    """What became of a call that the executor did not bring to an end."""
    if isinstance(error, BrokenExecutor):
        what = f"a worker must live until its run is published, but one ended at once around run {spec.key}"
        way_out = (
            "out of memory: use fewer workers; killed: call again, finished runs are kept; "
            "in a script: make the call below `if __name__ == '__main__':`"
        )
    else:
        what = f"the executor must run what it is given, got {type(error).__name__}: {error} ({spec.key})"
        pickling = isinstance(error, PicklingError) or "pickle" in str(error)
        way_out = (
            "run it in this process, without --workers" if pickling else "finished runs are kept: call again"
        )
    failure = TrainingFailed(f"{what}; {way_out}", spec)
    failure.__cause__ = error
    return failure


def _portable(error: BaseException | None) -> BaseException | None:
    """The error, or a stand-in where it cannot travel to another process and back to life there."""
    try:
        loads(dumps(error))
    except Exception:  # the user's own classes may raise anything
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
