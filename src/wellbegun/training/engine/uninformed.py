"""The loss without a look at the inputs: what a network that learned the mean of the targets comes to."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from wellbegun.training.engine import sources
from wellbegun.training.engine.batches import sample, typed
from wellbegun.training.engine.sources import Source
from wellbegun.training.engine.state import PrivateRandom

if TYPE_CHECKING:
    from wellbegun.training.task import Task

ROWS, READ, LARGEST = 2048, 256, 2**21  # samples; of data read one by one; numbers in all outputs
STEPS = 50  # of L-BFGS
LEAST = 0.01  # of the untrained network's loss: what is lower was found where no network goes


def uninformed_loss(task: Task) -> float:
    """The validation loss of the output that suits the training targets best and is the same for every input.

    For cross entropy that is the entropy of the classes, for the mean squared error the variance. NaN where
    it cannot be told: outputs that are no tensor or too large, a loss that has no lowest value above 0 (log
    likelihoods of outputs that the network itself normalises).
    """
    with PrivateRandom(0):
        inputs, targets = sample(task, 2)
        with torch.no_grad():
            output = task.build_model(task.seed).train()(inputs)
        if not isinstance(output, Tensor) or 2 * output[:1].numel() > LARGEST:
            return math.nan
        loss = task.loss_function()
        loss = copy.deepcopy(loss) if isinstance(loss, nn.Module) else loss
        try:
            return _lowest(task, loss, output.float(), targets)
        except (RuntimeError, ValueError, TypeError):  # outputs of its own range, or targets of another form
            return math.nan


def _lowest(task: Task, loss: Any, output: Tensor, targets: Any) -> float:
    rows = max(2, min(ROWS, LARGEST // output[:1].numel()))
    train, validation = (_targets(part, rows) for part in (task.parts().train, task.parts().validation))
    constant = output.mean(0, keepdim=True).requires_grad_()
    optimizer = torch.optim.LBFGS([constant], max_iter=STEPS, line_search_fn="strong_wolfe")

    def on(targets: Any) -> Tensor:
        value: Tensor = loss(constant.expand(sources.length(targets), *constant.shape[1:]), targets)
        return value

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = on(train)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        found, untrained = float(on(validation)), float(loss(output, targets))
    return found if math.isfinite(found) and found >= LEAST * untrained > 0 else math.nan


def _targets(source: Source, rows: int) -> Any:
    """Targets of samples spread evenly, without reading inputs where they are listed."""
    size = sources.size(source)
    labels = sources.labels_of(source)
    listed = source[1] if isinstance(source, tuple) else labels
    count = min(size, rows if listed is not None else min(rows, READ))
    index = torch.linspace(0, size - 1, count).long()
    return typed(sources.collate(source, index)[1] if listed is None else listed[index])
