"""LrEstimator: the best learning rate from three successive weights of a run, while it trains."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

START = 0.1  # of the moving average, in the author's scripts; the paper names no start
WEIGHT = 0.1  # of a new estimate in the moving average


class LrEstimator:
    """The learning rate that a step of Newton's method would use, estimated from how the weights move.

    With w(i) the weights after i updates and LR the learning rate of the update that follows w(i):

        new = LR * sum |w(i + k) - w(i)| / sum |2 w(i + k) - w(i) - w(i + 2k)|
        lr  = 0.9 lr + 0.1 new

    On a quadratic of curvature h, plain gradient descent gives exactly 1/h. Two lines in a loop:

        estimate = LrEstimator(optimizer)
        ...
        optimizer.step(); estimate.step()  # before the scheduler's step; read estimate.lr whenever you like

    ``step`` never waits for the device and changes nothing of the run; reading ``lr`` or ``lrs`` waits. Two
    copies of the weights are kept. An estimate that is not finite (weights that stood still, or moved along
    a straight line) is left out of the average.

    Args:
        optimizer: its param groups give the weights, and the learning rates as they change.
        every: k, the updates between two looks, >= 1. The paper shows 1 and 10.
        start: where the moving averages start; None starts them at the first estimate.
        model: adds its floating-point buffers, such as running averages, to the sums of the first group, as
            the author's scripts do; None leaves them out, as the equation does.

    Raises:
        ValueError: every < 1, or a param group without parameters.

    Source: arXiv:1708.07120v1, Sec. 5, Eq. 6 to 8, Fig. 5. Choice: start 0.1 as in the author's scripts.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        every: int = 1,
        start: float | None = START,
        model: nn.Module | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1 update, got {every}")
        self.every, self.updates = every, 0
        self._groups = [_Group(group, start) for group in optimizer.param_groups]
        if model is not None:
            self._groups[0].more = [b for b in model.buffers() if b.is_floating_point()]
        if not all(group.weights() for group in self._groups):
            raise ValueError("an estimate needs weights, got an optimizer with an empty param group")
        self._total = _Average(start)
        for group in self._groups:
            group.look()

    def __repr__(self) -> str:
        return f"LrEstimator(lr={self.lr:.3g}, every={self.every}, updates={self.updates})"

    @property
    def lr(self) -> float:
        """The moving average over all weights, on the scale of the first group's lr; NaN before the first."""
        return self._total.read()

    @property
    def lrs(self) -> list[float]:
        """The same for every param group by itself, on the scale of its own lr."""
        return [group.average.read() for group in self._groups]

    @torch.no_grad()
    def step(self) -> None:
        """Take notice of the update that ``optimizer.step()`` has just done."""
        if self.updates % self.every == 0:
            for group in self._groups:
                group.rate = float(group.settings["lr"])
        self.updates += 1
        if self.updates % self.every:
            return
        seen = [look for group in self._groups if (look := group.look())]
        for group, (rate, moved, bent) in zip(self._groups, seen, strict=False):  # none before the third look
            group.average.add(rate, moved, bent)
        if seen:
            self._total.add(
                seen[0][0], _sum(moved for _, moved, _ in seen), _sum(bent for _, _, bent in seen)
            )

    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that the estimate remembers."""
        return {
            "updates": self.updates,
            "total": self._total.value,
            "groups": [
                {
                    "rate": group.rate, "before": group.before, "average": group.average.value,
                    "last": [t.clone() for t in group.last], "move": [t.clone() for t in group.move],
                }
                for group in self._groups
            ],
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a ``state_dict``."""
        self.updates, self._total.value = state["updates"], state["total"]
        for group, saved in zip(self._groups, state["groups"], strict=True):
            group.rate, group.before, group.average.value = saved["rate"], saved["before"], saved["average"]
            group.last = [t.clone() for t in saved["last"]]
            group.move = [t.clone() for t in saved["move"]]


class _Average:
    """A moving average on the device that leaves out what is not finite."""

    def __init__(self, start: float | None) -> None:
        self.value: Tensor | float = math.nan if start is None else start

    def add(self, lr: float, moved: Tensor, bent: Tensor) -> None:
        new = lr * moved.double() / bent.double()
        old = torch.as_tensor(self.value, dtype=torch.float64, device=new.device)
        mixed = torch.where(old.isnan(), new, (1 - WEIGHT) * old + WEIGHT * new)
        self.value = torch.where(new.isfinite(), mixed, old)

    def read(self) -> float:
        return float(self.value)


@dataclass(eq=False)
class _Group:
    """The weights of one param group as they were, k and 2k updates ago."""

    settings: dict[str, Any]
    start: float | None
    more: list[Tensor] = field(default_factory=list)  # buffers
    last: list[Tensor] = field(default_factory=list)  # w(i + k)
    move: list[Tensor] = field(default_factory=list)  # w(i + k) - w(i)
    rate: float = math.nan  # of the update that follows the last look
    before: float = math.nan  # of the update that followed the look before it

    def __post_init__(self) -> None:
        self.average = _Average(self.start)

    def weights(self) -> list[Tensor]:
        return [p.detach() for p in self.settings["params"]] + self.more

    def look(self) -> tuple[float, Tensor, Tensor] | None:
        """lr at i, sum |w(i + k) - w(i)|, sum |2 w(i + k) - w(i) - w(i + 2k)|; None before the third look."""
        now, found = self.weights(), None
        if not self.last:
            self.last = [w.clone() for w in now]
            return None
        move = list(torch._foreach_sub(now, self.last))
        torch._foreach_copy_(self.last, now)
        if self.move:
            # differences of neighbours are exact in floating point, unlike 2 w(i + k) - w(i) - w(i + 2k)
            found = self.before, _sum_abs(self.move), _sum_abs(torch._foreach_sub(self.move, move))
        self.move, self.before = move, self.rate
        return found


def _sum_abs(tensors: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    return _sum(torch._foreach_norm(tensors, 1))


def _sum(numbers: Iterable[Tensor]) -> Tensor:
    """float64, on the device of the first."""
    first, *rest = numbers
    return torch.stack([first.double(), *(one.double().to(first.device) for one in rest)]).sum()
