"""Arrays: what every reader of data returns, checked; and where named data sets are looked for."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellbegun.errors import TaskError

Part = tuple[NDArray[Any], NDArray[np.int64]]
"""Inputs and their classes, of equal length."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """A data set in memory: images uint8[n, h, w, c] or features float32[n, d], and their classes from 0."""

    train: Part
    validation: Part | None = None  # None: the task draws its own from train
    test: Part | None = None
    class_names: tuple[str, ...] = ()  # () where the data does not name them

    @property
    def classes(self) -> int:
        """How many classes there are; every one of them occurs in the training part."""
        return int(self.train[1].max()) + 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example: (h, w, c) or (d,)."""
        return self.train[0].shape[1:]


def checked(where: str, parts: Mapping[str, tuple[Any, Any]], class_names: Sequence[str] = ()) -> Arrays:
    """Arrays out of what a file holds, after every rule was looked at.

    Args:
        where: the file or folder, for messages.
        parts: inputs and classes by "train", "val" and "test"; images without a channel axis get one.

    Raises:
        TaskError: shapes, types, lengths or values break a rule; or a class has no training example.
    """
    good: dict[str, Part] = {}
    for name, (x, y) in parts.items():
        good[name] = _images(where, name, x), _labels(where, name, y)
        if len(x) != len(y):
            got = f"{len(x)} inputs and {len(y)} labels"
            raise TaskError(
                f"{where}: x and y of {name!r} must have the same length, got {got}; save them together"
            )
    arrays = Arrays(good["train"], good.get("val"), good.get("test"), tuple(class_names))
    counts = np.bincount(arrays.train[1], minlength=len(class_names))
    if len(counts) < 2 or not counts.all():
        got = f"{np.count_nonzero(counts)} of the classes 0..{len(counts) - 1}"
        lack = f", none of {np.flatnonzero(counts == 0)[:5].tolist()}" if not counts.all() else ""
        rule = "the training part needs at least 2 classes, numbered from 0 without gaps"
        way = "number the classes anew, e.g. numpy.unique(y, return_inverse=True)[1]"
        raise TaskError(f"{where}: {rule}, got {got}{lack}; {way}")
    for name, (x, y) in good.items():
        if x.shape[1:] != arrays.shape or x.dtype != arrays.train[0].dtype:
            first = f"{arrays.train[0].dtype}{list(arrays.shape)} in 'train'"
            got = f"{first} and {x.dtype}{list(x.shape[1:])} in {name!r}"
            raise TaskError(
                f"{where}: all parts must have one shape and type per example, got {got}; save them alike"
            )
        if y.max() >= len(counts):
            got = f"{int(y.max())} in {name!r}"
            rule = f"labels must be classes of the training part, 0..{len(counts) - 1}"
            raise TaskError(f"{where}: {rule}, got {got}; remove these samples")
    return arrays


def _images(where: str, part: str, values: Any) -> NDArray[Any]:
    ask = "save uint8 images [n, h, w] or [n, h, w, channels], or floating-point features [n, d]"
    x: NDArray[Any] = np.asarray(values)
    if x.ndim < 2 or 0 in x.shape:
        raise TaskError(
            f"{where}: x of {part!r} must hold at least one example, got shape {list(x.shape)}; {ask}"
        )
    if x.dtype == np.uint8 and x.ndim in (3, 4):
        x = x[..., None] if x.ndim == 3 else x
        if x.shape[-1] > 4:
            got = f"shape {list(x.shape)}"
            raise TaskError(
                f"{where}: images have 1 to 4 channels on their last axis, got {got}; numpy.moveaxis helps"
            )
        return x
    if not np.issubdtype(x.dtype, np.floating):
        got = f"{x.dtype}{list(x.shape)}"
        raise TaskError(
            f"{where}: x of {part!r} must be uint8 images or floating-point features, got {got}; {ask}"
        )
    if x.ndim != 2:
        got = f"{x.dtype}{list(x.shape)}"
        raise TaskError(f"{where}: floating-point x of {part!r} must be [n, d], got {got}; {ask}")
    if (bad := int(np.count_nonzero(~np.isfinite(x)))) > 0:
        raise TaskError(
            f"{where}: features must be finite, got {bad} NaN or inf in x of {part!r}; clean the data"
        )
    return x.astype(np.float32, copy=False)


def _labels(where: str, part: str, values: Any) -> NDArray[np.int64]:
    y: NDArray[Any] = np.asarray(values)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]  # Keras saves CIFAR's labels as a column
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        got = f"{y.dtype}{list(y.shape)}"
        way = "for other targets describe a Task in Python"
        raise TaskError(f"{where}: y of {part!r} must be integer classes [n], got {got}; {way}")
    if len(y) and y.min() < 0:
        raise TaskError(
            f"{where}: classes are numbered from 0, got {int(y.min())} in y of {part!r}; number them anew"
        )
    return y.astype(np.int64)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an npz file by name; pickled objects are refused.

    Raises:
        TaskError: there is no such file, it is no npz archive, it is damaged, or holds Python objects.
    """
    try:
        with path.open("rb") as stream:  # numpy leaves a damaged file open that it has opened itself
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.lib.npyio.NpzFile):
                return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise TaskError(f"the data file must exist, got {path}, which does not; check the path") from None
    except ValueError as error:
        way = "save plain numbers with numpy.savez; pickled objects are never loaded"
        raise TaskError(f"{path} must hold arrays of numbers, got: {error}; {way}") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TaskError(
            f"{path} must be a whole .npz archive, got: {error}; write or copy it again"
        ) from error
    raise TaskError(f"{path} must be an .npz archive of named arrays, got a single array; use numpy.savez")


def data_folder(data_dir: Path | str | None = None) -> Path:
    """Where named data sets are looked for: data_dir, else WELLBEGUN_DATA, else a cache folder.

    The cache is wellbegun/data in XDG_CACHE_HOME, else in ~/.cache. The folder need not exist.
    """
    if data_dir is not None:
        return Path(data_dir).expanduser()
    if named := os.environ.get("WELLBEGUN_DATA"):
        return Path(named).expanduser()
    return (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "wellbegun" / "data"
    )
