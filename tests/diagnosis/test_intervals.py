from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers, sampled_from

from wellbegun.curve import Curve
from wellbegun.diagnosis.intervals import _running_median, clipped, cut, noise, rising, smooth, trend

seeds = integers(0, 10**6)


def curve_of(logs, iteration=None):
    return Curve.of(
        {"iteration": np.arange(len(logs)) * 10 if iteration is None else iteration, "val_loss": np.exp(logs)}
    )


def kinked(rows, at, slopes, sd=0.0, seed=0, x=None):
    """A line in log space that changes its slope at the share ``at`` of the run."""
    x = np.linspace(0, 1, rows) if x is None else x
    logs = slopes[0] * np.minimum(x, at) + slopes[1] * np.maximum(x - at, 0)
    return logs + sd * np.random.default_rng(seed).standard_normal(rows)


@settings(max_examples=40, deadline=None)
@given(rows=sampled_from([60, 200, 1000]), sd=floats(0.005, 0.3), slope=floats(-5, 5), seed=seeds)
def test_noise_is_the_scatter_around_any_smooth_course(rows, sd, slope, seed):
    """On average over 20 curves: a single short one may scatter by chance far more than its kind."""
    x = np.linspace(0, 1, rows)
    scatter = sd * np.random.default_rng(seed).standard_normal((20, rows))
    found = [noise(np.exp(slope * x + 0.5 * x**2 + one)) for one in scatter]
    assert np.mean(found) == pytest.approx(sd, rel=0.03 + 5 / np.sqrt(20 * rows))


def test_noise_sees_no_noise_in_smooth_curves_and_no_spikes():
    x = np.linspace(0, 1, 50)
    assert noise(np.exp(-3 * x + x**2)) < 1e-9
    spiky = np.exp(0.02 * np.random.default_rng(0).standard_normal(200))
    spiky[[40, 90, 150]] *= 30
    assert noise(spiky) == pytest.approx(0.02, rel=0.3)


def test_noise_leaves_out_what_is_no_number_and_needs_four_rows():
    values = np.exp(0.1 * np.random.default_rng(1).standard_normal(300))
    holes = np.insert(values, [3, 50, 50, 200], [np.nan, np.inf, -1.0, 0.0])
    assert noise(holes) == noise(values)
    assert noise([1.0, 5.0, 2.0]) == 0.0


@settings(max_examples=30, deadline=None)
@given(rows=integers(3, 200), scale=floats(0.01, 100), shift=floats(-5, 5), seed=seeds)
def test_smoothing_commutes_with_units(rows, scale, shift, seed):
    values = np.random.default_rng(seed).standard_normal(rows)
    expected = scale * smooth(values, 7) + shift
    np.testing.assert_allclose(smooth(scale * values + shift, 7), expected, rtol=0, atol=1e-9 * (1 + scale))


@given(rows=integers(3, 80), slope=floats(-3, 3), window=sampled_from([None, 1, 3, 5, 9, 25]))
def test_a_straight_line_is_its_own_course_up_to_both_ends(rows, slope, window):
    line = 2.0 + slope * np.arange(rows)
    np.testing.assert_allclose(smooth(line, window), line, atol=1e-8 * (1 + abs(slope) * rows))


def test_smoothing_takes_noise_away_and_leaves_the_course():
    x = np.linspace(0, 1, 300)
    course = np.exp(-3 * x) + x**2
    noisy = course + 0.05 * np.random.default_rng(0).standard_normal(300)
    assert np.sqrt(np.mean((smooth(noisy) - course) ** 2)) < 0.05 / 3


def test_rows_that_are_no_numbers_stay_and_touch_no_other_row():
    result = smooth([1, 2, np.inf, 3, 4, np.nan, 5])
    np.testing.assert_allclose(result, [1, 2, np.inf, 3, 4, np.nan, 5])
    assert np.isnan(smooth([np.nan, np.nan])).all() and len(smooth([])) == 0


@pytest.mark.parametrize("window", [0, 4, -3])
def test_an_even_window_is_refused_with_the_next_odd_one(window):
    with pytest.raises(ValueError, match=rf"odd number of rows >= 1, got {window}; try {max(1, window) | 1}"):
        smooth(np.arange(9.0), window)


def test_a_trend_is_the_line_in_log_space():
    iteration = np.array([0, 1, 2, 10, 11, 30, 31, 50])
    line = trend(np.exp(0.5 - 0.02 * iteration), iteration)
    assert line.first == pytest.approx(np.exp(0.5)) and line.last == pytest.approx(np.exp(-0.5))
    assert line.change == pytest.approx(-1.0) and line.rows == 8
    assert trend(np.array([1.0, np.nan, 2.0, -1.0]), np.arange(4)) is None


