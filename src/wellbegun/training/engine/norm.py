"""Evaluation of networks with batch norm: statistics re-estimated, then given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeGuard

import torch
from torch import nn

from wellbegun.training.engine.state import set_train_flags, train_flags

BATCHES, BATCH = 4, 256
"""Training batches that the statistics are taken from before an evaluation, and their largest size."""


def keeps_statistics(layer: nn.Module) -> bool:
    """Whether a batch norm asks to be evaluated as it is: with its running averages, or without any."""
    return bool(getattr(layer, "keeps_statistics", False))


def needs_statistics(layer: nn.Module) -> TypeGuard[nn.modules.batchnorm._BatchNorm]:
    """Whether this is a batch norm whose running averages an evaluation does not take as they are."""
    return (
        isinstance(layer, nn.modules.batchnorm._BatchNorm)
        and layer.training
        and layer.running_mean is not None
        and not keeps_statistics(layer)
    )


@contextmanager
def evaluating(model: nn.Module, feed: Callable[[], None] | None) -> Iterator[None]:
    """A block with the network in evaluation mode and batch norm's statistics those of the current weights.

    The running averages lag where training is short or fast, and the lag would be read as a property of the
    learning rate. So the statistics are the plain mean over a few training batches, without dropout. Flags,
    buffers and the momentum of the averages are given back bit for bit. Layers that the user holds in
    evaluation mode, and those with a true attribute ``keeps_statistics``, are evaluated as they are.

    Args:
        feed: sends the training batches through the network, without gradients. None takes the statistics of
            each batch that is evaluated, which costs nothing, as in the 2017 paper.
    """
    flags = train_flags(model)
    norms = [m for m in model.modules() if needs_statistics(m)]
    saved = [(m, m.momentum, [(b, b.clone()) for b in m.buffers(recurse=False)]) for m in norms]
    model.eval()
    try:
        if norms:
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum, norm.training = None, True
        if norms and feed is not None:
            feed()
            for norm in norms:
                norm.training = False
        yield
    finally:
        with torch.no_grad():
            for norm, momentum, buffers in saved:
                norm.momentum = momentum
                for buffer, value in buffers:
                    buffer.copy_(value)
        set_train_flags(flags)
