"""What a network computes, against PyTorch's own counter, and the threads that follow from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec
from wellbegun.training.engine import threads
from wellbegun.training.engine.arithmetic import arithmetic
from wellbegun.training.engine.batches import sample
from wellbegun.training.engine.trainer import build
from wellbegun.training.task import Task
from wellbegun.zoo.models.lenet import lenet
from wellbegun.zoo.models.resnet import resnet20


class Functional(nn.Module):
    """No layer that a hook could see."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 1, 3, 3))
        self.weight = nn.Parameter(torch.randn(3, 4))

    def forward(self, x):
        x = functional.conv2d(x, self.kernel, padding=1).relu()
        return functional.linear(x.mean((2, 3)), self.weight)


class Words(nn.Module):
    """Attention over the rows of an image."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.layers = nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False))
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.layers(x[:, 0]).mean(1))


def depthwise():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
        nn.Flatten(),
        nn.Linear(256, 3),
    )


def transposed():
    return nn.Sequential(nn.ConvTranspose2d(1, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(1156, 3))


def images(size=8, channels=1, samples=40, classes=3):
    rng = np.random.default_rng(0)
    shape = (samples, channels, size, size)
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, classes, samples)


CASES = {
    "depthwise": (depthwise, images()),
    "transposed": (transposed, images()),
    "functional": (Functional, images()),
    "attention": (Words, images()),
    "lenet": (lenet, images(28, classes=10)),
    "resnet20": (resnet20, images(32, 3, classes=10)),
}


def counted(model, data=None):
    task = Task(model=model, train=data or images())
    return arithmetic(task, task.build_model(0))


@pytest.mark.parametrize("name", CASES)
def test_products_are_those_of_torchs_counter(name):
    model, data = CASES[name]
    task = Task(model=model, train=data)
    # its counter does not know the fused attention of processors
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        task.build_model(0).eval()(sample(task, 2)[0])
    products = counter.get_total_flops() / 2 / 2  # of one of two samples; it counts additions, too
    assert arithmetic(task, task.build_model(0)).products == products


def test_the_share_of_dense_convolutions():
    # 8x8x4x9 = 2304 dense, 8x8x4x9 = 2304 depthwise, 256x3 = 768 linear
    assert counted(depthwise).dense_share == pytest.approx(2304 / (2304 + 2304 + 768))
    assert counted(Words).dense_share == 0.0


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.lstm(x[:, 0])[0][:, -1])


def test_recurrent_layers_count_their_weights_at_every_step():
    assert counted(Recurrent).products == 8 * (4 * 16 * 8 + 4 * 16 * 16) + 16 * 3


def test_elements_are_the_results_of_everything_else():
    found = counted(lambda: perceptron(5), features())
    assert (found.products, found.elements) == (6 * 5 + 5 * 3, 5)


# threads


def features(samples=60):
    rng = np.random.default_rng(0)
    return rng.normal(size=(samples, 6)).astype(np.float32), rng.integers(0, 3, samples)


def perceptron(width):
    return nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 3))


class Told(nn.Module):
    """Says with how many threads it was called."""

    seen: list[int]

    def __init__(self, width):
        super().__init__()
        self.inner = perceptron(width)
        Told.seen = []

    def forward(self, x):
        Told.seen.append(torch.get_num_threads())
        return self.inner(x)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def update(batch_size=16, **changes):
    return RunSpec(
        task="t", iterations=2, batch_size=batch_size, lr=Constant(0.1), momentum=Constant(0.9),
        weight_decay=0.0, **changes,
    )  # fmt: skip


@pytest.mark.parametrize(("width", "expected"), [(16, 1), (131072, 2)])
def test_an_update_takes_the_threads_it_is_worth(two_threads, width, expected):
    trainer = build(Task(model=lambda: Told(width), train=features()), update())
    Told.seen = []
    trainer.steps(np.full(2, 0.1), np.full(2, 0.9))
    trainer.evaluate()
    assert Told.seen == [expected] * 3
    assert torch.get_num_threads() == 2


def test_work_and_batch_size_decide():
    task = Task(model=lambda: perceptron(1024), train=features())
    work = 3 * (6 * 1024 + 1024 * 3 + 1024)  # forward and back, for one sample
    for batch in (1, 128, 4096, 8192):
        worth = threads.worth(task, update(batch), task.build_model(0))
        assert worth == max(1, int(work * batch / threads.WORTH_IT))


class Counting(nn.Module):
    """Counts its calls."""

    def __init__(self):
        super().__init__()
        self.inner, self.calls = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 3)), 0

    def forward(self, x):
        self.calls += 1
        return self.inner(x)


class Noisy(Dataset):
    """Draws from the global random state with every sample."""

    def __len__(self):
        return 60

    def __getitem__(self, index):
        return torch.randn(6), index % 3


@pytest.mark.parametrize("data", [features(), Noisy()], ids=["tensors", "a data set"])
def test_counting_leaves_no_trace(data):
    task = Task(model=Counting, train=data)
    task.parts()
    state, model = torch.get_rng_state(), task.build_model(0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert threads.worth(task, update(), model) == 1
    assert torch.equal(state, torch.get_rng_state()) and model.calls == 0
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())


def test_a_network_that_cannot_be_copied_takes_all_threads():
    def model():
        network = perceptron(8)
        network.kept = network[0].weight * 2  # no leaf of the graph
        return network

    task = Task(model=model, train=features())
    assert threads.worth(task, update(), task.build_model(0)) is None


def test_threads_are_given_back_after_an_error(two_threads):
    with pytest.raises(RuntimeError, match="lost"), threads.at_most(1):
        assert torch.get_num_threads() == 1
        raise RuntimeError("lost")
    assert torch.get_num_threads() == 2


def test_there_are_never_more_than_before(two_threads):
    with threads.at_most(64):
        assert torch.get_num_threads() == 2
