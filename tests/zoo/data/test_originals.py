"""MNIST and CIFAR in their authors' own formats, written small by hand; downloads that work and that fail."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from wellbegun.errors import TaskError
from wellbegun.zoo.data import _fetch, cifar10, cifar100, mnist

RNG = np.random.default_rng(0)


def idx(array: np.ndarray) -> bytes:
    """The format of yann.lecun.com/exdb/mnist: 0, 0, type, dimensions, sizes big-endian, values."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, *, zipped: bool) -> tuple[np.ndarray, np.ndarray]:
    images = RNG.integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = (np.arange(30) % 10).astype(np.uint8)
    parts = {"train-images-idx3": images, "train-labels-idx1": labels, "t10k-images-idx3": images[:10]}
    for name, array in {**parts, "t10k-labels-idx1": labels[:10]}.items():
        path = folder / f"{name}-ubyte{'.gz' if zipped else ''}"
        path.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    return images, labels


@pytest.mark.parametrize("zipped", [True, False])
def test_mnist_out_of_idx_files(zipped: bool, tmp_path: Path) -> None:
    images, labels = write_mnist(tmp_path, zipped=zipped)
    data = mnist.read(tmp_path)
    assert np.array_equal(data.train[0], images[..., None]) and np.array_equal(data.train[1], labels)
    assert data.test is not None and np.array_equal(data.test[0], images[:10, :, :, None])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "starts 00 00 08, got 68 65 6c 6c"),
        (idx(np.zeros((3, 4), np.uint8))[:-2], "12 numbers that its header says, got 10 bytes"),
        (b"\x00\x00\x08\x03\x00", "got 0 bytes"),
    ],
)
def test_a_damaged_idx_file_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    write_mnist(tmp_path, zipped=True)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    with pytest.raises(TaskError, match=f"t10k-images-idx3-ubyte.gz.*{message}"):
        mnist.read(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(1000))[:-12])
    with pytest.raises(TaskError, match=r"t10k-images-idx3-ubyte.gz must be a readable idx file"):
        mnist.read(tmp_path)


class Python2Pickler(pickle._Pickler):
    """Writes strings as Python 2 did, whose pickles the CIFAR archives hold."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_text(self, text: str | bytes) -> None:
        raw = text if isinstance(text, bytes) else text.encode("latin-1")
        self.write(b"T" + struct.pack("<i", len(raw)) + raw)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = save_text


def python2_pickle(batch: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(batch)
    return stream.getvalue().replace(b"numpy._core", b"numpy.core")


def records(n: int, classes: int) -> tuple[np.ndarray, list[int]]:
    labels = [int(label) for label in RNG.permutation(np.arange(n) % classes)]
    return RNG.integers(0, 256, (n, 3072), dtype=np.uint8), labels


def cifar_files(module: Any, *, binary: bool) -> tuple[dict[str, bytes], np.ndarray, list[int]]:
    """File contents by name as the author describes them; the training part's planes [n, 3072] and labels."""
    version, fine = (module.BINARY if binary else module.PYTHON), module is cifar100
    files, planes, labels = {}, [], []
    for name in (*version.train, *version.test):
        pixels, y = records(200 if fine else 20, 100 if fine else 10)
        if binary:
            coarse = b"\x07" if fine else b""
            files[name] = b"".join(
                coarse + bytes([label]) + row.tobytes() for label, row in zip(y, pixels, strict=True)
            )
        else:
            key = "fine_labels" if fine else "labels"
            files[name] = python2_pickle({"data": pixels, key: y, "coarse_labels": [7] * len(y)})
        if name in version.train:
            planes.append(pixels)
            labels += y
    return files, np.concatenate(planes), labels


