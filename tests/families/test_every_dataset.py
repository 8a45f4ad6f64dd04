"""What every named data set keeps, whichever file it was read from."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from wellbegun.errors import TaskError
from wellbegun.zoo import tasks

SHAPES = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "cifar10": (32, 32, 3), "cifar100": (32, 32, 3)}
CLASSES = {"cifar100": 100}
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "mnist.npz"

every_dataset = pytest.mark.parametrize("name", tasks.names())
every_file_dataset = pytest.mark.parametrize("name", [name for name in tasks.names() if name != "digits"])


def write(folder: Path, name: str) -> Path:
    """A small npz file in the set's shape."""
    rng, classes = np.random.default_rng(0), CLASSES.get(name, 10)
    arrays: dict[str, np.ndarray] = {}
    for part, n in (("train", 5 * classes), ("test", classes)):
        x = rng.integers(0, 256, (n, *SHAPES[name]), dtype=np.uint8)
        arrays |= {
            f"x_{part}": x[..., 0] if name == "mnist" else x,
            f"y_{part}": np.arange(n, dtype=np.uint8) % classes,
        }
    np.savez(folder / f"{name}.npz", **arrays)
    return folder / f"{name}.npz"


@every_dataset
def test_images_are_uint8_and_classes_int64_in_every_part(name: str, tmp_path: Path) -> None:
    if name != "digits":
        write(tmp_path, name)
    data = tasks.DATA[name](tmp_path)
    assert data.classes == CLASSES.get(name, 10) and data.shape == SHAPES[name] and data.test is not None
    for part in (data.train, data.validation, data.test):
        if part is None:
            continue
        x, y = part
        assert x.dtype == np.uint8 and x.shape == (len(y), *SHAPES[name])
        assert y.dtype == np.int64 and y.min() >= 0 and y.max() < data.classes


@every_file_dataset
def test_missing_data_says_where_it_was_looked_for_and_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(TaskError, match=rf"{name}\.npz") as caught:
        tasks.DATA[name](tmp_path / "none")
    for word in (str(tmp_path / "none"), "--data-dir", "WELLBEGUN_DATA", "http", "wellbegun[fetch]"):
        assert word in str(caught.value)
    assert not (tmp_path / "none").exists()


@every_file_dataset
def test_a_damaged_file_is_named_and_left_alone(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, name)
    content = path.read_bytes()[:-100]
    path.write_bytes(content)
    with pytest.raises(TaskError, match=rf"{name}\.npz must be a whole"):
        tasks.DATA[name](tmp_path)
    assert path.read_bytes() == content


def test_the_real_mnist(tmp_path: Path) -> None:
    if not SHARED.is_file():
        pytest.skip("the real MNIST is not beside the repository")
    data = tasks.DATA["mnist"](SHARED.parent)
    assert data.train[0].shape == (60000, 28, 28, 1) and data.test is not None and len(data.test[1]) == 10000
    # class sizes as published; the order of this copy is its own
    assert np.bincount(data.train[1]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
