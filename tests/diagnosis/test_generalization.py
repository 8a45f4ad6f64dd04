from __future__ import annotations

import json

import numpy as np
import pytest

from wellbegun.curve import Curve
from wellbegun.diagnosis.generalization import generalization_error, super_convergence
from wellbegun.errors import Refused


def ramp(top, edge, rows=80, sd=0.02):
    """Falls to a level at a tenth of the way, stays there, and doubles at every row from ``edge`` on."""
    lr = np.linspace(top / rows, top, rows)
    logs = np.maximum(-20 * np.arange(rows) / rows, -2.0)
    logs += np.log(2) * np.maximum(0, np.arange(rows) - edge)
    logs += sd * np.random.default_rng(0).standard_normal(rows)
    return Curve.of({"iteration": np.arange(rows), "lr": lr, "val_loss": np.exp(logs)})


def test_the_gap_is_validation_minus_training_loss():
    x = np.linspace(0, 1, 50)
    columns = {"iteration": np.arange(50), "lr": x, "val_loss": 2 + x, "train_loss": 2 - x}
    np.testing.assert_allclose(generalization_error(Curve.of(columns)).gap, 2 * x, atol=1e-9)
    columns["train_loss"] = np.where(np.arange(50) == 7, np.nan, columns["train_loss"])
    gap = generalization_error(Curve.of(columns))
    assert np.isnan(gap.gap[7]) and np.isfinite(np.delete(gap.gap, 7)).all()
    assert json.loads(json.dumps(gap.to_json()))["gap"][7] is None


def test_level_up_to_very_large_rates_is_possible_super_convergence():
    found = super_convergence(ramp(top=3.0, edge=80))
    assert found.possible and found.level_to == 3.0 and 0.2 <= found.level_from <= 0.5
    assert "to 3, so super-convergence is possible" in found.reason


def test_a_ramp_that_breaks_down_early_is_not():
    found = super_convergence(ramp(top=3.0, edge=20))
    lr = np.linspace(3 / 80, 3, 80)
    assert not found.possible and lr[18] <= found.level_to <= lr[22]
    assert "short of 1" in found.reason and found.to_json()["possible"] is False
    assert super_convergence(ramp(top=3.0, edge=20), large=0.5).possible


def test_too_little_to_read_is_refused_with_the_numbers():
    with pytest.raises(Refused, match=r"at least 8 evaluations .* got 0"):
        super_convergence(Curve.of({"iteration": np.arange(30), "val_loss": np.ones(30)}))
    with pytest.raises(ValueError, match="above 0, got 0"):
        super_convergence(ramp(3.0, 80), large=0)
