"""What a network comes to that learns nothing from its inputs, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from wellbegun.training.engine.batches import sample
from wellbegun.training.engine.uninformed import uninformed_loss
from wellbegun.training.task import Task

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(600, 5)).astype("float32")
CLASSES = np.repeat([0, 1, 2], [300, 200, 100])
NUMBERS = RNG.normal(2.0, 3.0, size=(600, 4)).astype("float32")


def task(outputs, targets, **settings):
    settings.setdefault("model", lambda: nn.Linear(5, outputs))
    return Task(
        name="made up", train=(INPUTS, targets), validation=(INPUTS, targets), metrics={}, **settings
    )  # fmt: skip


def test_cross_entropy_has_the_entropy_of_the_classes():
    shares = np.array([3, 2, 1]) / 6
    entropy = float(-(shares * np.log(shares)).sum())
    assert uninformed_loss(task(3, CLASSES)) == pytest.approx(entropy, rel=1e-4)
    assert uninformed_loss(task(3, CLASSES, loss=nn.CrossEntropyLoss())) == pytest.approx(entropy, rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (None, NUMBERS.var(0).mean()),
        (nn.L1Loss(), np.abs(NUMBERS - np.median(NUMBERS, 0)).mean()),
        (lambda output, target: 10 * ((output - target) ** 2).mean(), 10 * NUMBERS.var(0).mean()),
    ],
)
def test_numbers_have_the_spread_around_their_middle(loss, expected):
    assert uninformed_loss(task(4, NUMBERS, loss=loss)) == pytest.approx(float(expected), rel=1e-3)


def test_probabilities_have_the_entropy_of_each_bit():
    bits = (RNG.random((600, 2)) < (0.5, 0.2)).astype("float32")
    shares = bits.mean(0)
    entropy = float(-(shares * np.log(shares) + (1 - shares) * np.log(1 - shares)).mean())
    found = uninformed_loss(task(2, bits, loss=nn.BCEWithLogitsLoss()))
    assert found == pytest.approx(entropy, rel=1e-4)


def test_every_position_of_a_sequence_has_its_own_output():
    tokens = RNG.integers(0, 7, (600, 3))
    tokens[:, 1] = 4  # always the same: its entropy is 0

    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(5, 21)

        def forward(self, inputs):
            return self.last(inputs).view(-1, 3, 7)

    entropies = []
    for position in range(3):
        shares = np.bincount(tokens[:, position], minlength=7) / 600
        shares = shares[shares > 0]
        entropies.append(-(shares * np.log(shares)).sum())
    assert uninformed_loss(task(0, tokens, model=Words)) == pytest.approx(np.mean(entropies), rel=1e-2)


def test_a_loss_without_a_lowest_value_tells_nothing():
    model = lambda: nn.Sequential(nn.Linear(5, 3), nn.LogSoftmax(-1))  # noqa: E731
    assert np.isnan(uninformed_loss(task(3, CLASSES, model=model, loss=nn.NLLLoss())))


def test_outputs_that_are_no_tensor_tell_nothing():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(5, 4)

        def forward(self, inputs):
            return {"mean": self.last(inputs)}

    def loss(output, target):
        return ((output["mean"] - target) ** 2).mean()

    assert np.isnan(uninformed_loss(task(0, NUMBERS, model=Two, loss=loss)))


def test_only_the_labels_of_a_data_set_are_read_where_it_lists_them():
    class Listed(Dataset):
        targets = CLASSES
        read = 0

        def __len__(self):
            return len(CLASSES)

        def __getitem__(self, index):
            type(self).read += 1
            return torch.from_numpy(INPUTS[index]), int(CLASSES[index])

    listed = Task(name="listed", model=lambda: nn.Linear(5, 3), train=Listed())
    sample(listed, 2)  # takes the inputs' statistics, once
    Listed.read = 0
    found = uninformed_loss(listed)
    assert found == pytest.approx(uninformed_loss(task(3, CLASSES)), rel=0.02)  # another validation part
    assert Listed.read < 5


def test_neither_global_random_state_nor_the_users_loss_is_touched():
    class Weighted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, output, target):
            return self.scale * ((output - target) ** 2).mean() + 0 * torch.rand(()) + 1

    loss = Weighted()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert uninformed_loss(task(4, NUMBERS, loss=loss)) == pytest.approx(1 + NUMBERS.var(0).mean(), rel=1e-3)
    assert torch.equal(before, torch.get_rng_state()) and loss.scale.grad is None
