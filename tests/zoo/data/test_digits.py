"""The digits of scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from wellbegun.zoo.data import digits


def test_every_image_is_in_one_part_and_the_last_ones_are_the_test_set() -> None:
    data, origin = digits.read(), load_digits()
    assert data.validation is not None and data.test is not None
    parts = (data.train, data.validation, data.test)
    assert [len(y) for _, y in parts] == [1077, 360, 360]
    assert np.array_equal(data.test[0][..., 0], origin.images[-360:])
    assert np.array_equal(data.test[1], origin.target[-360:])
    ours = sorted((*x.ravel().tolist(), int(label)) for part in parts for x, label in zip(*part, strict=True))
    theirs = sorted((*map(int, x), int(y)) for x, y in zip(origin.data, origin.target, strict=True))
    assert ours == theirs


def test_validation_is_stratified_and_always_the_same() -> None:
    first, second = digits.read(), digits.read()
    assert first.validation is not None and second.validation is not None
    assert np.array_equal(first.validation[0], second.validation[0])
    share = np.bincount(first.validation[1]) / (
        np.bincount(first.validation[1]) + np.bincount(first.train[1])
    )
    assert np.abs(share * 143.7 - 36).max() < 1.0  # of each class, to one image
