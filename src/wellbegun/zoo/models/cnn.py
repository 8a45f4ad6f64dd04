"""A small convolutional network without batch norm: a sensible start for images of any size."""

from __future__ import annotations

from torch import nn

from wellbegun.zoo.models._fillers import Filler, fill, fill_all


def cnn(
    classes: int = 10,
    in_channels: int = 1,
    size: tuple[int, int] = (8, 8),
    width: int = 16,
    dropout: float = 0.0,
    init: Filler = "msra",
) -> nn.Sequential:
    """A fresh network: 3x3 convolutions with ReLU, and 2x2 max pooling between them down to 4 pixels.

    Each convolution doubles the channels, from ``width`` to at most 8 ``width``. Beyond 64 pixels the first
    one has a stride that leaves 64 or less. The last maps are averaged to 2 x 2, so that the network accepts
    other sizes than ``size``.

    Args:
        size: height and width of the images it is made for; it sets the number of convolutions.
        width: channels of the first convolution.
        dropout: ratio before the last layer, in [0, 1).
        init: filler of the convolutions; the last layer is always xavier.
    """
    stride = -(-max(size) // 64)
    stack: list[nn.Module] = [nn.Conv2d(in_channels, width, max(3, stride), stride, padding=1), nn.ReLU()]
    side, channels = -(-max(size) // stride), width
    while side > 4:
        wider = min(2 * channels, 8 * width)
        stack += [nn.MaxPool2d(2, ceil_mode=True), nn.Conv2d(channels, wider, 3, padding=1), nn.ReLU()]
        side, channels = -(-side // 2), wider
    stack += [nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    if dropout > 0:
        stack.append(nn.Dropout(dropout))
    last = nn.Linear(4 * channels, classes)
    model = nn.Sequential(*stack, last)
    fill_all(model, init)
    fill(last, "xavier")
    return model
