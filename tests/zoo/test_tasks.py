"""Tasks by name, by data and by module; and that what a user mistypes is answered clearly."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from wellbegun.errors import TaskError
from wellbegun.training.task import Task
from wellbegun.zoo import tasks

RNG = np.random.default_rng(0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with small mnist, cifar10 and own files."""
    for name, shape in (("mnist", (28, 28)), ("cifar10", (32, 32, 3)), ("own", (12, 9, 3))):
        x = RNG.integers(0, 256, (40, *shape), dtype=np.uint8)
        y = np.arange(40) % 10
        np.savez(tmp_path / f"{name}.npz", x_train=x, y_train=y, x_test=x[:10], y_test=y[:10])
    np.savez(tmp_path / "features.npz", x=RNG.normal(size=(40, 7)), y=np.arange(40) % 4)
    return tmp_path


def test_the_papers_data_go_with_the_papers_networks_and_inputs(data: Path) -> None:
    mnist = tasks.by_name("mnist", data_dir=data)
    assert (mnist.batch_size, mnist.inputs, mnist.augment, mnist.optimizer) == (
        512,
        "divide_256",
        (),
        "nesterov",
    )
    cifar = tasks.by_name("cifar10", data_dir=data)
    assert (cifar.batch_size, cifar.inputs, cifar.augment) == (128, "subtract_mean", ())
    resnet = tasks.by_name("cifar10", model="resnet20", data_dir=data)
    assert (resnet.batch_size, resnet.inputs, resnet.augment) == (512, "subtract_mean", ("mirror",))
    sizes = [sum(p.numel() for p in task.build_model(0).parameters()) for task in (mnist, cifar, resnet)]
    assert sizes == [431_080, 89_578, 224_042]  # shared/paper/architectures.md, summary
    assert {task.name for task in (mnist, cifar, resnet)} == {"mnist", "cifar10", "cifar10-resnet20"}


def test_the_test_set_is_never_validation(data: Path) -> None:
    for name in ("mnist", "cifar10"):
        task = tasks.by_name(name, data_dir=data)
        assert task.validation is None and task.test is not None and len(task.test[1]) == 10
    digits = tasks.by_name("digits")
    assert digits.validation is not None and len(digits.validation[1]) == 360


@pytest.mark.parametrize("model", tasks.models())
def test_every_network_fits_every_size_of_image(model: str, data: Path) -> None:
    for text in ("mnist", "cifar10", f"npz:{data / 'own.npz'}"):
        try:
            task = tasks.load(text, model=model, data_dir=data)
        except TaskError as error:
            least = tasks.MODELS[model].smallest
            assert f"at least {least} x {least} pixels, got " in str(error)
            assert least > {"mnist": 28, "cifar10": 32}.get(text, 9)
            continue
        x = torch.zeros(2, *np.moveaxis(task.train[0][:2], -1, 1).shape[1:])
        assert pickle.loads(pickle.dumps(task.model))()(x).shape == (2, 10)


