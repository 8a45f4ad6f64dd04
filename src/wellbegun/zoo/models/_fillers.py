"""How Caffe fills weights before training, by name; every model of the papers names its filler."""

from __future__ import annotations

from typing import Literal

from torch import nn

Filler = Literal["msra", "xavier"]
FILLERS: tuple[Filler, ...] = ("msra", "xavier")


def fill(layer: nn.Conv2d | nn.Linear, filler: Filler | float) -> None:
    """Fill the weight of a layer anew from torch's global generator, and its bias with 0.

    msra: normal with std sqrt(2 / fan_in). xavier: uniform in +-sqrt(3 / fan_in), the fan-in form that Caffe
    calls by this name, not Glorot's average of both fans. A number: normal with that standard deviation.

    Raises:
        ValueError: the filler has an unknown name.
    """
    if isinstance(filler, float):
        nn.init.normal_(layer.weight, 0.0, filler)
    elif filler == "msra":
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
    elif filler == "xavier":
        nn.init.kaiming_uniform_(layer.weight, mode="fan_in", nonlinearity="linear")
    else:
        raise ValueError(f"init must be one of {', '.join(FILLERS)}, got {filler!r}")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def fill_all(model: nn.Module, filler: Filler) -> None:
    """Fill all convolutions and linear layers of a model, in the order of its definition."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fill(layer, filler)
