"""The networks as published: what an exhibit hands to the factory."""

from __future__ import annotations

import inspect
import pickle

import pytest
import torch
from torch import nn

from wellbegun.zoo.models._batch_norm import BatchNormByGroups
from wellbegun.zoo.published import PUBLISHED
from wellbegun.zoo.tasks import named_model


def norms(model: nn.Module) -> list[BatchNormByGroups]:
    return [layer for layer in model.modules() if isinstance(layer, BatchNormByGroups)]


def test_the_papers_groups_have_125_and_128_images() -> None:
    """2017: 1,000 images on 8 GPUs; 2018: 512 on 4."""
    for name, share in (("resnet56", 125), ("hp_resnet56", 128), ("wide_resnet32", 128)):
        published = PUBLISHED[name]
        assert published.batch_size // published.norm()["gpus"] == published.per_gpu == share


def test_a_run_may_replace_the_files_fraction() -> None:
    """Table 1 of the 2017 paper: 0.97 for 20,000 iterations."""
    assert PUBLISHED["resnet56"].norm(0.97) == {"statistics": "caffe", "fraction": 0.97, "gpus": 8}
    assert PUBLISHED["resnet56"].norm()["fraction"] == 0.999
    assert PUBLISHED["lenet"].norm() == PUBLISHED["cifar3"].norm() == {}


def test_tests_by_the_batch_take_the_files_test_batch() -> None:
    got = PUBLISHED["resnet50"].norm()
    assert got == {"statistics": "batch", "fraction": 0.999, "gpus": 4, "test_batch": 10}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_factory_can_be_pickled_and_knows_every_argument(name: str) -> None:
    published = PUBLISHED[name]
    parameters = inspect.signature(named_model(published.model)).parameters
    assert published.arguments.keys() <= parameters.keys()
    with torch.device("meta"):
        model = pickle.loads(pickle.dumps(published.factory()))()
        plain = published.factory(as_tested=False)()
    found = {(m.statistics, m.fraction, m.gpus, m.test_batch) for m in norms(model)}
    wanted = published.norm()
    assert found == (
        {(wanted["statistics"], wanted["fraction"], wanted["gpus"], wanted.get("test_batch"))}
        if wanted
        else set()
    )
    assert not norms(plain) and plain.state_dict().keys() == model.state_dict().keys()
