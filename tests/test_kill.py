"""A tune with two workers, killed again and again: nothing finished is repeated, and the end is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wellbegun.runs.lease import held
from wellbegun.runs.store import RunStore

KILLS = 20
MODULE = """
import multiprocessing, os, time
from pathlib import Path
from torch import nn
import torch
from wellbegun import Task

def model():
    if multiprocessing.parent_process() is not None:  # a worker builds one network per training
        with open(os.environ["BUILDS"], "a") as log:
            log.write(f"{os.getpid()} {time.time()}\\\\n")
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))

def data(rows, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 20, generator=generator)
    return x, (x[:, :4] + 0.5 * x[:, 4:8] ** 2 + 0.3 * torch.randn(rows, 4, generator=generator)).argmax(1)

task = Task(model=model, train=data(6000, 0), test=data(1000, 1), name="killed", batch_size=50, epochs=30)
"""


@pytest.mark.slow
def test_a_tune_that_is_killed_twenty_times_ends_the_same(tmp_path):
    (tmp_path / "killed.py").write_text(MODULE.replace("\\\\n", "\\n"))
    calm = _finish(tmp_path, "calm")
    rng, inflight = random.Random(0), 0
    store = RunStore(tmp_path / "stormy" / "runs")
    seconds = calm["wall"] / 3
    finished: dict[str, bytes] = {}
    for _ in range(KILLS):
        process = _start(tmp_path, "stormy")
        time.sleep(rng.uniform(0.3, 1.0) * seconds)
        kill = rng.choice((os.kill, os.killpg))  # the driver alone, or its workers with it
        kill(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(1.5)  # workers see that their driver is gone
        now = {key: (store.root / key / "run.json").read_bytes() for key in sorted(store.keys())}
        assert {key: now.get(key) for key in finished} == finished  # what was published stays as it is
        finished = now
        inflight += 2  # at most two were in training
    last = _finish(tmp_path, "stormy")
    for name in ("lr_max", "momentum", "weight_decay", "intervals"):
        assert last["found"][name] == calm["found"][name]
    assert last["found"]["final"]["val_loss"] == calm["found"]["final"]["val_loss"]
    assert store.told == []  # no run had to be set aside
    keys = store.keys()
    assert all(store.read(key).key == key and not held(store.root, key) for key in keys)
    builds = len((tmp_path / "stormy.log").read_text().splitlines())
    assert len(keys) <= builds <= len(keys) + inflight


def _start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from wellbegun.cli import main; main()", "tune", "killed:task"]
    command += ["--workers", "2", "--out", str(folder / name), "--json", "--quiet"]
    environment = {**os.environ, "BUILDS": str(folder / f"{name}.log")}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _finish(folder: Path, name: str) -> dict[str, object]:
    began = time.time()
    process = _start(folder, name)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err.decode()
    return {"found": json.loads(out), "wall": time.time() - began}
