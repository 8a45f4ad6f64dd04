"""LrEstimator against algebra and against the equation written out on stored weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from wellbegun.training.hessian_free import LrEstimator


@pytest.mark.parametrize("curvature", [0.01, 0.5, 3.0])
def test_on_a_quadratic_it_is_one_over_the_curvature(curvature):
    w = nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    optimizer = torch.optim.SGD([w], lr=0.2)
    estimate = LrEstimator(optimizer, start=None)
    assert np.isnan(estimate.lr)
    for _ in range(5):
        w.grad = curvature * w.detach()
        optimizer.step()
        estimate.step()
    assert estimate.lr == pytest.approx(1 / curvature, rel=1e-9)
    assert estimate.lrs == pytest.approx([1 / curvature], rel=1e-9)


def rates(t):
    """A learning rate that differs at every update."""
    return 0.05 + 0.01 * t


def trained(every, start, buffers, updates=45):
    """The estimate after a training, and the weights and buffers after every update, in float64."""
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64))
    halves = [{"params": list(model[:2].parameters())}, {"params": list(model[3].parameters())}]
    optimizer = torch.optim.SGD(halves, lr=rates(0), momentum=0.9)
    estimate = LrEstimator(optimizer, every=every, start=start, model=model if buffers else None)
    sets = [list(model[:2].parameters()), list(model[3].parameters())]
    if buffers:
        sets[0] += [b for b in model.buffers() if b.is_floating_point()]
    path = [[[t.detach().clone() for t in one] for one in sets]]
    x = torch.randn(64, 5, generator=generator, dtype=torch.float64)
    for t in range(updates):
        for number, group in enumerate(optimizer.param_groups):
            group["lr"] = rates(t) * (1 + number)
        optimizer.zero_grad()
        (model(x) - x[:, :1]).square().mean().backward()
        optimizer.step()
        estimate.step()
        path.append([[t.detach().clone() for t in one] for one in sets])
    return estimate, path


def by_the_equation(path, every, start):
    """The average over all weights and over each set, as the released scripts compute it."""
    averages = [start] * 3
    for i in range(0, len(path) - 2 * every, every):
        tops, bottoms = [], []
        for one in range(2):
            w0, w1, w2 = (path[i + shift * every][one] for shift in range(3))
            tops.append(sum(float((b - a).abs().sum()) for a, b in zip(w0, w1, strict=True)))
            bottoms.append(
                sum(float((2 * b - a - c).abs().sum()) for a, b, c in zip(w0, w1, w2, strict=True))
            )
        new = [rates(i) * sum(tops) / sum(bottoms)]
        new += [rates(i) * (1 + one) * tops[one] / bottoms[one] for one in range(2)]
        averages = [n if a is None else 0.9 * a + 0.1 * n for a, n in zip(averages, new, strict=True)]
    return averages


@pytest.mark.parametrize("every", [1, 10])
@pytest.mark.parametrize("start", [0.1, None])
@pytest.mark.parametrize("buffers", [False, True])
def test_it_is_the_equation_on_stored_weights(every, start, buffers):
    estimate, path = trained(every, start, buffers)
    total, *groups = by_the_equation(path, every, start)
    assert estimate.lr == pytest.approx(total, rel=1e-12)
    assert estimate.lrs == pytest.approx(groups, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 12), every=st.integers(1, 4))
def test_a_restored_state_goes_on_as_if_nothing_had_happened(cut, every):
    moves = torch.randn(13, 3, generator=torch.Generator().manual_seed(cut), dtype=torch.float64)

    def walk(w, estimate, steps):
        for step in steps:
            with torch.no_grad():
                w += step
            estimate.step()

    w = nn.Parameter(torch.ones(3, dtype=torch.float64))
    optimizer = torch.optim.SGD([w], lr=0.3)
    whole = LrEstimator(optimizer, every=every)
    walk(w, whole, moves[:cut])
    resumed = LrEstimator(optimizer, every=every)
    resumed.load_state_dict(whole.state_dict())
    with torch.no_grad():
        here = w.clone()
    walk(w, whole, moves[cut:])
    with torch.no_grad():
        w.copy_(here)
    walk(w, resumed, moves[cut:])
    assert resumed.lr == whole.lr


def test_weights_that_stand_still_or_move_straight_are_left_out():
    w = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = torch.optim.SGD([w], lr=0.5)
    estimate = LrEstimator(optimizer)
    for _ in range(4):
        estimate.step()
    for _ in range(4):
        with torch.no_grad():
            w += 1.0
        estimate.step()
    assert estimate.lr == pytest.approx(0.1 * 0.9 + 0.1 * 0.0)  # one bend: from standing to moving


def test_wrong_arguments_are_refused():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    with pytest.raises(ValueError, match="every must be at least 1 update, got 0"):
        LrEstimator(optimizer, every=0)
