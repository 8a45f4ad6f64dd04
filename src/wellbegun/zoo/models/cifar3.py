"""The 3-layer network of the 2018 report: Caffe's cifar10_full, for CIFAR-10 and CIFAR-100."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import avg_pool2d

from wellbegun.zoo.models._fillers import fill
from wellbegun.zoo.models.lenet import Multipliers


class WithinChannelNorm(nn.Module):
    """Local response normalisation over a window of one channel: y = x s^(-3/4), s = 1 + alpha mean(x^2).

    The mean is over a size x size window, zeros outside of the image. nn.LocalResponseNorm goes across
    channels and is another operation.
    """

    def __init__(self, size: int = 3, alpha: float = 5e-5) -> None:
        super().__init__()
        self.size, self.alpha = size, alpha

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> the same shape."""
        result: Tensor = _Norm.apply(x, self.size, self.alpha)  # type: ignore[no-untyped-call]
        return result

    def extra_repr(self) -> str:
        return f"size={self.size}, alpha={self.alpha}"


class _Norm(torch.autograd.Function):
    """The operation with its gradient by hand: dx = g s^(-3/4) - 3/2 alpha x mean(g x s^(-7/4)).

    Choice: by hand, because the two norms are a third of cifar3's time otherwise; s^(-3/4) is computed as
    rsqrt(s) sqrt(rsqrt(s)), which is exact to rounding and faster than pow.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, alpha: float) -> Tensor:
        """Values of the norm."""
        root = _mean(x * x, size).mul_(alpha).add_(1.0).rsqrt_()
        power = root * root.sqrt()
        ctx.save_for_backward(x, root, power)
        ctx.size, ctx.alpha = size, alpha
        return x * power

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Gradient for x. The window is symmetric, so the mean is its own transpose."""
        x, root, power = ctx.saved_tensors
        scaled = gradient * power
        return (
            scaled.addcmul_(x, _mean(scaled * x * root * root, ctx.size), value=-1.5 * ctx.alpha),
            None,
            None,
        )


def _mean(x: Tensor, size: int) -> Tensor:
    return avg_pool2d(x, size, stride=1, padding=(size - 1) // 2)


class Cifar3(nn.Sequential):
    """Three 5x5 convolutions, pooling that rounds up, one linear layer of 250 times the decay."""

    def multipliers(self) -> Multipliers:
        """As in the file: some biases at twice the lr; ip1's weight decays 250 times, its bias never."""
        special = {
            "conv1.bias": (2.0, 1.0),
            "conv2.bias": (2.0, 1.0),
            "ip1.weight": (1.0, 250.0),
            "ip1.bias": (2.0, 0.0),
        }
        return {name: special.get(name, (1.0, 1.0)) for name, _ in self.named_parameters()}


def cifar3(
    classes: int = 10, in_channels: int = 3, size: tuple[int, int] = (32, 32), dropout: float = 0.0
) -> Cifar3:
    """A fresh 3-layer network: 89,578 parameters for CIFAR-10; it wants 0..255 minus the mean image.

    Args:
        size: height and width of the images, each at least 8.
        dropout: ratio before the last layer, in [0, 1).

    Raises:
        ValueError: images too small for three poolings.

    Source: arXiv:1803.09820, Table 1; lnsmith54/hyperParam1, Cifar/architectures/cifar3.prototxt.
    The gaussian fillers fit inputs of that scale only.
    Choice: other image sizes change the width of ip1's input, nothing else; dropout, which the file has not.
    There is no ``init``, because the author's alternation of fillers does not touch this file.
    """
    if min(size) < 8:
        got = f"{size[0]} x {size[1]}"
        raise ValueError(f"cifar3 needs images of at least 8 x 8 pixels, got {got}; take --model cnn or mlp")
    height, width = (_after_three_poolings(side) for side in size)
    model = Cifar3(
        OrderedDict(
            conv1=nn.Conv2d(in_channels, 32, 5, padding=2),
            pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
            relu1=nn.ReLU(),
            norm1=WithinChannelNorm(),
            conv2=nn.Conv2d(32, 32, 5, padding=2),
            relu2=nn.ReLU(),
            pool2=nn.AvgPool2d(3, 2, ceil_mode=True),
            norm2=WithinChannelNorm(),
            conv3=nn.Conv2d(32, 64, 5, padding=2),
            relu3=nn.ReLU(),
            pool3=nn.AvgPool2d(3, 2, ceil_mode=True),
            flatten=nn.Flatten(),
            **({"drop3": nn.Dropout(dropout)} if dropout > 0 else {}),
            ip1=nn.Linear(64 * height * width, classes),
        )
    )
    for layer, std in ((model.conv1, 1e-4), (model.conv2, 1e-2), (model.conv3, 1e-2), (model.ip1, 1e-2)):
        fill(layer, std)  # type: ignore[arg-type]
    return model


def _after_three_poolings(side: int) -> int:
    for _ in range(3):
        side = -(-(side - 3) // 2) + 1
    return side
