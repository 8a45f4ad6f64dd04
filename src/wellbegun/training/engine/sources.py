"""Where samples come from: tensors held whole, or a data set read one by one; and the split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

from wellbegun.errors import TaskError
from wellbegun.training.engine.state import PrivateRandom

VALIDATION_SHARE, VALIDATION_MOST = 0.1, 5000
Pair = tuple[Tensor, Tensor]
"""Inputs and targets of equal length, held whole."""


@dataclass(frozen=True, eq=False)
class Samples:
    """A map-style data set that is read sample by sample, and how samples become batches."""

    dataset: Dataset[Any]
    collate: Callable[[list[Any]], Any] = default_collate
    workers: int = 0

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def first(self) -> Any:
        """The first sample, read without a trace in the global random states."""
        with PrivateRandom(0):
            return self.dataset[0]

    def labels(self) -> Tensor | None:
        """The classes of all samples where the data set lists them (``targets`` or ``labels``), else None."""
        return _listed(self.dataset)


Source = Pair | Samples


@dataclass(frozen=True, eq=False)
class Parts:
    """The data of a task in the three roles that they play."""

    train: Source
    validation: Source
    test: Source | None


def read(data: Any, name: str) -> Source:
    """Any form of data as tensors held whole, or as samples.

    Raises:
        TaskError: lengths differ, nothing is there, or the form is unknown.
    """
    if isinstance(data, DataLoader):
        source = _read_loader(data, name)
    elif isinstance(data, tuple | list) and len(data) == 2:
        source = _tensor(data[0], f"{name} inputs"), _tensor(data[1], f"{name} targets")
    elif isinstance(data, IterableDataset) or not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
        raise TaskError(
            f"{name} data must be (inputs, targets), a map-style Dataset or a DataLoader of one, "
            f"got {type(data).__name__}; give the data set a __len__ and a __getitem__"
        )
    else:
        source = _whole(Samples(data, workers=getattr(data, "workers", 0)))
    if isinstance(source, tuple) and len(source[0]) != len(source[1]):
        raise TaskError(
            f"{name} inputs and targets must have equal lengths, got {len(source[0])} inputs "
            f"and {len(source[1])} targets; pass one target per input"
        )
    if size(source) == 0:
        raise TaskError(f"{name} data must hold at least one sample, got 0; check where it is read from")
    return source


def size(source: Source) -> int:
    """The number of samples."""
    return len(source[0]) if isinstance(source, tuple) else len(source)


def length(batch: Any) -> int:
    """The number of samples in a batch, or in its inputs or targets, of any structure."""
    if isinstance(batch, Tensor):
        return len(batch)
    return length(next(iter(batch.values() if isinstance(batch, Mapping) else batch)))


def take(source: Source, index: Tensor) -> Source:
    """The samples at these positions, in this order."""
    if isinstance(source, tuple):
        return source[0][index], source[1][index]
    return replace(source, dataset=Subset(source.dataset, index.tolist()))


def join(first: Source, second: Source) -> Source:
    """Both, one after the other.

    Raises:
        TaskError: one is held whole and the other is read sample by sample, or their shapes differ.
    """
    if isinstance(first, tuple) and isinstance(second, tuple):
        if first[0].shape[1:] != second[0].shape[1:]:
            raise TaskError(
                "training and validation inputs must have one shape to be trained on together, "
                f"got {list(first[0].shape[1:])} and {list(second[0].shape[1:])}; train on the "
                "training part only"
            )
        return torch.cat((first[0], second[0])), torch.cat((first[1], second[1]))
    if isinstance(first, Samples) and isinstance(second, Samples):
        return replace(first, dataset=torch.utils.data.ConcatDataset([first.dataset, second.dataset]))
    raise TaskError(
        "training and validation data must have one form to be trained on together, got tensors "
        "and a data set; "
        "pass both as Datasets or both as tensors"
    )


def collate(source: Source, index: Tensor) -> Any:
    """The samples at these positions as one batch (inputs, targets)."""
    if isinstance(source, tuple):
        return source[0][index], source[1][index]
    with PrivateRandom(0):
        return source.collate([source.dataset[i] for i in index.tolist()])


def split(source: Source, seed: int) -> tuple[Source, Source]:
    """Training and validation part: 10 % for validation, at most 5,000, stratified where classes are known.

    Raises:
        TaskError: there are fewer than two samples.
    """
    samples = size(source)
    if samples < 2:
        raise TaskError(
            f"a split needs at least 2 training samples, got {samples}; pass validation data or more samples"
        )
    validation = validation_indices(samples, labels_of(source), seed)
    rest = torch.ones(samples, dtype=torch.bool)
    rest[validation] = False
    return take(source, rest.nonzero().flatten()), take(source, validation)


def validation_indices(samples: int, labels: Tensor | None, seed: int) -> Tensor:
    """int64[m], increasing: 10 % of the samples, at most 5,000; classes by share (largest remainder)."""
    wanted = min(VALIDATION_MOST, max(1, int(samples * VALIDATION_SHARE + 0.5)))
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(seed))
    if labels is None:
        return order[:wanted].sort().values
    counts = torch.unique(labels, return_counts=True)[1]
    share = counts.double() * wanted / samples
    quota = share.floor().long()
    largest = torch.sort(share - quota, descending=True, stable=True).indices
    quota[largest[: wanted - int(quota.sum())]] += 1
    by_class = order[torch.sort(labels[order], stable=True).indices]
    starts = counts.cumsum(0) - counts
    chosen = [by_class[start : start + n] for start, n in zip(starts.tolist(), quota.tolist(), strict=True)]
    return torch.cat(chosen).sort().values


def _listed(dataset: Any) -> Tensor | None:
    if isinstance(dataset, Subset):
        whole = _listed(dataset.dataset)
        return None if whole is None else whole[torch.as_tensor(dataset.indices)]
    for name in ("targets", "labels"):
        values = getattr(dataset, name, None)
        if values is not None and len(values) == len(dataset):
            return torch.as_tensor(np.asarray(values))
    return None


def labels_of(source: Source) -> Tensor | None:
    """int64[n]: every sample's class; None where targets are not listed or no single whole numbers."""
    labels = source[1] if isinstance(source, tuple) else source.labels()
    if labels is None or labels.dim() != 1 or labels.is_floating_point():
        return None
    return labels.long()


