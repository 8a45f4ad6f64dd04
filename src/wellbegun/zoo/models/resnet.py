"""The residual networks of the 2017 paper: resnet20, resnet56 and every other depth of 6m + 2 layers."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad, relu

from wellbegun.zoo.models._fillers import Filler, fill, fill_all
from wellbegun.zoo.models.lenet import Multipliers


class Block(nn.Module):
    """relu(body(x) + x), body: 3x3 convolution, batch norm, ReLU, 3x3 convolution, batch norm."""

    def __init__(self, channels: int, *, stride: int = 1, bn_momentum: float, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride, padding=1)
        self.bn1 = nn.BatchNorm2d(channels, momentum=bn_momentum)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels, momentum=bn_momentum)
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

    def __init__(self, channels: int, *, bn_momentum: float, dropout: float) -> None:
        super().__init__(channels, stride=2, bn_momentum=bn_momentum, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> float[n, 2c, h/2, w/2], halves rounded up."""
        height, width = x.shape[-2:]
        even = pad(x, (0, width % 2, 0, height % 2), mode="replicate") if height % 2 or width % 2 else x
        x = relu(self.body(x) + avg_pool2d(even, 3, 2, ceil_mode=True))
        return pad(x, (0, 0, 0, 0, 0, x.shape[1]))


class ResNet(nn.Sequential):
    """A stem, three stages of blocks at 16, 32 and 64 channels, global average pooling, one linear layer."""

    def multipliers(self) -> Multipliers:
        """Biases learn at twice the lr, those of convolutions do not decay; batch norm is like weights."""
        values = dict.fromkeys(dict(self.named_parameters()), (1.0, 1.0))
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                values[f"{name}.bias"] = (2.0, 0.0 if isinstance(layer, nn.Conv2d) else 1.0)
        return values


def resnet(
    depth: int = 20,
    classes: int = 10,
    in_channels: int = 3,
    init: Filler = "msra",
    dropout: float = 0.0,
    bn_momentum: float = 0.05,
) -> ResNet:
    """A fresh residual network of the 2017 paper; it wants 0..255 minus the mean image, and random mirrors.

    Args:
        depth: weight layers, 6m + 2 with m >= 1; the paper has 20, 56 and 110.
        init: filler of the convolutions; the last layer is always xavier.
        dropout: ratio behind every batch norm of the blocks, in [0, 1); 0.2 in the paper's Fig. 10a.
        bn_momentum: weight of a batch in the running averages; 1 - moving_average_fraction.

    Raises:
        ValueError: the depth is not 6m + 2, or the dropout ratio not in [0, 1).

    Source: arXiv:1708.07120v1, Tables 2-4; lnsmith54/super-convergence, architectures/Resnet56Cifar.prototxt.
    The first convolution has stride 1 as in the file; Table 4's stride 2 leaves no map for the last pooling.
    Choice: global instead of 8x8 pooling at the end, the same at 32 x 32, so that any image size will do.
    """
    if depth < 8 or depth % 6 != 2:
        near = max(8, (depth - 2) // 6 * 6 + 2)
        raise ValueError(
            f"depth must be 6m + 2 with m >= 1, got {depth}; the next ones are {near} and {near + 6}"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
    blocks = depth // 6
    layers: OrderedDict[str, nn.Module] = OrderedDict(stem=_stem(in_channels, bn_momentum))
    for stage, channels in enumerate((16, 32, 64), start=1):
        same = [
            Block(channels, bn_momentum=bn_momentum, dropout=dropout) for _ in range(blocks - (stage > 1))
        ]
        layers[f"stage{stage}"] = nn.Sequential(*same)
        if stage < 3:
            layers[f"down{stage}"] = Down(channels, bn_momentum=bn_momentum, dropout=dropout)
    layers |= {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "classifier": nn.Linear(64, classes)}
    model = ResNet(layers)
    fill_all(model, init)
    fill(model.classifier, "xavier")  # type: ignore[arg-type]
    return model


def resnet20(classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0) -> ResNet:
    """A fresh ResNet-20 of the 2017 paper: 224,042 parameters for CIFAR-10."""
    return resnet(20, classes, in_channels, init, dropout)


def resnet56(classes: int = 10, in_channels: int = 3, init: Filler = "msra", dropout: float = 0.0) -> ResNet:
    """A fresh ResNet-56 of the 2017 paper: 808,682 parameters for CIFAR-10. Not the 2018 report's."""
    return resnet(56, classes, in_channels, init, dropout)


def _stem(in_channels: int, bn_momentum: float) -> nn.Module:
    layers = OrderedDict(
        conv=nn.Conv2d(in_channels, 16, 3, padding=1),
        bn=nn.BatchNorm2d(16, momentum=bn_momentum),
        relu=nn.ReLU(),
    )
    return nn.Sequential(layers)
