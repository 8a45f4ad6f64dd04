from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats

from wellbegun.diagnosis.length_law import fit, lengths_between
from wellbegun.errors import Refused

LENGTHS = (1.0, 2.0, 4.0)


def law(floor, power, scale=1.0):
    """The truth: scale (floor + (1 - floor) (n / 4) ** -power)."""
    return lambda n: scale * (floor + (1 - floor) * (n / 4.0) ** -power)


def measured(truth, noise, seed, lengths=LENGTHS, repeats=2):
    rng = np.random.default_rng(seed)
    return {n: [truth(n) * np.exp(noise * rng.standard_normal()) for _ in range(repeats)] for n in lengths}


@settings(max_examples=30, deadline=None)
@given(power=floats(0.2, 1.2), scale=floats(1e-3, 10.0))
def test_a_power_law_without_noise_is_found_again(power, scale):
    truth = law(0.0, power, scale)
    found = fit(measured(truth, 0.0, 0))
    for n in (0.5, 4.0, 16.0):
        assert found.at(n).middle == pytest.approx(truth(n), rel=0.1)


@settings(max_examples=30, deadline=None)
@given(floor=floats(0.3, 0.9), power=floats(0.6, 1.5))
def test_a_floor_is_found_where_enough_points_show_it(floor, power):
    truth = law(floor, power)
    found = fit(measured(truth, 0.0, 0, lengths=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0)))
    assert found.floorless < 0.1
    assert found.at(64.0).middle == pytest.approx(truth(64.0), rel=0.1)


@pytest.mark.parametrize(("floor", "power"), [(0.0, 0.3), (0.0, 1.0), (0.4, 0.7), (0.7, 1.0)])
@pytest.mark.parametrize("noise", [0.01, 0.04])
def test_intervals_hold_the_truth_as_often_as_they_say(floor, power, noise):
    truth = law(floor, power)
    held = [], []
    for seed in range(50):
        try:
            found = fit(measured(truth, noise, seed))
        except Refused:
            continue
        run = truth(16.0) * np.exp(noise * np.random.default_rng([seed, 1]).standard_normal())
        for kept, band, value in zip(
            held, (found.at(16.0), found.at(16.0, one_run=True)), (truth(16.0), run), strict=True
        ):
            kept.append(band.low <= value <= band.high)
    assert len(held[0]) > 40 and min(map(np.mean, held)) >= 0.8


def test_enough_is_where_doubling_gains_less_than_asked():
    truth = law(0.5, 1.0)
    found = fit(measured(truth, 0.0, 0, lengths=(0.5, 1.0, 2.0, 4.0, 8.0)))
    grown = lengths_between(0.5, 64.0)
    expected = next(n for n in grown if np.log(truth(n) / truth(2 * n)) < 0.05)
    assert found.enough(grown, 0.05).middle == pytest.approx(expected, rel=0.2)  # a step of the lengths
    assert found.enough(grown, 0.2).middle < found.enough(grown, 0.05).middle
    endless = fit(measured(law(0.0, 0.5), 0.0, 0)).enough(grown, 0.01)
    assert endless.middle == grown[-1]


def test_the_price_of_half_and_twice_follows_from_a_power_law():
    found = fit(measured(law(0.0, 0.5), 0.0, 0))
    for n, other, expected in ((4.0, 2.0, 0.5 * np.log(2)), (4.0, 8.0, -0.5 * np.log(2))):
        band = found.change(n, other)
        assert band.low <= band.middle <= band.high
        assert band.middle == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({1: [1.0, 1.0], 2: [0.9, 0.9]}, "at least 3 lengths, got 2"),
        ({1: [1.0, 1.01], 2: [0.8, 0.81], 4: [0.9, 0.91]}, "must not end worse"),
        ({1: [1.0, 1.01], 2: [1.0, 1.005], 4: [1.0, 0.995]}, "the shortest is as good as the longest"),
        ({1: [1.0, 0.6], 2: [0.9, 0.6], 4: [0.8, 0.6]}, "fall by more than their noise of 29.1%"),
        ({1: [1.0], 2: [0.0], 4: [0.5]}, r"finite and above 0, got \[\[1.0\], \[0.0\], \[0.5\]\]"),
        ({1: [1.0], 2: [np.inf], 4: [0.5]}, "finite and above 0"),
    ],
)
def test_points_that_do_not_order_are_refused_with_the_reason(points, said):
    with pytest.raises(Refused, match=said):
        fit(points)


def test_lengths_grow_by_factors_between_their_ends():
    grown = lengths_between(1.0, 8.0, per_doubling=2)
    np.testing.assert_allclose(grown, 2.0 ** (np.arange(7) / 2))
