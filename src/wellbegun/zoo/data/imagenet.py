"""ImageNet as folders of images by class, read one by one as the report's networks were fed."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellbegun.errors import TaskError
from wellbegun.zoo.data.folder import listed, pixels

SIDE, CROP = 256, 230
"""Pixels per side: of every image once it is scaled, and of what the network sees of it."""
MANY, PROCESSES = 10_000, 8
"""Images from which on further processes read them, and how many at the most."""


class Crops:
    """Images uint8[230, 230, 3] with their classes: a crop of 256 x 256, anywhere or in the middle.

    Source: lnsmith54/hyperParam1, Imagenet/architectures: crop_size 230 of 256 x 256, random in training,
    in the middle in testing. Choice: images are scaled to a square, as Caffe's conversion tool does, and in
    RGB. The mirror and the mean image are the engine's.
    """

    def __init__(self, files: Sequence[tuple[Path, int]], *, anywhere: bool) -> None:
        self.paths, self.targets = [path for path, _ in files], [label for _, label in files]
        self.anywhere = anywhere
        self.workers = (
            min(PROCESSES, os.cpu_count() or 1) if len(files) >= MANY else 0
        )  # the engine's loader's

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        # the engine puts a private state in the place of Python's own random while it reads samples
        image, room = pixels(self.paths[index], "RGB", (SIDE, SIDE)), SIDE - CROP
        top, left = (random.randint(0, room) if self.anywhere else room // 2 for _ in range(2))
        return image[top : top + CROP, left : left + CROP].copy(), self.targets[index]


@dataclass(frozen=True, eq=False)
class Images:
    """Training and validation part, and how many classes there are."""

    train: Crops
    validation: Crops
    classes: int
    shape: tuple[int, ...] = (CROP, CROP, 3)  # of one example


def read(folder: Path) -> Images:
    """The images of train/CLASS/* and val/CLASS/*; classes are numbered in the order of their names.

    Raises:
        TaskError: there is no such folder, no val/ in it, or a class without images.
    """
    files, names = listed(folder)
    if "val" not in files:
        raise TaskError(f"{folder} must hold train/ and val/, got {', '.join(files)}; add val/CLASS/*")
    return Images(Crops(files["train"], anywhere=True), Crops(files["val"], anywhere=False), len(names))
