"""ImageNet's way of reading, on a made-up folder of a few images."""

import numpy as np
import pytest
from PIL import Image

from wellbegun.errors import TaskError
from wellbegun.job import Options, Work
from wellbegun.papers import replay
from wellbegun.papers.collection import named
from wellbegun.papers.results import Archive
from wellbegun.schedules.constant import Constant
from wellbegun.search.plan import Batch
from wellbegun.training.engine import sources
from wellbegun.training.engine.state import PrivateRandom
from wellbegun.zoo.data import imagenet
from wellbegun.zoo.tasks import by_name


@pytest.fixture
def folder(tmp_path):
    """imagenet/train and imagenet/val with two classes: all dark and all bright, of several sizes."""
    random = np.random.default_rng(0)
    for part, count in (("train", 4), ("val", 2)):
        for label, name in enumerate(("n01", "n02")):
            place = tmp_path / "imagenet" / part / name
            place.mkdir(parents=True)
            for number in range(count):
                shape = (40 + 10 * number, 60, 3)
                values = random.integers(120 * label, 120 * label + 60, shape, dtype=np.uint8)
                Image.fromarray(values).save(place / f"{number}.png")
    return tmp_path


def test_images_are_scaled_and_cropped_anywhere_in_training_and_in_the_middle_in_testing(folder):
    images = imagenet.read(folder / "imagenet")
    assert images.classes == 2 and len(images.train) == 8 and len(images.validation) == 4
    inputs, label = images.validation[3]
    assert inputs.shape == (230, 230, 3) and inputs.dtype == np.uint8 and label == 1
    assert np.array_equal(inputs, images.validation[3][0])
    with PrivateRandom(0):
        crops = [images.train[0][0] for _ in range(6)]
    with PrivateRandom(0):
        assert np.array_equal(images.train[0][0], crops[0])
    assert any(not np.array_equal(crops[0], other) for other in crops[1:])
    assert inputs.mean() > 100 > crops[0].mean()


def test_many_images_are_read_by_further_processes(folder, monkeypatch):
    assert sources.read(imagenet.read(folder / "imagenet").train, "train").workers == 0
    monkeypatch.setattr(imagenet, "MANY", 8)
    monkeypatch.setattr(imagenet, "PROCESSES", 1)
    images = imagenet.read(folder / "imagenet")
    assert [sources.read(part, "x").workers for part in (images.train, images.validation)] == [1, 0]


def test_a_folder_without_validation_images_is_refused(folder):
    with pytest.raises(TaskError, match=r"must hold train/ and val/, got train; add"):
        (folder / "imagenet" / "val").rename(folder / "imagenet" / "elsewhere")
        imagenet.read(folder / "imagenet")


def test_the_task_is_told_apart_and_its_classes_are_the_folders(folder):
    task = by_name("imagenet", data_dir=folder)
    assert task.name == "imagenet-resnet50" and task.augment == ("mirror",)
    assert task.inputs == "subtract_mean" and sources.size(task.parts().validation) == 4
    assert task.fingerprint() == by_name("imagenet", data_dir=folder).fingerprint()


@pytest.mark.slow
def test_two_updates_of_an_exhibit_on_imagenet_can_be_trained(folder):
    exhibit = named("smith2018-fig16a")
    task = replay.task_of(exhibit, folder)
    with Work.of(task, Options(device="cpu")) as work:
        line = exhibit.line("1cycle WD 3e-6")
        (one, *_) = replay.wanted(exhibit, work.setting, Archive(folder / "r"), "cpu", "applied", 1, [line])
        assert one.spec.iterations == 30 and one.spec.batch_size == 8

        def plan():
            changes = {"iterations": 2, "batch_size": 2, "eval_every": 2, "lr": Constant(1e-5)}
            return (yield Batch.of("two", [one.spec.but(**changes)]))

        (run,) = work.drive(plan(), {})
    assert run.iterations == 2 and 0 <= run.test["test_accuracy"] <= 1
