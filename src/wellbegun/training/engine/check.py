"""Bad tasks found before the first run: each rule, what broke it, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from wellbegun.errors import TaskError
from wellbegun.training.engine import losses, sources
from wellbegun.training.engine.batches import sample
from wellbegun.training.engine.sources import Samples, Source
from wellbegun.training.engine.state import PrivateRandom

if TYPE_CHECKING:
    from wellbegun.training.task import Task

TRIED = 8  # samples of the trial; at least two for batch norm
SEEN = 64  # samples read of data that is not held whole


def check(task: Task) -> None:
    """Look at the data and try one loss and its gradient on a few samples.

    Raises:
        TaskError: with the rule that is broken, the values received and the way out.
    """
    given = {"training": task.train, "validation": task.validation, "test": task.test}
    for name, data in given.items():  # before a split, so that rows are counted as the user does
        if data is not None:
            _finite(sources.read(data, name), name)
    parts = task.parts()
    named = {"training": parts.train, "validation": parts.validation, "test": parts.test}
    seen = {name: _seen(part, name) for name, part in named.items() if part is not None}
    for name, some in seen.items():
        _same_shape(seen["training"], some, name)
    if task.is_classification:
        for name, part in named.items():
            if part is not None and name != "test":
                _two_classes(part, seen[name][1], name)
    classes = _trial(task)
    if classes is not None:
        for name, (_, targets) in seen.items():
            _in_range(targets, classes, name)
    _loss_trial(task)


def _seen(source: Source, name: str) -> tuple[Any, Any]:
    """All of the data, or of a data set some samples spread evenly."""
    if isinstance(source, tuple):
        return source
    try:
        inputs, targets = sources.collate(source, _looked_at(source))
    except Exception as error:
        raise TaskError(
            f"samples of the {name} data must be pairs (input, target) that make a batch, "
            f"got {_said(error)}; return tensors of one shape from __getitem__, or pass a "
            "DataLoader with collate_fn"
        ) from error
    return inputs, targets


def _looked_at(source: Samples) -> Tensor:
    """Which samples of a data set are looked at."""
    return torch.linspace(0, len(source) - 1, min(SEEN, len(source))).long()


def _finite(source: Source, name: str) -> None:
    """Refuse NaN and inf in what is seen of the data."""
    rows = None if isinstance(source, tuple) else _looked_at(source)
    for kind, values in zip(("inputs", "targets"), _seen(source, name), strict=True):
        if not isinstance(values, Tensor) or not values.is_floating_point():
            continue
        bad = ~torch.isfinite(values)
        if bad.any():
            at = bad.reshape(len(values), -1).any(1).nonzero().flatten()
            of = f"{len(values)} samples" + ("" if rows is None else " looked at")
            raise TaskError(
                f"{name} {kind} must be finite, got NaN or inf in {len(at)} of {of}, "
                f"first in row {int(at[0] if rows is None else rows[at[0]])}; "
                "drop these rows or fill them"
            )


def _same_shape(train: tuple[Any, Any], other: tuple[Any, Any], name: str) -> None:
    for kind, mine, theirs in zip(("inputs", "targets"), train, other, strict=True):
        if not (isinstance(mine, Tensor) and isinstance(theirs, Tensor)):
            continue
        if mine.is_floating_point() != theirs.is_floating_point():
            raise TaskError(
                f"training and {name} {kind} must be of one kind, got {mine.dtype} and "
                f"{theirs.dtype}; convert one of them"
            )
        if mine.shape[1:] != theirs.shape[1:] and kind == "inputs":
            raise TaskError(
                f"training and {name} inputs must have one shape, "
                f"got {list(mine.shape[1:])} and {list(theirs.shape[1:])}; prepare both in the same way"
            )


def _two_classes(source: Source, targets: Any, name: str) -> None:
    labels = sources.labels_of(source)
    if labels is None:
        whole = isinstance(targets, Tensor) and targets.dim() == 1 and len(targets) == sources.size(source)
        if not (isinstance(source, Samples) and whole):
            return
        labels = targets
    found = torch.unique(labels)
    if len(found) < 2:
        raise TaskError(
            f"{name} data must hold at least 2 classes, got only class {int(found[0])} in "
            f"{len(labels)} samples; "
            "pass data in which every class occurs"
        )


def _trial(task: Task) -> int | None:
    """Send a few samples through; returns the number of classes where the loss is cross entropy."""
    model = _model(task)
    inputs, targets = sample(task, TRIED)
    output = _forward(model, inputs)
    if not isinstance(output, Tensor) or not isinstance(targets, Tensor) or not _is_cross_entropy(task):
        return None
    if output.dim() < 2:
        raise TaskError(
            f"classes need outputs [batch, classes], got outputs {list(output.shape)} for "
            f"targets {list(targets.shape)}; "
            "end the network with one output per class, or pass a loss"
        )
    return output.shape[-1] if output.shape[:-1] == targets.shape else output.shape[1]


def _model(task: Task) -> nn.Module:
    try:
        model = task.build_model(task.seed)
    except TaskError:
        raise
    except Exception as error:
        raise TaskError(
            f"the factory must return a network when called with {dict(task.factory_args)}, got "
            f"{_said(error)}; "
            "give its arguments as factory_args"
        ) from error
    if not any(p.requires_grad for p in model.parameters()):
        raise TaskError(
            "a network needs trainable parameters, got none with requires_grad; return it with its weights"
        )
    return model.train()


def _forward(model: nn.Module, inputs: Any) -> Any:
    try:
        with PrivateRandom(0):
            return model(inputs)
    except Exception as error:
        shape = (
            f"{list(inputs.shape)} {inputs.dtype}" if isinstance(inputs, Tensor) else type(inputs).__name__
        )
        raise TaskError(
            f"inputs must fit the network, got a batch {shape} and {_said(error)}; "
            "change the network's first layers or the shape of the inputs"
        ) from error


def _is_cross_entropy(task: Task) -> bool:
    loss = task.loss
    if loss is None:
        return task.is_classification
    return loss in (losses.cross_entropy, functional.cross_entropy) or isinstance(loss, nn.CrossEntropyLoss)


def _in_range(targets: Any, classes: int, name: str) -> None:
    if not isinstance(targets, Tensor) or targets.is_floating_point():
        return
    low, high = int(targets.min()), int(targets.max())
    if (low < 0 and low != -100) or high >= classes:  # -100 is torch's mark for "no target here"
        raise TaskError(
            f"labels must lie in 0..{classes - 1} for a network with {classes} outputs, "
            f"got {low}..{high} in the {name} targets; number the classes from 0 or give the "
            "network more outputs"
        )


def _loss_trial(task: Task) -> None:
    model = _model(task)
    inputs, targets = sample(task, TRIED)
    output = _forward(model, inputs)
    try:
        with PrivateRandom(0):
            loss = task.loss_function()(output, targets)
            with torch.no_grad():
                for metric in task.metric_functions().values():
                    float(metric(output, targets))
    except TaskError:
        raise
    except Exception as error:
        shapes = [list(v.shape) if isinstance(v, Tensor) else type(v).__name__ for v in (output, targets)]
        raise TaskError(
            f"loss and metrics must accept the network's output, got output {shapes[0]}, target {shapes[1]} "
            f"and {_said(error)}; change the last layer or pass another loss"
        ) from error
    if not isinstance(loss, Tensor) or loss.dim() != 0:
        got = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        raise TaskError(
            f"the loss must be a scalar tensor, the mean over the batch, got {got}; end it with .mean()"
        )
    if not torch.isfinite(loss):
        raise TaskError(
            f"an untrained network must have a finite loss, got {float(loss.detach())}; check loss and inputs"
        )
    if loss < 0:
        raise TaskError(
            f"losses are compared by ratios and must be positive, got {float(loss.detach()):.4g} from an "
            "untrained network; add a constant that the loss never goes below"
        )
    _depends(loss, [p for p in model.parameters() if p.requires_grad])


def _depends(loss: Tensor, parameters: list[nn.Parameter]) -> None:
    grads = torch.autograd.grad(loss, parameters, allow_unused=True) if loss.requires_grad else ()
    if all(grad is None for grad in grads):
        raise TaskError(
            f"the loss must depend on the parameters, got no gradient for any of {len(parameters)}; "
            "compute it from the model's output without detach(), item() or no_grad()"
        )


def _said(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
