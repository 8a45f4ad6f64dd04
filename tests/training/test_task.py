"""Task: the split, the fingerprint, and every bad input with its message."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from wellbegun.errors import TaskError
from wellbegun.training.engine.sources import commonest, size
from wellbegun.training.task import Task

WIDTH = 7


def mlp(hidden=8, out=3):
    return nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, out))


def wide():
    return mlp(WIDTH)


def blobs(samples=120, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, 4)).astype(np.float32), rng.integers(0, classes, samples)


class Pairs(Dataset):
    def __init__(self, x, y):
        self.x, self.targets = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.targets[index]


# the split


def test_validation_is_a_tenth_of_the_training_data_and_stratified():
    y = np.repeat([0, 1, 2], [600, 300, 100])
    parts = Task(model=mlp, train=(np.arange(4000.0).reshape(1000, 4), y)).parts()
    assert torch.bincount(parts.validation[1]).tolist() == [60, 30, 10]
    assert torch.bincount(parts.train[1]).tolist() == [540, 270, 90]
    rows = torch.cat((parts.train[0], parts.validation[0]))[:, 0].sort().values
    assert rows.tolist() == list(np.arange(0.0, 4000.0, 4.0))  # nothing lost, nothing twice


def test_validation_has_at_most_5000_samples():
    parts = Task(model=mlp, train=(np.zeros((60_000, 1)), np.arange(60_000) % 2)).parts()
    assert len(parts.validation[1]) == 5000 and len(parts.train[1]) == 55_000


def test_split_follows_from_the_seed_alone():
    def rows(seed):
        return Task(model=mlp, train=blobs(), seed=seed).parts().validation[0]

    assert torch.equal(rows(1), rows(1)) and not torch.equal(rows(1), rows(2))


def test_data_sets_are_split_like_arrays():
    x, y = blobs()
    whole = Task(model=mlp, train=(x, y)).parts()
    read = Task(model=mlp, train=Pairs(x, y)).parts()
    assert size(read.validation) == size(whole.validation) == 12
    assert [int(read.validation.dataset[i][1]) for i in range(12)] == whole.validation[1].tolist()


def test_given_validation_data_is_kept():
    parts = Task(model=mlp, train=blobs(), validation=blobs(10), test=blobs(20)).parts()
    assert (size(parts.train), size(parts.validation), size(parts.test)) == (120, 10, 20)


def test_task_can_be_pickled_and_keeps_its_fingerprint():
    task = Task(model=functools.partial(mlp, 5), train=blobs())
    task.parts()
    again = pickle.loads(pickle.dumps(task))
    assert again.fingerprint() == task.fingerprint()


# the fingerprint


def print_of(**changes):
    values = {"model": mlp, "train": blobs(), **changes}
    return Task(**values).fingerprint()


def test_equal_tasks_have_equal_fingerprints_whatever_the_global_seed():
    first = print_of()
    torch.manual_seed(99)
    assert print_of(name="other name", batch_size=7, epochs=2.0, optimizer="adamw") == first


def relu_then(scale):
    def factory():
        return nn.Sequential(nn.Linear(4, 3), Scaled(scale))

    return factory


class Scaled(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, x):
        return x * self.scale


def squared(output, target):
    return ((output.sum(1) - target) ** 2).mean()


def class_named_net(power):
    if power == 1:

        class Net(nn.Linear):
            def forward(self, x):
                return super().forward(x)
    else:

        class Net(nn.Linear):
            def forward(self, x):
                return super().forward(x) ** 2

    return functools.partial(Net, 4, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": wide},
        {"model": lambda: mlp(8)},
        {"model": functools.partial(mlp, 9)},
        {"model": mlp(8)},
        {"model": class_named_net(1)},
        {"model": class_named_net(2)},
        {"model": relu_then(1.0)},
        {"model": relu_then(2.0)},
        {"factory_args": {"hidden": 9}},
        {"loss": nn.CrossEntropyLoss()},
        {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)},
        {"loss": nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))},
        {"loss": squared},
        {"metrics": {"error": squared}},
        {"train": blobs(seed=1)},
        {"train": Pairs(*blobs())},
        {"validation": blobs(30, seed=2)},
        {"test": blobs(30, seed=2)},
        {"seed": 1},
        {"inputs": "standardise"},
        {"augment": ("mirror",)},
        {"decay_bias_and_norm": False},
    ],
)
def test_every_change_changes_the_fingerprint(changes):
    assert print_of(**changes) != print_of()
    assert print_of(**changes) == print_of(**changes)


def test_fingerprints_of_different_things_differ_from_each_other():
    first, second = lambda o, t: (o.sum(1) - t).abs().mean(), lambda o, t: (o.sum(1) - t).pow(2).mean()
    prints = [
        print_of(loss=first), print_of(loss=second),
        print_of(model=relu_then(1.0)), print_of(model=relu_then(2.0)),
        print_of(model=class_named_net(1)), print_of(model=class_named_net(2)),
        print_of(train=Pairs(*blobs())), print_of(train=Pairs(*blobs(seed=1))),
        print_of(train=Pairs(*blobs(119))),
        print_of(train=Pairs(*blobs()), version="1"), print_of(train=Pairs(*blobs()), version="2"),
    ]  # fmt: skip
    assert len(set(prints)) == len(prints)


def test_a_changed_constant_that_the_factory_reads_changes_the_fingerprint(monkeypatch):
    def scaled(output, target):
        return WIDTH * squared(output, target)

    before = print_of(loss=scaled)
    monkeypatch.setitem(globals(), "WIDTH", 8)
    assert print_of(loss=scaled) != before


def test_version_stands_for_the_data_of_a_data_set():
    assert print_of(train=Pairs(*blobs()), version="1") == print_of(train=Pairs(*blobs(seed=1)), version="1")


def test_fingerprint_leaves_the_users_random_numbers_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    print_of()
    Task(model=mlp, train=blobs()).check()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loaders_batch_size_is_the_tasks_unless_it_names_one():
    data = TensorDataset(*map(torch.tensor, blobs()))
    assert Task(model=mlp, train=DataLoader(data, batch_size=4)).batch_size == 4
    assert Task(model=mlp, train=DataLoader(data, batch_size=4), batch_size=8).batch_size == 8
    assert Task(model=mlp, train=DataLoader(data, batch_sampler=[[0, 1], [2]])).batch_size == 128
    assert Task(model=mlp, train=data).batch_size == Task(model=mlp, train=blobs()).batch_size == 128


# bad input


def check(**changes):
    Task(**{"model": mlp, "train": blobs(), **changes}).check()


def with_bad(value, rows=(17, 40)):
    x, y = blobs()
    x[rows, 2] = value
    return x, y


class NoWeights(nn.Module):
    def forward(self, x):
        return x[:, :3]


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(x).detach().requires_grad_()


def test_good_tasks_pass():
    x, y = blobs()
    check()
    check(train=(x, y.astype(np.uint8)), test=blobs(10))
    check(train=Pairs(x, y))
    check(train=DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=4, shuffle=True))
    check(train=(x, x[:, 0]), model=functools.partial(mlp, out=1))
    check(train=(x, x[:, :3]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": with_bad(np.nan)}, ["NaN or inf", "training inputs", "2 of 120", "first in row 17"]),
        ({"train": with_bad(np.inf), "validation": blobs(9)}, ["2 of 120", "first in row 17"]),
        ({"validation": with_bad(np.nan)}, ["validation inputs", "2 of 120", "row 17"]),
        ({"train": Pairs(*with_bad(np.nan, slice(50, None)))}, ["64 samples looked at", "first in row 51"]),
        ({"test": Pairs(*with_bad(np.nan, 0))}, ["test inputs", "1 of 64", "first in row 0"]),
        ({"train": blobs(classes=5)}, ["0..2", "3 outputs", "0..4"]),
        ({"train": (blobs()[0], blobs()[1] - 1)}, ["0..2", "-1..1", "training targets"]),
        ({"train": (blobs()[0], np.zeros(120, int))}, ["at least 2 classes", "only class 0", "108 samples"]),
        ({"validation": (blobs(5)[0], np.ones(5, int))}, ["only class 1", "5 samples", "validation"]),
        ({"train": (blobs()[0][:, :3], blobs()[1])}, ["[8, 3]", "fit the network", "RuntimeError"]),
        ({"validation": (blobs(9)[0][:, :3], blobs(9)[1])}, ["one shape", "[4]", "[3]"]),
        ({"model": NoWeights}, ["trainable parameters"]),
        ({"model": Frozen}, ["depend on the parameters", "2"]),
        ({"loss": lambda o, t: o.detach().sum()}, ["depend on the parameters"]),
        ({"loss": lambda o, t: o.sum(1)}, ["scalar", "[8]"]),
        ({"loss": lambda o, t: o.sum() / 0}, ["finite"]),
        ({"loss": lambda o, t: 0 * o.sum() - 3}, ["positive", "-3", "add a constant"]),
        ({"loss": nn.L1Loss(reduction="none")}, ["loss and metrics", "[8, 3]", "[8]"]),
        ({"model": functools.partial(mlp, out=1)}, ["0..0", "1 outputs"]),
        ({"model": lambda: 3}, ["nn.Module", "int"]),
        ({"factory_args": {"depth": 3}}, ["depth", "TypeError", "factory_args"]),
        ({"train": (blobs()[0], blobs()[0][:, :2])}, ["[8, 3]", "[8, 2]", "mean squared error"]),
    ],
)  # fmt: skip
def test_bad_tasks_are_told(changes, words):
    with pytest.raises(TaskError) as caught:
        check(**changes)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": (blobs()[0], blobs(119)[1])}, ["120 inputs", "119 targets"]),
        ({"validation": (blobs()[0][:0], blobs()[1][:0])}, ["validation", "got 0"]),
        ({"train": (np.array([["a"]]), np.array([1]))}, ["numbers", "<U1"]),
        ({"train": 3}, ["int", "__len__"]),
        ({"optimizer": "adam"}, ["adamw", "'adam'"]),
        ({"inputs": "whiten"}, ["standardise", "'whiten'"]),
        ({"augment": ("flip",)}, ["mirror", "'flip'"]),
        ({"batch_size": 0}, ["at least 1", "0"]),
        ({"epochs": -1.0}, ["positive", "-1.0"]),
        ({"model": mlp(), "factory_args": {"hidden": 3}}, ["hidden"]),
    ],
)
def test_what_cannot_be_a_task_is_refused_at_once(changes, words):
    with pytest.raises(ValueError) as caught:
        Task(**{"model": mlp, "train": blobs(), **changes})
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("targets", "share"),
    [([0, 2, 2, 1], 0.5), ([-100, 10**15, 10**15, 10**15], 0.75), ([0.5, 1.5], None), ([[0], [1]], None)],
)
def test_the_share_of_the_commonest_class_whatever_its_number(targets, share):
    assert commonest((torch.zeros(len(targets), 1), torch.tensor(targets))) == share
