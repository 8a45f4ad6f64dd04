"""Samples per second of the engine against a plain PyTorch loop: ``python benchmarks/throughput.py``.

The plain loop is what people write: fp32, NCHW, a DataLoader over a TensorDataset of normalised floats,
torch.optim.SGD, loss.item() in every step. Both train the same network on the same data with the same batch
size and hyper-parameters, in turns, so that a busy machine slows both. The ratio of a turn is engine / plain.
Each has a process of its own, the engine's set up as the command line and the workers set theirs up.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from throughput_sides import (
    CLOCKS,
    PARTS,
    SETTINGS,
    Engine,
    Plain,
    Side,
    choose_clock,
    clock,
    clock_name,
    load,
)
from wellbegun.runs.executors.process_pool import keep_memory
from wellbegun.training.engine import precision

TARGET = 3.0
VALIDATION = 5000


class Remote:
    """A side in a process of its own; every method returns what it measured there."""

    def __init__(self, link: Connection) -> None:
        self._link = link

    def ask(self, *question: Any) -> Any:
        self._link.send(question)
        answer = self._link.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def train(self, updates: int) -> float:
        """Seconds that so many updates take."""
        return float(self.ask("train", updates))

    def parts(self, updates: int) -> dict[str, float]:
        """Seconds per update of each part, and of an evaluation."""
        found: dict[str, float] = self.ask("parts", updates)
        return found


@contextmanager
def process(side: str, network: str, data_dir: Path | None, asked: str, clock_name: str) -> Iterator[Remote]:
    """One side in a fresh process, stopped at the end."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(
        target=serve, args=(there, side, network, data_dir, asked, clock_name), daemon=True
    )
    child.start()
    there.close()
    try:
        yield Remote(here)
    finally:
        here.close()
        child.join(10)


def serve(
    link: Connection, side: str, network: str, data_dir: Path | None, asked: str, clock_name: str
) -> None:
    """Answer the questions of a Remote until it hangs up."""
    if side == "engine":
        keep_memory()
    choose_clock(clock_name)
    setting = SETTINGS[network]
    x, y, source = load(setting, data_dir)
    train, validation = (x[:-VALIDATION], y[:-VALIDATION]), (x[-VALIDATION:], y[-VALIDATION:])
    runner: Side
    if side == "engine":
        runner = Engine(setting, train, validation, asked)
        about = {"data": source, "precision": runner.precision}
    else:
        runner, about = Plain(setting, train, validation), {}
    answers: dict[str, Callable[..., Any]] = {
        "about": lambda: about,
        "updates": lambda seconds: _updates(runner, seconds),
        "train": lambda updates: _timed(runner.train, updates),
        "parts": lambda updates: runner.parts(updates) | {"evaluation": _timed(runner.evaluate)},
    }
    while True:
        try:
            name, *values = link.recv()
        except EOFError:
            return
        try:
            link.send(answers[name](*values))
        except Exception as error:
            link.send(error)


def compare(
    name: str, data_dir: Path | None, repeats: int, seconds: float, asked: str, clock_name: str
) -> dict[str, Any]:
    """Both sides in turns: the results of one network as a JSON object."""
    with (
        process("plain", name, data_dir, asked, clock_name) as plain,
        process("engine", name, data_dir, asked, clock_name) as engine,
    ):
        sides = {"plain": plain, "engine": engine}
        about = engine.ask("about")
        updates = {side: remote.ask("updates", seconds) for side, remote in sides.items()}
        speed: dict[str, list[float]] = {side: [] for side in sides}
        parts: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
        for turn in range(repeats):
            for side in sorted(sides, reverse=turn % 2 == 0):  # who goes first changes from turn to turn
                taken = sides[side].train(updates[side])
                speed[side].append(updates[side] * SETTINGS[name].batch_size / taken)
                parts[side].append(sides[side].parts(max(2, updates[side] // 4)))
    ratios = [fast / slow for fast, slow in zip(speed["engine"], speed["plain"], strict=True)]
    middle = {
        side: {part: statistics.median(one[part] for one in found) for part in (*PARTS, "evaluation")}
        for side, found in parts.items()
    }
    return about | {
        "network": name, "batch_size": SETTINGS[name].batch_size, "validation_samples": VALIDATION,
        "updates_per_turn": updates, "samples_per_second": speed, "ratio": ratios,
        "ratio_median": statistics.median(ratios), "seconds": middle,
    }  # fmt: skip


def show(result: dict[str, Any]) -> None:
    """The result of one network as text."""
    title = f"{result['network']}, batch {result['batch_size']}, engine in {result['precision']}"
    print(f"\n{title}; {result['data']}")
    for side, values in result["samples_per_second"].items():
        spread = f"{min(values):,.0f} to {max(values):,.0f} in {len(values)} turns"
        print(f"  {side:7} {statistics.median(values):9,.0f} samples/s   {spread}")
    ratios, middle = result["ratio"], result["ratio_median"]
    verdict = f"target {TARGET:g}: {'reached' if middle >= TARGET else 'MISSED'}"
    print(f"  ratio   {middle:9.2f}             {min(ratios):.2f} to {max(ratios):.2f}; {verdict}")
    print(f"  {'milliseconds':24}{'plain':>9}{'engine':>9}{'ratio':>8}")
    plain, engine = result["seconds"]["plain"], result["seconds"]["engine"]
    for part in (*PARTS, "evaluation"):
        label = f"{part} of {result['validation_samples']}" if part == "evaluation" else f"{part} of a step"
        ratio = plain[part] / engine[part] if engine[part] else float("inf")
        print(f"  {label:24}{1000 * plain[part]:9.2f}{1000 * engine[part]:9.2f}{ratio:8.1f}")


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    return {
        "processor": _processor(), "threads": torch.get_num_threads(), "clock": clock_name(),
        "torch": torch.__version__, "python": platform.python_version(), "bf16": precision.has_bf16("cpu"),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--network", choices=SETTINGS, action="append", help="one of them only; default: both"
    )
    parser.add_argument(
        "--data-dir", type=Path, help="folder with mnist.npz and cifar10.npz; default: random images"
    )
    parser.add_argument("--repeats", type=int, default=5, help="turns of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a turn, about (default 3)")
    parser.add_argument(
        "--precision", default="auto", help="of the engine: auto, fp32 or bf16 (default auto)"
    )
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu: one thread and its CPU time, for a busy machine"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args()
    if options.repeats < 1 or not options.seconds > 0:
        parser.error(f"--repeats must be >= 1 and --seconds > 0, got {options.repeats} and {options.seconds}")
    choose_clock(options.clock)
    found = machine()
    print(", ".join(f"{name} {value}" for name, value in found.items()))
    results = []
    for name in options.network or SETTINGS:
        results.append(
            compare(
                name, options.data_dir, options.repeats, options.seconds, options.precision, options.clock
            )
        )
        show(results[-1])
    if options.json:
        options.json.write_text(
            json.dumps({"machine": found, "target": TARGET, "results": results}, indent=1) + "\n"
        )


def _timed(call: Callable[..., None], *arguments: Any) -> float:
    start = clock()
    call(*arguments)
    return clock() - start


def _updates(side: Side, seconds: float) -> int:
    """How many updates fill a turn; warms the side up on the way."""
    side.train(5)
    side.evaluate()
    return max(4, round(seconds * 10 / _timed(side.train, 10)))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} x {len(names)}" if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