def put(folder: Path, version: Any, files: dict[str, bytes], form: str) -> None:
    if form == "folder":
        (folder / version.folder).mkdir()
        for name, content in files.items():
            (folder / version.folder / name).write_bytes(content)
        return
    with tarfile.open(folder / version.archive, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{version.folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("form", ["folder", "archive"])
@pytest.mark.parametrize("binary", [True, False], ids=["binary", "python"])
@pytest.mark.parametrize("module", [cifar10, cifar100], ids=["cifar10", "cifar100"])
def test_cifar_in_its_authors_formats(module: Any, binary: bool, form: str, tmp_path: Path) -> None:
    files, planes, labels = cifar_files(module, binary=binary)
    put(tmp_path, module.BINARY if binary else module.PYTHON, files, form)
    data = module.read(tmp_path)
    x, y = data.train
    assert x.dtype == np.uint8 and x.shape == (len(labels), 32, 32, 3) and y.tolist() == labels
    for i, row, column, colour in ((0, 0, 0, 0), (5, 3, 30, 1), (len(labels) - 1, 31, 2, 2)):
        assert x[i, row, column, colour] == planes[i, 1024 * colour + 32 * row + column]
    assert data.test is not None and len(data.test[1]) == (200 if module is cifar100 else 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        getattr(module.BINARY if binary else module.PYTHON, form)  # reading leaves nothing behind
    ]


def test_a_damaged_cifar_file_is_named(tmp_path: Path) -> None:
    files, _, _ = cifar_files(cifar10, binary=True)
    put(tmp_path, cifar10.BINARY, {**files, "data_batch_3.bin": files["data_batch_3.bin"][:-1]}, "folder")
    with pytest.raises(TaskError, match=r"must hold a whole data_batch_3\.bin"):
        cifar10.read(tmp_path)
    (tmp_path / cifar10.BINARY.folder / "data_batch_3.bin").unlink()
    (tmp_path / cifar10.BINARY.archive).write_bytes(b"no archive")
    with pytest.raises(TaskError, match=r"cifar-10-binary.tar.gz must be a whole .tar.gz archive"):
        cifar10.read(tmp_path)


def test_a_pickle_with_anything_but_arrays_is_refused(tmp_path: Path) -> None:
    files, _, _ = cifar_files(cifar100, binary=False)
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (marker,)

    put(tmp_path, cifar100.PYTHON, {**files, "train": pickle.dumps({"data": Evil()}, 2)}, "folder")
    with pytest.raises(TaskError, match="whole train, got UnpicklingError: only NumPy arrays"):
        cifar100.read(tmp_path)
    assert not marker.exists()


def test_downloads_go_to_the_folder_with_their_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = {f"{name}.gz": b"content of " + name.encode() for name in ("a", "b")}
    asked: list[str] = []

    def retrieve(address: str, known_hash: str, fname: str, path: Path) -> None:
        asked.append(address)
        if "dead" in address:
            raise OSError("no such host")
        content = served[fname]
        if known_hash != "md5:" + hashlib.md5(content).hexdigest():
            raise ValueError("hash does not match")
        (path / fname).write_bytes(content)

    monkeypatch.setitem(sys.modules, "pooch", SimpleNamespace(retrieve=retrieve))
    (tmp_path / "b.gz").write_bytes(b"mine")
    originals = [
        _fetch.Original(
            name, hashlib.md5(served[name]).hexdigest(), (f"http://dead/{name}", f"http://live/{name}")
        )
        for name in served
    ]
    assert _fetch.fetch("set", originals, tmp_path, ["set.npz"]) == [tmp_path / "a.gz", tmp_path / "b.gz"]
    assert asked == ["http://dead/a.gz", "http://live/a.gz"]
    assert (tmp_path / "a.gz").read_bytes() == served["a.gz"] and (tmp_path / "b.gz").read_bytes() == b"mine"
    wrong = [_fetch.Original("a.gz", "0" * 32, ("http://live/a.gz",))]
    (tmp_path / "a.gz").unlink()
    with pytest.raises(
        TaskError, match=r"download failed \(http://live/a.gz: ValueError: hash does not match\)"
    ):
        _fetch.fetch("set", wrong, tmp_path, ["set.npz"])
    assert not (tmp_path / "a.gz").exists()
