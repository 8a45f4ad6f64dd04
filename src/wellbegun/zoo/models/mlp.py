"""A small multilayer perceptron, for feature vectors and for images of a few pixels."""

from __future__ import annotations

from torch import nn

from wellbegun.zoo.models._fillers import Filler, fill, fill_all


def mlp(
    classes: int = 10,
    features: int = 64,
    hidden: int = 128,
    layers: int = 2,
    dropout: float = 0.0,
    init: Filler = "msra",
) -> nn.Sequential:
    """A fresh perceptron: ``layers`` hidden layers of ``hidden`` units with ReLU; inputs are flattened.

    Args:
        features: inputs per example: pixels x channels, or the length of the vector.
        dropout: ratio behind every hidden layer, in [0, 1).
        init: filler of the hidden layers; the last layer is always xavier.
    """
    stack: list[nn.Module] = [nn.Flatten()]
    for layer in range(layers):
        stack += [nn.Linear(hidden if layer else features, hidden), nn.ReLU()]
        if dropout > 0:
            stack.append(nn.Dropout(dropout))
    last = nn.Linear(hidden if layers else features, classes)
    model = nn.Sequential(*stack, last)
    fill_all(model, init)
    fill(last, "xavier")
    return model
