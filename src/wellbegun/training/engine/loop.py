"""The Trainer port over a user's own plain PyTorch objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wellbegun.schedules._base import Floats
from wellbegun.training.engine import losses, norm
from wellbegun.training.engine.state import Snapshot, randomness_kept


class LoopTrainer:
    """A user's model, optimizer and loaders as a ``training.trainer.Trainer``.

    Learning rates of parameter groups keep their ratios to the first group's. The loader is read from its
    beginning, again and again.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        train_loader: Iterable[Any],
        val_loader: Iterable[Any],
        loss: Callable[[Any, Any], Tensor],
        *,
        set_momentum: bool = True,
    ) -> None:
        """Take the objects as they are; nothing is read or changed yet.

        Args:
            train_loader: yields (inputs, targets); the model is called with the inputs.
            loss: (model output, targets) -> scalar, the mean over the batch.
            set_momentum: False leaves the optimizer's own momentum alone.
        """
        self.model, self.optimizer = model, optimizer
        self._train, self._validation, self._loss = train_loader, val_loader, loss
        self._set_momentum = set_momentum
        first = float(optimizer.param_groups[0]["lr"])
        rates = [float(group["lr"]) for group in optimizer.param_groups]
        self._ratios = [rate / first if first > 0 else 1.0 for rate in rates]
        dataset = getattr(train_loader, "dataset", None)
        self.samples = len(dataset) if dataset is not None and hasattr(dataset, "__len__") else 1
        self._stream: Iterator[Any] | None = None
        self._norm_batches: list[Any] | None = None

    def steps(self, lr: Floats, momentum: Floats) -> Floats:
        """Do n updates with these values; returns the n training losses."""
        found = []
        self.model.train()
        for rate, share in zip(lr.tolist(), momentum.tolist(), strict=True):
            self._set(rate, share)
            inputs, targets = self._next()
            self.optimizer.zero_grad(set_to_none=True)
            loss = self._loss(self.model(inputs), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            found.append(loss.detach())
        values: Floats = torch.stack(found).cpu().double().numpy() if found else np.empty(0)
        return values

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """val_loss, and val_accuracy for whole-number targets; random states and flags are given back."""
        totals: dict[str, float] = {}
        count = 0
        with randomness_kept(self._train, self._validation), norm.evaluating(self.model, self._feed_norms):
            for batch in self._validation:
                inputs, targets = self._to_device(batch)
                output, size = self.model(inputs), len(targets)
                values = {"val_loss": self._loss(output, targets)}
                if (
                    isinstance(output, Tensor)
                    and not targets.is_floating_point()
                    and output.dim() > targets.dim()
                ):
                    values["val_accuracy"] = losses.accuracy(output, targets)
                for name, value in values.items():
                    totals[name] = totals.get(name, 0.0) + float(value) * size
                count += size
        if count == 0:
            raise ValueError(
                "val_loader must yield at least one batch, got none; check its data set and drop_last"
            )
        return {name: total / count for name, total in totals.items()}

    def test(self) -> Mapping[str, float]:
        """Nothing: a loop has no test data."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """A snapshot of everything, to go back to in this process; it begins the loader anew."""
        self._stream = None
        return {"snapshot": Snapshot(self.model, self.optimizer, loader=self._train)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a ``state_dict``."""
        self._stream = None
        state["snapshot"].restore()

    def _set(self, lr: float, momentum: float) -> None:
        for group, ratio in zip(self.optimizer.param_groups, self._ratios, strict=True):
            group["lr"] = lr * ratio
            if not self._set_momentum:
                continue
            if "momentum" in group:
                group["momentum"] = momentum
            elif "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])

    def _next(self) -> tuple[Any, Any]:
        for _ in range(2):
            if self._stream is None:
                self._stream = iter(self._train)
            for batch in self._stream:
                return self._to_device(batch)
            self._stream = None
        raise ValueError(
            "train_loader must yield at least one batch, got none; check its data set and drop_last"
        )

    def _feed_norms(self) -> None:
        if self._norm_batches is None:  # the same batches at every evaluation
            self._norm_batches = list(islice(iter(self._train), norm.BATCHES))
        for batch in self._norm_batches:
            self.model(self._to_device(batch)[0])

    def _to_device(self, batch: Any) -> tuple[Any, Any]:
        device = next(self.model.parameters()).device
        inputs, targets = (_move(part, device) for part in batch)
        return inputs, targets


def _move(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {name: _move(part, device) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_move(part, device) for part in value)
    return value
