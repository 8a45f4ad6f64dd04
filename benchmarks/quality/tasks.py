"""The six tasks: of different kinds, hard enough that settings matter, about 30 s per training on one core.

Every one has training data, a validation part that contestants choose by, and a test part that scores. The
lengths were chosen by ``python -m benchmarks.quality time``; ``quick`` shrinks a task to a rehearsal of
seconds.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.quality.networks import plain8, transformer
from numpy.typing import NDArray
from sklearn.datasets import make_classification

from wellbegun.errors import TaskError
from wellbegun.training.task import Task
from wellbegun.zoo.data import cifar10, mnist
from wellbegun.zoo.data._base import Arrays, data_folder
from wellbegun.zoo.models.cifar3 import cifar3
from wellbegun.zoo.models.lenet import lenet
from wellbegun.zoo.models.mlp import mlp
from wellbegun.zoo.models.resnet import resnet20

QUICK, QUICK_EPOCHS = 512, 3.0
"""Training samples and epochs of a rehearsal; a quarter as many samples validate and test."""
SYMBOLS, CONTEXT = 97, 64
"""Printable ASCII, line feed and everything else; characters that the transformer sees at once."""
READ = (
    "argparse", "ast", "bdb", "codecs", "configparser", "dataclasses", "datetime", "difflib", "doctest",
    "enum",
    "fractions", "ftplib", "functools", "heapq", "imaplib", "inspect", "ipaddress", "locale",
    "mailbox", "optparse", "pathlib", "pdb",
)  # fmt: skip
CHOSEN_BY, SCORED_BY = (
    ("plistlib", "shutil", "statistics", "tarfile"),
    ("threading", "typing", "uuid", "zipfile"),
)
"""Modules of the standard library whose source is learned, chosen by, and scored by: whole files."""


@dataclass(frozen=True)
class Entry:
    """A task of the benchmark."""

    name: str
    says: str  # what it is, for the table
    make: Callable[[], Task]

    def task(self, quick: bool = False) -> Task:
        """The task, or its rehearsal."""
        task = self.make()
        return _shrunk(task) if quick else task


def cifar3_part() -> Task:
    """The report's 3-layer network on 8,000 images of CIFAR-10."""
    return _images("cifar3", cifar3, _cifar(), (8000, 2000, 4000), 32, 6.0, inputs="subtract_mean")


def resnet20_part() -> Task:
    """A batch-norm resnet-20 on 8,000 images of CIFAR-10 at 16 x 16."""
    return _images(
        "resnet20", resnet20, _small_cifar(), (8000, 2000, 4000), 64, 6.0,
        inputs="subtract_mean", augment=("mirror",),
    )  # fmt: skip


def plain8_part() -> Task:
    """Eight convolutions without batch norm on 10,000 images of CIFAR-10 at 16 x 16."""
    return _images("plain8", plain8, _small_cifar(), (10_000, 2000, 4000), 64, 6.0, augment=("mirror",))


def lenet_part() -> Task:
    """LeNet on 20,000 images of MNIST."""
    return _images("lenet", lenet, _mnist(), (20_000, 5000, 5000), 128, 3.0, inputs="divide_256")


def tabular() -> Task:
    """A perceptron on 20,000 rows whose classes are clusters at corners of a cube: interactions alone."""
    x, y = make_classification(
        n_samples=30_000, n_features=24, n_informative=12, n_redundant=4, n_classes=5, n_clusters_per_class=8,
        class_sep=1.0, flip_y=0.03, random_state=0,
    )  # fmt: skip
    x = ((x - x[:20_000].mean(0)) / x[:20_000].std(0)).astype(np.float32)
    parts = [(x[rows], y[rows].astype(np.int64)) for rows in _cuts((20_000, 5000, 5000))]
    model = partial(mlp, classes=5, features=24, hidden=512, layers=3)
    return Task(
        name="tabular", model=model, train=parts[0], validation=parts[1], test=parts[2], batch_size=128,
        epochs=25.0,
    )  # fmt: skip


def text() -> Task:
    """A small transformer that reads Python's own sources, with AdamW."""
    train, validation, test = (_windows(names) for names in (READ, CHOSEN_BY, SCORED_BY))
    return Task(
        name="text", model=transformer, train=_every(train, 12_000), validation=_every(validation, 1000),
        test=_every(test, 1000), optimizer="adamw", batch_size=32, epochs=2.0, decay_bias_and_norm=False,
    )  # fmt: skip


