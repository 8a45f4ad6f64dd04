"""Batch norm in the papers' form against slow loops, closed forms and torch's own layer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from wellbegun.training.engine.norm import evaluating
from wellbegun.zoo.models._batch_norm import BatchNormByGroups, FrozenBatchNorm, normalisation
from wellbegun.zoo.models.resnet import resnet


def images(n: int = 12, channels: int = 3, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    shift = torch.arange(n, dtype=torch.float64)[:, None, None, None]  # so that shares differ
    return shift + torch.randn(n, channels, 4, 5, dtype=torch.float64, generator=generator)


def layer(**options: object) -> BatchNormByGroups:
    made = BatchNormByGroups(3, **options).double()
    with torch.no_grad():
        made.weight.copy_(torch.tensor([1.0, 2.0, 0.5]))
        made.bias.copy_(torch.tensor([0.0, -1.0, 3.0]))
    return made


def slow(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Batch norm of one share, channel by channel."""
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        values = x[:, c]
        deviation = math.sqrt(((values - values.mean()) ** 2).mean() + eps)
        y[:, c] = weight[c] * (values - values.mean()) / deviation + bias[c]
    return y


@pytest.mark.parametrize("gpus", [1, 2, 3, 4, 12])
def test_every_share_of_a_batch_has_statistics_of_its_own(gpus: int) -> None:
    x, made = images(), layer(gpus=gpus)
    weight, bias = made.weight.detach().numpy(), made.bias.detach().numpy()
    expected = [slow(share, weight, bias) for share in np.split(x.numpy(), gpus)]
    np.testing.assert_allclose(made(x).detach().numpy(), np.concatenate(expected), rtol=1e-10, atol=1e-12)


def test_shares_of_a_batch_that_does_not_divide_differ_by_one_image() -> None:
    made, x = layer(gpus=4), images(10)
    weight, bias = made.weight.detach().numpy(), made.bias.detach().numpy()
    shares = np.split(x.numpy(), [3, 6, 8])
    expected = np.concatenate([slow(share, weight, bias) for share in shares])
    np.testing.assert_allclose(made(x).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@given(
    fraction=st.sampled_from([0.0, 0.5, 0.8, 0.9, 0.95, 0.999, 1.0]),
    gpus=st.integers(1, 3),
    updates=st.integers(1, 6),
)
def test_caffes_average_is_s_over_c(fraction: float, gpus: int, updates: int) -> None:
    """S = f S + value, c = f c + 1, as Caffe's BatchNormLayer keeps them, of the first share alone."""
    made = layer(statistics="caffe", fraction=fraction, gpus=gpus)
    sums, count = np.zeros((2, 3)), 0.0
    for seed in range(updates):
        x = images(seed=seed)
        made(x)
        first = x.numpy()[: math.ceil(len(x) / gpus)]
        samples = first.size // 3
        values = first.mean((0, 2, 3)), first.var((0, 2, 3)) * samples / (samples - 1)
        sums, count = fraction * sums + np.array(values), fraction * count + 1
        np.testing.assert_allclose(made.running_mean.numpy(), sums[0] / count, rtol=1e-10)
        np.testing.assert_allclose(made.running_var.numpy(), sums[1] / count, rtol=1e-10)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.9, 0.999])
