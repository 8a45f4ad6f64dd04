"""Digits: 1,797 grey images of handwritten digits, 8 x 8, that come with scikit-learn; nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellbegun.zoo.data._base import Arrays, Part, checked

_TEST, _VALIDATION = 360, 360  # 20 % each


def read(folder: Path | None = None) -> Arrays:  # noqa: ARG001  the family asks for it
    """The digits as uint8[n, 8, 8, 1], values 0..16 as scikit-learn has them.

    Choice: the last 360 images are the test set (neighbours come from one writer, so it is the harder part);
    360 of the others are the validation set, stratified by a private generator, and 1,077 are for training.
    The scale stays 0..16, because the task standardises it anyway.
    """
    from sklearn.datasets import load_digits

    values = load_digits()
    x, y = values.images.astype(np.uint8)[..., None], values.target.astype(np.int64)
    train, validation = _stratified(x[:-_TEST], y[:-_TEST])
    parts = {"train": train, "val": validation, "test": (x[-_TEST:], y[-_TEST:])}
    return checked("scikit-learn's digits", parts)


def _stratified(x: NDArray[np.uint8], y: NDArray[np.int64]) -> tuple[Part, Part]:
    """Split so that the k-th validation sample of every class stands at the same fraction of its class."""
    order = np.random.default_rng(1797).permutation(len(y))
    rank = np.empty(len(y))
    for label in np.unique(y):
        members = order[y[order] == label]
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    chosen = np.zeros(len(y), dtype=bool)
    chosen[np.argsort(rank, kind="stable")[:_VALIDATION]] = True
    return (x[~chosen], y[~chosen]), (x[chosen], y[chosen])
