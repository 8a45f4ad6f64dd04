"""The fingerprint of a task: a hash of its network, code, data and settings."""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from wellbegun.training.engine.sources import Samples, Source, read
from wellbegun.training.engine.state import PrivateRandom

if TYPE_CHECKING:
    from wellbegun.training.task import Task

FIXED_SAMPLES = 64
LIBRARIES = {"torch", "torchvision", "numpy", "scipy", "sklearn", "timm", "transformers", "wellbegun", "PIL"}
"""Packages whose code is named, not read; our own zoo is read: its networks may change."""


def fingerprint(task: Task) -> str:
    """32 hex digits of the SHA-256 of everything that decides what a spec of this task trains.

    Names, and settings that a RunSpec holds itself (optimizer, batch size, length), are not part of it.
    """
    words = _Words()
    words.add("settings", task.inputs, sorted(task.augment), task.decay_bias_and_norm, task.seed)
    words.add("factory", task.model, task.factory_args)
    model = task.build_model(task.seed)
    words.add("network", model)
    words.add("loss", task.loss or ("default", task.is_classification))
    words.add("metrics", task.metrics)
    for name in ("train", "validation", "test"):
        data = getattr(task, name)
        words.add(name)
        if data is not None:
            words.data(read(data, name), task.version)
    return words.hash.hexdigest()[:32]


class _Words:
    """Feeds values of any kind into one hash."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self._seen: dict[int, Any] = {}  # keeps what it has seen alive, so that an id names one thing

    def add(self, *values: Any) -> None:
        for value in values:
            self._add(value)

    def data(self, source: Source, version: str | None) -> None:
        """All values of tensors; of a data set its version, or length and 64 samples spread evenly."""
        if not isinstance(source, Samples):
            self.add("tensors", *source)
        elif version is not None:
            self.add("version", version)
        else:
            positions = np.linspace(0, len(source) - 1, min(FIXED_SAMPLES, len(source))).astype(int)
            self.add("samples", len(source), type(source.dataset), source.collate)
            with PrivateRandom(0):
                for position in positions.tolist():
                    self._seen = {}
                    self.add(source.dataset[position])

    def _add(self, value: Any) -> None:
        if isinstance(value, Tensor):
            self._tensor(value)
        elif isinstance(value, np.ndarray):
            self._text("array", str(value.dtype), value.shape, np.ascontiguousarray(value).tobytes())
        elif isinstance(value, str | bytes | int | float | complex | bool | None):
            self._text(type(value).__name__, repr(value))
        elif id(value) in self._seen:
            self._text("again")
        else:
            self._seen[id(value)] = value
            self._object(value)

    def _object(self, value: Any) -> None:
        if isinstance(value, functools.partial):
            self.add("partial", value.func, value.args, value.keywords)
        elif isinstance(value, Mapping):
            for name in sorted(value, key=str):
                self.add("item", name, value[name])
        elif isinstance(value, list | tuple):
            self.add(type(value).__name__, len(value), *value)
        elif isinstance(value, set | frozenset):
            self.add("set", *sorted(value, key=repr))
        elif isinstance(value, nn.Module):
            self._module(value)
        elif isinstance(value, MethodType):
            self.add("method", value.__func__, value.__self__)
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif hasattr(value, "__array_interface__"):
            self._add(np.asarray(value))
        else:
            self._text("object", _plain(repr(value)))
            self.add(type(value), getattr(value, "__dict__", None))

    def _module(self, module: nn.Module) -> None:
        """Its repr, the classes of all layers, plain settings that repr may leave out, and the weights."""
        self._text("module", _plain(repr(module)))
        for layer in module.modules():
            self.add(type(layer))
            plain = {n: v for n, v in vars(layer).items() if isinstance(v, str | int | float | None)}
            self.add({name: v for name, v in plain.items() if name != "training"})
        self.add({name: value for name, value in module.state_dict().items() if isinstance(value, Tensor)})

    def _function(self, function: FunctionType) -> None:
        self._text("function", function.__qualname__)
        if _is_library(function):
            self._text(function.__module__)
            return
        self.add(_code(function), function.__defaults__, function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                self.add(cell.cell_contents)
            except ValueError:  # a cell that is not filled yet
                self._text("empty")
        self._globals(function)

    def _globals(self, function: FunctionType) -> None:
        """What the code refers to by name: constants, and functions and classes of the same package."""
        root = _root(function)
        for name in sorted(set(_names(function.__code__))):
            value = function.__globals__.get(name)
            simple = isinstance(value, str | int | float | tuple | functools.partial)
            if simple or (isinstance(value, FunctionType | type) and _root(value) == root):
                self.add(name, value)
            elif isinstance(value, ModuleType):
                self._text("import", value.__name__)

    def _class(self, cls: type) -> None:
        """Method by method: the source of a whole class is found by its name, which may be defined twice."""
        self._text("class", cls.__qualname__)
        if _is_library(cls):
            self._text(cls.__module__)
            return
        self.add(*cls.__bases__)
        for name, member in sorted(vars(cls).items()):
            member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if isinstance(member, FunctionType | type | str | int | float | tuple) and name not in _UNNAMED:
                self.add(name, member)

    def _tensor(self, tensor: Tensor) -> None:
        values = tensor.detach().cpu().contiguous()
        self._text("tensor", str(values.dtype), tuple(values.shape))
        self.hash.update(values.reshape(-1).view(torch.uint8).numpy().data)

    def _text(self, *parts: Any) -> None:
        """Length first, so that no two sequences of words read alike."""
        for part in parts:
            data = part if isinstance(part, bytes) else str(part).encode()
            self.hash.update(str(len(data)).encode() + b":" + data)


_UNNAMED = {"__module__", "__doc__", "__qualname__", "__firstlineno__", "__static_attributes__"}


def _root(value: Any) -> str:
    return str(getattr(value, "__module__", None) or "").partition(".")[0]


def _is_library(value: Any) -> bool:
    module = str(getattr(value, "__module__", None) or "")
    if module.startswith("wellbegun.zoo"):
        return False
    return _root(value) in LIBRARIES or (_root(value) in sys.stdlib_module_names and module != "__main__")


def _code(function: FunctionType) -> str:
    """The source; the byte code of lambdas (several may share a line) and where there is no source."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        source = ""
    if source and function.__name__ != "<lambda>":
        return source
    return repr(list(_compiled(function.__code__)))


def _compiled(code: CodeType) -> Iterator[Any]:
    """Byte code, names and constants, without line numbers and addresses."""
    yield code.co_code.hex()
    yield code.co_names
    yield code.co_varnames
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _compiled(constant)
        elif isinstance(constant, frozenset):
            yield sorted(map(repr, constant))
        else:
            yield repr(constant)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _plain(text: str) -> str:
    """Without memory addresses, which change from process to process."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
