"""What every network of the zoo keeps, whatever it is made of."""

from __future__ import annotations

import pickle
from functools import partial

import pytest
import torch
from torch.nn.functional import cross_entropy

from wellbegun.zoo import tasks

SHAPES = {
    "lenet": (1, 28, 28), "cnn": (1, 8, 8), "mlp": (1, 8, 8),
    "resnet50": (3, 230, 230), "inception_resnet_v2": (3, 107, 107),
}  # fmt: skip
LONG = {"resnet38", "resnet74", "resnet92", "resnet110", "wide_resnet32", "resnet50", "inception_resnet_v2"}


def build(name: str, seed: int = 0, **arguments: object) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return tasks.named_model(name)(**arguments)


def images(name: str, n: int = 4) -> torch.Tensor:
    return 50 * torch.randn(n, *SHAPES.get(name, (3, 32, 32)), generator=torch.Generator().manual_seed(0))


every_model = pytest.mark.parametrize("name", tasks.models())
every_model_in_time = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in tasks.models()]
)


@every_model
def test_the_factory_needs_no_argument_and_scores_ten_classes(name: str) -> None:
    assert build(name)(images(name)).shape == (4, 10)


@every_model
def test_other_class_counts(name: str) -> None:
    assert build(name, classes=3)(images(name)).shape == (4, 3)


@every_model
def test_the_seed_decides_the_weights(name: str) -> None:
    one, same, other = (build(name, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@every_model
def test_the_factory_can_be_pickled_with_its_arguments(name: str) -> None:
    factory = pickle.loads(pickle.dumps(partial(tasks.named_model(name), classes=7)))
    assert factory()(images(name)).shape == (4, 7)


@every_model_in_time
def test_every_parameter_is_reached_and_training_lowers_the_loss(name: str) -> None:
    model, x, y = build(name), images(name, 8) / 50, torch.arange(8)
    if name == "cifar3":
        x = x * 50  # its fillers are made for 0..255, and so small that it starts slowly
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    first = cross_entropy(model(x), y)
    first.backward()
    assert all(p.grad is not None and torch.all(torch.isfinite(p.grad)) for p in model.parameters())
    for _ in range(15 if name == "cifar3" else 4):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()
    assert cross_entropy(model(x), y) < first - 0.01


@every_model
def test_multipliers_name_parameters(name: str) -> None:
    model = build(name)
    multipliers = model.multipliers() if hasattr(model, "multipliers") else {}
    assert multipliers.keys() <= dict(model.named_parameters()).keys()
    assert all(lr > 0 and decay >= 0 for lr, decay in multipliers.values())


@every_model_in_time
def test_memory_layout_changes_nothing(name: str) -> None:
    model, x = build(name).eval().double(), images(name).double()
    other = model(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(model(x), other, rtol=1e-9, atol=1e-12)
