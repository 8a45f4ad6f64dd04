"""The networks that the zoo does not have: a plain CNN without batch norm, and a small transformer.

Only they live here: their source is part of a task's fingerprint, so a change of this file is a new task.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def plain8(classes: int = 10, width: int = 32) -> nn.Sequential:
    """Eight 3x3 convolutions with ReLU and no normalisation, He initialised, halved after every second one.

    Args:
        width: channels of the first two convolutions; then 2, 3 and 4 times as many.
    """
    layers: list[nn.Module] = []
    channels = 3
    for stage in range(1, 5):
        for _ in range(2):
            layers += [nn.Conv2d(channels, stage * width, 3, padding=1), nn.ReLU()]
            channels = stage * width
        layers.append(nn.MaxPool2d(2) if stage < 4 else nn.AdaptiveAvgPool2d(1))
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, classes))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return model


class Transformer(nn.Module):
    """Next-character prediction: pre-norm blocks with causal attention, learned positions."""

    def __init__(self, symbols: int, context: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.symbol = nn.Embedding(symbols, width)
        self.place = nn.Parameter(0.02 * torch.randn(context, width))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, symbols)
        nn.init.normal_(self.symbol.weight, 0.0, 0.02)
        self.register_buffer(
            "future", nn.Transformer.generate_square_subsequent_mask(context), persistent=False
        )

    def forward(self, symbols: Tensor) -> Tensor:
        """int64[n, context] -> float[n, context, symbols]."""
        x = self.symbol(symbols) + self.place
        for block in self.blocks:
            x = block(x, src_mask=self.future, is_causal=True)
        result: Tensor = self.head(self.norm(x))
        return result


def transformer(
    symbols: int = 97, context: int = 64, width: int = 64, heads: int = 4, layers: int = 2
) -> Transformer:
    """A fresh transformer of about 120,000 parameters."""
    return Transformer(symbols, context, width, heads, layers)
