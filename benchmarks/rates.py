"""Is the rate that ``tune`` recommends the best one, where a run is a few epochs long?

    python -m benchmarks.rates [rows friedman plane perceptron tanh cnn images] [--searches 3] [--seeds 3]

Networks without normalisation layers, on tasks of 2 to 5 epochs that are none of the quality benchmark's.
``tune`` with several seeds; then whole runs with fresh seeds at half, once and twice the rate that the range
tests of the first search chose (its momentum and weight decay). From ``perceptron`` on the tasks read MNIST
and CIFAR-10 (``WELLBEGUN_DATA``).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from benchmarks.overfitting import perceptron
from sklearn.datasets import make_classification, make_friedman1
from torch import nn

from wellbegun.curve import Run
from wellbegun.diagnosis.course import last
from wellbegun.job import Options, Work
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.recommendation import Recommendation
from wellbegun.spec import RunSpec
from wellbegun.training.task import Task
from wellbegun.tune import tune
from wellbegun.zoo.data import cifar10, mnist
from wellbegun.zoo.data._base import data_folder

TIMES = (0.5, 1.0, 2.0)
FIRST = 100
"""Seeds of whole runs: no search has seen them."""


def rows() -> Task:
    """40,000 rows of 40 features, 6 classes."""
    x, y = make_classification(
        40_000, 40, n_informative=20, n_classes=6, n_clusters_per_class=4, random_state=1
    )
    data = x.astype(np.float32), y
    return Task(model=lambda: perceptron((40, 128, 128, 128, 6)), train=data, epochs=4)


def friedman() -> Task:
    """A function of 10 features with noise, 30,000 rows."""
    x, y = make_friedman1(30_000, noise=0.5, random_state=0)
    target = ((y - y.mean()) / y.std()).astype(np.float32)[:, None]
    data = x.astype(np.float32), target
    return Task(model=lambda: perceptron((10, 64, 64, 1)), train=data, epochs=3, batch_size=64)


def plane() -> Task:
    """20,000 points of a plane, two classes with a winding border."""
    x = (6 * np.random.default_rng(0).random((20_000, 2)) - 3).astype(np.float32)
    y = (np.sin(2 * x[:, 0]) + x[:, 1] * np.cos(x[:, 0]) > 0).astype(np.int64)
    return Task(model=lambda: perceptron((2, 64, 64, 64, 2)), train=(x, y), epochs=5, batch_size=64)


def flat(activation: type[nn.Module] = nn.ReLU, hidden: Sequence[int] = (256, 256)) -> nn.Sequential:
    """A perceptron for images of MNIST."""
    return nn.Sequential(nn.Flatten(), *perceptron((784, *hidden, 10), activation=activation))


def small_cnn(channels: int, size: int) -> nn.Sequential:
    """Two convolutions and one linear layer."""

    def block(before: int, after: int) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

    head = nn.Flatten(), nn.Linear(32 * (size // 4) ** 2, 10)
    return nn.Sequential(*block(channels, 16), *block(16, 32), *head)


def on_mnist(model: Callable[[], nn.Module], samples: int, epochs: float, batch_size: int) -> Task:
    """The first images of MNIST."""
    x, y = mnist.read(data_folder()).train
    return Task(model=model, train=(x[:samples], y[:samples]), epochs=epochs, batch_size=batch_size)


def images() -> Task:
    """20,000 images of CIFAR-10."""
    x, y = cifar10.read(data_folder()).train
    data = x[:20_000], y[:20_000]
    return Task(model=lambda: small_cnn(3, 32), train=data, epochs=4, batch_size=64)


MAKERS: dict[str, Callable[[], Task]] = {
    "rows": rows, "friedman": friedman, "plane": plane,
    "perceptron": lambda: on_mnist(flat, 40_000, 3, 128),
    "tanh": lambda: on_mnist(lambda: flat(nn.Tanh, (128, 128, 128)), 30_000, 2, 64),
    "cnn": lambda: on_mnist(lambda: small_cnn(1, 28), 30_000, 2, 64),
    "images": images,
}  # fmt: skip


def _asked(specs: Sequence[RunSpec]) -> Plan[list[Run]]:
    return (yield Batch.of("whole runs", specs))


def _told(found: Recommendation) -> str:
    """A search in a line."""
    assert found.final is not None
    first = next(f.choice["lr_max"] for f in found.findings if f.name == "learning rate")
    kept = "" if found.lr_max == first else f" (range tests: {first:g})"
    cost = found.cost.iterations / found.iterations
    end = f"{last(found.final):.4g} after {cost:.1f} final runs, {found.restarts} restarts"
    return f"lr_max {found.lr_max:g}{kept}, weight decay {found.weight_decay:g}: {end}"


def main() -> None:
    """A paragraph per task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["rows", "friedman", "plane"], choices=list(MAKERS))
    parser.add_argument("--searches", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for name in options.tasks:
        with tempfile.TemporaryDirectory() as place:
            task, store = MAKERS[name](), Path(place)
            found = [tune(task, seed=seed, store=store) for seed in range(options.searches)]
            print(name, *(f"   seed {seed}: {_told(one)}" for seed, one in enumerate(found)), sep="\n")
            first = found[0]
            rate = next(f.choice["lr_max"] for f in first.findings if f.name == "learning rate")
            pair = first.momentum_max, first.momentum_min
            seeds = range(FIRST, FIRST + options.seeds)
            with Work.of(task, Options(store=store)) as work:
                for times in TIMES:
                    spec = work.setting.final(times * rate, pair, first.weight_decay)
                    runs = work.drive(_asked([spec.but(seed=seed) for seed in seeds]), {})
                    ends = ", ".join(f"{last(run):.4g}" for run in runs)
                    print(
                        f"   {times * rate:.2g}, whole runs: {ends}; mean {np.mean([*map(last, runs)]):.4g}"
                    )


if __name__ == "__main__":
    main()
