"""ScheduleLR against torch's own schedulers, its state, its groups, its momentum."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim import SGD, AdamW, Optimizer, Rprop
from torch.optim import lr_scheduler as torch_schedulers

from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle, TorchOneCycle, Triangular
from wellbegun.schedules.decay import Cosine, Exp, Inv, MultiStep, Step
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.training.lr_scheduler import ScheduleLR

T = 40
CYCLE = OneCycle(lr_min=0.1, lr_max=1.0, stepsize=15, iterations=T)
MOMENTUM = MomentumCycle(maximum=0.95, minimum=0.85, stepsize=15)


def sgd(*lrs: float) -> SGD:
    groups = [{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in lrs]
    return SGD(groups, lr=0.1, momentum=0.9)


def follow(optimizer: Optimizer, scheduler: Any, iterations: int, key: str = "lr") -> list[list[float]]:
    """The values that each of the updates uses: float[iterations][groups]."""
    rows = []
    for number in range(iterations):
        rows.append([group[key] for group in optimizer.param_groups])
        optimizer.step()
        if number + 1 < iterations:
            scheduler.step()
    return rows


# torch's scheduler, and our schedule with the same law
PAIRS: dict[str, tuple[Callable[[Optimizer], Any], Schedule]] = {
    "constant": (lambda o: torch_schedulers.LambdaLR(o, lambda _: 1.0), Constant(0.5)),
    "step": (lambda o: torch_schedulers.StepLR(o, 7, 0.3), Step(0.5, 0.3, 7)),
    "multi_step": (lambda o: torch_schedulers.MultiStepLR(o, [5, 20], 0.1), MultiStep(0.5, 0.1, (5, 20))),
    "exp": (lambda o: torch_schedulers.ExponentialLR(o, 0.9), Exp(0.5, 0.9)),
    "inv": (lambda o: torch_schedulers.LambdaLR(o, lambda t: (1 + 0.1 * t) ** -0.75), Inv(0.5, 0.1, 0.75)),
    "cosine": (
        lambda o: torch_schedulers.CosineAnnealingLR(o, T - 1, eta_min=0.01),
        Cosine(0.5, 0.01, T),
    ),
    "ramp": (
        lambda o: torch_schedulers.LinearLR(o, 0.1, 1.0, total_iters=T - 1),
        LinearRamp(0.05, 0.5, T),
    ),
    "triangular": (
        lambda o: torch_schedulers.CyclicLR(o, 0.05, 0.5, 6, cycle_momentum=False),
        Triangular(0.05, 0.5, 6),
    ),
    "one_cycle": (
        lambda o: torch_schedulers.OneCycleLR(o, 0.5, T, cycle_momentum=False),
        TorchOneCycle(0.5, T),
    ),
    "one_cycle_linear": (
        lambda o: torch_schedulers.OneCycleLR(
            o,
            0.5,
            T,
            pct_start=0.4,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=10,
            three_phase=True,
        ),
        TorchOneCycle(0.5, T, 0.4, 10, phases=3, anneal="linear"),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_values_as_torchs_own_scheduler(name: str) -> None:
    make, schedule = PAIRS[name]
    theirs, ours = sgd(0.5), sgd(0.5)
    expected = follow(theirs, make(theirs), T)
    assert len({row[0] for row in expected}) > 1 or name == "constant"
    scheduler = ScheduleLR(ours, schedule)
    assert follow(ours, scheduler, T) == [[pytest.approx(row[0], rel=1e-12, abs=1e-15)] for row in expected]


def test_momentum_cycles_like_torchs_one_cycle() -> None:
    theirs, ours = sgd(0.5), sgd(0.5)
    one = torch_schedulers.OneCycleLR(
        theirs, 0.5, T, pct_start=0.4, anneal_strategy="linear", three_phase=True
    )
    expected = follow(theirs, one, T, "momentum")
    two = ScheduleLR(ours, Constant(0.5), MomentumCycle(0.95, 0.85, 15))  # 0.4 T - 1 = 15
    assert follow(ours, two, T, "momentum") == [[pytest.approx(row[0], rel=1e-12)] for row in expected]


@pytest.mark.parametrize("make", [sgd, lambda lr: AdamW([nn.Parameter(torch.ones(1))], lr)])
def test_momentum_or_the_first_beta_follows_its_schedule(make: Callable[[float], Optimizer]) -> None:
    optimizer = make(0.1)
    scheduler = ScheduleLR(optimizer, CYCLE, MOMENTUM)
    (group,) = optimizer.param_groups
    for t in range(T):
        assert group["lr"] == CYCLE(t)
        assert group.get("momentum", group.get("betas", (0,))[0]) == MOMENTUM(t)
        assert "betas" not in group or group["betas"][1:] == (0.999,)
        optimizer.step()
        scheduler.step()


def test_without_a_momentum_schedule_the_optimizers_own_stays() -> None:
    optimizer = sgd(0.1)
    assert follow(optimizer, ScheduleLR(optimizer, CYCLE), T, "momentum") == [[0.9]] * T


@given(lrs=st.lists(st.floats(1e-6, 10), min_size=1, max_size=4), t=st.integers(0, T))
@settings(deadline=None, max_examples=30)
def test_groups_keep_the_ratio_of_their_initial_lrs(lrs: list[float], t: int) -> None:
    optimizer = sgd(*lrs)
    scheduler = ScheduleLR(optimizer, CYCLE)
    scheduler.load_state_dict({"iteration": t})
    got = [group["lr"] for group in optimizer.param_groups]
    assert got[0] == CYCLE(t)
    assert got == [pytest.approx(float(CYCLE(t)) * lr / lrs[0], rel=1e-12) for lr in lrs]
    assert scheduler.get_last_lr() == got


def test_a_group_with_lr_0_stays_frozen() -> None:
    optimizer = sgd(0.1, 0.0)
    assert {row[1] for row in follow(optimizer, ScheduleLR(optimizer, CYCLE), T)} == {0.0}


@pytest.mark.parametrize("order", ["optimizer first", "scheduler first", "scheduler only"])
@pytest.mark.parametrize("stop", [0, 1, 17, T - 1])
def test_a_resumed_run_sees_the_same_values_bit_for_bit(stop: int, order: str) -> None:
    whole = sgd(0.1, 0.2)
    scheduler = ScheduleLR(whole, CYCLE, MOMENTUM)
    for _ in range(stop):
        whole.step()
        scheduler.step()
    saved, state = copy.deepcopy(whole.state_dict()), pickle.loads(pickle.dumps(scheduler.state_dict()))
    expected = follow(whole, scheduler, T - stop)

    other = sgd(0.1, 0.2)
    resumed = ScheduleLR(other, CYCLE, MOMENTUM)
    if order == "optimizer first":
        other.load_state_dict(saved)
    resumed.load_state_dict(state)
    if order == "scheduler first":
        other.load_state_dict(saved)
    assert [group["momentum"] for group in other.param_groups] == [float(MOMENTUM(stop))] * 2
    assert follow(other, resumed, T - stop) == expected


def test_last_epoch_resumes_as_in_torch() -> None:
    theirs, ours = sgd(0.5), sgd(0.5)
    for optimizer in (theirs, ours):
        optimizer.param_groups[0]["initial_lr"] = 0.5
    expected = follow(theirs, torch_schedulers.LambdaLR(theirs, lambda t: 0.9**t, last_epoch=9), 5)
    scheduler = ScheduleLR(ours, Exp(0.5, 0.9), last_epoch=9)
    assert scheduler.last_epoch == 10
    assert follow(ours, scheduler, 5) == [[pytest.approx(row[0], rel=1e-12)] for row in expected]


def test_the_state_is_the_iteration_alone() -> None:
    optimizer = sgd(0.1)
    scheduler = ScheduleLR(optimizer, CYCLE, MOMENTUM)
    assert scheduler.state_dict() == {"iteration": 0}
    optimizer.step()
    scheduler.step()
    assert scheduler.state_dict() == {"iteration": 1}


def test_an_lr_that_is_a_tensor_is_changed_in_place() -> None:
    lr = torch.tensor(0.1, dtype=torch.float64)
    optimizer = SGD([nn.Parameter(torch.ones(1))], lr, momentum=0.9, foreach=False)
    scheduler = ScheduleLR(optimizer, CYCLE)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is lr and float(lr) == CYCLE(1)
    scheduler.load_state_dict({"iteration": 15})
    assert optimizer.param_groups[0]["lr"] is lr and float(lr) == 1.0


def test_a_step_before_the_optimizers_is_told_as_by_torch() -> None:
    scheduler = ScheduleLR(sgd(0.1), CYCLE)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        scheduler.step()


def test_what_cannot_be_scheduled_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be > 0.*got \[0.0, 0.1\]"):
        ScheduleLR(sgd(0.0, 0.1), CYCLE)
    with pytest.raises(ValueError, match="got Rprop without either in group 0"):
        ScheduleLR(Rprop([nn.Parameter(torch.ones(1))]), CYCLE, MOMENTUM)
    with pytest.raises(TypeError, match="list is not an Optimizer"):
        ScheduleLR([], CYCLE)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"holds 'iteration' and nothing else, got \['last_epoch'\]"):
        ScheduleLR(sgd(0.1), CYCLE).load_state_dict({"last_epoch": 3})
