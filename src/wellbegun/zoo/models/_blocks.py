"""What the papers' networks are made of: stages by name, sums, concatenations, a few layers in a row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from wellbegun.zoo.models._batch_norm import Norm
from wellbegun.zoo.models.lenet import Multipliers

Side = int | tuple[int, int]
"""Pixels, the same in both directions or (height, width)."""


class Network(nn.Sequential):
    """Stages by name, one after the other, and what multiplies lr and weight decay of their biases."""

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        *,
        conv_bias: tuple[float, float] = (2.0, 0.0),
        linear_bias: tuple[float, float] = (2.0, 0.0),
    ) -> None:
        """Take (lr, weight decay) of the biases; everything else, batch norm too, has (1, 1)."""
        super().__init__(OrderedDict(stages))
        self._biases = {"conv": conv_bias, "linear": linear_bias}

    def multipliers(self) -> Multipliers:
        """As in the author's file."""
        values = dict.fromkeys(dict(self.named_parameters()), (1.0, 1.0))
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
                values[f"{name}.bias"] = self._biases["conv" if isinstance(layer, nn.Conv2d) else "linear"]
        return values


class Sum(nn.Module):
    """shortcut(x) + scale body(x), with or without a ReLU behind; the shortcut is x itself if not given."""

    def __init__(
        self, body: nn.Module, shortcut: nn.Module | None = None, *, relu: bool, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut or nn.Identity()
        self.relu = nn.ReLU() if relu else nn.Identity()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> what body and shortcut make of it."""
        result: Tensor = self.relu(torch.add(self.shortcut(x), self.body(x), alpha=self.scale))
        return result

    def extra_repr(self) -> str:
        return f"scale={self.scale}"


class Concat(nn.ModuleList):
    """The channels that all branches make of the same input, in their order."""

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> float[n, sum of their channels, their h, their w]."""
        return torch.cat([branch(x) for branch in self], dim=1)


class Even(nn.Module):
    """Odd sizes made even by the last row or column once more; even ones, as in the papers, stay."""

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> float[n, c, h, w], h and w rounded up to even."""
        height, width = x.shape[-2:]
        odd = height % 2 or width % 2
        return pad(x, (0, width % 2, 0, height % 2), mode="replicate") if odd else x


def conv_norm(
    inputs: int, outputs: int, size: Side, norm: Norm, *, stride: int = 1, padding: Side = 0,
    bias: bool = True, relu: bool = True,
) -> list[nn.Module]:  # fmt: skip
    """A convolution, its batch norm and, if wanted, a ReLU."""
    conv = nn.Conv2d(inputs, outputs, size, stride, padding, bias=bias)
    return [conv, norm(outputs), *([nn.ReLU()] if relu else [])]


def norm_conv(
    inputs: int, outputs: int, size: int, norm: Norm, *, stride: int = 1, groups: int = 1, bias: bool = True
) -> list[nn.Module]:
    """The same before: batch norm, ReLU, then a convolution that keeps the size but for its stride."""
    conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=bias)
    return [norm(inputs), nn.ReLU(), conv]


def head(features: int, classes: int, *, dropout: float = 0.0) -> dict[str, nn.Module]:
    """The last stages: average of each channel over the whole map, scores of the classes."""
    average: nn.Module = nn.AdaptiveAvgPool2d(1)
    if dropout > 0:
        average = nn.Sequential(average, nn.Dropout(dropout))
    return {"pool": average, "flatten": nn.Flatten(), "classifier": nn.Linear(features, classes)}
