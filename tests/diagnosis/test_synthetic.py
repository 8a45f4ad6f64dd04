"""Invented curves with known truth (the generator of the benchmark): what holds for each shape."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from

from wellbegun.curve import Curve
from wellbegun.diagnosis.diagnose import diagnose

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "diagnosis_synthetic.py"
spec = importlib.util.spec_from_file_location("diagnosis_synthetic", FILE)
synthetic = importlib.util.module_from_spec(spec)
spec.loader.exec_module(synthetic)
every_kind = pytest.mark.parametrize("kind", synthetic.KINDS)
kinds, seeds = sampled_from(sorted(synthetic.KINDS)), integers(0, 10**6)


def labels(curve):
    return [(clue.label, clue.start, clue.end) for clue in diagnose(curve).clues]


def painted(curve):
    """The label at a thousand places of the run."""
    at = (np.arange(1000) + 0.5) / 1000 * curve.iteration[-1]
    result = np.full(1000, "", dtype=object)
    for clue in diagnose(curve).clues:
        result[(at >= clue.start) & (at < clue.end)] = clue.label
    return result


@every_kind
@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03])
def test_every_stretch_is_seen(kind, noise):
    curves = [synthetic.invented(kind, noise, seed=seed) for seed in range(3)]
    assert np.mean([hit for curve in curves for _, hit in synthetic.judged(kind, curve)[0]]) >= 0.9


@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03, 0.1])
def test_a_sharp_rise_is_never_overfitting(noise):
    for seed in range(5):
        rising = [c for c in labels(synthetic.invented("sharp rise", noise, seed=seed)) if c[2] > 16_400]
        assert rising and "overfitting" not in {label for label, *_ in rising}


@settings(max_examples=15, deadline=None)
@given(kind=kinds, exponent=integers(-20, 20), seed=seeds)
def test_the_scale_of_the_loss_changes_no_label(kind, exponent, seed):
    curve = synthetic.invented(kind, 0.02, seed=seed)
    assert labels(curve) == labels(synthetic.invented(kind, 0.02, scale=2.0**exponent, seed=seed))


@every_kind
def test_every_second_row_says_nearly_the_same(kind):
    """On average: a single curve may have its turn where every second row hides it."""
    verdicts, agreement = [], []
    for seed in range(20):
        curve = synthetic.invented(kind, 0.01, rows=201, seed=seed)
        thinned = curve.map(lambda column: column[::2])
        verdicts.append(diagnose(curve).overall == diagnose(thinned).overall)
        agreement.append(np.mean(painted(curve) == painted(thinned)))
    assert np.mean(verdicts) >= 0.95 and np.mean(agreement) >= 0.95


@settings(max_examples=15, deadline=None)
@given(kind=kinds, seed=seeds, per_epoch=integers(2, 500))
def test_an_epochs_axis_says_the_same(kind, seed, per_epoch):
    columns = synthetic.invented(kind, 0.02, rows=60, seed=seed).columns()
    epochs = Curve.of({**columns, "iteration": np.arange(60)})
    iterations = Curve.of({**columns, "iteration": per_epoch * np.arange(60)})
    expected = [(label, per_epoch * start, per_epoch * end) for label, start, end in labels(epochs)]
    assert labels(iterations) == expected
