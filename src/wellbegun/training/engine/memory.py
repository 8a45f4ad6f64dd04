"""The memory of training: what an update needs, what the device has, which errors say it was too little."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

MEMORY = "memory_bytes"
"""Name of the metric in a measured run."""


class Meter:
    """What the updates of a measured run hold at their peak, in bytes.

    On CUDA the allocator's own peak during updates, the data set included where it lies on the device.
    Elsewhere no honest peak of one run exists (a process keeps what it freed), so it is counted: weights,
    gradients, optimizer slots, the batch, and what the first forward pass saves for the backward pass, each
    storage once.
    """

    def __init__(self, device: str, weights: Iterable[Tensor], slots: Iterable[Tensor]) -> None:
        self.bytes = math.nan  # before the first update
        self._cuda = torch.device(device).type == "cuda"
        self._weights, self._slots = list(weights), list(slots)

    @contextmanager
    def updates(self) -> Iterator[None]:
        """Around some updates: evaluation is left out."""
        if not self._cuda:
            yield
            return
        torch.cuda.reset_peak_memory_stats()
        yield
        self.bytes = max(float(torch.cuda.max_memory_allocated()), self.bytes if self.bytes > 0 else 0.0)

    @contextmanager
    def forward(self, *batch: object) -> Iterator[None]:
        """Around a forward pass; only the first is counted, and its result is the same to the last bit."""
        if self._cuda or not math.isnan(self.bytes):
            yield
            return
        sizes: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
            return tensor.detach()  # the tensor itself would keep its own graph alive

        for tensor in (*self._weights, *self._slots, *batch):
            if isinstance(tensor, Tensor):
                keep(tensor)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            yield
        gradients = sum(weight.numel() * weight.element_size() for weight in self._weights)
        self.bytes = float(sum(sizes.values()) + gradients)


def capacity(device: str) -> int | None:
    """Bytes of memory that the device has in all, which does not change from call to call; None: unknown."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no such question on this system
        return None


def describe(device: str, threads: int | None = None) -> str:
    """The device in words: its name, or the threads that compute (by default those of this process)."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device} x {threads or torch.get_num_threads()}"


def is_too_little(error: Exception) -> bool:
    """Whether an error says that memory was too little."""
    types = (torch.OutOfMemoryError, MemoryError)
    return isinstance(error, types) or "DefaultCPUAllocator: can't allocate" in str(error)
