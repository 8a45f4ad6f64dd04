"""Batches on the device: order of the data, normalisation, augmentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from wellbegun.errors import TaskError
from wellbegun.training.engine import augment
from wellbegun.training.engine.augment import Draws, seeded
from wellbegun.training.engine.sources import Pair, Samples, Source, collate, size

if TYPE_CHECKING:
    from wellbegun.training.task import Task

EVAL_BATCH = 512
STATISTICS_SAMPLES = 1024
"""Images that statistics are taken from when the data cannot be read whole."""


def epoch_order(samples: int, seed: int, epoch: int) -> Tensor:
    """int64[samples]: the order in which an epoch uses the data; it follows from (seed, epoch) alone."""
    return torch.randperm(samples, generator=seeded(seed, epoch, 0))


def pieces(position: int, batch_size: int, samples: int) -> list[tuple[int, int, int]]:
    """Batch ``position`` as (epoch, start, stop) pieces of epochs.

    The short batch at the end of an epoch is dropped; data smaller than a batch wraps into the next epochs.
    """
    per_epoch = samples // batch_size
    if per_epoch:
        epoch, batch = divmod(position, per_epoch)
        return [(epoch, batch * batch_size, (batch + 1) * batch_size)]
    found, wanted = [], batch_size
    epoch, start = divmod(position * batch_size, samples)
    while wanted:
        stop = min(samples, start + wanted)
        found.append((epoch, start, stop))
        wanted, epoch, start = wanted - (stop - start), epoch + 1, 0
    return found


class Data(Protocol):
    """Batches (inputs, targets) at given positions, on the device."""

    def stream(self, index: Iterator[Tensor]) -> Iterator[tuple[Any, Any]]:
        """A batch for each int64[b]."""
        ...


class ResidentData:
    """Tensors held on the device as they are (uint8 stays uint8); a batch is a gather."""

    def __init__(self, pair: Pair, device: str, dtype: torch.dtype) -> None:
        self._inputs, self._targets = (_cast(tensor.to(device), dtype) for tensor in pair)
        self._device = device

    def stream(self, index: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in index:
            rows = rows.to(self._device)
            yield self._inputs.index_select(0, rows), self._targets.index_select(0, rows)


class LoaderData:
    """Samples read through ``torch.utils.data.DataLoader`` with a generator of our own.

    Without workers, random transforms of a data set draw from the engine's private random state, which a
    stored state gives back. Worker processes draw from their own; after ``load_state_dict`` these start anew.
    """

    def __init__(self, samples: Samples, device: str, dtype: torch.dtype, seed: int) -> None:
        self._samples, self._device, self._dtype, self._seed = samples, device, dtype, seed

    def stream(self, index: Iterator[Tensor]) -> Iterator[tuple[Any, Any]]:
        loader: DataLoader[Any] = DataLoader(
            self._samples.dataset,
            batch_sampler=_Lists(index),
            num_workers=self._samples.workers,
            collate_fn=self._samples.collate,
            generator=seeded(self._seed, 3),
            pin_memory=torch.device(self._device).type == "cuda",
        )
        for inputs, targets in loader:
            inputs, targets = moved((inputs, targets), self._device, self._dtype)
            yield inputs, _whole_numbers(targets)


def moved(batch: Any, device: torch.device | str, dtype: torch.dtype) -> Any:
    """The tensors of a batch on a device, floating ones in this type."""
    if isinstance(batch, Tensor):
        return _cast(batch.to(device, non_blocking=True), dtype)
    if isinstance(batch, dict):
        return {name: moved(value, device, dtype) for name, value in batch.items()}
    if isinstance(batch, list | tuple):
        return type(batch)(moved(value, device, dtype) for value in batch)
    return batch


class _Lists:
    """A batch sampler over positions that are made as they are asked for."""

    def __init__(self, index: Iterator[Tensor]) -> None:
        self._index = index

    def __iter__(self) -> Iterator[list[int]]:
        for rows in self._index:
            yield rows.tolist()


@dataclass(frozen=True, eq=False)
class Normalise:
    """Inputs as the network gets them: (x - mean) * scale; images leave as [b, c, h, w]."""

    image: bool  # uint8 images [b, h, w] or [b, h, w, c]
    mean: Tensor | None  # broadcasts over a batch in the layout of the network
    scale: Tensor | None
    dtype: torch.dtype
    layout: torch.memory_format

    def __call__(self, inputs: Any, draws: Draws | None) -> Any:
        if not isinstance(inputs, Tensor):
            return inputs
        if self.image:
            images = inputs if inputs.dim() == 4 else inputs.unsqueeze(-1)
            if draws is not None:
                images = augment.apply(images, draws)
            inputs = images.permute(0, 3, 1, 2).to(self.dtype, memory_format=self.layout)
        elif inputs.dim() == 4:
            if draws is not None:
                inputs = augment.apply(inputs.permute(0, 2, 3, 1), draws).permute(0, 3, 1, 2)
            inputs = inputs.contiguous(memory_format=self.layout)
        if self.mean is not None:
            inputs = inputs - self.mean
        return inputs if self.scale is None else inputs * self.scale


def statistics(source: Source, kind: str, seed: int) -> tuple[bool, Tensor | None, Tensor | None]:
    """(uint8 images?, mean, scale) of a way to normalise, float64 in the layout that the network gets."""
    inputs = source[0] if isinstance(source, tuple) else _some(source, seed)
    image = isinstance(inputs, Tensor) and inputs.dtype == torch.uint8 and inputs.dim() in (3, 4)
    if kind == "auto":
        kind = "standardise" if image else "none"
    if kind == "none":
        return image, None, None
    if not isinstance(inputs, Tensor) or not (image or inputs.is_floating_point()):
        got = (
            f"{inputs.dtype} of {inputs.dim()} dimensions"
            if isinstance(inputs, Tensor)
            else type(inputs).__name__
        )
        raise TaskError(
            f"inputs={kind!r} needs uint8 images or floating-point inputs, got {got}; use inputs='none'"
        )
    if kind == "divide_256":
        return image, None, torch.tensor(1 / 256, dtype=torch.float64)
    if image:
        inputs = (inputs if inputs.dim() == 4 else inputs.unsqueeze(-1)).permute(0, 3, 1, 2)
    if kind == "subtract_mean":
        return image, _mean_image(inputs), None
    mean, deviation = _moments(inputs)
    return image, mean, 1 / torch.where(deviation > 0, deviation, 1.0)


class TrainFeed:
    """The training batches of one run in order; its state is the number of batches that were used."""

    def __init__(
        self, data: Data, normalise: Normalise, samples: int, batch_size: int, seed: int,
        names: Sequence[str], device: str,
    ) -> None:  # fmt: skip
        self._data, self._normalise = data, normalise
        self._samples, self._batch_size, self._seed = samples, batch_size, seed
        self._names, self._device = tuple(names), device
        self._orders: dict[int, Tensor] = {}
        self._draws: dict[int, Draws] = {}
        self._position = 0
        self._stream: Iterator[tuple[Any, Any]] | None = None

    @property
    def position(self) -> int:
        """Batches used so far; setting it goes to that place in the data."""
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        self._position, self._stream = position, None

    def next(self) -> tuple[Any, Any]:
        """The next batch: inputs as the network gets them, and targets."""
        if self._stream is None:
            self._stream = self._data.stream(self._index(self._position))
        inputs, targets = next(self._stream)
        draws = self._batch_draws(self._position) if self._names else None
        self._position += 1
        return self._normalise(inputs, draws), targets

    def _index(self, position: int) -> Iterator[Tensor]:
        while True:
            parts = pieces(position, self._batch_size, self._samples)
            rows = [self._order(epoch)[start:stop] for epoch, start, stop in parts]
            yield rows[0] if len(rows) == 1 else torch.cat(rows)
            position += 1

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            order = epoch_order(self._samples, self._seed, epoch)
            if isinstance(self._data, ResidentData):
                order = order.to(self._device)
            self._orders = {epoch: order}
        return self._orders[epoch]

    def _batch_draws(self, position: int) -> Draws:
        found = [
            self._epoch_draws(e).rows(a, b) for e, a, b in pieces(position, self._batch_size, self._samples)
        ]
        if len(found) == 1:
            return found[0]
        mirrors = [draws.mirror for draws in found if draws.mirror is not None]
        shifts = [draws.shift for draws in found if draws.shift is not None]
        return Draws(torch.cat(mirrors) if mirrors else None, torch.cat(shifts) if shifts else None)

    def _epoch_draws(self, epoch: int) -> Draws:
        if epoch not in self._draws:
            draws = augment.epoch_draws(self._names, self._samples, self._seed, epoch)
            self._draws = {epoch: draws.to(self._device)}
        return self._draws[epoch]


def resident_or_loader(source: Source, device: str, dtype: torch.dtype, seed: int) -> Data:
    """The fastest way to batches of this source."""
    if isinstance(source, tuple):
        return ResidentData(source, device, dtype)
    return LoaderData(source, device, dtype, seed)


def fixed_batches(rows: Tensor, batch: int) -> list[Tensor]:
    """Positions in batches of nearly equal size, none larger than ``batch``: no tiny rest."""
    return list(torch.tensor_split(rows, -(-len(rows) // batch)))


def subset(samples: int, wanted: int | None, seed: int) -> Tensor:
    """int64[m], increasing: a fixed subset of the data, chosen once per task and seed; all of it for None."""
    if wanted is None or wanted >= samples:
        return torch.arange(samples)
    return torch.randperm(samples, generator=seeded(seed, 4))[:wanted].sort().values


def sample(task: Task, count: int) -> tuple[Any, Any]:
    """The first training samples on the CPU, inputs as the network gets them, in fp32."""
    train = task.parts().train
    rows = torch.arange(min(count, size(train)))
    inputs, targets = collate(train, rows)
    image, mean, scale = task.memo("statistics", lambda: statistics(train, task.inputs, task.seed))
    mean, scale = (None if v is None else v.float() for v in (mean, scale))
    normalise = Normalise(image, mean, scale, torch.float32, torch.contiguous_format)
    if isinstance(inputs, Tensor) and inputs.is_floating_point():
        inputs = inputs.float()
    return normalise(inputs, None), typed(targets)


def typed(targets: Any) -> Any:
    """Targets as a loss in fp32 gets them: fp32, or int64 for whole numbers; other structures unchanged."""
    if not isinstance(targets, Tensor):
        return targets
    return targets.float() if targets.is_floating_point() else targets.long()


def _some(source: Samples, seed: int) -> Any:
    rows = subset(size(source), STATISTICS_SAMPLES, seed)
    return collate(source, rows)[0]


def _mean_image(inputs: Tensor) -> Tensor:
    total = torch.zeros(inputs.shape[1:], dtype=torch.float64)
    for part in torch.split(inputs, 4096):
        total += part.double().sum(0)
    return total / len(inputs)


def _moments(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per channel (dimension 1), shaped to broadcast over a batch."""
    dims = [d for d in range(inputs.dim()) if d != 1]
    if inputs.dtype == torch.uint8:  # a histogram of 256 values is exact and reads the data once
        counts = np.stack(
            [np.bincount(inputs[:, c].reshape(-1).numpy(), minlength=256) for c in range(inputs.shape[1])]
        )
        weights, values = torch.from_numpy(counts).double(), torch.arange(256, dtype=torch.float64)
        mean = (weights * values).sum(1) / weights.sum(1)
        variance = (weights * (values - mean[:, None]) ** 2).sum(1) / weights.sum(1)
    else:
        variance, mean = torch.var_mean(inputs.double(), dim=dims, correction=0)
    shape = [1, -1] + [1] * (inputs.dim() - 2)
    return mean.reshape(shape), variance.sqrt().reshape(shape)


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _whole_numbers(targets: Any) -> Any:
    return targets.long() if isinstance(targets, Tensor) and not targets.is_floating_point() else targets
