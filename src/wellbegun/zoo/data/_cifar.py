"""The two CIFAR sets in their author's own formats: binary or Python version, archive or folder."""

from __future__ import annotations

import io
import pickle
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellbegun.errors import TaskError
from wellbegun.zoo.data import npz
from wellbegun.zoo.data._base import Arrays, Part, checked
from wellbegun.zoo.data._fetch import Original, fetch

_PIXELS = 3 * 32 * 32
_HOME = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two forms in which the author gives a set away; the archive holds the folder."""

    archive: str
    folder: str
    train: tuple[str, ...]  # files of the training part in order
    test: tuple[str, ...]
    md5: str  # of the archive
    label: int | bytes  # binary: bytes of labels before the pixels, the last one counts; Python: its key


def read(name: str, binary: Version, python: Version, folder: Path) -> Arrays:
    """The set out of ``folder``: NAME.npz, else either version, else the binary one downloaded.

    Raises:
        TaskError: the files are damaged, or missing and not to be had.
    """
    if (archive := folder / f"{name}.npz").is_file():
        return npz.read(archive)
    for version in (binary, python):
        if all((folder / version.folder / file).is_file() for file in (*version.train, *version.test)):
            return _arrays(name, version, _from_folder(folder / version.folder), folder)
        if (folder / version.archive).is_file():
            return _from_archive(name, version, folder / version.archive)
    original = Original(binary.archive, binary.md5, (_HOME + binary.archive,))
    accepted = [f"{name}.npz", binary.archive, python.archive, f"{binary.folder}/", f"{python.folder}/"]
    [path] = fetch(name, [original], folder, accepted)
    return _from_archive(name, binary, path)


def _from_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _from_archive(name: str, version: Version, path: Path) -> Arrays:
    try:
        with tarfile.open(path) as archive:
            files = dict(_members(archive))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise TaskError(
            f"{path} must be a whole .tar.gz archive, got: {error}; copy or fetch it again"
        ) from error
    return _arrays(name, version, files, path)


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        stream = archive.extractfile(member)  # read in memory: nothing is unpacked to disk
        if stream is not None:
            yield Path(member.name).name, stream.read()


def _arrays(name: str, version: Version, files: dict[str, bytes], where: Path) -> Arrays:
    parts = {
        "train": _part(version, version.train, files, where),
        "test": _part(version, version.test, files, where),
    }
    return checked(f"{name} in {where}", parts)


def _part(version: Version, names: Sequence[str], files: dict[str, bytes], where: Path) -> Part:
    decode = _binary if isinstance(version.label, int) else _python
    pieces = []
    for name in names:
        try:
            pieces.append(decode(files[name], version.label))
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            raise TaskError(f"{where} must hold a whole {name}, got {got}; copy or fetch it again") from error
    pixels = np.concatenate([piece[0] for piece in pieces])
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # stored as one plane per colour
    return np.ascontiguousarray(images), np.concatenate([piece[1] for piece in pieces])


def _binary(content: bytes, label: Any) -> Part:
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, label + _PIXELS)
    return records[:, label:], records[:, label - 1].astype(np.int64)


def _python(content: bytes, label: Any) -> Part:
    batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    pixels: NDArray[np.uint8] = np.asarray(batch[b"data"], dtype=np.uint8)
    return pixels, np.asarray(batch[label], dtype=np.int64)


def _dtype(name: Any, *_: Any) -> Any:
    """numpy.dtype without the flags that old versions of NumPy pickled as integers and new ones warn of."""
    return np.dtype(name)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles plain containers and NumPy arrays; a pickle that asks for anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {"_reconstruct": np.empty(0).__reduce__()[0], "ndarray": np.ndarray, "dtype": _dtype}
        if module.partition(".")[0] == "numpy" and name in allowed:
            return allowed[name]
        if (module, name) == ("_codecs", "encode"):  # how Python 3 pickles bytes for protocol 2
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"only NumPy arrays are loaded from it, it asks for {module}.{name}")