def test_own_arrays_choose_a_network_by_their_form(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    images, features = tasks.load(None, data="npz:own.npz"), tasks.load("npz:features.npz")
    assert images.name == "own" and images.inputs == features.inputs == "standardise"
    assert any(isinstance(layer, torch.nn.Conv2d) for layer in images.build_model(0).modules())
    assert features.build_model(0)(torch.zeros(3, 7)).shape == (3, 4)
    with pytest.raises(
        TaskError, match=r"cnn needs images.*vectors of length 7 in features; take --model mlp"
    ):
        tasks.load("npz:features.npz", model="cnn")


def test_folders_of_images(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for name, side in (("a", 8), ("b", 9)):
        (tmp_path / name).mkdir()
        image.fromarray(np.full((side, side), 7, np.uint8)).save(tmp_path / name / "0.png")
    assert tasks.from_data(f"folder:{tmp_path}", size=(10, 10)).train[0].shape == (2, 10, 10, 1)
    with pytest.raises(TaskError, match="one size"):
        tasks.from_data(f"folder:{tmp_path}")
    with pytest.raises(ValueError, match="size scales the images of folder"):
        tasks.from_data("npz:x.npz", size=(10, 10))
    with pytest.raises(ValueError, match="size scales the images of folder"):
        tasks.from_data("digits", size=(10, 10))


def test_the_environment_names_the_data_folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WELLBEGUN_DATA", str(data))
    assert tasks.load("mnist").name == tasks.load(None, data="mnist", model="lenet").name.removesuffix(
        "-lenet"
    )


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="digits, mnist, cifar10, cifar100, imagenet, got 'digit'; an own task is MODULE"
    ):
        tasks.load("digit")
    with pytest.raises(ValueError, match=r"lenet, cifar3, resnet20, .*wide_resnet32.*, cnn, mlp, got 'vgg'"):
        tasks.load("digits", model="vgg")
    with pytest.raises(ValueError, match=r"npz:FILE, folder:DIR or one of digits.*got 'own.npz'"):
        tasks.load(None, data="own.npz")
    with pytest.raises(ValueError, match=r"npz:FILE.*got 'npz:'"):
        tasks.load(None, data="npz:")
    with pytest.raises(ValueError, match="one of the two, got neither"):
        tasks.load(None)
    with pytest.raises(ValueError, match="one of the two, got 'digits' and 'mnist'"):
        tasks.load("digits", data="mnist")


MODULE = """
import torch
from wellbegun.training.task import Task

x, y = torch.zeros(8, 3), torch.arange(8) % 2
task = Task(model=torch.nn.Linear, factory_args={"in_features": 3, "out_features": 2}, train=(x, y))
number = 7
class Box:
    inner = task
def make(): return task
def wrong(): return "no task"
def broken(): raise RuntimeError("out of paper")
def needs(size): return task
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an own module in the current directory."""
    name = "own_module_of_a_test"
    (tmp_path / f"{name}.py").write_text(MODULE)
    (tmp_path / "own_broken.py").write_text("x = 1\nimport no_such_library\n")
    (tmp_path / "own_misuse.py").write_text(
        "import wellbegun\nwellbegun.Task(model=list, train=0, optimizer='x')\n"
    )
    (tmp_path / "own_syntax.py").write_text("x = (\n")
    (tmp_path / "own_exit.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for loaded in (name, "own_broken", "own_misuse", "own_syntax", "own_exit"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    return name


def test_a_task_out_of_the_current_directory(module: str) -> None:
    task = tasks.load(f"{module}:task")
    assert isinstance(task, Task)
    assert tasks.load(f"{module}:make") is task and tasks.load(f"{module}:Box.inner") is task


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no_such_module:task", r"importable, got 'no_such_module', .*folder that holds no_such_module\.py"),
        ("{}:tusk", r"attribute 'tusk'; Tasks and functions in it: broken, make, needs, task, wrong"),
        ("{}:number", "function that returns one, got int"),
        ("{}:wrong", "function that returns one, got str"),
        ("{}:broken", r"calling .*:broken must work, got RuntimeError: out of paper \(line 12 of .*\.py\)"),
        ("{}:needs", "no arguments.*'size'"),
        (
            "own_broken:task",
            r"importing own_broken must work, got ModuleNotFoundError: .*no_such_library.*line 2",
        ),
        ("own_misuse:task", r"optimizer must be one of .*line 2 of .*own_misuse\.py"),
        ("own_syntax:task", "importing own_syntax must work, got SyntaxError"),
        ("own_exit:task", "importing own_exit must work, got SystemExit: 3"),
    ],
)
def test_what_a_module_lacks_is_named(text: str, message: str, module: str) -> None:
    with pytest.raises(TaskError, match=message):
        tasks.load(text.format(module))


@pytest.mark.parametrize("text", ["own.py:task", "folder/own:task", "own:", ":task"])
def test_a_path_is_no_module(text: str, module: str) -> None:
    with pytest.raises(ValueError, match="MODULE:ATTRIBUTE as in my_module:task"):
        tasks.load(text)


def test_a_model_for_a_task_that_has_its_own(module: str) -> None:
    with pytest.raises(ValueError, match="brings its own model, got also 'cnn'"):
        tasks.load(f"{module}:task", model="cnn")
