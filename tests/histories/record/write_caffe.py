"""Write small logs in the format of ``caffe train``, by hand: Caffe could not be installed here.

The lines follow the log calls of BVLC Caffe 1.0 (src/caffe/solver.cpp, src/caffe/solvers/sgd_solver.cpp). The
numbers are invented; the sidecars say what a reader must find.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from task import FIXTURES, write_sidecar


class Log:
    """Lines as glog prints them: severity, date, time, thread, place in the source."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.clock = 0

    def say(self, place: str, text: str) -> None:
        self.clock += 1
        minutes, seconds = divmod(self.clock, 60)
        stamp = f"I0102 03:{minutes:02d}:{seconds:02d}.{self.clock * 7919 % 1_000_000:06d}"
        self.lines.append(f"{stamp}  4242 {place}] {text}")

    def write(self, name: str) -> None:
        path = FIXTURES / "caffe" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")


def loss(iteration: int) -> float:
    return float(f"{0.4 + 1.9 * math.exp(-iteration / 300) + 0.01 * (iteration * 7 % 5):.6g}")


def rate(iteration: int) -> float:
    return float(f"{0.01 * (1 + 0.0001 * iteration) ** -0.75:.6g}")


def opening(log: Log) -> None:
    log.say("caffe.cpp:197", "Use CPU.")
    log.say("solver.cpp:45", "Initializing solver from parameters: ")
    log.lines += [
        "test_iter: 100",
        "test_interval: 100",
        "base_lr: 0.01",
        'lr_policy: "inv"',
        "max_iter: 1000",
    ]
    log.say("caffe.cpp:239", "Starting Optimization")
    log.say("solver.cpp:293", "Solving LeNet")
    log.say("solver.cpp:294", "Learning Rate Policy: inv")


def test(log: Log, iteration: int, outputs: dict[str, tuple[float, float | None]]) -> None:
    log.say("solver.cpp:354", f"Iteration {iteration}, Testing net (#0)")
    for place, (name, (value, weight)) in enumerate(outputs.items()):
        tail = "" if weight is None else f" (* {weight:g} = {weight * value:g} loss)"
        log.say("solver.cpp:421", f"    Test net output #{place}: {name} = {value:g}{tail}")


def train(log: Log, iteration: int, value: float, outputs: dict[str, tuple[float, float]]) -> None:
    log.say("solver.cpp:239", f"Iteration {iteration} (5.5 iter/s, 9.1s/50 iters), loss = {value:g}")
    for place, (name, (part, weight)) in enumerate(outputs.items()):
        tail = f" (* {weight:g} = {weight * part:g} loss)"
        log.say("solver.cpp:258", f"    Train net output #{place}: {name} = {part:g}{tail}")
    log.say("sgd_solver.cpp:112", f"Iteration {iteration}, lr = {rate(iteration):g}")


def steps(start: int, stop: int, every: int) -> Iterator[int]:
    yield from range(start, stop, every)


def plain() -> None:
    """One solver, one loss; a test at 0, another at the end."""
    log, seen = Log(), {"val_loss": [], "val_accuracy": [], "train_loss": [], "lr": []}
    opening(log)
    for iteration in steps(0, 1001, 50):
        if iteration % 100 == 0:
            value, right = float(f"{1.05 * loss(iteration):.6g}"), float(f"{1 - loss(iteration) / 3:.4g}")
            test(log, iteration, {"accuracy": (right, None), "loss": (value, 1.0)})
            seen["val_loss"].append((iteration, value))
            seen["val_accuracy"].append((iteration, right))
        if iteration < 1000:
            train(log, iteration, loss(iteration), {"loss": (loss(iteration), 1.0)})
            seen["train_loss"].append((iteration, loss(iteration)))
            seen["lr"].append((iteration, rate(iteration)))
    log.say("caffe.cpp:254", "Optimization Done.")
    log.write("lenet.log")
    write_sidecar("caffe/lenet.expected.json", **seen)


def three_heads_two_solvers_resumed() -> None:
    """Each of two solvers prints; three losses; stopped after 450, resumed from the snapshot at 300."""
    log, tests, trained = Log(), {}, {}
    opening(log)
    for part, (start, stop) in enumerate(((0, 500), (300, 900))):
        if part:
            log.say("caffe.cpp:246", "Resuming from snapshots/net_iter_300.solverstate")
            log.say("sgd_solver.cpp:316", "SGDSolver: restoring history")
        for iteration in steps(start, stop, 50):
            shift = 0.02 * part
            if iteration % 100 == 0:
                value = float(f"{1.1 * loss(iteration) + shift:.6g}")
                right = float(f"{0.7 - loss(iteration) / 4 - shift:.4g}")
                for _solver in range(2):
                    test(log, iteration, {
                        "loss1/loss1": (2 * value, 0.3), "loss1/top-1": (right / 2, None),
                        "loss2/loss2": (1.5 * value, 0.3), "loss2/top-1": (right / 1.5, None),
                        "loss3/loss3": (value, 1.0), "loss3/top-1": (right, None),
                        "loss3/top-5": (right + 0.2, None),
                    })  # fmt: skip
                tests.setdefault(iteration, (value, right)) if iteration <= 300 else tests.update(
                    {iteration: (value, right)}
                )
            values = [round(loss(iteration) + shift + 0.1 * solver, 6) for solver in range(2)]
            for value in values:
                train(log, iteration, value, {"loss3/loss3": (value, 1.0)})
            trained[iteration] = (trained.get(iteration, []) if iteration <= 300 else []) + values
    log.write("googlenet_resumed.log")
    write_sidecar(
        "caffe/googlenet_resumed.expected.json",
        val_loss=[(i, value) for i, (value, _) in sorted(tests.items())],
        val_accuracy=[(i, right) for i, (_, right) in sorted(tests.items())],
        train_loss=[(i, value) for i, values in sorted(trained.items()) for value in values],
        lr=[(i, rate(i)) for i in sorted(trained)],
    )


plain()
three_heads_two_solvers_resumed()
