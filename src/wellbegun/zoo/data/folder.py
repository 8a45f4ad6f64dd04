"""A user's own images by class: DIR/CLASS/*, or DIR/train/CLASS/* with DIR/val and DIR/test beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellbegun.errors import TaskError
from wellbegun.zoo.data._base import Arrays, Part, checked

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_PARTS = {"train": "train", "val": "val", "validation": "val", "valid": "val", "test": "test"}


def read(folder: Path, size: tuple[int, int] | None = None) -> Arrays:
    """The images of a folder as uint8[n, h, w, c]; classes are numbered in the order of their folders' names.

    Args:
        folder: DIR with a folder per class, or with train/ (and val/, test/) that have a folder per class.
        size: height and width to which every image is scaled; None: all images must have one size.

    Returns:
        Arrays with one channel when every image is grey, else three (transparency is dropped).

    Raises:
        TaskError: no such folder or no images in it, sizes differ, a file is no readable image, a part has a
            class that the training part lacks, or Pillow is not installed.
    """
    files, names = listed(folder)
    _same_size(files, size)
    grey = all(_is_grey(path) for pairs in files.values() for path, _ in pairs)
    parts: dict[str, Part] = {
        part: _load(pairs, "L" if grey else "RGB", size) for part, pairs in files.items()
    }
    return checked(str(folder), parts, names)


def listed(folder: Path) -> tuple[dict[str, list[tuple[Path, int]]], list[str]]:
    """The images of each part with the numbers of their classes, and the classes' names; none is opened.

    Raises:
        TaskError: no such folder, fewer than two classes, or a class without images.
    """
    if not folder.is_dir():
        raise TaskError(f"the data folder must exist, got {folder}, which is no folder; check the path")
    roots = _roots(folder)
    names = _classes(roots["train"])
    return {part: _files(root, names) for part, root in roots.items()}, names


def _roots(folder: Path) -> dict[str, Path]:
    if not (folder / "train").is_dir():
        return {"train": folder}
    return {part: folder / name for name, part in _PARTS.items() if (folder / name).is_dir()}


def _classes(root: Path) -> list[str]:
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(names) < 2:
        got = ", ".join(names) or "none"
        raise TaskError(
            f"{root} must have a folder per class, at least 2, got {got}; sort the images into CLASS/*.png"
        )
    return names


def _files(root: Path, names: Sequence[str]) -> list[tuple[Path, int]]:
    """The images below the class folders of one part, sorted, with the number of their class."""
    if extra := sorted(set(_classes(root)) - set(names)):
        raise TaskError(
            f"{root} must have the classes of the training part, got also {', '.join(extra)}; move them"
        )
    pairs = []
    for label, name in enumerate(names):
        found = sorted(path for path in (root / name).rglob("*") if path.suffix.lower() in SUFFIXES)
        pairs += [(path, label) for path in found]
        if not found and root.exists() and (root / name).is_dir():
            way = f"add images ({', '.join(SUFFIXES)}) or remove the folder"
            raise TaskError(f"a class needs at least one image, got none in {root / name}; {way}")
    return pairs


def _open(path: Path) -> Any:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        way = "pip install 'wellbegun[images]', or save the images as arrays and use npz:FILE"
        raise TaskError(f"folders of images are read by Pillow, which is not installed; {way}") from None
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise TaskError(f"{path} must be a readable image, got: {error}; replace or remove it") from error


def _is_grey(path: Path) -> bool:
    with _open(path) as image:
        return image.mode in ("1", "L", "LA", "I", "I;16", "F")


def _same_size(files: dict[str, list[tuple[Path, int]]], size: tuple[int, int] | None) -> None:
    if size is not None:
        return
    first: tuple[Path, tuple[int, int]] | None = None
    for path, _ in (pair for pairs in files.values() for pair in pairs):
        with _open(path) as image:
            now = image.size
        first = first or (path, now)
        if now != first[1]:
            got = f"{first[1][0]} x {first[1][1]} in {first[0]} and {now[0]} x {now[1]} in {path}"
            raise TaskError(
                f"all images must have one size (width x height), got {got}; resize them, or pass size=(h, w)"
            )


def _load(pairs: Sequence[tuple[Path, int]], mode: str, size: tuple[int, int] | None) -> Part:
    images = [pixels(path, mode, size) for path, _ in pairs]
    stacked = np.stack(images)
    return (stacked[..., None] if mode == "L" else stacked), np.array(
        [label for _, label in pairs], dtype=np.int64
    )


def pixels(path: Path, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """An image as uint8[h, w] or [h, w, 3], converted to a mode of Pillow's and scaled to (height, width).

    Raises:
        TaskError: the file is no readable image.
    """
    with _open(path) as image:
        try:
            image = image.convert(mode)
            if size is not None:
                image = image.resize((size[1], size[0]))
            return np.asarray(image, dtype=np.uint8)
        except (OSError, SyntaxError, ValueError) as error:  # Pillow reads the pixels only now
            raise TaskError(f"{path} must be a readable image, got: {error}; replace or remove it") from error
