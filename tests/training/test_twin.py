"""The engine against its slow twin and against torch.optim: same start, same weights after 10 updates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wellbegun.schedules import kinds
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.spec import NORMS, OPTIMIZERS, RunSpec
from wellbegun.training.engine.optimizer import Optimizer, groups
from wellbegun.training.engine.reference import ReferenceTrainer, updated
from wellbegun.training.engine.trainer import build
from wellbegun.training.lr_scheduler import ScheduleLR
from wellbegun.training.task import Task
from wellbegun.zoo.models.resnet import resnet

UPDATES = 10
CLOSE = {"rtol": 0.0, "atol": 1e-10}  # float64 over 10 updates of a network without chaos

EXAMPLES: dict[str, dict[str, Any]] = {
    "constant": {"value": 0.05},
    "step": {"start": 0.1, "gamma": 0.5, "stepsize": 3},
    "multi_step": {"start": 0.1, "gamma": 0.1, "milestones": [2, 7, 6]},
    "inv": {"start": 0.1, "gamma": 0.3, "power": 0.75},
    "exp": {"start": 0.1, "gamma": 0.8},
    "cosine": {"start": 0.1, "end": 0.001, "iterations": UPDATES},
    "triangular": {"lr_min": 0.01, "lr_max": 0.1, "stepsize": 3},
    "triangular_halving": {"lr_min": 0.01, "lr_max": 0.1, "stepsize": 2},
    "exp_range": {"lr_min": 0.01, "lr_max": 0.1, "stepsize": 2, "gamma": 0.9},
    "one_cycle": {"lr_min": 0.01, "lr_max": 0.1, "stepsize": 4, "iterations": UPDATES},
    "one_cycle_text": {"lr_min": 0.01, "lr_max": 0.1, "stepsize": 3, "iterations": UPDATES, "final": 1e-5},
    "torch_one_cycle": {"lr_max": 0.1, "iterations": UPDATES},
    "fastai_one_cycle": {"lr_max": 0.1, "iterations": UPDATES},
    "cyclical_momentum": {"momentum": 0.1, "other": 0.02, "stepsize": 2},
    "momentum_cycle": {"maximum": 0.1, "minimum": 0.02, "stepsize": 4},
    "linear_ramp": {"start": 0.0, "end": 0.1, "iterations": UPDATES},
    "exponential_ramp": {"start": 1e-4, "end": 0.1, "iterations": UPDATES},
}
SCHEDULES = {name: kinds.from_json({"kind": name, **fields}) for name, fields in EXAMPLES.items()}
MOMENTUM = MomentumCycle(maximum=0.95, minimum=0.8, stepsize=4)


class Net(nn.Module):
    """All that can go wrong between two implementations: convolution, batch norm, dropout, multipliers."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 6, 3, stride=2)
        self.dropout = nn.Dropout(0.3)
        self.last = nn.Linear(6 * 3 * 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.norm(self.first(x)))
        x = torch.relu(self.second(x)).flatten(1)  # flat before dropout: its draws go by memory order
        return self.last(self.dropout(x))

    def multipliers(self) -> dict[str, tuple[float, float]]:
        return {"second.bias": (2.0, 0.0), "last.weight": (1.0, 50.0), "first.weight": (0.5, 1.0)}


