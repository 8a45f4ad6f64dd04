"""The third rule for the smallest rate, on invented networks whose edge is set."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.errors import Refused
from wellbegun.search.lr_min import DIVISORS, fault, lr_min
from wellbegun.search.plan import drive

from .test_recipe import SETTING
from .world import World


def smallest(world, lr_max=1.0, **options):
    return drive(lr_min(SETTING, lr_max, 0.95, 1e-3, **options), world.train)


@pytest.mark.parametrize(
    ("edge", "expected"), [(0.02 * 2, 0.02), (0.05 * 1.8, 0.05), (0.1 * 1.8, 0.1), (5.0, 1 / 3)]
)
def test_the_largest_rate_below_the_edge_is_chosen(edge, expected):
    # edges of single seeds lie within a factor of 1.6, candidates a factor of 2 apart
    found = smallest(World(edge=edge, speed=1.0, noise=0.005))
    assert found.choice["lr_min"] == pytest.approx(expected, rel=0.02)
    json.dumps(found.to_json(), allow_nan=False)


def test_the_first_two_rules_stand_beside_it():
    found = smallest(World(edge=5.0, speed=2.0, noise=0.005), lr_max=0.6)
    assert found.details["rules"] == {
        "one cycle": [pytest.approx(0.06), pytest.approx(0.03)],
        "several cycles": [pytest.approx(0.2), pytest.approx(0.15)],
    }
    assert "0.06 to 0.03" in found.reason and "0.2 or 0.15" in found.reason


def test_one_bad_seed_of_three_spoils_a_rate_and_is_told():
    class Moody(World):
        def run(self, spec):
            bad = spec.seed == 2 and spec.lr(0) > 0.15
            return World(edge=0.01 if bad else 5.0, speed=2.0, noise=0.005).run(spec)

    found = smallest(Moody())
    assert found.choice["lr_min"] == 0.1
    row = found.details["scores"]["lr 0.2"]
    assert row["loss"] is None  # no mean of a loss that broke down
    assert not row["good"] and "with 1 of 3 seeds" in row["verdict"] and row["verdict"] in found.reason


def test_early_overfitting_speaks_against_a_rate():
    run = World(edge=5.0, speed=2.0, noise=0.001).run(SETTING.ramp(0.4, SETTING.falling(0.95, 0.85), 1e-3))
    x = np.linspace(0, 1, len(run.curve))
    bump = 2.3 * np.exp(-4 * x) + np.where(x > 0.35, 1.5 * (x - 0.35), 0.0)
    curve = replace(run.curve, val_loss=bump, train_loss=2.3 * np.exp(-4 * x), lr=np.full(len(x), 0.1))
    assert fault(replace(run, curve=curve)) == "overfits early"


def test_a_network_that_learns_nothing_is_refused_with_every_verdict():
    with pytest.raises(Refused, match="does not begin to converge") as refused:
        smallest(World(speed=0.0, edge=5.0))
    assert len(refused.value.runs) == 3 * len(DIVISORS)


def test_own_rates_take_the_place_of_the_shares_of_lr_max():
    found = smallest(World(edge=5.0, speed=2.0, noise=0.005), values=(0.03, 0.3))
    assert found.choice["lr_min"] == 0.3 and set(found.details["scores"]) == {"lr 0.3", "lr 0.03"}
    assert "even larger ones may" in found.reason
