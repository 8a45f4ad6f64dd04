"""Our schedules against PyTorch's schedulers, value by value over whole runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import SGD, Optimizer
from torch.optim import lr_scheduler as torch_schedules

from wellbegun.schedules._base import Floats, Schedule
from wellbegun.schedules.cyclical import ExpRange, TorchOneCycle, Triangular, TriangularHalving
from wellbegun.schedules.decay import Cosine, Exp, MultiStep, Step

Make = Callable[[Optimizer], torch_schedules.LRScheduler]


def torch_lr(make: Make, iterations: int, start: float = 0.1) -> Floats:
    """The learning rate of each update as PyTorch's scheduler sets it."""
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=start, momentum=0.9)
    scheduler, values = make(optimizer), []
    for t in range(iterations):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if t < iterations - 1:
            scheduler.step()
    return np.array(values, dtype=np.float64)


def assert_same(ours: Schedule, make: Make, iterations: int, start: float = 0.1) -> None:
    values = ours(np.arange(iterations))
    np.testing.assert_allclose(values, torch_lr(make, iterations, start), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize("pct_start", [0.0, 0.25, 0.3, 0.45, 0.7, 1.0])
@pytest.mark.parametrize("iterations", [2, 3, 7, 20, 101])
def test_one_cycle_lr(iterations, pct_start, anneal, phases):
    ours = TorchOneCycle(
        0.8, iterations, pct_start, div_factor=10.0, final_div_factor=1e3, phases=phases, anneal=anneal
    )
    assert_same(
        ours,
        lambda optimizer: torch_schedules.OneCycleLR(
            optimizer, 0.8, total_steps=iterations, pct_start=pct_start, anneal_strategy=anneal,
            div_factor=10.0, final_div_factor=1e3, three_phase=phases == 3,
        ),
        iterations,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    iterations=st.integers(1, 40),
    pct_start=st.floats(0.0, 1.0),
    phases=st.sampled_from([2, 3]),
    anneal=st.sampled_from(["cos", "linear"]),
)
def test_one_cycle_lr_for_any_length(iterations, pct_start, phases, anneal):
    rise = pct_start * iterations
    assume(
        abs(rise - 1) > 1e-6 and abs(rise - iterations) > 1e-6
    )  # near a phase without length both amplify roundings
    assume(phases == 2 or abs(2 * rise - 1 - iterations) > 1e-6)
    ours = TorchOneCycle(0.8, iterations, pct_start, phases=phases, anneal=anneal)
    assert_same(
        ours,
        lambda optimizer: torch_schedules.OneCycleLR(
            optimizer,
            0.8,
            total_steps=iterations,
            pct_start=pct_start,
            anneal_strategy=anneal,
            three_phase=phases == 3,
        ),
        iterations,
    )


def test_one_cycle_lr_has_the_same_defaults():
    assert_same(
        TorchOneCycle(0.5, 50),
        lambda optimizer: torch_schedules.OneCycleLR(optimizer, 0.5, total_steps=50),
        50,
    )


@pytest.mark.parametrize("stepsize", [1, 7, 30])
def test_step_lr(stepsize):
    assert_same(Step(0.1, 0.5, stepsize), lambda o: torch_schedules.StepLR(o, stepsize, gamma=0.5), 100)


def test_multi_step_lr_where_the_milestones_are_sorted():
    milestones = (3, 10, 11, 60)
    assert_same(
        MultiStep(0.1, 0.3, milestones),
        lambda o: torch_schedules.MultiStepLR(o, [*milestones], gamma=0.3),
        80,
    )


def test_exponential_lr():
    assert_same(Exp(0.1, 0.97), lambda o: torch_schedules.ExponentialLR(o, gamma=0.97), 200)


@pytest.mark.parametrize("stepsize", [1, 4, 13])
@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_cyclic_lr(mode, stepsize):
    ours = {
        "triangular": Triangular(0.01, 0.2, stepsize),
        "triangular2": TriangularHalving(0.01, 0.2, stepsize),
        "exp_range": ExpRange(0.01, 0.2, stepsize, gamma=0.99),
    }
    assert_same(
        ours[mode],
        lambda o: torch_schedules.CyclicLR(
            o, 0.01, 0.2, step_size_up=stepsize, mode=mode, gamma=0.99 if mode == "exp_range" else 1.0
        ),
        100,
        start=0.01,
    )


@pytest.mark.parametrize("iterations", [2, 3, 50])
def test_cosine_annealing_lr_with_one_iteration_less(iterations):
    """PyTorch reaches eta_min at t = T_max, one past a run of T_max updates; ours with the last update."""
    assert_same(
        Cosine(0.1, 0.002, iterations),
        lambda o: torch_schedules.CosineAnnealingLR(o, T_max=iterations - 1, eta_min=0.002),
        iterations,
    )