def images(samples: int, channels: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (samples, 8, 8, channels) if channels > 1 else (samples, 8, 8)
    pixels = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return pixels, torch.arange(samples) % 3


def image_task(channels: int = 3, samples: int = 37, **settings: Any) -> Task:
    return Task(
        model=Net, train=images(samples, channels, 1), validation=images(21, channels, 2),
        test=images(13, channels, 3), factory_args={"channels": channels}, **settings,
    )  # fmt: skip


def spec(lr: Schedule = SCHEDULES["one_cycle"], **changes: Any) -> RunSpec:
    asked = RunSpec(
        task="t", iterations=UPDATES, batch_size=8, lr=lr, momentum=MOMENTUM, weight_decay=1e-3,
        precision="fp64", seed=5,
    )  # fmt: skip
    return asked.but(**changes)


def tensors(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def assert_same(task: Task, asked: RunSpec) -> None:
    """Both do all updates from the same start and must end with the same tensors, losses and measures."""
    engine, twin = build(task, asked), ReferenceTrainer(task, asked)
    start = {name: tensor.detach().clone() for name, tensor in tensors(twin.model).items()}
    for name, tensor in tensors(engine.model).items():
        torch.testing.assert_close(tensor, start[name], rtol=0, atol=0)
    t = np.arange(asked.iterations)
    losses = [trainer.steps(asked.lr(t), asked.momentum(t)) for trainer in (engine, twin)]
    np.testing.assert_allclose(*losses, **CLOSE)
    expected = tensors(twin.model)
    assert expected.keys() == tensors(engine.model).keys()
    for name, tensor in tensors(engine.model).items():
        torch.testing.assert_close(
            tensor.contiguous(), expected[name], **CLOSE, msg=lambda m, n=name: f"{n}: {m}"
        )
    moved = 1e-7 if asked.optimizer == "caffe_adadelta" else 1e-4  # which begins with steps of lr / 10,000
    assert all(
        (expected[name] - start[name]).abs().max() > moved for name, _ in twin.model.named_parameters()
    )
    for measured, wanted in ((engine.evaluate(), twin.evaluate()), (engine.test(), twin.test())):
        assert measured == pytest.approx(wanted, rel=0, abs=1e-10)


def test_there_is_an_example_of_every_schedule() -> None:
    assert EXAMPLES.keys() == kinds.KINDS.keys()


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_with_every_schedule(optimizer: str, kind: str) -> None:
    lr = SCHEDULES[kind]
    assert kind == "constant" or len(set(lr(np.arange(UPDATES)).tolist())) > 1
    assert_same(image_task(), spec(lr, optimizer=optimizer))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("augment", [("mirror",), ("crop",), ("mirror", "crop"), ("crop", "mirror")])
def test_augmentation(optimizer: str, augment: tuple[str, ...]) -> None:
    assert_same(image_task(augment=augment), spec(optimizer=optimizer))


@pytest.mark.parametrize("accumulate", [2, 3, 8])
def test_accumulation(accumulate: int) -> None:
    assert_same(image_task(augment=("mirror",)), spec(accumulate=accumulate, batch_size=16))


@pytest.mark.parametrize("inputs", ["standardise", "divide_256", "subtract_mean"])
@pytest.mark.parametrize("channels", [1, 3])
def test_inputs(inputs: str, channels: int) -> None:
    lr = Constant({"subtract_mean": 1e-3}.get(inputs, 0.05))
    assert_same(image_task(channels, inputs=inputs, augment=("crop",)), spec(lr))


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 37},
        {"batch_size": 50},  # more than the data: several epochs in one batch
        {"batch_size": 80},
        {"batch_size": 13},
        {"train_on": "all"},
        {"eval_samples": 10},
        {"norms": "own"},
        {"norms": "own", "eval_samples": 10},
        {"weight_decay": 0.0},
        {"seed": 0},
    ],
    ids=str,
)
def test_data_and_settings(changes: dict[str, Any]) -> None:
    assert_same(image_task(augment=("mirror", "crop")), spec(**changes))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_decay_that_leaves_biases_and_norms_alone(optimizer: str) -> None:
    assert_same(image_task(decay_bias_and_norm=False), spec(optimizer=optimizer, weight_decay=0.05))


@pytest.mark.parametrize("norms", NORMS)
@pytest.mark.parametrize("statistics", ["estimated", "caffe", "torch", "batch"])
@pytest.mark.parametrize("gpus", [1, 2])
def test_batch_norm_in_the_papers_forms(statistics: str, gpus: int, norms: str) -> None:
    """Which statistics an evaluation takes: the engine's and the twin's measures must agree on it."""
    model = partial(resnet, 8, classes=3, statistics=statistics, fraction=0.8, gpus=gpus)
    task = Task(
        model=model, train=images(37, 3, 1), validation=images(21, 3, 2), test=images(13, 3, 3),
        augment=("mirror",),
    )  # fmt: skip
    asked = spec(Constant(1e-3), iterations=4, norms=norms)
    engine, twin = build(task, asked), ReferenceTrainer(task, asked)
    losses = [trainer.steps(np.full(4, 1e-3), np.full(4, 0.9)) for trainer in (engine, twin)]
    np.testing.assert_allclose(*losses, rtol=0, atol=1e-8)
    for measured, wanted in ((engine.evaluate(), twin.evaluate()), (engine.test(), twin.test())):
        assert measured == pytest.approx(wanted, rel=0, abs=1e-8)


