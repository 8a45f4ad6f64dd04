"""Layers and arguments of the networks against slow references and algebra."""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from wellbegun.zoo.models.cifar3 import WithinChannelNorm, cifar3
from wellbegun.zoo.models.cnn import cnn
from wellbegun.zoo.models.densenet import densenet40
from wellbegun.zoo.models.inception_resnet import inception_resnet_v2
from wellbegun.zoo.models.lenet import lenet
from wellbegun.zoo.models.mlp import mlp
from wellbegun.zoo.models.preact import resnext56
from wellbegun.zoo.models.resnet import (
    Block,
    Down,
    resnet,
    resnet20,
    resnet38,
    resnet56,
    resnet74,
    resnet92,
    resnet110,
)
from wellbegun.zoo.models.resnet50 import resnet50
from wellbegun.zoo.models.resnet2018 import hp_resnet56


def slow_norm(x: np.ndarray, alpha: float, size: int = 3, beta: float = 0.75) -> np.ndarray:
    """Caffe's within-channel LRN by loops: x (1 + alpha/size^2 sum x^2)^-beta, zeros outside."""
    result = np.empty_like(x)
    half = size // 2
    for n, c, i, j in np.ndindex(*x.shape):
        window = x[n, c, max(0, i - half) : i + half + 1, max(0, j - half) : j + half + 1]
        result[n, c, i, j] = x[n, c, i, j] * (1 + alpha / size**2 * (window**2).sum()) ** -beta
    return result


def slow_pool(x: np.ndarray, reduce: str, size: int = 3, stride: int = 2) -> np.ndarray:
    """Caffe's pooling: the size rounds up, windows are clipped, averages divide by what is inside."""
    rows, columns = (math.ceil((side - size) / stride) + 1 for side in x.shape)
    result = np.empty((rows, columns))
    for i, j in np.ndindex(rows, columns):
        result[i, j] = getattr(x[i * stride : i * stride + size, j * stride : j * stride + size], reduce)()
    return result


def test_within_channel_norm_is_caffes() -> None:
    x = 100 * np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    got = WithinChannelNorm()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, slow_norm(x, 5e-5), rtol=1e-13)
    assert np.abs(got / x - 1).max() > 0.1  # the norm does something at this scale


def test_within_channel_norm_has_the_right_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    x = (100 * torch.randn(2, 2, 5, 4, dtype=torch.float64, generator=generator)).requires_grad_()
    assert torch.autograd.gradcheck(WithinChannelNorm(), x, eps=1e-4)


def test_within_channel_norm_keeps_type_and_layout() -> None:
    x = torch.ones(2, 4, 6, 6, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
    y = WithinChannelNorm()(x)
    assert y.dtype == torch.bfloat16 and y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("network", "layer", "reduce"), [(cifar3, "pool1", "max"), (cifar3, "pool2", "mean")]
)
def test_pooling_rounds_up_like_caffe(network: type, layer: str, reduce: str) -> None:
    x = np.random.default_rng(1).normal(size=(8, 6))
    got = network().get_submodule(layer)(torch.from_numpy(x)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(got, slow_pool(x, reduce), rtol=1e-12)


def test_down_block_is_pool_plus_body_then_zeros() -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 8, 6))
    block = Down(3, nn.BatchNorm2d, dropout=0.0).double()
    nn.init.zeros_(block.bn2.weight)  # the body is 0: what is left is the shortcut
    got = block(torch.from_numpy(x)).detach().numpy()
    assert got.shape == (2, 6, 4, 3)
    assert np.all(got[:, 3:] == 0)
    for n, c in itertools.product(range(2), range(3)):
        np.testing.assert_allclose(got[n, c], np.maximum(slow_pool(x[n, c], "mean"), 0), rtol=1e-12)


def test_block_is_the_identity_plus_its_body() -> None:
    block = Block(3, nn.BatchNorm2d, dropout=0.0)
    nn.init.zeros_(block.bn2.weight)
    x = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(x), x.relu())


@pytest.mark.parametrize("size", [(32, 32), (29, 31), (8, 12), (7, 5)])
def test_resnets_take_any_image_size(size: tuple[int, int]) -> None:
    for factory in (partial(resnet, 8), hp_resnet56, resnext56, densenet40):
        with torch.device("meta"):
            assert factory(classes=3, in_channels=1)(torch.zeros(2, 1, *size)).shape == (2, 3)


