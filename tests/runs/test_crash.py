"""Real drivers with real workers: killed at any moment, interrupted, and two at a time on one store."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import fake_training as fake
import pytest

from wellbegun.runs import owner
from wellbegun.runs.lease import held
from wellbegun.runs.store import RunStore

RUNS = 30


def driver(
    folder: Path, *, workers: int = 2, runs: int = RUNS, seconds: float = 0.03, crowd: int = 1
) -> subprocess.Popen[str]:
    arguments = [folder / "store", folder / "log", workers, runs, seconds, crowd]
    return subprocess.Popen(
        [sys.executable, fake.__file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def begun(folder: Path) -> list[tuple[str, int]]:
    """(key, process) of each training that began, in order."""
    log = folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def wait_until(happened: object, seconds: float = 60.0) -> None:
    assert callable(happened)
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def gone(processes: set[int]) -> bool:
    return not any(owner._started(process) for process in processes)


def test_killed_at_any_moment_and_called_again(tmp_path: Path) -> None:
    moments = random.Random(3)
    finished: set[str] = set()
    repeated: list[str] = []
    kills = 0
    for _ in range(10):
        before = len(begun(tmp_path))
        with driver(tmp_path) as process:
            wait_until(lambda n=before, p=process: len(begun(tmp_path)) > n or p.poll() is not None)
            time.sleep(moments.uniform(0, 0.12))
            if process.poll() is None:
                process.kill()
                kills += 1
            process.communicate()
        wait_until(lambda n=before: gone({worker for _, worker in begun(tmp_path)[n:]}))
        repeated += [key for key, _ in begun(tmp_path)[before:] if key in finished]
        store = RunStore(tmp_path / "store")
        finished = set(filter(store.has, store.keys()))
        assert store.told == []
    with driver(tmp_path) as process:
        out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "") and out.split() == [str(n) for n in range(RUNS)]
    assert kills >= 5 and repeated == []
    store = RunStore(tmp_path / "store")
    assert set(store.keys()) == {fake.spec(n).key for n in range(RUNS)}
    times = Counter(key for key, _ in begun(tmp_path))
    assert sum(times.values()) - RUNS <= 2 * kills  # each kill costs at most what two workers had in hand
    assert list((tmp_path / "store" / "tmp").iterdir()) == []
    assert not any(held(tmp_path / "store", key) or store.live(key) for key in set(store.keys()))


def test_two_drivers_share_a_store_and_repeat_nothing(tmp_path: Path) -> None:
    with driver(tmp_path, runs=16, crowd=4) as first, driver(tmp_path, runs=16, crowd=4) as second:
        results = [process.communicate(timeout=120) for process in (first, second)]
    assert results == [(" ".join(map(str, range(16))), "")] * 2
    assert Counter(key for key, _ in begun(tmp_path)) == {fake.spec(n).key: 1 for n in range(16)}
    assert len({process for _, process in begun(tmp_path)}) == 4  # both took part


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_stops_at_once(tmp_path: Path, workers: int) -> None:
    with driver(tmp_path, workers=workers, runs=4, seconds=60) as process:
        wait_until(lambda: len(begun(tmp_path)) >= max(1, workers))
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=50)
    assert time.monotonic() - start < 30  # and not the 60 of a run
    assert process.returncode != 0 and errors.rstrip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1  # the workers say nothing
    wait_until(lambda: gone({worker for _, worker in begun(tmp_path)}))
    assert RunStore(tmp_path / "store").keys() == []
