"""The residual networks of the 2017 paper: 20 + 18n layers, and every other depth of 6m + 2."""

from __future__ import annotations

from typing import Unpack

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad, relu

from wellbegun.zoo.models._batch_norm import Norm, NormOptions, normalisation
from wellbegun.zoo.models._blocks import Even, Network, conv_norm, head
from wellbegun.zoo.models._fillers import Filler, fill, fill_all


class Block(nn.Module):
    """relu(body(x) + x), body: 3x3 convolution, batch norm, ReLU, 3x3 convolution, batch norm."""

    def __init__(self, channels: int, norm: Norm, *, stride: int = 1, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride, padding=1)
        self.bn1 = norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = norm(channels)
        self.dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> the same shape."""
        return relu(self.body(x) + x)

    def body(self, x: Tensor) -> Tensor:
        """The learned part, before the sum."""
        x = relu(self.dropout(self.bn1(self.conv1(x))))
        result: Tensor = self.dropout(self.bn2(self.conv2(x)))
        return result


class Down(Block):
    """Half the resolution, twice the channels, without a parameter in the shortcut.

    relu(body(x) + average pool of x) at the old width, then as many channels of zeros behind. The pool is 3x3
    with stride 2 and rounds up; windows that hang over the edge are divided by what is inside.
    Choice: at odd sizes, which the paper does not have, the pool sees the last row or column twice, to match
    the body.
    """

    def __init__(self, channels: int, norm: Norm, *, dropout: float) -> None:
        super().__init__(channels, norm, stride=2, dropout=dropout)
        self.even = Even()

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> float[n, 2c, h/2, w/2], halves rounded up."""
        x = relu(self.body(x) + avg_pool2d(self.even(x), 3, 2, ceil_mode=True))
        return pad(x, (0, 0, 0, 0, 0, x.shape[1]))


def resnet(
    depth: int = 20,
    classes: int = 10,
    in_channels: int = 3,
    init: Filler = "msra",
    dropout: float = 0.0,
    bias_decay: float = 0.0,
    **norm: Unpack[NormOptions],
) -> Network:
    """A fresh residual network of the 2017 paper; it wants 0..255 minus the mean image, and random mirrors.

    Args:
        depth: weight layers, 6m + 2 with m >= 1; the paper's are 20 + 18n.
        init: filler of the convolutions; the last layer is always xavier.
        dropout: ratio behind every batch norm of the blocks, in [0, 1); 0.2 in the paper's Fig. 9b.
        bias_decay: multiple of the weight decay for biases of convolutions; 1 in the file of one range test.
        norm: how batch norm averages and tests, see ``_batch_norm.normalisation``.

    Raises:
        ValueError: the depth is not 6m + 2, the dropout ratio not in [0, 1), or an argument of batch norm.

    Source: arXiv:1708.07120v1, Tables 2-4; lnsmith54/super-convergence, architectures/Resnet56Cifar.prototxt.
    The first convolution has stride 1 as in the file; Table 4's stride 2 leaves no map for the last pooling.
    The paper's "20 + 9n" has depths that no such network has (29, 47, ...), so every second one is meant.
    Choice: global instead of 8x8 pooling at the end, the same at 32 x 32, so that any image size will do.
    """
    if depth < 8 or depth % 6 != 2:
        near = max(8, (depth - 2) // 6 * 6 + 2)
        raise ValueError(
            f"depth must be 6m + 2 with m >= 1, got {depth}; the next ones are {near} and {near + 6}"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
    make = normalisation(**norm)
    stem = conv_norm(in_channels, 16, 3, make, padding=1)
    stages: dict[str, nn.Module] = {"stem": nn.Sequential(*stem)}
    for number, channels in enumerate((16, 32, 64), start=1):
        if number > 1:
            stages[f"down{number - 1}"] = Down(channels // 2, make, dropout=dropout)
        same = [Block(channels, make, dropout=dropout) for _ in range(depth // 6 - (number > 1))]
        stages[f"stage{number}"] = nn.Sequential(*same)
    model = Network(stages | head(64, classes), conv_bias=(2.0, bias_decay), linear_bias=(2.0, 1.0))
    fill_all(model, init)
    fill(model.classifier, "xavier")  # type: ignore[arg-type]
    return model


def resnet20(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0,
    bias_decay: float = 0.0, **norm: Unpack[NormOptions],
) -> Network:  # fmt: skip
    """A fresh ResNet-20 of the 2017 paper: 224,042 parameters for CIFAR-10."""
    return resnet(20, classes, in_channels, init, dropout, bias_decay, **norm)


def resnet38(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0,
    bias_decay: float = 0.0, **norm: Unpack[NormOptions],
) -> Network:  # fmt: skip
    """A fresh ResNet-38 of the 2017 paper's series 20 + 18n."""
    return resnet(38, classes, in_channels, init, dropout, bias_decay, **norm)


def resnet56(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0,
    bias_decay: float = 0.0, **norm: Unpack[NormOptions],
) -> Network:  # fmt: skip
    """A fresh ResNet-56 of the 2017 paper: 808,682 parameters for CIFAR-10. Not the 2018 report's."""
    return resnet(56, classes, in_channels, init, dropout, bias_decay, **norm)


def resnet74(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0,
    bias_decay: float = 0.0, **norm: Unpack[NormOptions],
) -> Network:  # fmt: skip
    """A fresh ResNet-74 of the 2017 paper's series 20 + 18n."""
    return resnet(74, classes, in_channels, init, dropout, bias_decay, **norm)


def resnet92(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0,
    bias_decay: float = 0.0, **norm: Unpack[NormOptions],
) -> Network:  # fmt: skip
    """A fresh ResNet-92 of the 2017 paper's series 20 + 18n."""
    return resnet(92, classes, in_channels, init, dropout, bias_decay, **norm)


def resnet110(
    classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0,
    bias_decay: float = 0.0, **norm: Unpack[NormOptions],
) -> Network:  # fmt: skip
    """A fresh ResNet-110 of the 2017 paper: 1,685,642 parameters for CIFAR-10."""
    return resnet(110, classes, in_channels, init, dropout, bias_decay, **norm)
