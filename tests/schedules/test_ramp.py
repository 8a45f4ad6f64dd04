"""Ramps: exact at both ends for every length, straight in between."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp

LENGTHS = st.integers(2, 10**6)


@given(start=st.floats(-10, 10), end=st.floats(-10, 10), iterations=LENGTHS)
def test_linear_ramp_has_exact_ends_for_every_length(start, end, iterations):
    ramp = LinearRamp(start, end, iterations)
    assert ramp([0, iterations - 1, iterations, 10**7]).tolist() == [start, end, end, end]


@given(start=st.floats(1e-8, 100), end=st.floats(1e-8, 100), iterations=LENGTHS)
def test_exponential_ramp_has_exact_ends_for_every_length(start, end, iterations):
    ramp = ExponentialRamp(start, end, iterations)
    assert ramp([0, iterations - 1, iterations, 10**7]).tolist() == [start, end, end, end]


@given(iterations=LENGTHS, data=st.data())
def test_ramps_are_straight(iterations, data):
    t = data.draw(st.integers(0, iterations - 1))
    x = t / (iterations - 1)
    assert math.isclose(LinearRamp(0.0, 3.0, iterations)(t), 3.0 * x, rel_tol=1e-12)
    exponential = ExponentialRamp(1e-6, 10.0, iterations)(t)
    assert math.isclose(math.log10(exponential), -6 + 7 * x, rel_tol=1e-9, abs_tol=1e-9)


@given(iterations=st.integers(2, 2000))
def test_ramps_only_go_one_way(iterations):
    t = np.arange(iterations)
    assert np.all(np.diff(LinearRamp(0.98, 0.8, iterations)(t)) < 0)
    assert np.all(np.diff(LinearRamp(0.0, 3.0, iterations)(t)) > 0)
    assert np.all(np.diff(ExponentialRamp(1e-6, 10.0, iterations)(t)) > 0)


@pytest.mark.parametrize("ramp", [LinearRamp(0.1, 0.3, 1), ExponentialRamp(0.1, 0.3, 1)])
def test_one_iteration_is_the_start(ramp):
    assert ramp([0, 1]).tolist() == [0.1, 0.3]


def test_an_exponential_ramp_over_the_whole_range_of_floats_does_not_overflow():
    values = ExponentialRamp(1e-300, 1e300, 601)(np.arange(601))
    np.testing.assert_allclose(values[[0, 300, 600]], [1e-300, 1.0, 1e300], rtol=1e-9)


def test_an_exponential_ramp_cannot_touch_zero():
    with pytest.raises(ValueError, match=r"start, end > 0, got start=0.0, end=1.0; .*LinearRamp"):
        ExponentialRamp(0.0, 1.0, 10)


def test_a_ramp_needs_an_iteration():
    with pytest.raises(ValueError, match=r"LinearRamp.iterations .* got 0"):
        LinearRamp(0.0, 1.0, 0)
