"""The residual networks of the 2018 report for CIFAR: its ResNet-56 and its wide ResNet-32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from torch import nn

from wellbegun.zoo.models._batch_norm import Norm, NormOptions, normalisation
from wellbegun.zoo.models._blocks import Even, Network, Sum, conv_norm, head
from wellbegun.zoo.models._fillers import Filler, fill_all


def block(channels: int, norm: Norm) -> Sum:
    """body(x) + x, nothing behind; body: 3x3 convolution, batch norm, ReLU, 3x3 convolution, batch norm."""
    return Sum(_body(channels, channels, 1, norm), relu=False)


def halving(inputs: int, outputs: int, norm: Norm) -> Sum:
    """Half the resolution: the body with stride 2, plus batch norm of a 2x2 convolution of x with stride 2.

    Choice: at odd sizes, which the report does not have, the shortcut sees the last row or column twice.
    """
    shortcut = nn.Sequential(Even(), *conv_norm(inputs, outputs, 2, norm, stride=2, relu=False))
    return Sum(_body(inputs, outputs, 2, norm), shortcut, relu=False)


def hp_resnet56(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", **norm: Unpack[NormOptions]
) -> Network:
    """A fresh ResNet-56 of the 2018 report: 860,874 parameters for CIFAR-10. Not the 2017 paper's.

    It has 26 blocks, one ReLU in each, and learned shortcuts where the channels double.

    Args:
        init: filler of all weights, the last layer's too; the report's repeats take msra and xavier in turn.

    Source: arXiv:1803.09820, Table 1, Figs. 6, 8; lnsmith54/hyperParam1, Cifar/architectures/gResnet56.
    """
    stages: dict[str, nn.Module] = {"stem": _stem(in_channels, make := normalisation(**norm))}
    for number, channels in enumerate((16, 32, 64)):
        if number:
            stages[f"group{number - 1}_proj"] = halving(channels // 2, channels, make)
        stages[f"group{number}"] = nn.Sequential(*(block(channels, make) for _ in range(8)))
    return _finished(stages, 64, classes, init)


def wide_resnet32(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", **norm: Unpack[NormOptions]
) -> Network:
    """A fresh wide ResNet-32: 5,903,626 parameters; the channels quadruple from stage to stage, 16 to 256.

    Args:
        init: as of ``hp_resnet56``.

    Source: arXiv:1803.09820, Fig. 13a, Table 2; lnsmith54/hyperParam1, Cifar/architectures/wide32cifar.
    """
    stages: dict[str, nn.Module] = {"stem": _stem(in_channels, make := normalisation(**norm))}
    for number, channels in enumerate((16, 64, 256)):
        if number:
            stages[f"group{number}_proj"] = halving(channels // 4, channels, make)
        same = [block(channels, make) for _ in range(4 if number else 5)]
        stages[f"group{number}"] = nn.Sequential(*same)
    return _finished(stages, 256, classes, init)


def _body(inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    first: Sequence[nn.Module] = conv_norm(inputs, outputs, 3, norm, stride=stride, padding=1)
    return nn.Sequential(*first, *conv_norm(outputs, outputs, 3, norm, padding=1, relu=False))


def _stem(in_channels: int, norm: Norm) -> nn.Module:
    return nn.Sequential(*conv_norm(in_channels, 16, 3, norm, padding=1))


def _finished(stages: dict[str, nn.Module], features: int, classes: int, init: Filler) -> Network:
    """With the last stages, filled; biases of convolutions are like weights, the last one never decays."""
    model = Network(stages | head(features, classes), conv_bias=(1.0, 1.0))
    fill_all(model, init)
    return model
