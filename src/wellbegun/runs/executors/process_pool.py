"""process_pool: worker processes on this machine that share its cores evenly and die with the driver."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import platform
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from types import FunctionType, TracebackType
from typing import Any, ParamSpec, TypeVar

from wellbegun.errors import TaskError

P = ParamSpec("P")
T = TypeVar("T")

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4  # malloc.h
_HUGE = 2**31 - 1
_WATCH_SECONDS = 1.0


def process_pool(workers: int) -> ProcessPoolExecutor:
    """An executor with ``workers`` processes of max(1, cores // workers) threads each.

    Fastest is workers = cores (2.1x for tiny networks on two cores); more threads than cores is up to 19x
    slower. A worker starts by ``spawn``, so it inherits no locks and no CUDA state; it leaves Ctrl-C to the
    driver, and ends when the driver does, even after ``kill -9``.

    Args:
        workers: >= 1.

    Raises:
        ValueError: fewer than one worker.

    Choice: the death of the driver is seen on a pipe that closes with it, and not by PR_SET_PDEATHSIG, which
    would also kill a worker when merely the driver's *thread* that started it ends.
    """
    if workers < 1:
        raise ValueError(f"a pool needs at least 1 worker, got {workers}; use as many as there are cores")
    return _ProcessPool(workers)


def cores() -> int:
    """The number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_picklable(thing: object) -> None:
    """Refuse what cannot travel to a worker process.

    Raises:
        TaskError: it cannot be pickled, or is defined where a worker cannot import it; the message says why.
    """
    try:
        _Probe(_Nowhere()).dump(thing)
    except Exception as error:  # __reduce__ of the user's classes may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise TaskError(
            f"a task for worker processes must be picklable, got {reason}; define its functions and classes "
            "at the top level of a module, or run in this process: without --workers"
        ) from error


def keep_memory() -> bool:
    """Make glibc's malloc keep freed memory instead of handing it back (1.0-1.5x); True where that worked.

    A side effect on the whole process: for workers and the command line only, never for a user's process.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    trim = mallopt(_M_TRIM_THRESHOLD, _HUGE)
    no_mmap = mallopt(_M_MMAP_THRESHOLD, _HUGE) or mallopt(_M_MMAP_MAX, 0)  # older glibc: 32 MiB is its limit
    return bool(trim and no_mmap)


class _ProcessPool(ProcessPoolExecutor):
    """The standard pool; its workers get their number of threads before they import anything."""

    def __init__(self, workers: int) -> None:
        self.threads = max(1, cores() // workers)
        super().__init__(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _spawning(self.threads):  # processes start inside submit, when there is work for them
            return super().submit(_call, self.threads, fn, args, kwargs)

    def kill_workers(self) -> None:
        """Stop all workers in the middle of their runs; the pool is broken then, as in Python 3.14."""
        for process in list((self._processes or {}).values()):
            process.kill()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None and not issubclass(
            kind, Exception
        ):  # Ctrl-C: do not wait for the runs in training
            self.kill_workers()
        return super().__exit__(kind, value, trace)


class _Nowhere:
    """A file that keeps nothing: data may be large, and only whether it can be pickled is asked."""

    def write(self, data: Any) -> int:
        return len(data) if isinstance(data, bytes) else data.nbytes


class _Probe(pickle.Pickler):
    """Pickles like pickle, but refuses what was typed into a prompt: no worker can import that."""

    def reducer_override(self, thing: Any) -> Any:
        here = isinstance(thing, type | FunctionType) and thing.__module__ == "__main__"
        if here and not Path(getattr(sys.modules["__main__"], "__file__", "<prompt>")).is_file():
            raise pickle.PicklingError(
                f"{thing.__qualname__} is defined in no file that a worker could import"
            )
        return NotImplemented


@contextmanager
def _spawning(threads: int) -> Iterator[None]:
    """Processes started inside inherit the number of threads, and SIGINT blocked until they ignore it."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    posix = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if posix else None
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin() -> None:
    """The first thing that a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the driver decides
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_end_with_parent, name="wellbegun-parent", daemon=True).start()
    keep_memory()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # What the driver forked may hold the pipe open after its death: hence the second look, by process id.
    while not wait([parent.sentinel], timeout=_WATCH_SECONDS) and (
        sys.platform == "win32" or os.getppid() == parent.pid
    ):
        pass
    os._exit(1)


def _call(threads: int, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    _assert_threads(threads)
    result = function(*args, **kwargs)
    _assert_threads(threads)
    return result


def _assert_threads(threads: int) -> None:
    count = getattr(sys.modules.get("torch"), "get_num_threads", None)
    if count is not None and count() > threads:  # fewer is right where two of the cores are one
        raise TaskError(
            f"a worker of this pool must use at most {threads} threads, got {count()} from torch; remove "
            "torch.set_num_threads from the task's code, or run without --workers"
        )
