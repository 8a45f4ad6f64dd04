"""What holds for every detector of a clue: run over all of DETECTORS, so a new one is tested at once."""

from __future__ import annotations

import inspect
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import LABELS
from wellbegun.diagnosis.diagnose import DETECTORS
from wellbegun.diagnosis.intervals import between

every_detector = pytest.mark.parametrize("detect", DETECTORS, ids=lambda detect: detect.__name__)
SHAPES = {  # log val_loss and log train_loss, as functions of the share of the run
    "descending": (lambda x: -x, lambda x: -1.2 * x),
    "plateau": (lambda x: 0 * x, lambda x: -0.1 * x),
    "overfitting": (lambda x: 0.5 * x, lambda x: -x),
    "instability": (lambda x: np.where(x < 0.97, 0, 80 * (x - 0.97)), lambda x: 2 * np.maximum(x - 0.97, 0)),
    "rising_both": (lambda x: 0.5 * x, lambda x: 0.4 * x),
}


def example(label, rows=60, sd=0.01, seed=0, scale=2.0, **columns):
    """A curve that shows one clue from its first row to its last; a sharp rise takes its last rows only."""
    x = np.linspace(0, 1, rows)
    rng = np.random.default_rng(seed)
    val, train = (np.exp(shape(x) + sd * rng.standard_normal(rows)) * scale for shape in SHAPES[label])
    if label == "instability":
        val, train = (
            val * np.exp(3 * np.maximum(x - 0.9, 0) * 20),
            train * np.exp(40 * np.maximum(x - 0.9, 0)),
        )
    return Curve.of(
        {"iteration": np.arange(rows) * 7, "lr": 0.1 + x, "val_loss": val, "train_loss": train} | columns
    )


def interval(curve, label):
    start = int(0.9 * len(curve)) if label == "instability" else 0
    return between(curve, start, len(curve))


def test_there_is_one_detector_per_label_and_instability_is_asked_first():
    assert sorted(detect.__name__ for detect in DETECTORS) == sorted(LABELS) == sorted(SHAPES)
    assert DETECTORS[0].__name__ == "instability"


@every_detector
def test_thresholds_are_keywords_with_defaults(detect):
    parameters = list(inspect.signature(detect).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["curve", "interval"]
    assert parameters[2:], "a threshold that cannot be named cannot be argued with"
    assert all(p.kind is p.KEYWORD_ONLY and isinstance(p.default, float) for p in parameters[2:])


@every_detector
def test_it_sees_its_own_shape(detect):
    curve = example(detect.__name__)
    clue = detect(curve, interval(curve, detect.__name__))
    assert clue is not None and clue.label == detect.__name__
    assert re.search(r"\d", clue.evidence), "evidence is a sentence with numbers"
    assert clue.section and json.loads(json.dumps(clue.to_json()))["label"] == clue.label
    assert (clue.advice == "") == (clue.label in ("descending", "plateau"))
    assert clue.end == curve.iteration[-1] and clue.lr_end == curve.lr[-1]


@every_detector
@pytest.mark.parametrize("other", SHAPES)
def test_the_first_that_fires_is_the_right_one(detect, other):
    curve = example(other)
    first = next(d for d in DETECTORS if d(curve, interval(curve, other)))
    assert (first is detect) == (detect.__name__ == other)


@every_detector
@settings(max_examples=10, deadline=None)
@given(
    rows=integers(30, 120),
    seed=integers(0, 10**6),
    exponent=integers(-30, 30),
    label=sampled_from(sorted(SHAPES)),
)
def test_rescaling_the_loss_changes_nothing(detect, rows, seed, exponent, label):
    curve = example(label, rows, 0.02, seed)
    scaled = example(label, rows, 0.02, seed, scale=2.0 * 2.0**exponent)
    fires = [bool(detect(c, interval(c, label))) for c in (curve, scaled)]
    assert fires[0] == fires[1]


@every_detector
def test_without_numbers_there_is_nothing_to_see(detect):
    nothing = np.full(20, np.nan)
    curve = Curve.of({"iteration": np.arange(20)})
    assert detect(curve, between(curve, 0, 20)) is None
    negative = Curve.of({"iteration": np.arange(20), "val_loss": nothing - 1, "train_loss": -np.ones(20)})
    assert detect(negative, between(negative, 0, 20)) is None


@pytest.mark.parametrize("label", ["overfitting", "rising_both"])
def test_a_rise_without_training_loss_is_neither(label):
    curve = example(label, train_loss=np.full(60, np.nan))
    found = [d.__name__ for d in DETECTORS if d(curve, interval(curve, label))]
    assert found == []


@pytest.mark.parametrize(("label", "change"), [("descending", 0.02), ("plateau", 0.5), ("overfitting", 0.02)])
def test_the_threshold_is_the_relative_change(label, change):
    """A noiseless line of 2.5 %: past a threshold of 2 %, short of one of 3 %."""
    detect = next(d for d in DETECTORS if d.__name__ == label)
    sign = -1 if label == "descending" else 1
    x = np.linspace(0, 1, 40)
    val, train = np.exp(sign * np.log(1.025) * x), np.exp(-x)
    curve = Curve.of({"iteration": np.arange(40), "val_loss": val, "train_loss": train})
    whole = between(curve, 0, 40)
    assert bool(detect(curve, whole, change=0.02)) == (label != "plateau")
    assert bool(detect(curve, whole, change=0.03)) == (label == "plateau")
