from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import floats, integers, lists
from scipy.stats import spearmanr, t

from wellbegun.search.paired import TIE, compare, known, listed, rank_correlation, students_t, with_seeds

from .test_recipe import SETTING


@settings(deadline=None)
@given(lists(floats(-5, 5), min_size=2, max_size=6), lists(floats(-5, 5), min_size=2, max_size=6))
def test_a_seed_that_is_good_for_all_says_nothing_about_their_difference(candidates, seeds):
    found = compare(np.add.outer(candidates, seeds))
    np.testing.assert_allclose(
        found.means - found.means[0], np.subtract(candidates, candidates[0]), atol=1e-9
    )
    assert found.deviation == pytest.approx(0.0, abs=1e-9) and found.tie == pytest.approx(TIE)


def test_the_deviation_is_that_of_a_two_way_layout():
    # residuals +-1 in a 2 x 2 table: sum of squares 4 over one degree of freedom
    found = compare([[1.0, -1.0], [-1.0, 1.0]])
    assert found.deviation == pytest.approx(2.0)
    assert found.freedom == 1 and found.error == pytest.approx(2.0)  # sqrt(2 / 2 seeds)
    assert found.ranking().tied == (0, 1)


@settings(deadline=None)
@given(arrays(np.float64, (4, 3), elements=floats(-3, 3)), floats(-10, 10), integers(0, 3))
def test_what_is_added_to_all_changes_nothing_and_what_failed_comes_last(table, shift, bad):
    table[bad, 1] = np.inf
    one, other = compare(table), compare(table + shift)
    assert other.deviation == pytest.approx(one.deviation, abs=1e-9)
    assert one.means[bad] == np.inf and bad not in one.ranking().tied
    assert np.isfinite(one.tie)


@pytest.mark.parametrize("freedom", [2, 3, 4, 8, 30])
def test_students_t(freedom):
    assert students_t(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=0.04)


def test_equal_candidates_are_seldom_told_apart():
    rng = np.random.default_rng(1)
    pairs = [compare(rng.normal(0, 0.1, (2, 3))).ranking().is_tie for _ in range(400)]
    assert np.mean(pairs) >= 0.88  # 95 % by the distribution, less what the best of two is lucky by
    fives = [len(compare(rng.normal(0, 0.1, (5, 3))).ranking().tied) / 5 for _ in range(400)]
    assert np.mean(fives) >= 0.85


def test_a_candidate_that_scatters_far_away_hides_no_difference_of_the_others():
    calm = np.array([[0.0, 0.01, -0.01], [0.3, 0.32, 0.31], [0.31, 0.29, 0.3]])
    wild = np.array([[4.0, 9.0, 2.0]])
    assert compare(calm).ranking().tied == (0,)
    assert compare(np.concatenate([calm, wild])).ranking().tied == (0,)


def test_the_deviation_estimates_the_noise_that_was_put_in():
    rng = np.random.default_rng(0)
    tables = (
        rng.normal(size=(5, 1)) + rng.normal(size=(1, 3)) + rng.normal(0, 0.2, (5, 3)) for _ in range(300)
    )
    assert np.sqrt(np.mean([compare(table).deviation ** 2 for table in tables])) == pytest.approx(
        0.2, rel=0.05
    )


@pytest.mark.parametrize("table", [[], [1.0, 2.0], [[]]])
def test_no_table_is_refused(table):
    with pytest.raises(ValueError, match="got the shape"):
        compare(table)


@settings(deadline=None)
@given(lists(integers(-5, 5), min_size=3, max_size=20), integers(0, 1000))
def test_the_rank_correlation_is_spearmans(x, seed):
    y = np.random.default_rng(seed).integers(-3, 3, len(x))
    mine = rank_correlation(x, y)
    if len(set(x)) > 1 and len(set(y.tolist())) > 1:
        assert mine == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    else:
        assert np.isnan(mine) and known(mine) is None


def test_rows_without_a_value_are_left_out():
    assert rank_correlation([1, 2, np.nan, 3], [1, 2, 0, np.inf]) == pytest.approx(1.0)


def test_every_candidate_is_asked_with_every_seed():
    specs = [SETTING.ramp(0.1, SETTING.falling(0.95, low), 1e-3) for low in (0.85, 0.8)]
    asked = with_seeds(specs, SETTING)
    assert [(spec.momentum, spec.seed) for spec in asked] == [
        (s.momentum, n) for s in specs for n in range(3)
    ]


def test_names_are_listed_as_people_do():
    assert [listed(list("abc")[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
