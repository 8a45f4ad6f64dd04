"""Caffe's adaptive optimizers as forms of the engine: AdaGrad, AdaDelta, Adam and RMSProp.

Weight decay is added to the gradient before it is squared, as everywhere in Caffe.
Source: arXiv:1708.07120v1, Fig. 8; Caffe's solvers of these names, delta = 1e-8, momentum2 = 0.999 and
rms_decay = 0.99 at their defaults. Caffe refuses a momentum with AdaGrad and RMSProp; here it is not read.
"""

from __future__ import annotations

import torch
from torch import Tensor

DELTA, MOMENTUM2, RMS_DECAY = 1e-8, 0.999, 0.99


def _regularised(parameters: list[Tensor], grads: list[Tensor], decay: float) -> None:
    if decay:
        torch._foreach_add_(grads, parameters, alpha=decay)


def _mean_square(square: list[Tensor], grads: list[Tensor], decay: float) -> None:
    torch._foreach_mul_(square, decay)
    torch._foreach_addcmul_(square, grads, grads, 1.0 - decay)


def _divided(parameters: list[Tensor], grads: list[Tensor], square: list[Tensor], lr: list[float]) -> None:
    """w = w - lr g / (sqrt(s) + DELTA)."""
    root = torch._foreach_sqrt(square)
    torch._foreach_add_(root, DELTA)
    torch._foreach_addcdiv_(parameters, grads, root, [-rate for rate in lr])


class CaffeAdaGrad:
    """s = s + g^2; w = w - lr g / (sqrt(s) + delta)."""

    slots, corrects = 1, False

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        del momentum, products
        _regularised(parameters, grads, decay)
        torch._foreach_addcmul_(slots[0], grads, grads, 1.0)
        _divided(parameters, grads, slots[0], [lr] * len(grads))


class CaffeRMSProp:
    """s = r s + (1 - r) g^2 with r = 0.99; w = w - lr g / (sqrt(s) + delta)."""

    slots, corrects = 1, False

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        del momentum, products
        _regularised(parameters, grads, decay)
        _mean_square(slots[0], grads, RMS_DECAY)
        _divided(parameters, grads, slots[0], [lr] * len(grads))


class CaffeAdaDelta:
    """s = a s + (1 - a) g^2; d = g sqrt((u + delta) / (s + delta)); u = a u + (1 - a) d^2; w = w - lr d.

    a is the momentum. The author's solver has none, so a = 0 there: s is the last gradient's square alone.
    """

    slots, corrects = 2, False

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        del products
        square, change = slots
        _regularised(parameters, grads, decay)
        _mean_square(square, grads, momentum)
        ratio = torch._foreach_add(change, DELTA)
        torch._foreach_div_(ratio, torch._foreach_add(square, DELTA))
        torch._foreach_sqrt_(ratio)
        torch._foreach_mul_(grads, ratio)
        _mean_square(change, grads, momentum)
        torch._foreach_add_(parameters, grads, alpha=-lr)


class CaffeAdam:
    """m = a m + (1 - a) g; s = b s + (1 - b) g^2; w = w - lr (sqrt(1 - B) / (1 - A)) m / (sqrt(s) + delta).

    b = 0.999; A and B are the products of the a and b applied so far. The delta stands beside the raw square,
    in PyTorch's Adam beside the corrected one.
    Choice: Caffe has A = a^t with the last a, which is the same where a is constant, as in the paper.
    """

    slots, corrects = 2, True

    def __call__(
        self, parameters: list[Tensor], grads: list[Tensor], slots: list[list[Tensor]],
        lr: float, momentum: float, decay: float, products: list[tuple[float, float]],
    ) -> None:  # fmt: skip
        mean, square = slots
        _regularised(parameters, grads, decay)
        torch._foreach_lerp_(mean, grads, 1.0 - momentum)
        _mean_square(square, grads, MOMENTUM2)
        # an a of exactly 1 leaves no weight to correct by: the mean is still zero then
        rates = [lr * (1.0 - two) ** 0.5 / max(1.0 - one, 1e-300) for one, two in products]
        _divided(parameters, mean, square, rates)
