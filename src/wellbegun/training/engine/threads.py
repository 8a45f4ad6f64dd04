"""How many of PyTorch's threads an update is worth: small networks train faster, and fairly, with one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from wellbegun.training.engine.arithmetic import arithmetic

if TYPE_CHECKING:
    from wellbegun.training.task import Task

WORTH_IT = 30e6
"""Operations of an update for each thread: what two threads gain over one (benchmarks/threads.py)."""
BACKWARD = 2.0  # a pass back costs as much as so many forward: gradients of the weights and of the inputs


def worth(task: Task, batch_size: int, **factory_args: Any) -> int:
    """Threads that an update of this network is worth on a processor, at least 1.

    By rule and not by a stopwatch: with another number of threads the last bits of a run are others.
    """
    return max(1, int(operations(task, batch_size, **factory_args) / WORTH_IT))


def operations(task: Task, batch_size: int, **factory_args: Any) -> float:
    """Operations of an update, forward and back."""
    found = arithmetic(task, **factory_args)
    return (1 + BACKWARD) * batch_size * (found.products + found.elements)


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """A block that computes with so many of PyTorch's threads, or with all if there are no more.

    Threads wait for each other at the end of every operation. Where one has to share its core with another
    process (a second job, say), operations of microseconds take milliseconds.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(threads, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)
