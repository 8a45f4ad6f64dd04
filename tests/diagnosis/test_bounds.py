from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers

from wellbegun.curve import Curve
from wellbegun.diagnosis.bounds import breakdown, read
from wellbegun.errors import Refused


def ramp(loss, top=1.0):
    """A range test whose lr rises linearly to ``top``; the first loss is the untrained network's."""
    rows = len(loss)
    lr = np.linspace(top / rows, top, rows)
    return Curve.of({"iteration": np.arange(rows) * 3, "lr": lr, "val_loss": loss})


def valley(rows=31, edge=20, noise=0.0, seed=0):
    """Falls like an exponential, then doubles at every row from ``edge`` on."""
    loss = 0.2 + 2.1 * np.exp(-np.arange(rows) / 6.0)
    loss[edge:] = loss[edge - 1] * 2.0 ** np.arange(1, rows - edge + 1)
    return loss * np.exp(noise * np.random.default_rng(seed).standard_normal(rows))


def test_a_ramp_that_breaks_down_shows_its_edge_and_stays_below_it():
    bounds = read(ramp(valley(edge=20)), margin=2.0)
    lr = np.linspace(1 / 31, 1, 31)
    assert bounds.edge == pytest.approx(lr[20])
    assert lr[17] <= bounds.extremum <= lr[19]
    assert bounds.lr_max == pytest.approx(bounds.edge / 2)
    assert bounds.lr_min == pytest.approx(bounds.lr_max / 10)
    assert not bounds.level_to_end
    assert f"{bounds.edge:.2g}" in bounds.reason and f"{bounds.extremum:.2g}" in bounds.reason


@settings(max_examples=40, deadline=None)
@given(edge=integers(10, 28), noise=floats(0.0, 0.03), seed=integers(0, 10**6), scale=floats(1e-3, 1e3))
def test_noise_and_scale_move_the_edge_by_no_more_than_two_rows(edge, noise, seed, scale):
    bounds = read(ramp(scale * valley(edge=edge, noise=noise, seed=seed)))
    lr = np.linspace(1 / 31, 1, 31)
    assert lr[edge - 2] <= bounds.edge <= lr[min(edge + 2, 30)]
    assert bounds.interval[0] <= bounds.extremum <= bounds.interval[1]
    assert bounds.lr_max <= bounds.edge


@pytest.mark.parametrize("lowest", [0.2, 0.9, 0.975, 0.985, 0.995])
def test_however_little_a_ramp_came_down_its_breakdown_is_where_that_is_lost(lowest):
    share = np.concatenate([np.linspace(1.0, lowest, 21), np.linspace(1.002, 2.0, 10)])
    assert breakdown(ramp(2.3 * share)) == pytest.approx(21 / 31 + 1 / 31)
    assert breakdown(ramp(2.3 * share[:21])) is None


def test_a_ramp_that_never_came_down_broke_down_at_once():
    assert breakdown(ramp(np.linspace(2.3, 4.0, 31))) == pytest.approx(2 / 31)


def test_a_passing_bump_is_no_edge():
    loss = 0.2 + 2.1 * np.exp(-np.arange(31) / 8.0)
    loss[10:13] *= 2.0
    bounds = read(ramp(loss))
    assert bounds.edge is None and bounds.level_to_end
    assert "stable to the end" in bounds.reason


def test_a_level_stretch_is_reported_as_the_interval():
    loss = np.concatenate([np.linspace(2.3, 0.5, 11), np.full(12, 0.5), 0.5 * 1.6 ** np.arange(1, 9)])
    bounds = read(ramp(loss))
    lr = np.linspace(1 / 31, 1, 31)
    assert bounds.interval[0] <= lr[12] and bounds.interval[1] >= lr[20]
    assert bounds.edge == pytest.approx(lr[23])


def test_a_loss_that_is_not_finite_ends_the_curve():
    loss = valley(edge=20)
    loss[21:] = np.inf
    assert read(ramp(loss)).edge == pytest.approx(20 / 31 + 1 / 31)


def test_a_network_that_never_learns_is_refused_with_the_numbers():
    with pytest.raises(Refused, match=r"below 95\.0% of the untrained network's 2\.3 .* got 2\.2"):
        read(ramp(np.concatenate([[2.3], np.full(30, 2.25)])))


def test_too_few_evaluations_are_refused():
    with pytest.raises(Refused, match="at least 5 evaluations to be read, got 4"):
        read(ramp(np.linspace(2.3, 1.0, 5)))


def test_a_margin_below_one_is_refused():
    with pytest.raises(ValueError, match=r"margin must be at least 1, got 0\.5"):
        read(ramp(valley()), margin=0.5)


def test_losses_that_are_not_positive_are_refused():
    with pytest.raises(Refused, match=r"must be positive, got -1"):
        read(ramp(np.linspace(-1.0, -2.0, 20)))