def commonest(source: Source) -> float | None:
    """The share of the samples that have the commonest class; None where there are no classes."""
    labels = labels_of(source)
    return None if labels is None else int(torch.unique(labels, return_counts=True)[1].max()) / len(labels)


def _whole(samples: Samples) -> Source:
    """A TensorDataset of two tensors is held whole: the same samples, much faster."""
    dataset = samples.dataset
    if type(dataset) is TensorDataset and len(dataset.tensors) == 2 and samples.collate is default_collate:
        return _tensor(dataset.tensors[0], "inputs"), _tensor(dataset.tensors[1], "targets")
    return samples


def _read_loader(loader: DataLoader[Any], name: str) -> Source:
    if isinstance(loader.dataset, IterableDataset) or type(loader.sampler) not in (
        RandomSampler,
        SequentialSampler,
    ):
        raise TaskError(
            f"the {name} DataLoader must read a map-style data set in plain or shuffled order, "
            "because the engine sets "
            f"order and batch size itself, got {type(loader.dataset).__name__} with "
            f"{type(loader.sampler).__name__}; "
            "pass a map-style data set that holds what the sampler would draw"
        )
    return _whole(Samples(loader.dataset, loader.collate_fn or default_collate, loader.num_workers))


def _tensor(values: Any, name: str) -> Tensor:
    """A tensor that shares memory with ``values`` where it can; whole-number targets as int64."""
    if not isinstance(values, Tensor):
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TaskError(
                f"{name} must be numbers, got an array of {array.dtype}; encode words and "
                "objects as numbers first"
            )
        values = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    if values.dim() == 0:
        raise TaskError(f"{name} must have one row per sample, got a single number; pass an array")
    tensor: Tensor = values.detach()
    return tensor.long() if name.endswith("targets") and not tensor.is_floating_point() else tensor
