"""How far does a learning rate rise before training becomes unstable, over how many updates?

    python benchmarks/pace.py [digits moons cancer gru lstm] [--seeds 8]

Linear ramps of 40 to 320 updates up to the same rate, with falling momentum, several seeds each; then k of
edge ~ n ** k, n the updates to the edge; and how far each came down, as a share of the untrained network's
loss. The recipe's own k is ``SLOWER`` in ``search/learning_rate.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, make_moons
from torch import Tensor, nn

from wellbegun.curve import Run
from wellbegun.diagnosis.course import lowest
from wellbegun.job import Options, Work
from wellbegun.search.learning_rate import SLOWER, edges_of
from wellbegun.search.plan import Batch, Plan
from wellbegun.training.task import Task
from wellbegun.zoo.tasks import by_name

LENGTHS = (40, 80, 160, 320)


class Recurrent(nn.Module):
    """A GRU whose last state says which class a sequence is of."""

    def __init__(self) -> None:
        super().__init__()
        self.states, self.out = nn.GRU(8, 32, batch_first=True), nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        """float[N, 20, 8] to float[N, 4]."""
        result: Tensor = self.out(self.states(x)[0][:, -1])
        return result


class Tokens(nn.Module):
    """An LSTM over embedded tokens, whose last state says which class a sequence is of."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.states = nn.Embedding(12, 32), nn.LSTM(32, 64, batch_first=True)
        self.out = nn.Linear(64, 12)

    def forward(self, x: Tensor) -> Tensor:
        """int64[N, 24] to float[N, 12]."""
        result: Tensor = self.out(self.states(self.embedding(x))[0][:, -1])
        return result


def moons() -> Task:
    """Two half circles, a perceptron of two hidden layers."""
    x, y = make_moons(4000, noise=0.2, random_state=0)

    def model() -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
        )  # fmt: skip

    return _task("moons", model, x, y, 64, 10)


def cancer() -> Task:
    """569 rows of 30 measurements, a perceptron of one hidden layer."""
    data = load_breast_cancer()
    x = (data.data - data.data.mean(0)) / data.data.std(0)
    return _task(
        "cancer",
        lambda: nn.Sequential(nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 2)),
        x,
        data.target,
        32,
        20,
    )


def gru() -> Task:
    """Sequences by the sign of a sum over 20 steps, and of one number in the last."""
    x = np.random.default_rng(0).standard_normal((3000, 20, 8))
    y = (x[:, :, 0].sum(1) > 0) * 2 + (x[:, -1, 1] > 0)
    return _task("gru", Recurrent, x, y, 50, 8)


def lstm() -> Task:
    """Sequences of tokens, by the sum of the last two modulo 12; it is learned all at once."""
    x = np.random.default_rng(0).integers(0, 12, (4000, 24))
    return _task("lstm", Tokens, x, (x[:, -1] + x[:, -2]) % 12, 32, 10)


def _task(name: str, model: Callable[[], nn.Module], x: Any, y: Any, batch_size: int, epochs: float) -> Task:
    data = (x if x.dtype == np.int64 else x.astype(np.float32), y.astype(np.int64))
    return Task(name=name, model=model, train=data, batch_size=batch_size, epochs=epochs)


TASKS = {
    "digits": (lambda: by_name("digits"), 1.0),
    "moons": (moons, 3.0),
    "cancer": (cancer, 1.5),
    "gru": (gru, 4.0),
    "lstm": (lstm, 4.0),
}
"""Task, and the rate that its ramps go to: well past its edges."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(TASKS), metavar="|".join(TASKS))
    parser.add_argument("--seeds", type=int, default=8)
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(TASKS):
        parser.error(f"a task is one of {', '.join(TASKS)}, got {', '.join(sorted(unknown))}")
    for name in asked.names:
        make, top = TASKS[name]
        with Work.of(make(), Options()) as work:
            rows = [_row(work, length, top, asked.seeds) for length in LENGTHS]
        for length, (edge, updates, spread, share) in zip(LENGTHS, rows, strict=True):
            print(
                f"{name}, {length} updates to {top:g}: edge {edge:.3g} after {updates:.0f}, "
                f"spread {spread:.0%}, loss down to {share:.2f}"
            )
        logs = np.log([row[:2] for row in rows])
        print(
            f"{name}: k = {np.polyfit(logs[:, 1], logs[:, 0], 1)[0]:.2f}; the recipe's is {SLOWER:g}",
            flush=True,
        )


def _row(work: Work, length: int, top: float, seeds: int) -> tuple[float, float, float, float]:
    """Geometric mean of the edges, of the updates to them, the spread of the edges' logarithm, and the share.

    The share is the lowest loss over the untrained network's, the median over seeds.
    """
    setting = replace(work.setting, length=length)
    spec = setting.ramp(top, setting.falling(0.95, 0.85), 1e-4)

    def plan() -> Plan[list[Run]]:
        return (yield Batch.of("ramps", [spec.but(seed=seed) for seed in range(seeds)]))

    runs = work.drive(plan(), {})
    edges = np.log(list(edges_of(runs, top).values()))
    edge = float(np.exp(edges.mean()))
    share = float(np.median([lowest(run) / run.curve.val_loss[0] for run in runs]))
    return edge, length * edge / top, float(edges.std()), share


if __name__ == "__main__":
    main()
