"""Task: what is to be trained. A model factory, data, a loss, metrics, and the settings a task brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

Data = tuple[Any, Any] | Dataset[Any] | DataLoader[Any]
"""(inputs, targets) as tensors or arrays of equal length, a map-style Dataset of such pairs, or a DataLoader."""
Loss = Callable[[Any, Any], Tensor]
"""(model output, target) -> scalar, the mean over the batch."""
Metric = Callable[[Any, Any], Tensor]
"""(model output, target) -> scalar, the mean over the batch; averaged over batches by their size."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """What is to be trained; only ``model`` and ``train`` are needed, the rest has defaults that suit most tasks.

    Images as uint8[n, h, w] or uint8[n, h, w, c] are kept as they are on the device, normalised and augmented there in
    whole batches, and reach the model as float[n, c, h, w]. Every other input reaches the model as it is given.
    Parameters may have multipliers: a model with a method ``multipliers() -> {parameter name: (lr, decay)}``.
    """

    model: Callable[..., nn.Module]  # called with factory_args under a seeded generator state; a module class will do
    train: Data
    validation: Data | None = None  # None: 10 % of train, at most 5,000, stratified, drawn by ``seed``
    test: Data | None = None  # read once, at the end
    name: str = "task"
    loss: Loss | None = None  # None: cross entropy for integer targets, mean squared error for floating ones
    metrics: Mapping[str, Metric] | None = None  # None: {"accuracy": ...} for integer targets, else none
    optimizer: str = "nesterov"  # one of spec.OPTIMIZERS
    batch_size: int = 128
    epochs: float = 10.0  # length of the final run
    inputs: str = "auto"  # "standardise" | "divide_256" | "subtract_mean" | "none"; auto: standardise uint8 images
    augment: tuple[str, ...] = ()  # of "mirror", "crop" (pad 4, random crop); images only
    decay_bias_and_norm: bool = True  # False: weight decay leaves biases and norm scales (parameters of < 2 dims) alone
    factory_args: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0  # of the split and of the fixed validation subset
    version: str | None = None  # replaces the checksum of data that cannot be read whole
