"""What every executor must do: the contract of concurrent.futures, and nothing more."""

from __future__ import annotations

import math
import operator
import os
import pkgutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future

import pytest

from wellbegun.runs import executors
from wellbegun.runs.executors.in_process import InProcess
from wellbegun.runs.executors.process_pool import process_pool

MAKERS: dict[str, Callable[[], Executor]] = {"in_process": InProcess, "process_pool": lambda: process_pool(2)}


@pytest.fixture(scope="module", params=MAKERS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with MAKERS[request.param]() as made:
        yield made


def test_every_executor_is_tested_here() -> None:
    assert {module.name for module in pkgutil.iter_modules(executors.__path__)} == set(MAKERS)


def test_results_and_arguments(executor: Executor) -> None:
    future = executor.submit(int, "ff", base=16)
    assert isinstance(future, Future) and future.result(timeout=60) == 255
    assert future.done() and not future.cancelled() and future.exception() is None


def test_map_keeps_the_order(executor: Executor) -> None:
    assert list(executor.map(math.sqrt, range(20), timeout=60)) == [math.sqrt(n) for n in range(20)]


def test_an_error_stays_in_its_future(executor: Executor) -> None:
    failed, fine = executor.submit(operator.truediv, 1, 0), executor.submit(operator.add, 1, 2)
    assert isinstance(failed.exception(timeout=60), ZeroDivisionError) and fine.result(timeout=60) == 3
    with pytest.raises(ZeroDivisionError):
        failed.result()


def test_callbacks_are_called(executor: Executor) -> None:
    results: list[int] = []
    executor.submit(operator.add, 1, 2).add_done_callback(lambda future: results.append(future.result()))
    deadline = time.monotonic() + 60
    while not results and time.monotonic() < deadline:
        time.sleep(0.01)
    assert results == [3]


@pytest.mark.parametrize("name", MAKERS)
def test_after_the_shutdown_nothing_is_taken(name: str) -> None:
    made = MAKERS[name]()
    made.shutdown()
    made.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(RuntimeError, match="shutdown"):
        made.submit(os.getpid)
