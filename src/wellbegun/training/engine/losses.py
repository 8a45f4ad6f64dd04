"""Default losses and metrics: cross entropy and accuracy for classes, mean squared error for numbers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from wellbegun.errors import TaskError


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """Mean of -log softmax(output)[target]; classes last ([b, t, v] for [b, t]) or in torch's place."""
    if output.dim() > 2:
        output, target = _classes_last(output, target)
    return functional.cross_entropy(output, target)


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """The fraction of targets whose class has the largest output."""
    output, target = _classes_last(output, target)
    hits = output.argmax(-1) == target
    return hits.float().mean() if hits.device.type == "mps" else hits.double().mean()  # mps has no float64


def mean_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """mean((output - target)**2) for equal shapes; a last dimension of 1 may be missing on one side.

    Raises:
        TaskError: the shapes differ otherwise; broadcasting [b, 1] against [b] would silently give [b, b].
    """
    if output.dim() == target.dim() + 1 and output.shape[-1] == 1:
        output = output.squeeze(-1)
    elif target.dim() == output.dim() + 1 and target.shape[-1] == 1:
        target = target.squeeze(-1)
    if output.shape != target.shape:
        raise TaskError(
            "mean squared error needs outputs of the shape of the targets, "
            f"got outputs {list(output.shape)} and targets {list(target.shape)}; change the last "
            "layer or pass a loss"
        )
    return functional.mse_loss(output, target)


def _classes_last(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """[rows, classes] and [rows] from any layout of classes and positions."""
    if output.shape[:-1] == target.shape:
        return output.reshape(-1, output.shape[-1]), target.reshape(-1)
    if output.dim() == target.dim() + 1 and output.shape[2:] == target.shape[1:]:
        return torch.movedim(output, 1, -1).reshape(-1, output.shape[1]), target.reshape(-1)
    raise TaskError(
        "classes need outputs [batch, classes] for targets [batch] (or [b, t, classes] for [b, t]), "
        f"got outputs {list(output.shape)} and targets {list(target.shape)}; change the last "
        "layer or pass a loss"
    )
