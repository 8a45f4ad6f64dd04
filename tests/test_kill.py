"""A job with two workers, killed again and again: nothing finished is repeated, and the end is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from wellbegun.cli.search import SEARCHES
from wellbegun.runs.lease import held
from wellbegun.runs.store import RunStore

KILLS, KILLS_OF_A_STEP = 20, 5
MODULE = """
import multiprocessing, os, time
from pathlib import Path
from torch import nn
import torch
from wellbegun import Task

def model(dropout=0.0):
    if multiprocessing.parent_process() is not None:  # a worker builds one network per training
        with open(os.environ["BUILDS"], "a") as log:
            log.write(f"{os.getpid()} {time.time()}\\n")
    last = [nn.Dropout(dropout), nn.Linear(64, 4)]
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), *last)

def data(rows, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 20, generator=generator)
    return x, (x[:, :4] + 0.5 * x[:, 4:8] ** 2 + 0.3 * torch.randn(rows, 4, generator=generator)).argmax(1)

task = Task(model=model, train=data(6000, 0), test=data(1000, 1), name="killed", batch_size=50, epochs=30)
"""


@pytest.mark.slow
def test_a_tune_that_is_killed_twenty_times_ends_the_same(tmp_path):
    calm, last = _killed(tmp_path, KILLS, "tune", "killed:task")
    for name in ("lr_max", "momentum", "weight_decay", "intervals"):
        assert last[name] == calm[name]
    assert last["final"]["val_loss"] == calm["final"]["val_loss"]


@pytest.mark.slow
@pytest.mark.parametrize("what", SEARCHES)
def test_a_step_alone_that_is_killed_ends_the_same(tmp_path, what):
    more = {"regularizer": ("--factor", "dropout"), "length": ("--epochs", "4")}.get(what, ())
    calm, last = _killed(tmp_path, KILLS_OF_A_STEP, "search", what, "killed:task", *more)
    if what != "batch-size":  # which rests on measured seconds, others in each folder
        assert [last[name] for name in ("choice", "interval", "reason")] == [
            calm[name] for name in ("choice", "interval", "reason")
        ]


def _killed(folder: Path, kills: int, *command: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an undisturbed job finds, and one that is killed so many times; checks its store on the way."""
    (folder / "killed.py").write_text(MODULE)
    calm = _finish(folder, "calm", command)
    rng, inflight = random.Random(0), 0
    store = RunStore(folder / "stormy" / "runs")
    seconds = calm["wall"] / 3
    finished: dict[str, bytes] = {}
    for _ in range(kills):
        process = _start(folder, "stormy", command)
        time.sleep(rng.uniform(0.3, 1.0) * seconds)
        kill = rng.choice((os.kill, os.killpg))  # the driver alone, or its workers with it
        kill(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(1.5)  # workers see that their driver is gone
        now = {key: (store.root / key / "run.json").read_bytes() for key in sorted(store.keys())}
        assert {key: now.get(key) for key in finished} == finished  # what was published stays as it is
        finished = now
        inflight += 2  # at most two were in training
    last = _finish(folder, "stormy", command)
    assert store.told == []  # no run had to be set aside
    keys = store.keys()
    assert all(store.read(key).key == key and not held(store.root, key) for key in keys)
    builds = len((folder / "stormy.log").read_text().splitlines())
    assert len(keys) <= builds <= len(keys) + inflight
    return calm["found"], last["found"]


def _start(folder: Path, name: str, asked: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from wellbegun.cli import main; main()", *asked]
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


def _finish(folder: Path, name: str, command: Sequence[str]) -> dict[str, Any]:
    began = time.time()
    process = _start(folder, name, command)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err.decode()
    return {"found": json.loads(out), "wall": time.time() - began}
