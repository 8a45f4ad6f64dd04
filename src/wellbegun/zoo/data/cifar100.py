"""CIFAR-100: 50,000 + 10,000 colour images of 100 classes (the fine labels), 32 x 32."""

from __future__ import annotations

from pathlib import Path

from wellbegun.zoo.data import _cifar
from wellbegun.zoo.data._base import Arrays

BINARY = _cifar.Version(
    archive="cifar-100-binary.tar.gz",
    folder="cifar-100-binary",
    train=("train.bin",),
    test=("test.bin",),
    md5="03b5dce01913d631647c71ecec9e9cb8",
    label=2,
)
PYTHON = _cifar.Version(
    archive="cifar-100-python.tar.gz",
    folder="cifar-100-python",
    train=("train",),
    test=("test",),
    md5="eb9058c3a382ffc7106e4002c42a8d85",
    label=b"fine_labels",
)


def read(folder: Path) -> Arrays:
    """CIFAR-100 out of ``folder``: cifar100.npz, else an original archive or its folder, else a download.

    Raises:
        TaskError: the files are damaged, or missing and not to be had.
    """
    return _cifar.read("cifar100", BINARY, PYTHON, folder)