def test_float_images_and_float_targets() -> None:
    generator = torch.Generator().manual_seed(4)
    x, y = torch.randn(30, 3, 8, 8, generator=generator), torch.randn(30, 3, generator=generator)
    for inputs in ("none", "standardise", "subtract_mean"):
        task = Task(model=Net, train=(x, y), inputs=inputs, augment=("mirror", "crop"))
        assert_same(task, spec(Constant(0.02)))


def test_in_fp32_engine_and_twin_agree_to_single_precision() -> None:
    task, asked = image_task(augment=("mirror",)), spec(precision="fp32")
    t = np.arange(UPDATES)
    losses = [
        trainer.steps(asked.lr(t), MOMENTUM(t))
        for trainer in (build(task, asked), ReferenceTrainer(task, asked))
    ]
    np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize("make", [build, ReferenceTrainer])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_going_back_to_a_state_repeats_the_run_bit_for_bit(make: Callable[..., Any], optimizer: str) -> None:
    asked = spec(optimizer=optimizer)
    lr, momentum = asked.lr(np.arange(UPDATES)), asked.momentum(np.arange(UPDATES))
    trainer = make(image_task(augment=("mirror",)), asked)
    trainer.steps(lr[:4], momentum[:4])
    state = trainer.state_dict()
    losses, after = (
        trainer.steps(lr[4:], momentum[4:]),
        {n: t.clone() for n, t in tensors(trainer.model).items()},
    )
    for other in (trainer, make(image_task(augment=("mirror",)), asked)):
        other.load_state_dict(state)
        np.testing.assert_array_equal(other.steps(lr[4:], momentum[4:]), losses)
        for name, tensor in tensors(other.model).items():
            torch.testing.assert_close(tensor, after[name], rtol=0, atol=0)


# Against torch.optim: whole data in one batch, so that their order means nothing.

OURS_AND_TORCHS = {
    "sgd": lambda p, **a: torch.optim.SGD(p, **a, momentum=0.9),
    "nesterov": lambda p, **a: torch.optim.SGD(p, **a, momentum=0.9, nesterov=True),
    "adamw": lambda p, **a: torch.optim.AdamW(p, **a, betas=(0.9, 0.999)),
    "caffe_adagrad": lambda p, **a: torch.optim.Adagrad(p, **a, eps=1e-8),
    "caffe_adadelta": lambda p, **a: torch.optim.Adadelta(p, **a, rho=0.9, eps=1e-8),
    "caffe_rmsprop": lambda p, **a: torch.optim.RMSprop(p, **a, alpha=0.99, eps=1e-8),
}


@pytest.mark.parametrize("lr", [Constant(0.05), OneCycle(0.01, 0.1, 4, 10)], ids=["constant", "one_cycle"])
@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize(
    ("name", "momentum"),
    [
        ("sgd", Constant(0.9)),
        ("sgd", MOMENTUM),
        ("nesterov", Constant(0.9)),
        ("nesterov", MOMENTUM),
        (
            "adamw",
            Constant(0.9),
        ),  # cycled, torch corrects by the last beta1 alone, see the test by hand below
    ],
)
def test_the_engine_updates_like_torch(name: str, momentum: Schedule, decay: float, lr: Schedule) -> None:
    generator = torch.Generator().manual_seed(4)
    x, y = torch.randn(20, 5, generator=generator, dtype=torch.float64), torch.arange(20) % 3
    task = Task(
        model=lambda: nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)),
        train=(x, y),
        validation=(x, y),
    )
    asked = spec(lr, optimizer=name, batch_size=20, momentum=momentum, weight_decay=decay)
    engine = build(task, asked)
    engine.steps(lr(np.arange(UPDATES)), momentum(np.arange(UPDATES)))

    model = task.build_model(asked.seed).double()
    optimizer = OURS_AND_TORCHS[name](model.parameters(), lr=0.05, weight_decay=decay)
    scheduler = ScheduleLR(optimizer, lr, momentum)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    for ours, theirs in zip(engine.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, **CLOSE)