def test_the_other_average_is_torchs_layer(fraction: float) -> None:
    made = BatchNormByGroups(3, statistics="torch", fraction=fraction).double()
    theirs = nn.BatchNorm2d(3, momentum=1 - fraction).double()
    for seed in range(4):
        torch.testing.assert_close(made(images(seed=seed)), theirs(images(seed=seed)), rtol=1e-12, atol=1e-12)
    assert made.state_dict().keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(made.state_dict()[name], value, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(made.eval()(images()), theirs.eval()(images()), rtol=1e-12, atol=1e-12)


def test_the_two_averages_of_a_constant_differ_by_the_weight_of_the_start_value() -> None:
    """Of equal batches Caffe's is their value at once, torch's only up to f^t: 0.37 after 1000 at 0.999."""
    caffe, torchs = (layer(statistics=s, fraction=0.999) for s in ("caffe", "torch"))
    x = images()
    for t in range(1, 6):
        caffe(x), torchs(x)
        value = x.mean((0, 2, 3))
        torch.testing.assert_close(caffe.running_mean, value, rtol=1e-12, atol=0)
        torch.testing.assert_close(torchs.running_mean, value * (1 - 0.999**t), rtol=1e-9, atol=0)


@pytest.mark.parametrize(("n", "test_batch", "groups"), [(12, 4, 3), (12, 5, 2), (12, None, 1), (3, 125, 1)])
def test_testing_by_the_batch_takes_the_images_at_hand(n: int, test_batch: int | None, groups: int) -> None:
    made, x = layer(statistics="batch", test_batch=test_batch), images(n)
    made(images(seed=5))
    before = {name: value.clone() for name, value in made.state_dict().items()}
    weight, bias = made.weight.detach().numpy(), made.bias.detach().numpy()
    expected = [slow(group, weight, bias) for group in np.split(x.numpy(), groups)]
    got = made.eval()(x).detach().numpy()
    np.testing.assert_allclose(got, np.concatenate(expected), rtol=1e-10, atol=1e-12)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


def test_gradients_are_right_and_shares_do_not_mix() -> None:
    made, x = layer(gpus=2, statistics="caffe"), images(4).requires_grad_()
    assert torch.autograd.gradcheck(made, x)
    (gradient,) = torch.autograd.grad(made(x)[:2].pow(3).sum(), x)
    assert torch.all(gradient[2:] == 0) and torch.any(gradient[:2] != 0)


def test_layout_and_precision_are_kept() -> None:
    x = images().float().contiguous(memory_format=torch.channels_last)
    made = BatchNormByGroups(3, gpus=3, statistics="caffe")
    assert made(x).is_contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        assert made(x.bfloat16()).dtype == torch.bfloat16
    assert made.running_mean.dtype == torch.float32


def test_frozen_norm_is_a_gain_whatever_it_sees() -> None:
    """1 / sqrt(1e-3) = 31.62 in the paper's net, in training and evaluation, for good."""
    made, x = FrozenBatchNorm(3, eps=1e-3).double(), images()
    for _ in range(2):
        torch.testing.assert_close(made(x), x * 31.6227766016838, rtol=1e-12, atol=0)
    torch.testing.assert_close(made.eval()(x), x / math.sqrt(1e-3), rtol=1e-12, atol=0)


@pytest.mark.parametrize("statistics", ["caffe", "torch", "batch"])
def test_the_engine_evaluates_such_layers_as_they_are(statistics: str) -> None:
    model = nn.Sequential(layer(statistics=statistics, fraction=0.5), nn.BatchNorm2d(3).double())
    model(images())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    alone = model[0].eval()(images(seed=3))
    model.train()
    with evaluating(model, lambda: model(images(seed=9))):
        assert not model[0].training and not model[1].training
        torch.testing.assert_close(model[0](images(seed=3)), alone, rtol=0, atol=0)
        assert not torch.equal(model[1].running_mean, before["1.running_mean"])  # the other is estimated anew
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_by_default_the_engine_estimates_over_whole_batches() -> None:
    made, theirs = layer(gpus=3), nn.BatchNorm2d(3).double()
    for norm in (made, theirs):
        with evaluating(nn.Sequential(norm), lambda norm=norm: norm(images(seed=2))):
            found = norm.running_mean.clone(), norm.running_var.clone()
        torch.testing.assert_close(found[0], images(seed=2).mean((0, 2, 3)))
    assert not made.keeps_statistics and torch.all(made.running_mean == 0)


def test_networks_hand_the_options_to_every_norm() -> None:
    plain, published = resnet(8), resnet(8, statistics="caffe", fraction=0.97, gpus=8)
    assert {type(m) for m in plain.modules() if isinstance(m, nn.BatchNorm2d)} == {nn.BatchNorm2d}
    norms = [m for m in published.modules() if isinstance(m, BatchNormByGroups)]
    assert len(norms) == 7 and {(m.statistics, m.fraction, m.gpus) for m in norms} == {("caffe", 0.97, 8)}
    assert "statistics=caffe, fraction=0.97, gpus=8" in repr(published)
    assert plain.state_dict().keys() == published.state_dict().keys()


def test_bad_options_name_the_rule_and_the_value() -> None:
    with pytest.raises(ValueError, match="estimated, caffe, torch, batch, got 'global'"):
        normalisation(statistics="global")  # type: ignore[typeddict-item]
    with pytest.raises(ValueError, match=r"\[0, 1\], got 1.5"):
        normalisation(fraction=1.5)
    with pytest.raises(ValueError, match="gpus=0, test_batch=None"):
        normalisation(gpus=0)
    with pytest.raises(ValueError, match="test_batch=100 with 'caffe'"):
        normalisation(statistics="caffe", test_batch=100)
