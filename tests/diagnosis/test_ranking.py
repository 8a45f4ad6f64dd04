from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers

from wellbegun.curve import Curve
from wellbegun.diagnosis.ranking import Score, rank, rank_repeats, same_phase, score, spread_of


def curve(loss):
    return Curve.of(
        {"iteration": np.arange(len(loss)), "lr": np.linspace(0.01, 1, len(loss)), "val_loss": loss}
    )


def falling(rows=33, level=0.3, noise=0.0, seed=0):
    wobble = np.exp(noise * np.random.default_rng(seed).standard_normal(rows))
    return (level + 2.0 * np.exp(-np.arange(rows) / 6.0)) * wobble


def test_the_score_is_the_lowest_smoothed_loss_without_the_untrained_network():
    assert score(curve(falling(level=0.3))).loss == pytest.approx(0.31, rel=0.05)
    spike = falling(level=0.3)
    spike[20] = 0.01  # one lucky evaluation
    assert score(curve(spike)).loss > 0.25
    assert score(curve(np.array([2.3, np.inf, np.inf]))).loss == np.inf


def test_what_happens_after_a_breakdown_does_not_count():
    whole = falling(rows=33)
    broken = np.concatenate([whole[:25], np.full(8, np.nan)])
    assert score(curve(broken)).loss == pytest.approx(score(curve(whole[:25])).loss)


def test_a_clear_difference_wins_and_a_small_one_is_a_tie():
    clear = rank([Score(1.0, 0.01), Score(0.8, 0.01)])
    assert clear.winner == 1 and clear.tied == (1,) and not clear.is_tie
    small = rank([Score(0.81, 0.01), Score(0.8, 0.01), Score(2.0, 0.01)])
    assert small.winner == 1 and small.tied == (0, 1) and small.is_tie


def test_nothing_finite_cannot_be_ranked():
    with pytest.raises(ValueError, match="at least one finite loss"):
        rank([Score(float("inf"), 0.0)])


def test_ramps_are_compared_before_any_becomes_unstable():
    long, short = falling(level=0.3), falling(level=0.3)
    short[26:] *= 3.0  # breaks down later than half way: that is luck, not merit
    scores, ranking = same_phase([curve(long), curve(short)])
    assert ranking.tied == (0, 1)
    assert scores[0].loss == pytest.approx(scores[1].loss)


def test_a_ramp_that_breaks_down_early_is_unstable():
    early = falling(level=0.3)
    early[8:] = 5.0
    scores, ranking = same_phase([curve(falling()), curve(early), curve(falling(level=0.31))])
    assert scores[1].loss == np.inf and 1 not in ranking.tied
    assert str(scores[1]) == "unstable"


@settings(max_examples=40, deadline=None)
@given(seed=integers(0, 10**6), noise=floats(0.0, 0.1), gap=floats(0.3, 1.0))
def test_paired_noise_does_not_hide_a_difference(seed, noise, gap):
    wobble = np.exp(noise * np.random.default_rng(seed).standard_normal(33))  # the same data, the same order
    better, worse = falling(level=0.3) * wobble, (falling(level=0.3) * np.exp(gap)) * wobble
    _, ranking = same_phase([curve(worse), curve(better)])
    assert ranking.winner == 1 and not ranking.is_tie


def test_the_spread_of_repeats_is_the_deviation_of_logs():
    assert spread_of([1.0, np.e]) == pytest.approx(np.sqrt(0.5))
    assert spread_of([3.0]) == 0.0


def test_ramps_that_never_learn_can_still_be_compared():
    rising = 2.3 * np.exp(0.02 * np.arange(33))
    scores, ranking = same_phase([curve(rising), curve(rising * 1.001), curve(np.array([2.3, np.inf]))])
    assert ranking.winner == 0 and np.isfinite(scores[0].loss)


def test_repeats_are_told_apart_from_two_standard_errors_on():
    """Two repeats 0.02 apart have s = 0.01 sqrt(2), and two standard errors of a difference are then 2 s."""
    limit = 2 * 0.01 * 2**0.5
    for apart, tied in ((0.99 * limit, (0, 1)), (1.01 * limit, (1,))):
        ranking, spread = rank_repeats([(0.49, 0.51), (0.49 + apart, 0.51 + apart)])
        assert spread == pytest.approx(0.01 * 2**0.5)
        assert ranking.winner == 1 and ranking.tied == tied


def test_of_equals_one_in_twenty_or_so_is_told_apart():
    rng = np.random.default_rng(0)
    told = [not rank_repeats(rng.standard_normal((2, 8)))[0].is_tie for _ in range(2000)]
    assert 0.03 < np.mean(told) < 0.1


def test_a_resolution_and_single_repeats_are_ties():
    assert rank_repeats([(0.5, 0.5), (0.51, 0.51)], resolution=0.02)[0].tied == (0, 1)
    ranking, spread = rank_repeats([(0.1,), (0.9,)])
    assert ranking.winner == 1 and ranking.is_tie and spread == float("inf")
    with pytest.raises(ValueError, match="finite values"):
        rank_repeats([(0.5, float("nan"))])
