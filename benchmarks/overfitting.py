"""How much more weight decay does a whole run want that overfits, and what does ``tune`` give it?

    python benchmarks/overfitting.py [noisy moons normalised images] [--seed 0]

Tasks that a network learns by heart long before its run is over. ``tune`` as it is, then whole runs with its
rate and momentum and 3 to 320 times the weight decay that its short runs chose. ``images`` reads CIFAR-10
(``WELLBEGUN_DATA``).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification, make_moons
from torch import nn

from wellbegun.curve import Run
from wellbegun.diagnosis.course import last
from wellbegun.job import Options, Work
from wellbegun.search.correction import STEP
from wellbegun.search.learning_rate import round_to
from wellbegun.search.plan import Batch, Plan
from wellbegun.spec import RunSpec
from wellbegun.training.task import Task
from wellbegun.tune import tune
from wellbegun.zoo.data import cifar10
from wellbegun.zoo.data._base import data_folder

TIMES = (3.2, 10, 32, 100, 320)


def perceptron(
    widths: Sequence[int], norm: bool = False, activation: type[nn.Module] = nn.ReLU
) -> nn.Sequential:
    """Linear layers with an activation in between, and batch norm if asked for."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths[:-1]):
        layers += [nn.Linear(before, after), *([nn.BatchNorm1d(after)] if norm else []), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def small_cnn() -> nn.Sequential:
    """Two convolutions and two linear layers for images of 32 x 32."""

    def block(channels: int, maps: int) -> list[nn.Module]:
        return [nn.Conv2d(channels, maps, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

    head = [nn.Flatten(), nn.Linear(64 * 64, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*block(3, 32), *block(32, 64), *head)


def noisy() -> Task:
    """6,000 rows of 40 features, a fifth of the labels at random."""
    x, y = make_classification(6000, 40, n_informative=15, n_classes=4, flip_y=0.2, random_state=1)
    data = x.astype(np.float32), y
    return Task(model=lambda: perceptron((40, 256, 256, 4)), train=data, epochs=30, batch_size=64)


def moons() -> Task:
    """400 points in two half circles that overlap."""
    x, y = make_moons(400, noise=0.35, random_state=0)
    data = x.astype(np.float32), y
    return Task(model=lambda: perceptron((2, 128, 128, 128, 2)), train=data, epochs=150, batch_size=32)


def normalised() -> Task:
    """5,000 rows of 30 features, a tenth of the labels at random, batch norm."""
    x, y = make_classification(5000, 30, n_informative=10, n_classes=5, flip_y=0.1, random_state=3)
    data = x.astype(np.float32), y
    return Task(model=lambda: perceptron((30, 256, 256, 5), True), train=data, epochs=40, batch_size=64)


def images() -> Task:
    """1,500 images of CIFAR-10."""
    x, y = cifar10.read(data_folder()).train
    return Task(model=small_cnn, train=(x[:1500], y[:1500]), epochs=30, batch_size=64)


MAKERS: dict[str, Callable[[], Task]] = {
    "noisy": noisy, "moons": moons, "normalised": normalised, "images": images,
}  # fmt: skip


def _asked(specs: Sequence[RunSpec]) -> Plan[list[Run]]:
    return (yield Batch.of("whole runs", specs))


def main() -> None:
    """A paragraph per task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["noisy", "moons", "normalised"], choices=list(MAKERS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.tasks:
        with tempfile.TemporaryDirectory() as place:
            task, store = MAKERS[name](), Path(place)
            found = tune(task, seed=options.seed, store=store)
            told = [finding.reason for finding in found.findings if finding.name == STEP]
            assert found.final is not None
            spec = found.final.spec
            chosen = next(f.choice for f in found.findings if f.name == "weight decay")
            asked = [spec.but(weight_decay=round_to(chosen * times, 1)) for times in TIMES]
            with Work.of(task, Options(seed=options.seed, store=store)) as work:
                runs = work.drive(_asked(asked), {})
        print(f"{name}: lr_max {found.lr_max:g}, {found.restarts} restarts. {' '.join(told)}")
        print("   " + ", ".join(f"{run.spec.weight_decay:g}: {last(run):.4g}" for run in runs))


if __name__ == "__main__":
    main()
