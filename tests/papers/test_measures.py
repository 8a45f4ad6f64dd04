"""What claims read off curves, on curves that were drawn by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import Curve, Run
from wellbegun.papers import measures
from wellbegun.papers.checks import above, best_accuracy, lowest_loss, not_below
from wellbegun.papers.exhibit import Line, Result
from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec

ROWS = 201
LR = np.linspace(0.01, 2.01, ROWS)


def result(name="a", accuracies=(0.9,), **columns):
    """Repeats with the same curve over 2,000 updates and final accuracies of their own."""
    line = Line(
        name=name, iterations=2000, batch_size=8, lr=Constant(1.0), momentum=Constant(0.9), weight_decay=0.0
    )
    spec = RunSpec(task="t", iterations=2000, batch_size=8, lr=line.lr, momentum=line.momentum)
    values = {
        "iteration": np.arange(ROWS) * 10, "lr": LR, "momentum": np.full(ROWS, 0.9),
        "val_loss": np.ones(ROWS), "val_accuracy": np.r_[0.1, np.full(ROWS - 1, 0.5)],
        "train_loss": np.ones(ROWS), **columns,
    }  # fmt: skip
    runs = tuple(
        Run(spec=spec, curve=Curve.of(values), ended="finished", iterations=2000, seconds=1.0,
            test={"test_accuracy": accuracy})
        for accuracy in accuracies
    )  # fmt: skip
    return Result(line, runs)


def through(*points):
    """Straight lines through (row, value) points."""
    rows, values = zip(*points, strict=True)
    return np.interp(np.arange(ROWS), rows, values)


def test_a_repeat_that_learns_nothing_has_failed_and_one_that_goes_on_from_a_snapshot_has_not():
    chance = result("low", (0.1135,), val_accuracy=np.full(ROWS, 0.11)).runs
    found = Result(result().line, (*result("high", (0.9,)).runs, *chance))
    assert found.failures == "1 learned nothing" and found.trained.accuracy == 90 and np.isnan(found.spread)
    assert found.accuracy == pytest.approx((90 + 11.35) / 2)
    goes_on = replace(chance[0], spec=chance[0].spec.but(start=("parent", 10)))
    assert not replace(found, runs=(goes_on,)).failures
    assert not result(val_accuracy=np.full(ROWS, np.nan)).failures
    lost = replace(chance[0], ended="diverged")
    assert replace(found, runs=(lost, *chance)).failures == "1 diverged, 1 learned nothing"
    assert np.isnan(replace(found, runs=(lost,)).trained.accuracy)


def test_a_passing_rise_is_told_with_its_height_and_the_rate_of_the_minimum_before_it():
    loss = through((0, 2.0), (40, 1.0), (60, 1.0), (90, 1.2), (110, 1.2), (200, 0.5))
    rise, rate = measures.bump(result(val_loss=loss))
    assert rise == pytest.approx(0.2, abs=0.02) and LR[36] <= rate <= LR[64]
    assert measures.bump(result(val_loss=loss), share=0.3)[0] == pytest.approx(0, abs=0.01)
    assert measures.bump(result(val_loss=through((0, 2.0), (100, 1.0), (200, 3.0))))[0] < 0.01


def test_accuracies_over_a_range_of_rates_at_an_update_and_at_their_best():
    accuracy = np.where(LR < 1.0, 0.6, 0.8)
    found = result(val_accuracy=accuracy)
    assert measures.mean_accuracy(found, high=0.5) == pytest.approx(60)
    assert measures.mean_accuracy(found, low=1.5) == pytest.approx(80)
    assert measures.accuracy_at(found, 509) == pytest.approx(60)
    assert measures.accuracy_at(found, 1990) == measures.best_test(found) == pytest.approx(80)


def test_roughness_is_the_noise_and_not_the_trend():
    random = np.random.default_rng(0)
    trend = np.linspace(0.2, 0.8, ROWS)
    noisy = measures.roughness(result(val_accuracy=trend + random.normal(0, 0.02, ROWS)))
    assert measures.roughness(result(val_accuracy=trend)) < 0.01
    assert noisy == pytest.approx(2.0, rel=0.15)


def test_the_gap_is_read_where_training_loss_first_comes_so_low_and_along_the_rate():
    train, test = np.linspace(2.0, 0.0, ROWS), np.linspace(2.0, 1.0, ROWS)
    found = result(train_loss=train, val_loss=test)
    assert measures.gap_at(found, 1.0) == pytest.approx(0.5)
    assert measures.gap_trend(found, 0.1, 1.9) == pytest.approx(1.0)
    assert measures.gap_trend(result(train_loss=test, val_loss=train), 0.1, 1.9) == pytest.approx(-1.0)


def test_level_after_an_update_means_that_the_running_mean_stays():
    accuracy = np.where(np.arange(ROWS) < 150, 0.5, 0.9)
    found = result(val_accuracy=accuracy)
    assert measures.level_after(found, 1500) == pytest.approx(0.0)
    assert measures.level_after(found, 1000) == pytest.approx(40.0)


def test_checks_compare_what_they_say():
    found = {
        "low": result("low", (0.80, 0.82), val_loss=np.full(ROWS, 2.0)),
        "high": result("high", (0.82, 0.83)),
    }
    assert above("high", "low")(found)[0] and not above("high", "low", by=2.0)(found)[0]
    assert not_below("low", "high", within=2.0)(found)[0]
    assert not not_below("low", "high")(found)[0]  # 1.5 points below, spreads of 1.41 and 0.71
    assert best_accuracy("high", ("low",))(found)[0]
    found["middle"] = result("middle", (0.815, 0.82))
    assert not best_accuracy("low", ("middle", "high"))(found)[0]  # 0.75 below middle is within the spread
    assert lowest_loss(("low", "high"), ("high",))(found)[0]
    assert not lowest_loss(("low", "high"), ("low",))(found)[0]
