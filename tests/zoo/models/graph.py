"""The papers' networks by the letter: a layer graph of architectures.yaml executed on a model's weights.

It shares the weights with the model and nothing that is computed: poolings, norms and sums are written from
the rules that the oracle states, not taken from torch's layers.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from wellbegun.zoo.models.cifar3 import WithinChannelNorm


class Graph:
    """Executes the stages of one architecture, taking the model's layers in the order of its definition."""

    def __init__(self, entry: dict[str, Any], templates: dict[str, Any], model: nn.Module) -> None:
        self._entry, self._templates = entry, templates
        kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
        self._layers = deque(layer for layer in model.modules() if isinstance(layer, kinds))

    def __call__(self, x: Tensor) -> Tensor:
        """Scores of the images by the statistics of this batch; dropout as ``dropped``."""
        for stage in self._entry["stages"]:
            for _ in range(stage.get("repeat", 1)):
                x = self.run(stage["ops"], x, {})
        assert not self._layers, "the model has more layers than the file"
        return x

    def run(self, ops: list[Any], x: Tensor, names: dict[str, Any]) -> Tensor:
        for op in ops:
            kind, values = (op, {}) if isinstance(op, str) else next(iter(op.items()))
            values = {name: resolved(value, names) for name, value in values.items()}
            x = getattr(self, f"_{kind}")(x, names, **values)
        return x

    def _use(self, x: Tensor, _: Any, template: str, args: dict[str, Any] | None = None) -> Tensor:
        return self.run(self._templates[template], x, args or {})

    def _residual(
        self, x: Tensor, names: Any, body: Any, shortcut: Any, coeffs: tuple[float, float] = (1, 1)
    ) -> Tensor:
        learned = self.run(body, x, names)  # first, as the models define it
        return coeffs[0] * self.run(shortcut, x, names) + coeffs[1] * learned

    def _concat(self, x: Tensor, names: Any, branches: list[Any]) -> Tensor:
        return torch.cat([self.run(branch, x, names) for branch in branches], 1)

    def _conv(
        self, x: Tensor, _: Any, out: int, k: Any, s: int = 1, p: Any = 0, groups: int = 1,
        bias: bool | None = None, w: Any = None, b: Any = None,
    ) -> Tensor:  # fmt: skip
        layer = self._layers.popleft()
        assert isinstance(layer, nn.Conv2d)
        height, width = k if isinstance(k, list) else (k, k)
        assert layer.weight.shape == (out, x.shape[1] // groups, height, width)
        wanted = self._entry["defaults"]["conv_bias"] if bias is None else bias
        assert (layer.bias is not None) == wanted
        return conv2d(x, layer.weight, layer.bias, s, p, groups=groups)

    def _bn(self, x: Tensor, _: Any, frozen: bool = False) -> Tensor:
        layer = self._layers.popleft()
        assert isinstance(layer, nn.BatchNorm2d) and layer.num_features == x.shape[1]
        mean = x.mean((0, 2, 3), keepdim=True) * (0 if frozen else 1)
        variance = (x**2).mean((0, 2, 3), keepdim=True) * (0 if frozen else 1) - mean**2
        y = (x - mean) / (variance + self._entry["batch_norm"]["eps"]).sqrt()
        assert layer.affine == self._entry["batch_norm"]["affine"]
        return y * layer.weight[:, None, None] + layer.bias[:, None, None] if layer.affine else y

    def _fc(self, x: Tensor, _: Any, out: int, **ignored: Any) -> Tensor:
        layer = self._layers.popleft()
        assert isinstance(layer, nn.Linear)
        x = x.reshape(len(x), -1)
        assert layer.weight.shape == (out, x.shape[1])
        return x @ layer.weight.T + layer.bias

    def _relu(self, x: Tensor, _: Any) -> Tensor:
        return x * (x > 0)

    def _dropout(self, x: Tensor, _: Any, ratio: float) -> Tensor:
        return dropped(x, ratio)

    def _concat_zeros(self, x: Tensor, _: Any, channels: int) -> Tensor:
        return torch.cat([x, x.new_zeros(len(x), channels, *x.shape[2:])], 1)

    def _global_avgpool(self, x: Tensor, _: Any) -> Tensor:
        return x.mean((2, 3), keepdim=True)

    def _maxpool(self, x: Tensor, _: Any, k: int, s: int, p: int = 0, rounding: str = "ceil") -> Tensor:
        return torch.stack([window.amax((2, 3)) for window in windows(x, k, s, p)], 2).unflatten(
            2, outputs(x, k, s, p)
        )

    def _avgpool(self, x: Tensor, _: Any, k: int, s: int, p: int = 0, rounding: str = "ceil") -> Tensor:
        return torch.stack([window.mean((2, 3)) for window in windows(x, k, s, p)], 2).unflatten(
            2, outputs(x, k, s, p)
        )

    def _lrn_within(self, x: Tensor, _: Any, **ignored: Any) -> Tensor:
        return WithinChannelNorm()(x)  # has a slow reference of its own


def dropped(x: Tensor, ratio: float) -> Tensor:
    """In the place of dropout: a fixed map that shows where it stands and with which ratio."""
    return x * (1 - ratio / 2) + ratio / 10


def outputs(x: Tensor, k: int, s: int, p: int) -> tuple[int, int]:
    """Caffe's size of a pooling: it rounds up, but no window starts behind the image and its padding."""
    rows, columns = (
        (count := math.ceil((side + 2 * p - k) / s) + 1) - (p > 0 and (count - 1) * s >= side + p)
        for side in x.shape[2:]
    )
    return rows, columns


def windows(x: Tensor, k: int, s: int, p: int) -> list[Tensor]:
    """Windows row by row, clipped to the padded image: padding counts, what hangs over does not."""
    rows, columns = outputs(x, k, s, p)
    padded = pad(x, (p, p, p, p))
    return [padded[:, :, i * s : i * s + k, j * s : j * s + k] for i in range(rows) for j in range(columns)]


def resolved(value: Any, names: dict[str, Any]) -> Any:
    """A template's $NAME as its value; nested operations are resolved when they run."""
    return names[value[1:]] if isinstance(value, str) and value.startswith("$") else value
