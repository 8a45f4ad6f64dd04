"""MNIST: 60,000 + 10,000 grey images of handwritten digits, 28 x 28."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellbegun.errors import TaskError
from wellbegun.zoo.data import npz
from wellbegun.zoo.data._base import Arrays, checked
from wellbegun.zoo.data._fetch import Original, fetch

_HOSTS = ("http://yann.lecun.com/exdb/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
ORIGINALS = tuple(Original(name, md5, tuple(host + name for host in _HOSTS)) for name, md5 in _MD5.items())


def read(folder: Path) -> Arrays:
    """MNIST out of ``folder``: mnist.npz, else the four original idx files, else downloaded into it.

    Raises:
        TaskError: the files are damaged, or missing and not to be had.
    """
    if (archive := folder / "mnist.npz").is_file():
        return npz.read(archive)
    names = [original.name for original in ORIGINALS]
    plain = [folder / name.removesuffix(".gz") for name in names]
    paths = plain if all(path.is_file() for path in plain) else None
    if paths is None:
        paths = fetch(
            "mnist",
            ORIGINALS,
            folder,
            ["mnist.npz", f"{names[0]} and its three companions, with or without .gz"],
        )
    x_train, y_train, x_test, y_test = (read_idx(path) for path in paths)
    return checked(f"mnist in {folder}", {"train": (x_train, y_train), "test": (x_test, y_test)})


def read_idx(path: Path) -> NDArray[Any]:
    """The array of uint8 in an idx file, gzipped when its name says so.

    Raises:
        TaskError: the file is damaged, cut off, or holds other numbers than uint8.
    """
    way = "copy or fetch it again"
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise TaskError(f"{path} must be a readable idx file, got: {error}; {way}") from error
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise TaskError(
            f"{path} must be an idx file of uint8, which starts 00 00 08, got {content[:4].hex(' ')}; {way}"
        )
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[i : i + 4]) for i in range(4, start, 4))
    if len(content) - start != math.prod(shape):
        got = f"{max(0, len(content) - start)} bytes"
        raise TaskError(
            f"{path} must hold the {math.prod(shape)} numbers that its header says, got {got}; {way}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()
