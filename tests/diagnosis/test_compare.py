from __future__ import annotations

import json

import numpy as np
import pytest

from wellbegun.curve import Curve
from wellbegun.diagnosis.compare import compare


def run(level, seed=0, sd=0.02, rows=60):
    x = np.linspace(0, 1, rows)
    noise = np.exp(sd * np.random.default_rng(seed).standard_normal(rows))
    return Curve.of({"iteration": np.arange(rows), "val_loss": (level + 2 * np.exp(-12 * x)) * noise})


def test_a_clear_difference_is_explained_by_the_one_setting_that_differs():
    curves = {"a": run(0.5, 1), "b": run(0.3, 2), "c": run(0.45, 3)}
    rates = {name: {"lr_max": lr, "momentum": 0.9} for name, lr in zip("abc", (0.1, 0.5, 1.0), strict=True)}
    found = compare(curves, rates)
    assert (found.best, found.tied, found.differs, found.pattern) == ("b", ("b",), ("lr_max",), "interior")
    assert "inside its range, at 0.5" in found.reason and not found.is_tie
    assert json.loads(json.dumps(found.to_json()))["losses"]["b"] == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    ("levels", "side", "end"), [((0.5, 0.4, 0.3), "larger", 3), ((0.3, 0.4, 0.5), "smaller", 1)]
)
def test_a_monotone_pattern_asks_for_values_beyond(levels, side, end):
    curves = {f"r{i}": run(level, i) for i, level in enumerate(levels)}
    found = compare(curves, {f"r{i}": {"decay": i + 1} for i in range(3)})
    assert found.pattern == side and f"try beyond {end}" in found.reason


def test_a_tie_is_said_and_blames_no_setting():
    found = compare({"a": run(0.3, 1), "b": run(0.3, 2)}, {"a": {"lr": 1}, "b": {"lr": 2}})
    assert found.is_tie and set(found.tied) == {"a", "b"} and found.pattern == "none"
    assert "within noise" in found.reason and "no difference" in found.reason


def test_several_settings_at_once_cannot_be_told_apart():
    settings = {"a": {"lr": 1, "wd": 1}, "b": {"lr": 2, "wd": 3}}
    found = compare({"a": run(0.3), "b": run(0.5)}, settings)
    assert found.differs == ("lr", "wd") and found.pattern == "" and "cannot be told apart" in found.reason


def test_a_name_is_a_setting_too_and_a_run_that_diverged_never_wins():
    bad = run(0.2)
    bad.val_loss[40:] = np.inf
    found = compare({"a": run(0.3), "b": bad}, {"a": {"opt": "sgd"}, "b": {"opt": "adam"}})
    assert found.best == "a" and found.to_json()["losses"]["b"] is None
    assert "opt alone differs (sgd is best)" in found.reason


def test_ties_at_both_ends_are_no_pattern():
    curves = {"a": run(0.3, 1), "b": run(0.5, 2), "c": run(0.3, 3)}
    found = compare(curves, {name: {"lr": i} for i, name in enumerate("abc")})
    assert found.pattern == "" and "no pattern" in found.reason


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least 2 histories, got 1"):
        compare({"a": run(0.3)})
    with pytest.raises(ValueError, match="same names"):
        compare({"a": run(0.3), "b": run(0.4)}, {"a": {}})
    nothing = Curve.of({"iteration": np.arange(9), "val_loss": np.full(9, np.nan)})
    with pytest.raises(ValueError, match="at least one finite loss"):
        compare({"a": nothing, "b": nothing})