def test_clipping_removes_spikes_and_nothing_else():
    logs = kinked(100, 0.5, (-1, 0), sd=0.02)
    spiky = logs.copy()
    spiky[[20, 70]] += 3.0
    result = clipped(spiky, np.arange(100.0))
    assert np.abs(result - logs).max() < 0.1
    rest = np.delete(np.arange(100), [20, 70])
    assert np.count_nonzero(result[rest] != logs[rest]) <= 8


@pytest.mark.parametrize("half", [2, 6])
@pytest.mark.parametrize("rows", [1, 2, 4, 5, 9, 13, 30])
def test_a_running_median_takes_the_rows_that_exist(rows, half):
    values = np.random.default_rng(rows).standard_normal(rows)
    naive = [np.median(values[max(0, i - half) : i + half + 1]) for i in range(rows)]
    assert np.array_equal(_running_median(values, half), naive)


@pytest.mark.parametrize("rows", [25, 60, 400])
def test_a_change_of_direction_is_cut_where_it_is(rows):
    """As a rate: where noise and turn meet, one curve in thousands is cut a row or two off."""
    rng = np.random.default_rng(rows)
    off = []
    for at in rng.uniform(0.3, 0.7, 60):
        intervals = cut(curve_of(kinked(rows, at, (-3, 1.5), sd=0.01, seed=int(rng.integers(10**6)))))
        edges = np.array([interval.start for interval in intervals[1:]]) / (rows - 1)
        off.append(np.abs(edges - at).min() if len(edges) else 1.0)
    bound = max(0.03, 2 / rows)
    assert np.mean(np.array(off) < bound) >= 0.98 and np.median(off) < bound / 2


@settings(max_examples=30, deadline=None)
@given(rows=integers(0, 60), holes=integers(0, 12), seed=seeds)
def test_the_intervals_cover_every_row_once(rows, holes, seed):
    rng = np.random.default_rng(seed)
    values = np.exp(rng.standard_normal(rows))
    values[rng.integers(0, max(rows, 1), holes if rows else 0)] = rng.choice([np.nan, np.inf, -1.0])
    intervals = cut(Curve.of({"iteration": np.arange(rows), "val_loss": values}))
    covered = [row for interval in intervals for row in range(interval.start, interval.stop)]
    assert covered == list(range(rows)) and all(interval.noise >= 0 for interval in intervals)


@settings(max_examples=20, deadline=None)
@given(exponent=integers(-20, 20), stretch=integers(1, 1000), seed=seeds)
def test_neither_the_scale_of_the_loss_nor_of_the_iterations_matters(exponent, stretch, seed):
    logs = kinked(80, 0.4, (-3, 0.8), sd=0.05, seed=seed)
    plain = cut(curve_of(logs))
    values = Curve.of({"iteration": stretch * np.arange(80), "val_loss": np.exp(logs) * 2.0**exponent})
    assert [interval.start for interval in cut(values)] == [interval.start for interval in plain]


@pytest.mark.parametrize("rows", [30, 300, 3000])
def test_white_noise_is_rarely_cut(rows):
    cuts = [len(cut(curve_of(kinked(rows, 0.5, (0, 0), 0.1, seed)))) - 1 for seed in range(20)]
    assert np.mean(cuts) <= 1.0


def test_another_noise_level_starts_an_interval():
    rng = np.random.default_rng(3)
    logs = np.concatenate([0.3 * rng.standard_normal(100), 0.01 * rng.standard_normal(100)])
    intervals = cut(curve_of(logs))
    assert any(abs(interval.start - 100) <= 3 for interval in intervals)
    assert intervals[0].noise > 10 * intervals[-1].noise


def test_evaluations_that_are_bunched_early_are_cut_by_iteration_not_by_row():
    x = np.linspace(0, 1, 120) ** 3
    intervals = cut(curve_of(kinked(120, 0.2, (-5, 0), sd=0.01, x=x), (x * 1e6).astype(int) + np.arange(120)))
    assert np.abs(x[[interval.start for interval in intervals[1:]]] - 0.2).min() < 0.03


def test_a_last_row_far_above_all_others_is_an_interval_of_its_own():
    logs = kinked(30, 0.4, (-3, 0), sd=0.01)
    logs[-1] += 2.0
    assert cut(curve_of(logs))[-1].start == 29


def test_a_rise_is_seen_beyond_its_noise_only():
    seen = {0.0: 0, 0.3: 0, -0.3: 0}
    for slope in seen:
        for seed in range(100):
            loss = np.exp(kinked(60, 0.5, (slope, slope), 0.05, seed))
            seen[slope] += rising(loss, np.arange(60), noise(loss), 0.02) is not None
    assert seen[0.0] <= 5 and seen[-0.3] == 0 and seen[0.3] >= 95