class Sometimes(nn.Module):
    """A network that leaves one of its layers out at every second call, from the first on."""

    def __init__(self) -> None:
        super().__init__()
        self.always, self.odd, self.calls = nn.Linear(5, 3), nn.Linear(5, 3), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.always(x) if self.calls % 2 else self.always(x) + self.odd(x)


@pytest.mark.parametrize("make", [build, ReferenceTrainer])
@pytest.mark.parametrize("name", OURS_AND_TORCHS)
def test_a_weight_without_a_gradient_stays_as_in_torch(make: Callable[..., Any], name: str) -> None:
    generator = torch.Generator().manual_seed(4)
    x, y = torch.randn(20, 5, generator=generator, dtype=torch.float64), torch.arange(20) % 3
    task = Task(model=Sometimes, train=(x, y), validation=(x, y))
    asked = spec(Constant(0.05), optimizer=name, batch_size=20, momentum=Constant(0.9), weight_decay=0.01)
    model = task.build_model(asked.seed).double()
    optimizer = OURS_AND_TORCHS[name](model.parameters(), lr=0.05, weight_decay=0.01)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    trainer = make(task, asked)
    trainer.steps(np.full(UPDATES, 0.05), np.full(UPDATES, 0.9))
    for ours, theirs in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, **CLOSE)


# Against numbers worked out by hand: one weight, gradient 1 in every update.


def by_hand(name: str, lrs: list[float], momenta: list[float], gradient: float = 1.0) -> list[list[float]]:
    """w after each update, from w = 1, of the engine and of the twin."""
    model = nn.ParameterDict({"w": nn.Parameter(torch.ones(1, dtype=torch.float64))})
    optimizer = Optimizer(groups(model, 0.0, decay_bias_and_norm=True), name)
    one = torch.ones((), dtype=torch.float64)
    w, slots = (
        torch.ones(1, dtype=torch.float64),
        {"v": 0 * one, "m": 0 * one, "s": 0 * one, "product1": one, "product2": one},
    )
    values: list[list[float]] = [[], []]
    for lr, momentum in zip(lrs, momenta, strict=True):
        model["w"].grad = torch.full((1,), gradient, dtype=torch.float64)
        optimizer.update(lr, momentum)
        w = updated(name, w, torch.full_like(w, gradient), slots, lr=lr, momentum=momentum, decay=0.0)
        values[0].append(model["w"].item())
        values[1].append(w.item())
    return values


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", [0.0, -0.15]),  # v = 1, 1.5
        ("nesterov", [-0.5, -0.675]),  # steps 1.5, 0.1 (1 + 0.75)
        ("papers_sgd", [0.0, -0.6]),  # v = -1, -0.5 - 0.1
        ("papers_nesterov", [-0.5, -0.9]),  # steps 1.5, 1.5 * 0.6 - 0.5 * 1
    ],
)
def test_the_two_forms_of_the_velocity_by_hand(name: str, expected: list[float]) -> None:
    for values in by_hand(name, [1.0, 0.1], [0.5, 0.5]):
        assert values == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("form", ["sgd", "nesterov"])
def test_at_a_constant_lr_both_forms_of_the_velocity_agree(form: str) -> None:
    ours, papers = (by_hand(name, [0.1] * 10, [0.9] * 10) for name in (form, f"papers_{form}"))
    assert ours[0] == pytest.approx(papers[0], rel=1e-13)


def test_adamw_with_any_beta1_goes_lr_per_update_against_a_constant_gradient() -> None:
    """The corrected mean of equal gradients is that gradient, and so is the root of the corrected square."""
    momenta = [0.95, 0.85, 0.5, 0.99, 0.0, 0.9]
    for values in by_hand("adamw", [0.1] * 6, momenta, gradient=3.0):
        assert values == pytest.approx([1 - 0.1 * n * 3 / (3 + 1e-8) for n in range(1, 7)], rel=1e-12)
