"""The ResNet-50 of the 2018 report, for ImageNet at 230 x 230."""

from __future__ import annotations

from typing import Unpack

from torch import nn

from wellbegun.zoo.models._batch_norm import Norm, NormOptions, normalisation
from wellbegun.zoo.models._blocks import Network, Sum, conv_norm
from wellbegun.zoo.models._fillers import fill_all

BLOCKS = (3, 4, 6, 3)
SMALLEST = 195  # pixels per side that leave a map of 7
BIAS = 0.2  # of convolutions whose batch norm is summed; that takes it away again in training


def block(inputs: int, width: int, norm: Norm, *, stride: int = 1) -> Sum:
    """relu(body(x) + x), body: convolutions 1x1, 3x3, 1x1, each with batch norm, a ReLU between them.

    Where the number of channels changes, the shortcut is batch norm of a 1x1 convolution. The stride is that
    of the first 1x1 convolution, not of the 3x3 one as in later versions.
    """
    outputs = 4 * width
    body = nn.Sequential(
        *conv_norm(inputs, width, 1, norm, stride=stride),
        *conv_norm(width, width, 3, norm, padding=1),
        *conv_norm(width, outputs, 1, norm, relu=False),
    )
    if inputs == outputs:
        return Sum(body, relu=True)
    return Sum(
        body, nn.Sequential(*conv_norm(inputs, outputs, 1, norm, stride=stride, relu=False)), relu=True
    )


def resnet50(
    classes: int = 10,
    in_channels: int = 3,
    size: tuple[int, int] = (230, 230),
    **norm: Unpack[NormOptions],
) -> Network:
    """A fresh ResNet-50: 31,727,592 parameters for 1000 classes; it wants 0..255 minus the mean image.

    At 230 x 230 the last pooling, 7x7 with stride 1, leaves 2 x 2 pixels and 8192 features, where the usual
    network of 224 x 224 has 2048; convolutions have biases, and the first pooling has no padding.

    Args:
        size: height and width of the images, each at least 195.

    Raises:
        ValueError: images too small for the last pooling.

    Source: arXiv:1803.09820, Figs. 3b, 4b, 16a; lnsmith54/hyperParam1, Imagenet/architectures/resnet50.
    Choice: other image sizes change the width of the last layer's input, nothing else. There is no ``init``,
    because the author's alternation of fillers does not touch this file.
    """
    if min(size) < SMALLEST:
        got = f"{size[0]} x {size[1]}"
        raise ValueError(
            f"resnet50 needs images of at least {SMALLEST} x {SMALLEST} pixels, got {got}; take --model cnn"
        )
    make, inputs = normalisation(**norm), 64
    stem = conv_norm(in_channels, inputs, 7, make, stride=2, padding=3)
    stages: dict[str, nn.Module] = {"stem": nn.Sequential(*stem, nn.MaxPool2d(3, 2, ceil_mode=True))}
    for number, blocks in enumerate(BLOCKS, start=2):
        width = 64 * 2 ** (number - 2)
        stages[f"res{number}_first"] = block(inputs, width, make, stride=1 if number == 2 else 2)
        inputs = 4 * width
        stages[f"res{number}"] = nn.Sequential(*(block(inputs, width, make) for _ in range(blocks - 1)))
    height, width = (_last_map(side) - 6 for side in size)
    stages |= {"pool": nn.AvgPool2d(7, 1, ceil_mode=True), "flatten": nn.Flatten()}
    stages["classifier"] = nn.Linear(inputs * height * width, classes)
    model = Network(stages)
    fill_all(model, "xavier")
    for part in model.modules():
        if isinstance(part, Sum):
            _fill_biases(part)
    return model


def _fill_biases(part: Sum) -> None:
    """The convolutions whose batch norms are summed begin with a bias of 0.2."""
    for branch in (part.body, part.shortcut):
        if isinstance(branch, nn.Sequential):
            *_, last = (layer for layer in branch if isinstance(layer, nn.Conv2d))
            nn.init.constant_(last.bias, BIAS)  # type: ignore[arg-type]


def _last_map(side: int) -> int:
    """Pixels of the last map: convolution of stride 2, pooling that rounds up, three strides of 2."""
    side = (side - 1) // 2 + 1
    side = -(-(side - 3) // 2) + 1
    for _ in range(3):
        side = (side - 1) // 2 + 1
    return side
