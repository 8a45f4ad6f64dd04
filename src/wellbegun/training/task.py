"""Task: what is to be trained. A model factory, data, a loss, metrics, and settings that come along."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from wellbegun.errors import TaskError
from wellbegun.spec import OPTIMIZERS
from wellbegun.training.engine import losses
from wellbegun.training.engine.sources import Parts, read, split

Data = tuple[Any, Any] | Dataset[Any] | DataLoader[Any]
"""(inputs, targets) as tensors or arrays of equal length, a map-style Dataset of pairs, or a DataLoader.

A data set may say with ``workers`` how many further processes read it.
"""
Loss = Callable[[Any, Any], Tensor]
"""(model output, target) -> scalar, the mean over the batch."""
Metric = Callable[[Any, Any], Tensor]
"""(model output, target) -> scalar, the mean over the batch; averaged over batches by their size."""


INPUTS = ("auto", "standardise", "divide_256", "subtract_mean", "none")
AUGMENTATIONS = ("mirror", "crop")
BATCH = 128  # of a task that names none, and whose data do not either


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """What is to be trained; only ``model`` and ``train`` are needed, the rest has defaults.

    Images as uint8[n, h, w] or uint8[n, h, w, c] are kept as they are on the device, normalised and
    augmented there in whole batches, and reach the model as float[n, c, h, w]. Every other input reaches the
    model as it is given. Parameters may have multipliers: a model with a method ``multipliers() ->
    {parameter name: (lr, decay)}``.
    """

    model: Callable[
        ..., nn.Module
    ]  # called with factory_args under a seeded generator state; a module class will do
    train: Data
    validation: Data | None = None  # None: 10 % of train, at most 5,000, stratified, drawn by ``seed``
    test: Data | None = None  # read once, at the end
    name: str = "task"
    loss: Loss | None = None  # None: cross entropy for integer targets, mean squared error for floating ones
    metrics: Mapping[str, Metric] | None = None  # None: {"accuracy": ...} for integer targets, else none
    optimizer: str = "nesterov"  # one of spec.OPTIMIZERS
    batch_size: int = cast(int, None)  # None: that of a DataLoader, else 128
    epochs: float = 10.0  # length of the final run
    inputs: str = (
        "auto"  # "standardise" | "divide_256" | "subtract_mean" | "none"; auto: standardise uint8 images
    )
    augment: tuple[str, ...] = ()  # of "mirror", "crop" (pad 4, random crop); images only
    decay_bias_and_norm: bool = (
        True  # False: weight decay leaves biases and norm scales (parameters of < 2 dims) alone
    )
    factory_args: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0  # of the split and of the fixed validation subset
    version: str | None = None  # replaces the checksum of data that cannot be read whole

    def __post_init__(self) -> None:
        if not callable(self.model):
            raise TypeError(
                f"model must be a factory, a module class or an nn.Module, got {type(self.model).__name__}; "
                "pass a function that returns the network"
            )
        for name, value, allowed in (
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("inputs", self.inputs, INPUTS),
            *(("augment", value, AUGMENTATIONS) for value in self.augment),
        ):
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
        if self.batch_size is None:
            object.__setattr__(self, "batch_size", getattr(self.train, "batch_size", None) or BATCH)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if not 0 < self.epochs < math.inf:
            raise ValueError(f"epochs must be a positive number, got {self.epochs}")
        if isinstance(self.model, nn.Module) and self.factory_args:
            raise ValueError(
                f"a built network takes no arguments, got factory_args {sorted(self.factory_args)}; "
                "pass the class or a function instead of the network"
            )
        object.__setattr__(self, "_memo", {})
        for name in ("train", "validation", "test"):
            if getattr(self, name) is not None:
                read(getattr(self, name), name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memo": {}}  # the memo can be made again

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def memo(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` returns, made once: a task is a value, so what follows from it is one too."""
        memo: dict[str, Any] = self.__dict__["_memo"]
        if name not in memo:
            memo[name] = make()
        return memo[name]

    def parts(self) -> Parts:
        """Training, validation and test data; where no validation data is given, ``seed`` draws it.

        Raises:
            TaskError: there are fewer than two training samples to split.
        """
        return self.memo("parts", self._parts)  # type: ignore[no-any-return]

    def _parts(self) -> Parts:
        train = read(self.train, "train")
        test = None if self.test is None else read(self.test, "test")
        if self.validation is not None:
            return Parts(train, read(self.validation, "validation"), test)
        return Parts(*split(train, self.seed), test)

    @property
    def is_classification(self) -> bool:
        """Whether the targets are whole numbers: classes."""
        train = read(self.train, "train")
        target = train[1] if isinstance(train, tuple) else train.first()[1]
        return not torch.as_tensor(target).is_floating_point()

    def build_model(self, seed: int, **factory_args: Any) -> nn.Module:
        """A fresh network on the CPU with the weights that ``seed`` draws; no global state changes.

        A task whose model is already built gets a copy of it: then the seed only orders the data.
        """
        from wellbegun.training.engine.state import PrivateRandom

        if isinstance(self.model, nn.Module):
            return copy.deepcopy(self.model)
        with PrivateRandom(seed):
            model = self.model(**{**self.factory_args, **factory_args})
        if not isinstance(model, nn.Module):
            raise TaskError(
                f"the model factory must return an nn.Module, got {type(model).__name__}; return "
                "the network itself"
            )
        return model

    def loss_function(self) -> Loss:
        """The task's loss, or the default for its targets."""
        return self.loss or (losses.cross_entropy if self.is_classification else losses.mean_squared_error)

    def metric_functions(self) -> Mapping[str, Metric]:
        """The task's metrics by name, or the default for its targets."""
        if self.metrics is not None:
            return self.metrics
        return {"accuracy": losses.accuracy} if self.is_classification else {}

    def fingerprint(self) -> str:
        """32 hex digits that name the task: a change of network, loss, metrics, data or settings shows."""
        from wellbegun.training.engine.fingerprint import fingerprint

        return self.memo("fingerprint", lambda: fingerprint(self))  # type: ignore[no-any-return]

    def check(self) -> None:
        """Try the task on a few samples.

        Raises:
            TaskError: data, network or loss break a rule that the message names.
        """
        from wellbegun.training.engine.check import check

        check(self)
