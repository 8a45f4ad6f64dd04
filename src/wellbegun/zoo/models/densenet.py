"""The densenet of the 2018 report: 40 layers, growth 12, no bottleneck, no compression."""

from __future__ import annotations

from typing import Unpack

from torch import nn

from wellbegun.zoo.models._batch_norm import Norm, NormOptions, normalisation
from wellbegun.zoo.models._blocks import Concat, Network, head, norm_conv
from wellbegun.zoo.models._fillers import Filler, fill, fill_all

GROWTH, LAYERS = 12, 12


def layer(inputs: int, norm: Norm, dropout: float) -> Concat:
    """GROWTH new channels in front of the old ones: dropout of a 3x3 convolution of relu(batch norm(x))."""
    new = nn.Sequential(*norm_conv(inputs, GROWTH, 3, norm, bias=False), nn.Dropout(dropout))
    return Concat([new, nn.Identity()])


def transition(channels: int, norm: Norm, dropout: float) -> nn.Sequential:
    """Half the resolution: dropout of a 1x1 convolution of relu(batch norm(x)), then 2x2 averages."""
    mixed = norm_conv(channels, channels, 1, norm, bias=False)
    return nn.Sequential(*mixed, nn.Dropout(dropout), nn.AvgPool2d(2, 2, ceil_mode=True))


def densenet40(
    classes: int = 10,
    in_channels: int = 3,
    init: Filler = "msra",
    dropout: float = 0.2,
    **norm: Unpack[NormOptions],
) -> Network:
    """A fresh DenseNet-40: 1,019,722 parameters for CIFAR-10; it wants 0..255 minus the mean image.

    Args:
        init: filler of the convolutions; the last layer is always xavier.
        dropout: ratio behind every convolution but the first, in [0, 1).

    Raises:
        ValueError: the dropout ratio is not in [0, 1).

    Source: arXiv:1803.09820, Figs. 13b-d, Table 2; lnsmith54/hyperParam1, Cifar/architectures/genDensenet40.
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
    make, channels = normalisation(**norm), 16
    stages: dict[str, nn.Module] = {"stem": nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)}
    for number in (1, 2, 3):
        layers = [layer(channels + GROWTH * i, make, dropout) for i in range(LAYERS)]
        stages[f"dense{number}"] = nn.Sequential(*layers)
        channels += GROWTH * LAYERS
        if number < 3:
            stages[f"transition{number}"] = transition(channels, make, dropout)
    stages["post"] = nn.Sequential(make(channels), nn.ReLU())
    model = Network(stages | head(channels, classes), linear_bias=(2.0, 1.0))
    fill_all(model, init)
    fill(model.classifier, "xavier")  # type: ignore[arg-type]
    return model
