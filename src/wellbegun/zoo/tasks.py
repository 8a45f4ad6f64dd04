"""Tasks by name: the papers' data with the papers' networks, a user's own data, a user's own Task objects."""

from __future__ import annotations

import importlib
import inspect
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from wellbegun.errors import TaskError, WellbegunError
from wellbegun.training.task import Task
from wellbegun.zoo.data import cifar10, cifar100, digits, folder, imagenet, mnist, npz
from wellbegun.zoo.data._base import Arrays, data_folder
from wellbegun.zoo.data.imagenet import Images
from wellbegun.zoo.models.cifar3 import cifar3
from wellbegun.zoo.models.cnn import cnn
from wellbegun.zoo.models.densenet import densenet40
from wellbegun.zoo.models.inception_resnet import inception_resnet_v2
from wellbegun.zoo.models.lenet import lenet
from wellbegun.zoo.models.mlp import mlp
from wellbegun.zoo.models.preact import resnet56_bottleneck, resnext56
from wellbegun.zoo.models.resnet import resnet20, resnet38, resnet56, resnet74, resnet92, resnet110
from wellbegun.zoo.models.resnet50 import resnet50
from wellbegun.zoo.models.resnet2018 import hp_resnet56, wide_resnet32

ModelFactory = Callable[..., nn.Module]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a network is trained where nothing else is said: the papers' way for the papers' networks."""

    factory: ModelFactory
    inputs: str = "standardise"
    batch_size: int = 128
    epochs: float = 30.0
    augment: tuple[str, ...] = ()
    smallest: int = 1  # images it takes: pixels per side


_CIFAR = (
    resnet20, resnet38, resnet56, resnet74, resnet92, resnet110, resnet56_bottleneck, resnext56,
    hp_resnet56, wide_resnet32, densenet40,
)  # fmt: skip
_papers = partial(Habits, inputs="subtract_mean", batch_size=512, augment=("mirror",))
MODELS = {
    "lenet": Habits(lenet, inputs="divide_256", batch_size=512, epochs=12.0, smallest=14),
    "cifar3": Habits(cifar3, inputs="subtract_mean", batch_size=128, epochs=25.0, smallest=8),
    **{factory.__name__: _papers(factory) for factory in _CIFAR},
    "resnet50": _papers(resnet50, batch_size=128, smallest=195),
    "inception_resnet_v2": _papers(inception_resnet_v2, batch_size=112, smallest=69),
    "cnn": Habits(cnn),
    "mlp": Habits(mlp),
}
DATA: dict[str, Callable[[Path], Arrays]] = {
    "digits": digits.read,
    "mnist": mnist.read,
    "cifar10": cifar10.read,
    "cifar100": cifar100.read,
}
IMAGENET = "imagenet"
_USUAL = {"digits": "cnn", "mnist": "lenet", "cifar10": "cifar3", "cifar100": "cifar3"}
_FILES = {"npz": npz.read, "folder": folder.read}


def names() -> tuple[str, ...]:
    """The tasks that ``by_name`` knows."""
    return tuple(DATA)


def models() -> tuple[str, ...]:
    """The networks that ``named_model`` knows."""
    return tuple(MODELS)


def named_model(name: str) -> ModelFactory:
    """The factory of a network by name; it can be pickled, and its arguments have defaults.

    Raises:
        ValueError: there is no such name.
    """
    if name not in MODELS:
        raise ValueError(
            f"a model must be one of {', '.join(MODELS)}, got {name!r}; others: describe a Task in Python"
        )
    return MODELS[name].factory


def by_name(name: str, *, model: str | None = None, data_dir: Path | str | None = None) -> Task:
    """A named data set with the network that goes with it: digits, mnist, cifar10, cifar100, imagenet.

    imagenet is the folder of that name in ``data_dir``: train/CLASS/* and val/CLASS/*, read image by image.

    Args:
        model: another network by name; None: cnn for digits, lenet for mnist, cifar3 for the CIFAR sets.
        data_dir: where the files are; None: WELLBEGUN_DATA, else a cache folder (see ``data_folder``).

    Raises:
        ValueError: there is no such task or model.
        TaskError: the data is missing or damaged.
    """
    if name == IMAGENET:
        return _from_images(imagenet.read(data_folder(data_dir) / IMAGENET), model or "resnet50")
    if name not in DATA:
        way = "an own task is MODULE:ATTRIBUTE, own data npz:FILE or folder:DIR"
        raise ValueError(f"a task must be one of {', '.join(DATA)}, {IMAGENET}, got {name!r}; {way}")
    chosen = model or _USUAL[name]
    named_model(chosen)
    small = {"batch_size": 64} if name == "digits" else {}
    return _task(name, DATA[name](data_folder(data_dir)), chosen, plain=model is None, **small)


def from_data(
    address: str,
    model: str | None = None,
    data_dir: Path | str | None = None,
    size: tuple[int, int] | None = None,
) -> Task:
    """A task on a user's data: ``npz:FILE``, ``folder:DIR``, or the name of a data set.

    Args:
        address: where the data is; a relative path starts at the current directory.
        model: a network by name; None: cnn for images, mlp for feature vectors.
        size: height and width to which the images of a folder are scaled; None: they must have one size.

    Raises:
        ValueError: neither a name nor an address, or there is no such model.
        TaskError: the data is missing, damaged or unfit for the model.
    """
    kind, _, place = address.partition(":")
    own = kind in _FILES and place != ""
    if not own and address not in (*DATA, IMAGENET):
        known = f"npz:FILE, folder:DIR or one of {', '.join(DATA)}, {IMAGENET}"
        raise ValueError(f"data must be {known}, got {address!r}; check the spelling")
    if size is not None and not (own and kind == "folder"):
        got = f"size={size} with {address!r}"
        raise ValueError(f"size scales the images of folder:DIR, got {got}; leave it out")
    if not own:
        return by_name(address, model=model, data_dir=data_dir)
    path = Path(place).expanduser()
    if model is not None:
        named_model(model)
    arrays = folder.read(path, size) if kind == "folder" else npz.read(path)
    chosen = model or ("mlp" if len(arrays.shape) == 1 else "cnn")
    return _task(path.stem or kind, arrays, chosen, plain=model is None)


def load(
    text: str | None, *, data: str | None = None, model: str | None = None, data_dir: Path | str | None = None
) -> Task:
    """The task that a user names on the command line.

    Args:
        text: the name of a task, or MODULE:ATTRIBUTE for a Task or a function without arguments that returns
            one, looked for in the current directory first; None when ``data`` is given.
        data: ``npz:FILE``, ``folder:DIR`` or the name of a data set, instead of ``text``.

    Raises:
        ValueError: both or neither of text and data, an unknown name, or a model for a task with its own.
        TaskError: the data cannot be had, or the module does not deliver a Task.
    """
    if text is None or data is not None:
        if text is not None or data is None:
            got = "neither" if data is None else f"{text!r} and {data!r}"
            raise ValueError(f"name a task or give its data with --data, one of the two, got {got}")
        return from_data(data, model, data_dir)
    if text.partition(":")[0] in _FILES:
        return from_data(text, model, data_dir)
    if ":" not in text:
        return by_name(text, model=model, data_dir=data_dir)
    if model is not None:
        raise ValueError(
            f"--model goes with named data; {text!r} brings its own model, got also {model!r}; leave it out"
        )
    return _from_module(text)


def _task(name: str, arrays: Arrays, model: str, *, plain: bool, **changes: Any) -> Task:
    habits = MODELS[model]
    settings = {name: getattr(habits, name) for name in ("inputs", "batch_size", "epochs", "augment")}
    return Task(
        name=name if plain else f"{name}-{model}",
        model=_fitted(habits.factory, model, arrays, name),
        train=arrays.train,
        validation=arrays.validation,
        test=arrays.test,
        optimizer="nesterov",
        **{**settings, **changes},
    )


def _from_images(images: Images, model: str) -> Task:
    """The papers' task on ImageNet: the validation images are the test set too, as there is no other."""
    named_model(model)
    habits = MODELS[model]
    settings = {name: getattr(habits, name) for name in ("inputs", "batch_size", "epochs", "augment")}
    parts: dict[str, Any] = {
        "train": images.train,
        "validation": images.validation,
        "test": images.validation,
    }
    fitted = _fitted(habits.factory, model, images, IMAGENET)
    return Task(name=f"{IMAGENET}-{model}", model=fitted, optimizer="nesterov", **parts, **settings)


def _fitted(factory: ModelFactory, model: str, arrays: Arrays | Images, name: str) -> ModelFactory:
    """The factory with its arguments set for this data."""
    if model == "mlp":
        return partial(mlp, classes=arrays.classes, features=math.prod(arrays.shape))
    if len(arrays.shape) == 1:
        got = f"feature vectors of length {arrays.shape[0]}"
        raise TaskError(f"{model} needs images, uint8[n, h, w, c], got {got} in {name}; take --model mlp")
    height, width, channels = arrays.shape
    if min(height, width) < (least := MODELS[model].smallest):
        got = f"{height} x {width} in {name}"
        raise TaskError(
            f"{model} needs images of at least {least} x {least} pixels, got {got}; take --model cnn or mlp"
        )
    fixed = {"size": (height, width)} if "size" in inspect.signature(factory).parameters else {}
    return partial(factory, classes=arrays.classes, in_channels=channels, **fixed)


def _from_module(text: str) -> Task:
    module_name, _, attribute = text.partition(":")
    if module_name.endswith(".py") or "/" in module_name or not (module_name and attribute):
        raise ValueError(
            f"an own task is MODULE:ATTRIBUTE as in my_module:task, got {text!r}; leave out path and .py"
        )
    value: Any = _import(module_name)
    for name in attribute.split("."):
        if not hasattr(value, name):
            here = ", ".join(_candidates(value)) or "none"
            raise TaskError(
                f"{module_name} must have the attribute {attribute!r}; Tasks and functions in it: {here}"
            )
        value = getattr(value, name)
    if callable(value) and not isinstance(value, Task):
        value = _call(text, value)
    if not isinstance(value, Task):
        got = type(value).__name__
        raise TaskError(
            f"{text} must be a wellbegun Task or a function that returns one, got {got}; wrap it in Task(...)"
        )
    return value


def _import(name: str) -> ModuleType:
    """The module, looked for in the current directory first, which stays importable: workers need it too."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _own_code(f"importing {name}", error) from error
        way = f"start in the folder that holds {name.split('.')[0]}.py, or install it"
        raise TaskError(
            f"a task's module must be importable, got {name!r}, which is not in {here}; {way}"
        ) from None
    except WellbegunError:
        raise
    except (Exception, SystemExit) as error:
        raise _own_code(f"importing {name}", error) from error


def _call(text: str, function: Callable[..., Any]) -> Any:
    """What the user's function without arguments returns."""
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise TaskError(
            f"{text} must take no arguments to be a task, got a function with {error}; give them defaults"
        ) from None
    try:
        return function()
    except WellbegunError:
        raise
    except (Exception, SystemExit) as error:
        raise _own_code(f"calling {text}", error) from error


def _own_code(doing: str, error: BaseException) -> TaskError:
    package = str(Path(__file__).parents[1])
    every = list(traceback.extract_tb(error.__traceback__))
    frames = [frame for frame in every if not frame.filename.startswith(("<", package))] or every
    named = bool(frames) and not isinstance(error, SyntaxError)  # which says itself where it is
    place = f" (line {frames[-1].lineno} of {frames[-1].filename})" if named else ""
    return TaskError(
        f"{doing} must work, got {type(error).__name__}: {error}{place}; run it alone to see more"
    )


def _candidates(module: Any) -> list[str]:
    """Names of what could be meant: Tasks, and functions that the module itself defines."""
    values = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    own = getattr(module, "__name__", None)
    return sorted(
        name
        for name, value in values.items()
        if isinstance(value, Task) or (inspect.isfunction(value) and value.__module__ == own)
    )
