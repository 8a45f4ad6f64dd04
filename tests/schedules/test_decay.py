"""The decaying schedules and the constant against Caffe's rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellbegun.schedules.constant import Constant
from wellbegun.schedules.decay import Cosine, Exp, Inv, MultiStep, Step


@given(t=st.integers(0, 10**9), value=st.floats(-10, 10))
def test_constant(t, value):
    assert Constant(value)(t) == value


@given(t=st.integers(0, 10**6), gamma=st.floats(0, 1), power=st.floats(0, 2))
def test_inv_only_decays(t, gamma, power):
    inv = Inv(start=0.01, gamma=gamma, power=power)
    assert inv(0) == 0.01 and inv(t + 1) <= inv(t) * (1 + 1e-12)
    assert math.isclose(inv(t), 0.01 * (1 + gamma * t) ** -power, rel_tol=1e-12)


@given(t=st.integers(0, 10**5), gamma=st.floats(0.01, 1), stepsize=st.integers(1, 1000))
def test_step_drops_at_every_multiple_of_the_stepsize(t, gamma, stepsize):
    law = 0.1 * gamma ** (t // stepsize)
    assert math.isclose(Step(0.1, gamma, stepsize)(t), law, rel_tol=1e-12, abs_tol=1e-300)
    assert Step(0.1, gamma, stepsize)(stepsize - 1) == 0.1


@given(t=st.integers(0, 1000), gamma=st.floats(0.5, 1))
def test_exp(t, gamma):
    assert math.isclose(Exp(0.1, gamma)(t), 0.1 * gamma**t, rel_tol=1e-12, abs_tol=1e-300)
    assert Exp(0.1, gamma)(0) == 0.1


def caffe_multistep(start: float, gamma: float, milestones: list[int], iterations: int) -> list[float]:
    """Caffe's loop: one look at the next milestone per iteration."""
    passed, values = 0, []
    for t in range(iterations):
        if passed < len(milestones) and t >= milestones[passed]:
            passed += 1
        values.append(start * gamma**passed)
    return values


@given(milestones=st.lists(st.integers(0, 60), max_size=8), gamma=st.floats(0.1, 1))
def test_multistep_is_caffes_loop_whatever_the_order(milestones, gamma):
    values = MultiStep(0.1, gamma, tuple(milestones))(np.arange(80))
    np.testing.assert_allclose(values, caffe_multistep(0.1, gamma, milestones, 80), rtol=1e-12)


def test_multistep_with_the_authors_milestone_out_of_order():
    """The released densenet log drops at 36,619 and 36,620."""
    schedule = MultiStep(0.1, 0.316, (19531, 29296, 34178, 36619, 35398))
    assert schedule.drops == (19531, 29296, 34178, 36619, 36620)
    expected = [0.1, 0.1 * 0.316, 0.1 * 0.316**3, 0.1 * 0.316**4, 0.1 * 0.316**5, 0.1 * 0.316**5]
    np.testing.assert_allclose(schedule([19530, 19531, 36618, 36619, 36620, 39061]), expected, rtol=1e-14)


@given(start=st.floats(-10, 10), end=st.floats(-10, 10), iterations=st.integers(2, 10**6))
def test_cosine_has_exact_ends_for_every_length(start, end, iterations):
    schedule = Cosine(start, end, iterations)
    assert schedule([0, iterations - 1, iterations, 10**7]).tolist() == [start, end, end, end]


@given(iterations=st.integers(2, 10_000), data=st.data())
def test_cosine_is_symmetric_about_its_middle_and_falls(iterations, data):
    t = data.draw(st.integers(0, iterations - 2))
    schedule = Cosine(3.0, 1.0, iterations)
    assert math.isclose(schedule(t) + schedule(iterations - 1 - t), 4.0, rel_tol=1e-12)
    assert schedule(t + 1) < schedule(t) and schedule(t + 1) >= 1.0


def test_cosine_of_one_iteration_is_its_start():
    assert Cosine(3.0, 1.0, 1)([0, 1]).tolist() == [3.0, 1.0]


@pytest.mark.parametrize(
    ("make", "numbers"),
    [
        (lambda: Constant(math.inf), ["Constant.value", "finite", "inf"]),
        (lambda: Constant("0.1"), ["Constant.value", "'0.1'"]),
        (lambda: Inv(0.01, -1.0, 0.75), ["gamma, power >= 0", "gamma=-1.0, power=0.75", "ramp"]),
        (lambda: Step(0.1, 0.0, 10), ["0 < gamma <= 1", "gamma=0.0"]),
        (lambda: Step(0.1, 0.5, 0), ["Step.stepsize", "got 0"]),
        (lambda: Exp(0.1, 1.01), ["gamma=1.01"]),
        (lambda: MultiStep(0.1, 2.0, (1,)), ["gamma=2.0"]),
        (lambda: MultiStep(0.1, 0.5, (1, -3)), [">= 0", "(1, -3)"]),
        (lambda: MultiStep(0.1, 0.5, [1, 3]), ["tuple", "[1, 3]"]),
        (lambda: MultiStep(0.1, 0.5, (1.5,)), ["whole numbers", "(1.5,)"]),
        (lambda: Cosine(0.1, 0.0, 0), ["Cosine.iterations", "got 0"]),
    ],
)
def test_a_wrong_argument_is_named_with_its_value(make, numbers):
    with pytest.raises(ValueError) as caught:
        make()
    assert all(number in str(caught.value) for number in numbers), str(caught.value)
