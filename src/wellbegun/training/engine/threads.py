"""How many of PyTorch's threads an update is worth: small networks train faster, and fairly, with one."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn

from wellbegun.spec import RunSpec
from wellbegun.training.engine.arithmetic import arithmetic

if TYPE_CHECKING:
    from wellbegun.training.task import Task

WORTH_IT = 30e6
"""Operations of an update for each thread, so two from 60 million on (measured: benchmarks/README.md)."""
BACKWARD = 2.0  # a pass back costs as much as so many forward: gradients of the weights and of the inputs


def worth(task: Task, spec: RunSpec, model: nn.Module) -> int | None:
    """Threads that an update of this network is worth, at least 1; None: all of them.

    By rule and not by a stopwatch: with another number of threads the last bits of a run are others.
    """
    if torch.device(spec.device).type != "cpu":
        return None
    found = operations(task, spec, model)
    return max(1, int(found / WORTH_IT)) if math.isfinite(found) else None


def operations(task: Task, spec: RunSpec, model: nn.Module) -> float:
    """Operations of an update, forward and back; counted once for every network of a task.

    A copy of the network is asked, as a network may count its calls; infinite where it cannot be copied.
    """
    name = f"arithmetic {sorted(dict(spec.factory_args).items())}"
    return (1 + BACKWARD) * spec.batch_size * float(task.memo(name, lambda: _of_a_copy(task, model)))


def _of_a_copy(task: Task, model: nn.Module) -> float:
    try:
        model = copy.deepcopy(model)
    except (RuntimeError, TypeError):  # tensors that are no leaves, handles of files and the like
        return math.inf
    found = arithmetic(task, model)
    return found.products + found.elements


@contextmanager
def at_most(threads: int | None) -> Iterator[None]:
    """A block that computes with so many of PyTorch's threads; with all if there are no more, or for None.

    Threads wait for each other at the end of every operation. Where one has to share its core with another
    process (a second job, say), operations of microseconds take milliseconds.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(threads or before, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)
