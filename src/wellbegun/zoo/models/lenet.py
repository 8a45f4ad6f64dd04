"""LeNet as Caffe ships it: the papers' network for MNIST."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from wellbegun.zoo.models._fillers import Filler, fill_all

Multipliers = dict[str, tuple[float, float]]
"""Parameter name -> (multiple of lr, multiple of weight decay)."""


class LeNet(nn.Sequential):
    """Two convolutions, two linear layers; no ReLU after the convolutions, the only one follows ip1."""

    def multipliers(self) -> Multipliers:
        """Biases learn at twice the lr; weight decay acts on them like on weights."""
        return {name: (2.0 if name.endswith("bias") else 1.0, 1.0) for name, _ in self.named_parameters()}


def lenet(
    classes: int = 10,
    in_channels: int = 1,
    size: tuple[int, int] = (28, 28),
    init: Filler = "xavier",
    dropout: float = 0.0,
) -> LeNet:
    """A fresh LeNet: 431,080 parameters for MNIST, whose pixels it wants divided by 256.

    Args:
        size: height and width of the images, each at least 14.
        init: filler of all weights; the file says xavier, msra is the other one of the repeats.
        dropout: ratio before the last layer, in [0, 1).

    Raises:
        ValueError: images too small for two 5x5 convolutions with pooling.

    Source: arXiv:1803.09820, Fig. 14 and Table 2; BVLC/caffe, examples/mnist/lenet_train_test.prototxt.
    Choice: other image sizes than 28 x 28 change the width of ip1's input, nothing else; dropout, which the
    file has not.
    """
    if min(size) < 14:
        got = f"{size[0]} x {size[1]}"
        raise ValueError(f"lenet needs images of at least 14 x 14 pixels, got {got}; take --model cnn or mlp")
    height, width = (_after_two_stages(side) for side in size)
    model = LeNet(
        OrderedDict(
            conv1=nn.Conv2d(in_channels, 20, 5),
            pool1=nn.MaxPool2d(2, 2, ceil_mode=True),
            conv2=nn.Conv2d(20, 50, 5),
            pool2=nn.MaxPool2d(2, 2, ceil_mode=True),
            flatten=nn.Flatten(),
            ip1=nn.Linear(50 * height * width, 500),
            relu1=nn.ReLU(),
            **({"drop1": nn.Dropout(dropout)} if dropout > 0 else {}),
            ip2=nn.Linear(500, classes),
        )
    )
    fill_all(model, init)
    return model


def _after_two_stages(side: int) -> int:
    for _ in range(2):
        side = -(-(side - 4) // 2)  # 5x5 convolution without padding, then 2x2 pooling that rounds up
    return side