TASKS = {
    entry.name: entry
    for entry in (
        Entry("lenet", "LeNet, 20,000 images of MNIST", lenet_part),
        Entry("tabular", "perceptron, 20,000 rows of make_classification", tabular),
        Entry("cifar3", "the report's 3-layer network, 8,000 images of CIFAR-10", cifar3_part),
        Entry(
            "plain8", "8 convolutions without batch norm, 10,000 images of CIFAR-10 at 16 x 16", plain8_part
        ),
        Entry("resnet20", "resnet-20 with batch norm, 8,000 images of CIFAR-10 at 16 x 16", resnet20_part),
        Entry("text", "transformer with AdamW, characters of Python's own sources", text),
    )
}
"""By name."""


def _images(
    name: str,
    model: Any,
    arrays: Arrays,
    sizes: tuple[int, int, int],
    batch_size: int,
    epochs: float,
    **more: Any,
) -> Task:
    """A task on the first images: training and validation from the training part, test from the test part."""
    x, y = arrays.train
    train, validation, _ = _cuts(sizes)
    assert arrays.test is not None
    fitted = partial(model, size=x.shape[1:3]) if name in ("cifar3", "lenet") else model
    return Task(
        name=name, model=fitted, train=(x[train], y[train]), validation=(x[validation], y[validation]),
        test=(arrays.test[0][: sizes[2]], arrays.test[1][: sizes[2]]), batch_size=batch_size, epochs=epochs,
        **more,
    )  # fmt: skip


def _cuts(sizes: tuple[int, int, int]) -> tuple[slice, slice, slice]:
    """Three stretches, one behind the other."""
    a, b, c = np.cumsum(sizes).tolist()
    return slice(0, a), slice(a, b), slice(b, c)


@cache
def _cifar() -> Arrays:
    return cifar10.read(data_folder(None))


@cache
def _small_cifar() -> Arrays:
    return _halved(_cifar())


@cache
def _mnist() -> Arrays:
    return mnist.read(data_folder(None))


def _halved(arrays: Arrays) -> Arrays:
    """Images at half their resolution: means of 2 x 2 pixels."""

    def half(images: NDArray[Any]) -> NDArray[Any]:
        _, height, width, channels = images.shape
        blocks = images[:30_000].reshape(-1, height // 2, 2, width // 2, 2, channels)
        small: NDArray[Any] = np.round(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
        return small

    assert arrays.test is not None
    (x, y), (x_test, y_test) = arrays.train, arrays.test
    return replace(arrays, train=(half(x), y[:30_000]), test=(half(x_test), y_test[:30_000]))


def _windows(modules: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stretches of the modules' sources, and the same one character on."""
    sources = [_source(name) for name in modules]
    codes = np.frombuffer("\n".join(sources).encode("ascii", "replace"), dtype=np.uint8).astype(np.int64)
    codes = np.where((codes >= 32) & (codes < 127), codes - 32, np.where(codes == 10, 95, 96))
    rows = (len(codes) - 1) // CONTEXT
    cut = rows * CONTEXT
    return codes[:cut].reshape(rows, CONTEXT), codes[1 : cut + 1].reshape(rows, CONTEXT)


def _source(module: str) -> str:
    path = Path(sysconfig.get_path("stdlib")) / f"{module}.py"
    if not path.is_file():
        raise TaskError(f"the text is read from Python's own sources, got no file {path}; install them")
    return path.read_text(encoding="utf-8")


def _every(part: tuple[NDArray[Any], NDArray[Any]], most: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most so many rows, spread evenly."""
    rows = np.linspace(0, len(part[0]) - 1, min(most, len(part[0]))).astype(int)
    return part[0][rows], part[1][rows]


def _shrunk(task: Task) -> Task:
    """The first samples of every part, a few epochs."""

    def first(part: Any, count: int) -> tuple[Any, Any]:
        return part[0][:count], part[1][:count]

    return replace(
        task, name=f"{task.name}-quick", epochs=QUICK_EPOCHS, batch_size=16, train=first(task.train, QUICK),
        validation=first(task.validation, QUICK // 4), test=first(task.test, QUICK // 4),
    )  # fmt: skip
