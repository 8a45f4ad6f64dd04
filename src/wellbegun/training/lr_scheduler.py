"""ScheduleLR: any Schedule as a torch LRScheduler; its state is the iteration alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from wellbegun.schedules._base import Schedule


class ScheduleLR(LRScheduler):
    """Give an optimizer the values of a schedule, update by update.

    After construction the optimizer holds the values of update 0; every ``step()`` after ``optimizer.step()``
    gives it those of the next update: call it once per update, not once per epoch, and leave it out after an
    update that a gradient scaler skipped. A value depends on the iteration only, never on the value
    before it, so ``load_state_dict`` resumes exactly, in whichever order the optimizer's own state is loaded.

    lr of group g at iteration t = schedule(t) * (initial lr of g) / (initial lr of the first group).
    Momentum is the same in all groups: ``momentum`` where a group has it, else the first of its ``betas``.

    Args:
        optimizer: its param groups keep the ratio of their initial lrs; only the ratio matters, not the size.
        schedule: lr of the first group at each iteration.
        momentum: momentum or beta1 at each iteration; None leaves the optimizer's own.
        last_epoch: the last iteration done, as torch names and counts it; -1 starts a run.

    Raises:
        ValueError: the lrs have no ratio, as the first is 0, or the optimizer has no momentum to cycle.

    Choice: neither paper speaks of groups. Caffe's lr_mult keeps ratios, and so do we; the first group
    follows the schedule itself.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: Schedule, momentum: Schedule | None = None, last_epoch: int = -1
    ) -> None:
        self.schedule, self.momentum = schedule, momentum
        if isinstance(optimizer, Optimizer):  # torch's own constructor tells about anything else
            self.ratios = _ratios(optimizer)
            if momentum is not None:
                _check_momentum(optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The lr of every group at the current iteration, ``last_epoch``."""
        lr = float(self.schedule(self.last_epoch))
        return [lr * ratio for ratio in self.ratios]

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next update's values; ``epoch`` is torch's deprecated way to name the iteration."""
        super().step(epoch)
        self._set_momentum()

    def state_dict(self) -> dict[str, Any]:
        """The iteration: all else is a function of it."""
        return {"iteration": self.last_epoch}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a ``state_dict``; the optimizer gets the values of that iteration at once.

        Raises:
            ValueError: the state is not one of a ScheduleLR.
        """
        if set(state_dict) != {"iteration"}:
            raise ValueError(
                f"the state of a ScheduleLR holds 'iteration' and nothing else, got {sorted(state_dict)}; "
                "load the state that ScheduleLR.state_dict() gave"
            )
        self.last_epoch = int(state_dict["iteration"])
        self._step_count = self.last_epoch + 1  # torch's warning about order looks at count 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            _assign(group, "lr", lr)
        self._last_lr = self.get_lr()
        self._set_momentum()

    def _set_momentum(self) -> None:
        if self.momentum is None:
            return
        value = float(self.momentum(self.last_epoch))
        for group in self.optimizer.param_groups:
            if "momentum" in group:
                group["momentum"] = value
            else:
                group["betas"] = (value, *group["betas"][1:])


def _ratios(optimizer: Optimizer) -> list[float]:
    lrs = [float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups]
    if not lrs[0] > 0:
        raise ValueError(
            f"the first group's initial lr must be > 0, as the others keep their ratio to it, got {lrs}; "
            "give every group an lr in the wanted ratio, such as 1 and 2"
        )
    return [lr / lrs[0] for lr in lrs]


def _check_momentum(optimizer: Optimizer) -> None:
    for number, group in enumerate(optimizer.param_groups):
        if "momentum" not in group and "betas" not in group:
            raise ValueError(
                f"a momentum schedule needs 'momentum' or 'betas' in every param group, "
                f"got {type(optimizer).__name__} without either in group {number}; leave momentum=None"
            )


def _assign(group: dict[str, Any], name: str, value: float) -> None:
    if hasattr(group[name], "fill_"):  # a capturable optimizer's lr is a tensor that its graph reads in place
        group[name].fill_(value)
    else:
        group[name] = value
