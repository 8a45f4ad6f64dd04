"""Worker processes: their threads, their memory, their end, and what may travel to them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import platform
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import fake_training as fake
import numpy as np
import pytest

from wellbegun.errors import TaskError, TrainingFailed
from wellbegun.runs import owner
from wellbegun.runs.executors import process_pool as module
from wellbegun.runs.executors.process_pool import check_picklable, cores, process_pool
from wellbegun.runs.runner import run_all
from wellbegun.runs.store import RunStore


def test_workers_share_the_cores_and_torch_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setattr(module, "cores", lambda: 7)
    with process_pool(2) as pool:
        assert [pool.submit(os.getenv, f"{name}_NUM_THREADS").result() for name in ("OMP", "MKL")] == [
            "3",
            "3",
        ]
        assert (os.environ["OMP_NUM_THREADS"], os.environ.get("MKL_NUM_THREADS")) == ("5", None)
    monkeypatch.setattr(module, "cores", lambda: 3)
    with process_pool(2) as pool:
        assert pool.submit(fake.threads).result() == (1, False)
        with pytest.raises(TaskError, match="at most 1 threads, got 4"):
            pool.submit(fake.meddle, 4).result()


def test_an_error_comes_back_from_a_worker_and_the_rest_is_published(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with process_pool(2) as pool:
        with pytest.raises(TrainingFailed, match="conv1 of size 5") as caught:
            run_all([fake.spec(number) for number in range(2)], fake.unportable, store, pool)
        assert store.keys() == [fake.spec(1).key]
        assert caught.value.spec == fake.spec(0) and isinstance(caught.value.__cause__, RuntimeError)
        assert 'raise UnportableError("conv1", 5)' in caught.value.__notes__[0]
        with pytest.raises(TrainingFailed, match="without --workers"):
            run_all([fake.spec(9)], lambda asked, report: fake.run_of(asked), store, pool)
        with pytest.raises(TrainingFailed, match=r"fewer workers.*__main__"):
            run_all([fake.spec(number) for number in range(5)], fake.die, store, pool)
        with pytest.raises(TrainingFailed, match="fewer workers"):  # the pool is broken, and says so
            run_all([fake.spec(6)], fake.Fake(tmp_path / "log"), store, pool)


def test_a_worker_outlives_the_thread_that_started_it() -> None:
    with process_pool(1) as pool:
        with ThreadPoolExecutor(1) as brief:
            worker = brief.submit(lambda: pool.submit(os.getpid).result()).result()
        time.sleep(0.1)
        assert pool.submit(os.getpid).result() == worker and threading.active_count() > 1


def test_killing_the_workers_does_not_wait_for_them() -> None:
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), process_pool(1) as pool:
        worker = pool.submit(os.getpid).result()
        pool.submit(time.sleep, 60)
        raise KeyboardInterrupt
    assert time.monotonic() - start < 50 and owner._started(worker) == ""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_malloc_keeps_what_is_freed_in_workers_only() -> None:
    plain = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with plain, process_pool(1) as pool:
        default, kept = plain.submit(fake.page_faults), pool.submit(fake.page_faults)
        assert kept.result() * 10 < default.result()


def test_ctrl_c_is_left_to_the_driver() -> None:
    with process_pool(1) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        assert pool.submit(os.getpid).result() == worker
        assert pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result() == set()


def test_the_number_of_workers() -> None:
    with pytest.raises(ValueError, match="at least 1 worker, got 0"):
        process_pool(0)
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_what_can_travel() -> None:
    check_picklable((fake.Fake(Path("log")), np.zeros(5), {"init": "msra"}))
    for thing, reason in ((lambda: 1, "lambda"), (threading.Lock(), "lock"), (Path("x").open, "")):
        if reason:
            with pytest.raises(TaskError, match=rf"{reason}.*without --workers"):
                check_picklable(thing)


def test_what_was_typed_into_a_prompt_cannot_travel() -> None:
    code = (
        "from wellbegun.runs.executors.process_pool import check_picklable\n"
        "class Model: pass\n"
        "check_picklable((1, Model()))\n"
    )
    shown = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=False)
    assert "TaskError" in shown.stderr and "Model is defined in no file" in shown.stderr


def test_the_probe_keeps_nothing() -> None:
    large = np.zeros(2**20)
    nowhere = module._Nowhere()
    module._Probe(nowhere).dump(large)
    assert vars(nowhere) == {} and pickle.loads(pickle.dumps(large)).shape == large.shape
