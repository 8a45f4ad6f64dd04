"""Images in folders by class."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from wellbegun.errors import TaskError
from wellbegun.zoo.data import folder

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


def write(path: Path, shape: tuple[int, ...] = (6, 5, 3)) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_classes_are_numbered_in_the_order_of_their_folders(tmp_path: Path) -> None:
    cats = [write(tmp_path / "cat" / f"{i}.png") for i in (1, 2)]
    dog = write(tmp_path / "dog" / "deep" / "x.PNG")
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    data = folder.read(tmp_path)
    assert data.class_names == ("cat", "dog") and data.validation is None and data.test is None
    assert np.array_equal(data.train[0], np.stack([*cats, dog])) and data.train[1].tolist() == [0, 0, 1]


def test_parts_and_grey_images(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        for name in ("a", "b", "c")[: 2 if part == "test" else 3]:
            write(tmp_path / part / name / "0.png", (4, 4))
    data = folder.read(tmp_path)
    assert data.train[0].shape == (3, 4, 4, 1) and data.train[0].dtype == np.uint8
    assert data.validation is not None and data.test is not None and data.test[1].tolist() == [0, 1]


def test_grey_among_colour_becomes_colour(tmp_path: Path) -> None:
    grey, _ = write(tmp_path / "a" / "0.png", (4, 4)), write(tmp_path / "b" / "0.png", (4, 4, 3))
    x, _ = folder.read(tmp_path).train
    assert x.shape == (2, 4, 4, 3) and all(np.array_equal(x[0, ..., c], grey) for c in range(3))


def test_sizes_that_differ_name_two_files_and_size_is_the_way_out(tmp_path: Path) -> None:
    write(tmp_path / "a" / "0.png", (6, 5, 3))
    write(tmp_path / "b" / "1.png", (7, 5, 3))
    with pytest.raises(TaskError, match=r"got 5 x 6 in .*0\.png and 5 x 7 in .*1\.png; .*size=\(h, w\)"):
        folder.read(tmp_path)
    assert folder.read(tmp_path, size=(4, 3)).train[0].shape == (2, 4, 3, 3)


def test_unfit_folders(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"must exist, got .*nowhere"):
        folder.read(tmp_path / "nowhere")
    with pytest.raises(TaskError, match="a folder per class, at least 2, got none"):
        folder.read(tmp_path)
    write(tmp_path / "a" / "0.png")
    with pytest.raises(TaskError, match="at least 2, got a;"):
        folder.read(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match=r"at least one image, got none in .*empty"):
        folder.read(tmp_path)


def test_a_test_class_that_training_lacks(tmp_path: Path) -> None:
    for name in ("train/a", "train/b", "test/a", "test/z"):
        write(tmp_path / name / "0.png")
    with pytest.raises(TaskError, match="got also z"):
        folder.read(tmp_path)


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_corrupt_image_is_named(keep: int, tmp_path: Path) -> None:
    write(tmp_path / "a" / "0.png", (40, 40, 3))
    write(tmp_path / "b" / "bad.png", (40, 40, 3))
    content = (tmp_path / "b" / "bad.png").read_bytes()
    (tmp_path / "b" / "bad.png").write_bytes(content[:keep])
    with pytest.raises(TaskError, match=r"bad\.png must be a readable image"):
        folder.read(tmp_path)


def test_without_pillow_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a" / "0.png")
    write(tmp_path / "b" / "0.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(TaskError, match=r"Pillow, which is not installed; pip install 'wellbegun\[images\]'"):
        folder.read(tmp_path)
