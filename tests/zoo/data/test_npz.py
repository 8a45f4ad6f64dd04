"""Arrays of a user: every rule that a file can break is named, with the values, before anything trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wellbegun.errors import TaskError
from wellbegun.zoo.data import npz
from wellbegun.zoo.data._base import data_folder

X = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
Y = np.array([0, 1, 2, 0, 1, 2])


def save(folder: Path, **arrays: object) -> Path:
    path = folder / "own.npz"
    np.savez(path, **arrays)
    return path


def test_grey_images_get_a_channel_axis(tmp_path: Path) -> None:
    data = npz.read(save(tmp_path, x_train=X, y_train=Y.astype(np.uint8), x_test=X[:3], y_test=Y[:3]))
    assert data.train[0].dtype == np.uint8 and data.train[1].dtype == np.int64
    assert np.array_equal(data.train[0][..., 0], X) and np.array_equal(data.train[1], Y)
    assert data.test is not None and data.test[0].shape == (3, 4, 5, 1)
    assert data.validation is None and data.classes == 3 and data.shape == (4, 5, 1)


def test_plain_names_colour_and_keras_label_columns(tmp_path: Path) -> None:
    data = npz.read(
        save(tmp_path, x=np.stack([X, X, X], -1), y=Y[:, None], x_val=np.stack([X, X, X], -1), y_val=Y)
    )
    assert data.train[0].shape == (6, 4, 5, 3) and data.train[1].shape == (6,)
    assert data.validation is not None and data.test is None


def test_features_are_kept_as_float32(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(6, 7))
    data = npz.read(save(tmp_path, x=values, y=Y))
    assert data.train[0].dtype == np.float32 and data.shape == (7,)
    np.testing.assert_allclose(data.train[0], values, rtol=1e-6)


NAN = np.where(np.eye(6, 4) > 0, np.nan, 1.0)
BROKEN = {
    "keys": ({"images": X, "labels": Y}, "x_train and y_train.*got images, labels"),
    "half": ({"x": X, "y": Y, "x_test": X}, "x and y of every further part, got x, x_test, y"),
    "lengths": ({"x": X, "y": Y[:4]}, "same length, got 6 inputs and 4 labels"),
    "flat": ({"x": Y.astype(np.uint8), "y": Y}, r"at least one example, got shape \[6\]"),
    "nothing": ({"x": X[:0], "y": Y[:0]}, r"at least one example, got shape \[0, 4, 5\]"),
    "planes": ({"x": np.zeros((6, 3, 8, 8), np.uint8), "y": Y}, r"last axis, got shape \[6, 3, 8, 8\]"),
    "integers": (
        {"x": X.astype(np.int32), "y": Y},
        r"uint8 images or floating-point features, got int32\[6, 4, 5\]",
    ),
    "float images": ({"x": X / 255.0, "y": Y}, r"must be \[n, d\], got float64\[6, 4, 5\]"),
    "nan": ({"x": NAN, "y": Y}, "finite, got 4 NaN or inf"),
    "targets": ({"x": X, "y": Y / 2}, r"integer classes \[n\], got float64\[6\]"),
    "one-hot": ({"x": X, "y": np.eye(3, dtype=int)[Y]}, r"integer classes \[n\], got int64\[6, 3\]"),
    "negative": ({"x": X, "y": Y - 1}, "numbered from 0, got -1"),
    "gap": ({"x": X, "y": 2 * Y}, r"got 3 of the classes 0..4, none of \[1, 3\]"),
    "one class": ({"x": X, "y": 0 * Y}, "at least 2 classes.*got 1 of the classes 0..0"),
    "parts": (
        {"x": X, "y": Y, "x_test": X[:, :3], "y_test": Y},
        r"got uint8\[4, 5, 1\] in 'train' and uint8\[3, 5, 1\]",
    ),
    "new class": ({"x": X, "y": Y, "x_val": X, "y_val": Y + 1}, "0..2, got 3 in 'val'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_named_with_file_and_values(case: str, tmp_path: Path) -> None:
    arrays, message = BROKEN[case]
    with pytest.raises(TaskError, match=message) as caught:
        npz.read(save(tmp_path, **arrays))
    assert "own.npz" in str(caught.value)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (marker,)

    for objects in (np.array([Evil()], dtype=object), np.array(["a", [1]], dtype=object)):
        with pytest.raises(TaskError, match=r"arrays of numbers.*pickled objects are never loaded"):
            npz.read(save(tmp_path, x=objects, y=Y))
    assert not marker.exists()


def test_missing_damaged_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"must exist, got .*nowhere.npz"):
        npz.read(tmp_path / "nowhere.npz")
    whole = save(tmp_path, x=X, y=Y).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TaskError, match=r"cut.npz must be a whole .npz archive"):
        npz.read(tmp_path / "cut.npz")
    np.save(tmp_path / "single.npy", X)
    with pytest.raises(TaskError, match=r"single.npy must be an .npz archive of named arrays"):
        npz.read(tmp_path / "single.npy")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(TaskError, match=r"text.npz must"):
        npz.read(tmp_path / "text.npz")
    with pytest.raises(TaskError, match=r"must be a whole .npz"):
        npz.read(tmp_path)


def test_the_data_folder_is_the_argument_then_the_environment_then_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WELLBEGUN_DATA", str(tmp_path / "named"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder(tmp_path / "given") == tmp_path / "given"
    assert data_folder() == tmp_path / "named"
    monkeypatch.delenv("WELLBEGUN_DATA")
    assert data_folder() == tmp_path / "cache" / "wellbegun" / "data"
    assert not (tmp_path / "cache").exists()
