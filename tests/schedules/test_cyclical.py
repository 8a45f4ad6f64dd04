"""The cyclical schedules against their laws: exact ends and peaks, bounds, the rules of their arguments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellbegun.schedules.cyclical import (
    CyclicalMomentum,
    ExpRange,
    FastaiOneCycle,
    MomentumCycle,
    OneCycle,
    OneCycleText,
    TorchOneCycle,
    Triangular,
    TriangularHalving,
)

LENGTHS = st.integers(1, 200_000)
RATES = st.floats(1e-6, 10.0)


def authors_law(t: int, lr_min: float, lr_max: float, stepsize: int) -> float:
    """DESIGN, section 2: slow, one iteration at a time."""
    if t <= stepsize:
        return lr_min + (lr_max - lr_min) * t / stepsize
    return max(lr_max * (2 - t / stepsize), lr_min / 1000)


@given(lr_max=RATES, stepsize=st.integers(1, 10_000), spare=st.integers(1, 10_000), data=st.data())
def test_one_cycle_is_the_authors_law(lr_max, stepsize, spare, data):
    iterations = 2 * stepsize + spare
    t = data.draw(st.integers(0, iterations - 1))
    value = OneCycle(lr_max / 20, lr_max, stepsize, iterations)(t)
    assert math.isclose(
        value, authors_law(t, lr_max / 20, lr_max, stepsize), rel_tol=1e-9, abs_tol=1e-12 * lr_max
    )


@given(lr_max=RATES, iterations=LENGTHS)
def test_one_cycle_has_exact_start_peak_and_end_for_every_length(lr_max, iterations):
    cycle = OneCycle.of(lr_max, iterations)
    assert cycle(0) == lr_max / 10
    assert cycle(cycle.stepsize) == lr_max
    if iterations >= 3:
        assert 2 * cycle.stepsize < iterations
        assert cycle(iterations - 1) == cycle(2 * cycle.stepsize) == lr_max / 10 / 1000
        assert abs(cycle.stepsize - 0.45 * iterations) <= (0.5 if iterations > 8 else 1)
    values = cycle(np.arange(min(iterations, 5000)))
    assert values.min() >= lr_max / 10_000 * (1 - 1e-15) and values.max() <= lr_max


@pytest.mark.parametrize(
    ("iterations", "values"),
    [
        (1, [0.1]),
        (2, [0.1, 1.0]),
        (3, [0.1, 1.0, 1e-4]),
        (4, [0.1, 1.0, 1e-4, 1e-4]),
        (5, [0.1, 0.55, 1.0, 0.5, 1e-4]),
    ],
)
def test_one_cycle_in_very_short_runs(iterations, values):
    np.testing.assert_allclose(OneCycle.of(1.0, iterations)(np.arange(iterations)), values, rtol=1e-15)


def test_one_cycle_takes_the_lr_min_it_is_given():
    assert OneCycle.of(1.0, 100, lr_min=0.05) == OneCycle(0.05, 1.0, 45, 100)
    assert OneCycleText.of(1.0, 100, lr_min=0.05) == OneCycleText(0.05, 1.0, 45, 100, 0.05 / 1000)
    assert OneCycleText.of(1.0, 100, final=0.0) == OneCycleText(0.1, 1.0, 45, 100, 0.0)


@given(lr_max=RATES, iterations=st.integers(4, 200_000))
def test_the_texts_shape_has_exact_corners_for_every_length(lr_max, iterations):
    cycle = OneCycleText.of(lr_max, iterations)
    down = 2 * cycle.stepsize
    corners = cycle([0, cycle.stepsize, down, iterations - 1, iterations + 10])
    assert corners.tolist() == [lr_max / 10, lr_max, lr_max / 10, lr_max / 10 / 1000, lr_max / 10 / 1000]
    middle = (down + iterations - 1) // 2
    line = lr_max / 10 + (lr_max / 10_000 - lr_max / 10) * (middle - down) / (iterations - 1 - down)
    assert math.isclose(cycle(middle), line, rel_tol=1e-9)


@given(
    low=st.floats(0.0, 0.1),
    lr_max=st.floats(0.1, 10.0),
    stepsize=st.integers(1, 5000),
    cycle=st.integers(0, 50),
)
def test_the_triangular_family_has_exact_ends_and_peaks(low, lr_max, stepsize, cycle):
    start, peak = 2 * cycle * stepsize, (2 * cycle + 1) * stepsize
    triangular, halving = Triangular(low, lr_max, stepsize), TriangularHalving(low, lr_max, stepsize)
    assert triangular(start) == low and triangular(peak) == lr_max
    assert halving(start) == low and halving(stepsize) == lr_max
    assert math.isclose(halving(peak), low + (lr_max - low) / 2**cycle, rel_tol=1e-12)
    decaying = ExpRange(low, lr_max, stepsize, gamma=0.999)
    assert decaying(start) == low
    assert math.isclose(decaying(peak), low + (lr_max - low) * 0.999**peak, rel_tol=1e-9)


@given(t=st.integers(0, 10**6), stepsize=st.integers(1, 5000))
def test_the_triangle_is_that_of_the_papers(t, stepsize):
    cycle = math.floor(1 + t / (2 * stepsize))
    x = abs(t / stepsize - 2 * cycle + 1)
    law = 0.1 + (2.0 - 0.1) * max(0.0, 1 - x)
    assert math.isclose(Triangular(0.1, 2.0, stepsize)(t), law, rel_tol=1e-8)


@given(
    t=st.integers(0, 10**6), stepsize=st.integers(1, 5000), momentum=st.floats(0, 1), other=st.floats(0, 1)
)
def test_cyclical_momentum_is_the_appendix_law(t, stepsize, momentum, other):
    cycle = math.floor(t / (2 * stepsize))
    x = t / stepsize - (2 * cycle + 1)
    law = momentum + (other - momentum) * min(max((1 - abs(x)) * 0.5**cycle, 0), 1)
    value = CyclicalMomentum(momentum, other, stepsize)(t)
    assert math.isclose(value, law, rel_tol=1e-9, abs_tol=1e-9) and 0 <= value <= 1


def test_cyclical_momentum_starts_a_second_smaller_cycle():
    schedule = CyclicalMomentum(0.95, 0.85, 100)
    np.testing.assert_allclose(
        schedule([0, 50, 100, 200, 300, 400, 500]), [0.95, 0.9, 0.85, 0.95, 0.9, 0.95, 0.925]
    )


@given(iterations=st.integers(3, 10_000))
def test_momentum_runs_against_the_learning_rate(iterations):
    lr = OneCycle.of(1.0, iterations)
    momentum = MomentumCycle(0.95, 0.85, lr.stepsize)
    t = np.arange(iterations)
    assert np.all(np.diff(lr(t)) * np.diff(momentum(t)) <= 0)
    assert momentum([0, lr.stepsize, 2 * lr.stepsize, iterations + 5]).tolist() == [0.95, 0.85, 0.95, 0.95]


def fastai(t: int, lr_max: float, iterations: int, pct_start: float, div: float, div_final: float) -> float:
    """fit_one_cycle as its documentation builds it: combined_cos at t / iterations, from SchedCos."""

    def sched_cos(start: float, end: float, pos: float) -> float:
        return start + (1 + math.cos(math.pi * (1 - pos))) * (end - start) / 2

    pos = t / iterations
    if pos < pct_start:
        return sched_cos(lr_max / div, lr_max, pos / pct_start)
    return sched_cos(lr_max, lr_max / div_final, (pos - pct_start) / (1 - pct_start))


@given(iterations=LENGTHS, pct_start=st.floats(0.01, 0.99), data=st.data())
def test_fastais_shape(iterations, pct_start, data):
    t = data.draw(st.integers(0, iterations - 1))
    value = FastaiOneCycle(0.7, iterations, pct_start)(t)
    assert math.isclose(value, fastai(t, 0.7, iterations, pct_start, 25.0, 1e5), rel_tol=1e-9, abs_tol=1e-12)


def test_fastais_corners():
    schedule = FastaiOneCycle(1.0, 100)
    assert schedule([0, 25, 100, 200]).tolist() == [1 / 25, 1.0, 1e-5, 1e-5]


@given(iterations=st.integers(2, 100_000), quarter=st.integers(1, 3))
def test_torchs_shape_has_its_peak_and_its_end(iterations, quarter):
    schedule = TorchOneCycle(1.0, 4 * iterations, pct_start=quarter / 4)
    assert schedule(quarter * iterations - 1) == 1.0
    assert schedule(4 * iterations - 1) == schedule(9 * iterations) == 1.0 / 25 / 1e4


def test_torchs_shape_where_torch_divides_by_zero():
    assert TorchOneCycle(1.0, 4, pct_start=0.25)(0) == 1.0


@pytest.mark.parametrize(
    ("make", "numbers"),
    [
        (
            lambda: OneCycle(0.1, 1.0, 50, 100),
            ["2 * stepsize < iterations", "stepsize=50", "iterations=100", "of("],
        ),
        (lambda: OneCycle(0.1, 1.0, 2, 2), ["stepsize=2, iterations=2"]),
        (lambda: OneCycle(2.0, 1.0, 4, 10), ["lr_min=2.0", "lr_max=1.0"]),
        (lambda: OneCycle(0.0, 0.0, 4, 10), ["lr_max > 0", "lr_max=0.0"]),
        (lambda: OneCycle(0.1, 1.0, 4.5, 10), ["whole number >= 1", "4.5", "OneCycle.stepsize"]),
        (lambda: OneCycle.of(1.0, 0), ["OneCycle.iterations", "got 0"]),
        (lambda: OneCycleText(0.1, 1.0, 5, 11, 0.0), ["2 * stepsize < iterations - 1", "stepsize=5"]),
        (lambda: OneCycleText.of(1.0, 3), ["2 * stepsize < iterations - 1", "iterations=3"]),
        (lambda: OneCycleText(0.1, 1.0, 5, 20, 0.2), ["final=0.2", "lr_min=0.1"]),
        (lambda: Triangular(-0.1, 1.0, 4), ["lr_min=-0.1"]),
        (lambda: Triangular(0.1, math.nan, 4), ["Triangular.lr_max", "finite", "nan"]),
        (lambda: ExpRange(0.1, 1.0, 4, 1.5), ["0 < gamma <= 1", "gamma=1.5"]),
        (lambda: TorchOneCycle(1.0, 10, pct_start=30.0), ["[0, 1]", "30.0"]),
        (lambda: TorchOneCycle(1.0, 10, div_factor=0.0), ["> 0", "0.0"]),
        (lambda: TorchOneCycle(1.0, 10, phases=4), ["2 or 3", "phases=4"]),
        (lambda: TorchOneCycle(1.0, 10, anneal="cosine"), ["'cos' or 'linear'", "'cosine'"]),
        (lambda: FastaiOneCycle(1.0, 10, pct_start=1.0), ["0 < pct_start < 1", "1.0"]),
        (lambda: CyclicalMomentum(1.2, 0.8, 10), ["[0, 1]", "momentum=1.2"]),
        (lambda: MomentumCycle(0.85, 0.95, 10), ["minimum=0.95", "maximum=0.85"]),
        (lambda: MomentumCycle(1.0, 0.95, 10), ["maximum < 1", "maximum=1.0"]),
    ],
)
def test_a_wrong_argument_is_named_with_its_value(make, numbers):
    with pytest.raises(ValueError) as caught:
        make()
    assert all(number in str(caught.value) for number in numbers), str(caught.value)
