"""ImageNet as folders of images by class, read one by one as the report's networks were fed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from wellbegun.errors import TaskError
from wellbegun.zoo.data.folder import listed, pixels

SIDE, CROP = 256, 230
"""Pixels per side: of every image once it is scaled, and of what the network sees of it."""
MANY = 10_000
"""Images from which on further processes read them."""


class Crops(Dataset[tuple[Tensor, int]]):
    """Images uint8[230, 230, 3] with their classes: a crop of 256 x 256, anywhere or in the middle.

    Source: lnsmith54/hyperParam1, Imagenet/architectures: crop_size 230 of 256 x 256, random in training,
    in the middle in testing. Choice: images are scaled to a square, as Caffe's conversion tool does, and in
    RGB. The mirror and the mean image are the engine's.
    """

    def __init__(self, files: Sequence[tuple[Path, int]], *, anywhere: bool) -> None:
        self.paths, self.targets = [path for path, _ in files], [label for _, label in files]
        self.anywhere = anywhere

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = torch.from_numpy(pixels(self.paths[index], "RGB", (SIDE, SIDE)).copy())
        room = SIDE - CROP
        top, left = torch.randint(0, room + 1, (2,)).tolist() if self.anywhere else (room // 2, room // 2)
        return image[top : top + CROP, left : left + CROP], self.targets[index]


@dataclass(frozen=True, eq=False)
class Images:
    """Training and validation part, and how many classes there are."""

    train: DataLoader[tuple[Tensor, int]]
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
    train = Crops(files["train"], anywhere=True)
    workers = min(8, os.cpu_count() or 1) if len(train) > MANY else 0
    loader: DataLoader[tuple[Tensor, int]] = DataLoader(train, num_workers=workers)
    return Images(loader, Crops(files["val"], anywhere=False), len(names))
