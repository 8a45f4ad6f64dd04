"""Invented runs, and a driver that trains them: ``python fake_training.py ROOT LOG WORKERS RUNS ...``."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wellbegun.curve import Curve, Run
from wellbegun.runs.executors.in_process import InProcess
from wellbegun.runs.executors.process_pool import process_pool
from wellbegun.runs.runner import Report, run_all
from wellbegun.runs.store import RunStore
from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec


def spec(number: int) -> RunSpec:
    return RunSpec(
        task="fake", iterations=20, batch_size=4, lr=Constant(0.1), momentum=Constant(0.9), seed=number
    )


def run_of(asked: RunSpec, seconds: float = 0.5) -> Run:
    losses = np.array([2.3, np.nan, 1.0 / 3.0 + asked.seed])
    curve = Curve.of({"iteration": [0, 10, 20], "val_loss": losses, "top5": losses / 7})
    return Run(spec=asked, curve=curve, ended="finished", iterations=20, seconds=seconds, epochs=0.1)


def append(log: Path, line: str) -> None:
    """One line, whole: O_APPEND of a short line is not torn between processes."""
    handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


@dataclass(frozen=True)
class Fake:
    """Sleeps instead of training, and writes down that it began."""

    log: Path
    seconds: float = 0.0
    crowd: int = 1  # no run ends before so many processes have begun one

    def __call__(self, asked: RunSpec, report: Report) -> Run:
        append(self.log, f"{asked.key} {os.getpid()}")
        while len({line.split()[1] for line in self.log.read_text().splitlines()}) < self.crowd:
            time.sleep(0.01)
        report({"iteration": 0, "val_loss": 2.3})
        time.sleep(self.seconds)
        report({"iteration": 10, "val_loss": 1.3})
        return run_of(asked, self.seconds)


@dataclass(frozen=True)
class Failing:
    """Fails for one seed; the others take a moment."""

    seed: int
    error: Exception
    seconds: float = 0.2

    def __call__(self, asked: RunSpec, report: Report) -> Run:
        if asked.seed == self.seed:
            raise self.error
        time.sleep(self.seconds)
        return run_of(asked)


class UnportableError(Exception):
    """Pickles, but cannot be unpickled: its constructor wants two arguments."""

    def __init__(self, layer: str, size: int) -> None:
        super().__init__(f"{layer} of size {size}")


def unportable(asked: RunSpec, report: Report) -> Run:
    if asked.seed == 0:
        raise UnportableError("conv1", 5)
    time.sleep(0.5)
    return run_of(asked)


def die(asked: RunSpec, report: Report) -> Run:
    os._exit(1)


def threads() -> tuple[int, bool]:
    """The number of threads that torch uses here, and whether it was imported before."""
    before = "torch" in sys.modules
    import torch

    return torch.get_num_threads(), before


def page_faults() -> int:
    """Of five arrays of 64 MiB, after five others: past the size up to which glibc keeps memory by itself."""
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            np.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def meddle(count: int) -> None:
    import torch

    torch.set_num_threads(count)


def rows(live: tuple[tuple[RunSpec, Mapping[str, float]], ...]) -> list[tuple[int, float]]:
    return [(asked.seed, row["iteration"]) for asked, row in live]


def main(root: str, log: str, workers: str, runs: str, seconds: str, crowd: str) -> None:
    executor = process_pool(int(workers)) if int(workers) else InProcess()
    with executor:
        asked = [spec(number) for number in range(int(runs))]
        train = Fake(Path(log), float(seconds), int(crowd))
        answers = run_all(asked, train, RunStore(Path(root)), executor)
    sys.stdout.write(" ".join(str(answer.spec.seed) for answer in answers))


if __name__ == "__main__":
    # a shell that starts the tests in the background ignores Ctrl-C, and so would all that they start
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(*sys.argv[1:])
