"""CIFAR-10: 50,000 + 10,000 colour images of 10 classes, 32 x 32."""

from __future__ import annotations

from pathlib import Path

from wellbegun.zoo.data import _cifar
from wellbegun.zoo.data._base import Arrays

BINARY = _cifar.Version(
    archive="cifar-10-binary.tar.gz",
    folder="cifar-10-batches-bin",
    train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    test=("test_batch.bin",),
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    label=1,
)
PYTHON = _cifar.Version(
    archive="cifar-10-python.tar.gz",
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{i}" for i in range(1, 6)),
    test=("test_batch",),
    md5="c58f30108f718f92721af3b95e74349a",
    label=b"labels",
)


def read(folder: Path) -> Arrays:
    """CIFAR-10 out of ``folder``: cifar10.npz, else an original archive or its folder, else a download.

    Raises:
        TaskError: the files are damaged, or missing and not to be had.
    """
    return _cifar.read("cifar10", BINARY, PYTHON, folder)
