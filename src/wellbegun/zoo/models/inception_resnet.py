"""Inception-ResNet-v2 as in the 2018 report, for ImageNet at 230 x 230."""

from __future__ import annotations

from typing import Unpack

from torch import nn

from wellbegun.zoo.models._batch_norm import FrozenBatchNorm, Norm, NormOptions, normalisation
from wellbegun.zoo.models._blocks import Concat, Network, Side, Sum, conv_norm, head
from wellbegun.zoo.models._fillers import fill_all

EPS = 1e-3  # of every batch norm
BIAS = 0.2  # of the convolutions before a sum, the only ones with a bias
SMALLEST = 69  # pixels per side that leave a map for the last reduction

Step = tuple[int, Side] | tuple[int, Side, int] | tuple[int, Side, int, Side]
"""One convolution of a branch: channels, size, stride (1), padding (keeps the size; 0 with a stride)."""


def branch(inputs: int, *steps: Step, norm: Norm) -> nn.Sequential:
    """Convolutions without bias in a row, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for outputs, size, *rest in steps:
        stride = int(rest[0]) if rest else 1  # type: ignore[arg-type]
        padding = rest[1] if len(rest) > 1 else (_same(size) if stride == 1 else 0)
        layers += conv_norm(inputs, outputs, size, norm, stride=stride, padding=padding, bias=False)
        inputs = outputs
    return nn.Sequential(*layers)


def residual(channels: int, *branches: tuple[Step, ...], norm: Norm, scale: float, relu: bool = True) -> Sum:
    """x + scale times a 1x1 convolution, with a bias, of what all branches make of x; then a ReLU or not."""
    mixed = sum(steps[-1][0] for steps in branches)
    body = nn.Sequential(
        Concat(branch(channels, *steps, norm=norm) for steps in branches), nn.Conv2d(mixed, channels, 1)
    )
    return Sum(body, relu=relu, scale=scale)


A: tuple[tuple[Step, ...], ...] = (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3)))
B: tuple[tuple[Step, ...], ...] = (((192, 1),), ((128, 1), (160, (1, 7)), (192, (7, 1))))
C: tuple[tuple[Step, ...], ...] = (((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1))))


def inception_resnet_v2(
    classes: int = 10,
    in_channels: int = 3,
    size: tuple[int, int] = (230, 230),
    dropout: float = 0.2,
    **norm: Unpack[NormOptions],
) -> Network:
    """A fresh Inception-ResNet-v2: 55,843,464 parameters for 1000 classes; 0..255 minus the mean image.

    Args:
        size: height and width of the images, each at least 69; the last pooling is global.
        dropout: ratio before the last layer, in [0, 1).

    Raises:
        ValueError: images too small for the last reduction, or the dropout ratio not in [0, 1).

    Source: arXiv:1803.09820, Figs. 3b, 16b; lnsmith54/hyperParam1, Imagenet/architectures.
    As there the first batch norm is frozen at mean 0 and variance 0: it only multiplies by 31.6.
    Choice: the poolings of the two reductions round down, which is the same at 230 x 230 and lets any other
    size pass. There is no ``init``, because the author's alternation of fillers does not touch this file.
    """
    if min(size) < SMALLEST:
        got, least = f"{size[0]} x {size[1]}", f"{SMALLEST} x {SMALLEST}"
        raise ValueError(f"inception_resnet_v2 needs images of at least {least} pixels, got {got}; take cnn")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
    make = normalisation(eps=EPS, **norm)
    last = residual(2080, *C, norm=make, scale=1.0, relu=False)
    stages: dict[str, nn.Module] = {
        **_stems(in_channels, make),
        "inception_a": nn.Sequential(*(residual(320, *A, norm=make, scale=0.17) for _ in range(10))),
        "reduction_a": _reduction(320, ((384, 3, 2),), ((256, 1), (256, 3), (384, 3, 2)), norm=make),
        "inception_b": nn.Sequential(*(residual(1088, *B, norm=make, scale=0.1) for _ in range(20))),
        "reduction_b": _reduction(
            1088,
            ((256, 1), (384, 3, 2)),
            ((256, 1), (288, 3, 2)),
            ((256, 1), (288, 3), (320, 3, 2)),
            norm=make,
        ),
        "inception_c": nn.Sequential(*(residual(2080, *C, norm=make, scale=0.2) for _ in range(9))),
        "inception_c10": last,
        "conv6": branch(2080, (1536, 1), norm=make),
    }
    model = Network(stages | head(1536, classes, dropout=dropout))
    fill_all(model, "xavier")
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.constant_(layer.bias, BIAS)
    return model


def _stems(in_channels: int, norm: Norm) -> dict[str, nn.Module]:
    """Everything before the first sum."""
    frozen = branch(in_channels, (32, 3, 2), norm=lambda channels: FrozenBatchNorm(channels, eps=EPS))
    first = branch(32, (32, 3, 1, 0), (64, 3), norm=norm)
    second = branch(64, (80, 1), (192, 3, 1, 0), norm=norm)
    branches = (
        branch(192, (96, 1), norm=norm),
        branch(192, (48, 1), (64, 5), norm=norm),
        branch(192, (64, 1), (96, 3), (96, 3), norm=norm),
        nn.Sequential(nn.AvgPool2d(3, 1, padding=1, ceil_mode=True), *branch(192, (64, 1), norm=norm)),
    )
    return {
        "stem1": nn.Sequential(*frozen, *first, nn.MaxPool2d(3, 2, ceil_mode=True)),
        "stem2": nn.Sequential(*second, nn.MaxPool2d(3, 2, ceil_mode=True)),
        "mixed_5b": Concat(branches),
    }


def _reduction(inputs: int, *branches: tuple[Step, ...], norm: Norm) -> Concat:
    """Branches that halve the resolution, and beside them a 3x3 max pooling that does."""
    return Concat([*(branch(inputs, *steps, norm=norm) for steps in branches), nn.MaxPool2d(3, 2)])


def _same(size: Side) -> Side:
    return size // 2 if isinstance(size, int) else (size[0] // 2, size[1] // 2)
