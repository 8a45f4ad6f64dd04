"""The two networks of the 2017 paper that did not super-converge: bottleneck ResNet-56 and ResNeXt-56."""

from __future__ import annotations

from typing import Unpack

from torch import nn

from wellbegun.zoo.models._batch_norm import Norm, NormOptions, normalisation
from wellbegun.zoo.models._blocks import Network, Sum, head, norm_conv
from wellbegun.zoo.models._fillers import Filler, fill, fill_all


def block(inputs: int, width: int, outputs: int, norm: Norm, *, stride: int = 1, groups: int = 1) -> Sum:
    """body(x) + x; the body: batch norm, ReLU and convolution, three times: 1x1, 3x3 in groups, 1x1.

    Where the number of channels changes, the shortcut is a 1x1 convolution of x as it comes, without batch
    norm; a stride is that of the first and of this one.
    """
    body = nn.Sequential(
        *norm_conv(inputs, width, 1, norm, stride=stride),
        *norm_conv(width, width, 3, norm, groups=groups),
        *norm_conv(width, outputs, 1, norm),
    )
    shortcut = nn.Conv2d(inputs, outputs, 1, stride) if inputs != outputs else None
    return Sum(body, shortcut, relu=False)


def resnet56_bottleneck(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", **norm: Unpack[NormOptions]
) -> Network:
    """A fresh bottleneck ResNet-56: 586,826 parameters for CIFAR-10; it wants 0..255 minus the mean image.

    Source: arXiv:1708.07120v1, Fig. 11a; lnsmith54/super-convergence, architectures/bottleneckResnet56.
    """
    return _network((16, 32, 64), 1, classes, in_channels, init, normalisation(affine=False, **norm))


def resnext56(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", **norm: Unpack[NormOptions]
) -> Network:
    """A fresh ResNeXt-56: 581,194 parameters for CIFAR-10, its 3x3 convolutions in 32 groups.

    Source: arXiv:1708.07120v1, Fig. 11b; lnsmith54/super-convergence, architectures/ResNeXt56.prototxt.
    """
    return _network((32, 64, 128), 32, classes, in_channels, init, normalisation(affine=False, **norm))


def _network(
    widths: tuple[int, int, int], groups: int, classes: int, in_channels: int, init: Filler, norm: Norm
) -> Network:
    """Three stages of six blocks with 64, 128 and 256 channels; batch norm has no scale and no shift.

    Source: the two files. Section A.1 of the paper has a scale behind every batch norm; here is none.
    """
    stages: dict[str, nn.Module] = {"stem": nn.Conv2d(in_channels, 16, 3, padding=1)}
    inputs = 16
    for number, (width, outputs) in enumerate(zip(widths, (64, 128, 256), strict=True), start=1):
        stride = 1 if number == 1 else 2
        stages[f"stage{number}_first"] = block(inputs, width, outputs, norm, stride=stride, groups=groups)
        rest = [block(outputs, width, outputs, norm, groups=groups) for _ in range(5)]
        stages[f"stage{number}"] = nn.Sequential(*rest)
        inputs = outputs
    stages["post"] = nn.Sequential(norm(inputs), nn.ReLU())
    model = Network(stages | head(inputs, classes), linear_bias=(2.0, 1.0))
    fill_all(model, init)
    fill(model.classifier, "xavier")  # type: ignore[arg-type]
    return model