@pytest.mark.parametrize(
    ("factory", "sizes"),
    [
        (resnet50, [(195, 195), (224, 256), (230, 230), (257, 200)]),
        (inception_resnet_v2, [(69, 69), (70, 101), (230, 230), (299, 299)]),
    ],
)
def test_imagenet_networks_take_any_size_from_their_smallest(factory: Any, sizes: list[Any]) -> None:
    with torch.device("meta"):
        for size in sizes:
            assert factory(classes=3, size=size)(torch.zeros(2, 3, *size)).shape == (2, 3)
    with pytest.raises(ValueError, match=f"at least .* pixels, got 230 x {min(sizes)[0] - 1}"):
        factory(size=(230, min(sizes)[0] - 1))


@pytest.mark.parametrize("n", range(6))
def test_every_18_layers_add_three_blocks_a_stage(n: int) -> None:
    """4,704, 18,624 and 74,112 parameters a block: ResNet-20's stages as transcribed, over their blocks."""
    factories = (resnet20, resnet38, resnet56, resnet74, resnet92, resnet110)
    with torch.device("meta"):
        model = factories[n]()
    wanted = 224_042 + n * 3 * (4_704 + 18_624 + 74_112)
    assert sum(p.numel() for p in model.parameters()) == wanted
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 20 + 18 * n


def test_biases_of_convolutions_decay_where_asked() -> None:
    """As in the author's Resnet56DM1, which differs in nothing else."""
    plain, decayed = resnet(8).multipliers(), resnet(8, bias_decay=1.0).multipliers()
    assert {name for name in plain if plain[name] != decayed[name]} == {
        name for name in plain if name.endswith("bias") and "bn" not in name and plain[name] == (2.0, 0.0)
    }
    assert decayed["stem.0.bias"] == (2.0, 1.0) and decayed["classifier.bias"] == (2.0, 1.0)


@pytest.mark.parametrize("size", [(14, 14), (15, 16), (17, 28), (32, 33)])
def test_lenet_and_cifar3_fit_their_linear_layer_to_the_image(size: tuple[int, int]) -> None:
    assert lenet(5, 3, size)(torch.zeros(2, 3, *size)).shape == (2, 5)
    assert cifar3(5, 3, size)(torch.zeros(2, 3, *size)).shape == (2, 5)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (8, 8), (9, 13), (32, 32), (64, 65), (96, 100), (224, 150)])
def test_cnn_takes_any_image_size(size: tuple[int, int]) -> None:
    assert cnn(3, 1, size, width=4)(torch.zeros(1, 1, *size)).shape == (1, 3)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_mlp_has_the_asked_layers(layers: int) -> None:
    model = mlp(3, features=12, hidden=7, layers=layers, dropout=0.1)
    assert sum(isinstance(layer, nn.Linear) for layer in model) == layers + 1
    assert model(torch.zeros(2, 3, 2, 2)).shape == (2, 3)


@pytest.mark.parametrize("network", [lenet, cifar3])
def test_dropout_stands_before_the_last_layer_and_changes_no_parameter(network: Any) -> None:
    plain, dropped = network(), network(dropout=0.3)
    layers = list(dropped)
    assert isinstance(layers[-2], nn.Dropout) and layers[-2].p == 0.3
    assert [type(layer) for layer in plain] == [type(layer) for layer in (*layers[:-2], layers[-1])]
    assert dropped.state_dict().keys() == plain.state_dict().keys()
    assert dropped.multipliers() == plain.multipliers()


def test_bad_arguments_name_the_rule_and_the_value() -> None:
    with pytest.raises(ValueError, match=r"6m \+ 2.*got 21.*20 and 26"):
        resnet(21)
    with pytest.raises(ValueError, match=r"6m \+ 2.*got 2.*8 and 14"):
        resnet(2)
    with pytest.raises(ValueError, match=r"\[0, 1\), got 1.5"):
        resnet(20, dropout=1.5)
    with pytest.raises(ValueError, match="14 x 14 pixels, got 8 x 20"):
        lenet(size=(8, 20))
    with pytest.raises(ValueError, match="8 x 8 pixels, got 7 x 20"):
        cifar3(size=(7, 20))
