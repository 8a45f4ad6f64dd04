"""Updates with one thread and with two, alone and beside a busy process: ``python benchmarks/threads.py``.

From where on is a second thread worth it? The engine takes one more for every ``threads.WORTH_IT``
operations of an update. Both numbers train the same network in turns, so that a noisy machine slows both.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from wellbegun.job import Options, Work
from wellbegun.training.engine import threads
from wellbegun.training.engine.trainer import EngineTrainer, build
from wellbegun.training.task import Task

SAMPLES, UPDATES, TURNS, SECONDS = 4096, 10, 4, 0.35


def perceptron(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )


def convolutions(width: int, size: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * width * (size // 4) ** 2, 10),
    )  # fmt: skip


NETWORKS: list[tuple[str, Callable[[], nn.Module], tuple[int, ...], int]] = [
    *((f"perceptron of {w}, batch {b}", partial(perceptron, w), (64,), b)
      for w, b in ((32, 64), (256, 64), (256, 256), (512, 128), (2048, 256))),
    *((f"CNN of {w}, {s} x {s}, batch {b}", partial(convolutions, w, s), (3, s, s), b)
      for w, s, b in ((8, 8, 64), (16, 16, 64), (16, 32, 64), (32, 32, 128))),
]  # fmt: skip


def spin() -> None:
    """What another process does to a core."""
    while True:
        pass


def microseconds(trainer: EngineTrainer, count: int) -> float:
    """Of one update with so many threads."""
    torch.set_num_threads(count)
    trainer._threads = count  # what it would choose is in the table
    values = np.full(UPDATES, 1e-4)
    trainer.steps(values, values)
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        trainer.steps(values, values)
        done += UPDATES
    return (time.perf_counter() - start) / done * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--busy", type=int, default=0, help="processes that keep a core each busy meanwhile")
    asked = parser.parse_args()
    neighbours = [multiprocessing.Process(target=spin, daemon=True) for _ in range(asked.busy)]
    for neighbour in neighbours:
        neighbour.start()
    generator = np.random.default_rng(0)
    print(
        "| network | operations of an update | threads taken | 1 thread, microseconds | 2 threads | 1 / 2 |"
    )
    print("|---|---|---|---|---|---|")
    for name, model, shape, batch in NETWORKS:
        inputs = generator.normal(size=(SAMPLES, *shape)).astype(np.float32)
        task = Task(model=model, train=(inputs, generator.integers(0, 10, SAMPLES)), batch_size=batch)
        with Work.of(task, Options()) as work:
            spec = work.setting.final(0.01, (0.9, 0.9), 0.0)
        trainer = build(task, spec)
        asked_for = task, spec, trainer.model
        worth, found = threads.worth(*asked_for) or 1, threads.operations(*asked_for)
        turns = [(microseconds(trainer, 1), microseconds(trainer, 2)) for _ in range(TURNS)]
        one, two = np.median(turns, axis=0)
        print(
            f"| {name} | {found / 1e6:.1f} million | {min(2, worth)} | {one:.0f} | {two:.0f} | "
            f"{one / two:.2f} |", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
