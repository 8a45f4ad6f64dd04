"""The engine's updates of the weights: SGD in two forms of the velocity, AdamW, Caffe's adaptive ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from wellbegun.errors import TaskError
from wellbegun.training.engine.caffe import CaffeAdaDelta, CaffeAdaGrad, CaffeAdam, CaffeRMSProp

BETA2, EPSILON = 0.999, 1e-8


@dataclass(eq=False)
class Group:
    """Parameters that share their multipliers, with the slots of their optimizer."""

    parameters: list[Tensor]
    lr: float  # multiplies the learning rate
    decay: float  # weight decay, multiplier included
    slots: list[list[Tensor]] = field(default_factory=list)  # a list per slot, in the order of parameters
    products: list[tuple[float, float]] = field(
        default_factory=list
    )  # of the beta1 and beta2 applied to each


class Form(Protocol):
    """One update of one group; ``grads`` may be written to."""

    slots: int  # tensors per parameter
    corrects: bool  # reads the products of the beta1 and beta2 applied so far

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None: ...  # fmt: skip


class Optimizer:
    """Updates the weights from their gradients; learning rate and momentum are given with every update."""

    def __init__(self, groups: Sequence[Group], form: str) -> None:
        self.groups = groups
        self._form = FORMS[form]
        for group in groups:
            group.slots = [[torch.zeros_like(p) for p in group.parameters] for _ in range(self._form.slots)]
            group.products = [(1.0, 1.0) for _ in group.parameters]

    @torch.no_grad()
    def update(self, lr: float, momentum: float) -> None:
        """One update with the gradients that are there, which are then dropped; weights without one stay."""
        for group in self.groups:
            grads: list[Any] = [p.grad for p in group.parameters]
            parameters, slots, products = group.parameters, group.slots, group.products
            used: Sequence[int] = range(len(grads))
            if any(g is None for g in grads):
                used = [i for i, g in enumerate(grads) if g is not None]
                parameters, grads = [parameters[i] for i in used], [grads[i] for i in used]
                slots = [[slot[i] for i in used] for slot in slots]
            if not used:
                continue
            if self._form.corrects:
                for i in used:
                    group.products[i] = (group.products[i][0] * momentum, group.products[i][1] * BETA2)
                products = [group.products[i] for i in used]
            self._form(parameters, grads, slots, lr * group.lr, momentum, group.decay, products)
            for parameter in parameters:
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Copies of all slots, and the bias correction's products."""
        slots = [[[t.clone() for t in slot] for slot in group.slots] for group in self.groups]
        return {"slots": slots, "products": [list(group.products) for group in self.groups]}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a ``state_dict``."""
        for group, slots, products in zip(self.groups, state["slots"], state["products"], strict=True):
            group.products = [(float(one), float(two)) for one, two in products]
            for mine, saved in zip(group.slots, slots, strict=True):
                for tensor, value in zip(mine, saved, strict=True):
                    tensor.copy_(value)


class _TorchSGD:
    """PyTorch's velocity: v = a v + g; w -= lr v, or lr (g + a v) for Nesterov; g includes decay * w.

    A velocity of zeros makes the first update v = g, as in PyTorch.
    """

    slots, corrects = 1, False

    def __init__(self, *, nesterov: bool) -> None:
        self._nesterov = nesterov

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        del products
        torch._fused_sgd_(
            parameters, grads, slots[0], weight_decay=decay, momentum=momentum, lr=lr, dampening=0.0,
            nesterov=self._nesterov, maximize=False, is_first_step=False,
        )  # fmt: skip


class _PapersSGD:
    """The papers' velocity: v = a v + lr g; w -= v, or (1 + a) v_new - a v_old = a v_new + lr g for Nesterov.

    Source: Caffe's SGDSolver and NesterovSolver, which the author's solvers name.
    """

    slots, corrects = 1, False

    def __init__(self, *, nesterov: bool) -> None:
        self._nesterov = nesterov

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        del products
        velocity = slots[0]
        if decay:
            torch._foreach_add_(grads, parameters, alpha=decay)
        torch._foreach_mul_(velocity, momentum)
        torch._foreach_add_(velocity, grads, alpha=lr)
        if self._nesterov:
            torch._foreach_add_(parameters, velocity, alpha=-momentum)
            torch._foreach_add_(parameters, grads, alpha=-lr)
        else:
            torch._foreach_add_(parameters, velocity, alpha=-1.0)


class _AdamW:
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr decay w + lr (m / B1) / (sqrt(v / B2) + eps).

    B1 = 1 - the product of the b1 applied so far, B2 likewise: with a constant b1 this is torch.optim.AdamW.
    Source: arXiv:1412.6980, Sec. 3 derives 1 - b1^t as the weights' sum; for a changing b1 it is 1 - prod b1.
    """

    slots, corrects = 2, True

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        mean, square = slots
        if decay:
            torch._foreach_mul_(parameters, 1.0 - lr * decay)
        torch._foreach_lerp_(mean, grads, 1.0 - momentum)
        torch._foreach_mul_(square, BETA2)
        torch._foreach_addcmul_(square, grads, grads, 1.0 - BETA2)
        root = torch._foreach_sqrt(square)
        torch._foreach_div_(root, [(1.0 - two) ** 0.5 for _, two in products])
        torch._foreach_add_(root, EPSILON)
        # a beta1 of exactly 1 leaves no weight to correct by: the mean is still zero then
        torch._foreach_addcdiv_(parameters, mean, root, [-lr / max(1.0 - one, 1e-300) for one, _ in products])


FORMS: dict[str, Any] = {
    "sgd": _TorchSGD(nesterov=False),
    "nesterov": _TorchSGD(nesterov=True),
    "papers_sgd": _PapersSGD(nesterov=False),
    "papers_nesterov": _PapersSGD(nesterov=True),
    "adamw": _AdamW(),
    "caffe_adagrad": CaffeAdaGrad(),
    "caffe_adadelta": CaffeAdaDelta(),
    "caffe_adam": CaffeAdam(),
    "caffe_rmsprop": CaffeRMSProp(),
}


def groups(model: nn.Module, weight_decay: float, *, decay_bias_and_norm: bool) -> list[Group]:
    """The trainable parameters in groups of equal ``model.multipliers()``; missing ones are (1, 1).

    Raises:
        TaskError: a multiplier names no parameter of the network.
    """
    named = dict(model.named_parameters())
    given: Any = getattr(model, "multipliers", dict)
    multipliers: Mapping[str, tuple[float, float]] = given()
    if unknown := sorted(set(multipliers) - set(named)):
        raise TaskError(
            f"multipliers() must name parameters of the network, got {unknown}; its parameters "
            f"are {sorted(named)}"
        )
    found: dict[tuple[float, float], Group] = {}
    for name, parameter in named.items():
        if not parameter.requires_grad:
            continue
        lr, decay = (float(value) for value in multipliers.get(name, (1.0, 1.0)))
        if parameter.dim() < 2 and not decay_bias_and_norm:
            decay = 0.0
        group = found.setdefault((lr, decay), Group([], lr, decay * weight_decay))
        group.parameters.append(parameter)
    return list(found.values())
