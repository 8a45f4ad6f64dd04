"""The balance of learning rate and regularizer, on invented networks whose best pairs are set."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.errors import Refused
from wellbegun.search.balance import DIVISORS, balance, rates_of
from wellbegun.search.paired import SEEDS
from wellbegun.search.plan import drive

from .test_recipe import SETTING
from .world import World

LR_MAX, VALUES = 0.2, (1e-4, 1e-3, 1e-2)


class Balanced(World):
    """The best decay is ``best`` (LR_MAX / rate) ** power."""

    def __init__(self, best=1e-3, power=0.0, **settings):
        self.best, self.power, self.asked = best, power, []
        self.settings = {"noise": 0.005, "edge": 1.0, "speed": 5.0, "penalty": 0.4} | settings

    def run(self, spec):
        top = float(np.max(spec.lr(np.arange(spec.iterations))))
        return World(**self.settings, decay=self.best * (LR_MAX / top) ** self.power).run(spec)


def search(world, setting=SETTING, values=VALUES, own=1e-3, ramps=()):
    plan = balance(
        setting,
        LR_MAX,
        (0.95, 0.85),
        "weight decay",
        values,
        own,
        lambda spec, v: spec.but(weight_decay=v),
        ramps,
    )
    return drive(plan, world.train)


def test_a_larger_rate_that_asks_for_less_is_seen():
    # best decay 1e-3 at the largest rate, 16 times that at a quarter of it
    found = search(Balanced(power=2.0))
    assert found.details["direction"] == "less"
    assert "the larger rate asks for less weight decay" in found.reason
    assert found.details["best"]["0.05"][0] > found.details["best"]["0.2"][0]
    json.dumps(found.to_json(), allow_nan=False)


def test_a_larger_rate_that_asks_for_more_is_seen_and_told_against_the_report():
    found = search(Balanced(power=-2.0))
    assert found.details["direction"] == "more" and "against the report's Remark 3" in found.reason


def test_rates_that_do_not_matter_for_the_decay_are_seldom_said_to():
    said = [
        search(Balanced(noise=0.02), replace(SETTING, seed=seed)).details["direction"]
        for seed in range(0, 90, 3)
    ]
    assert np.mean([word == "same" for word in said]) >= 0.85  # 95 % by the distribution


@pytest.mark.parametrize(
    ("best", "word"), [(1e-4, "So lower the"), (1e-2, "So raise the"), (1e-3, "So leave the")]
)
def test_the_finding_says_which_way_to_move(best, word):
    found = search(Balanced(best=best))
    assert found.choice["weight_decay"] == best and word in found.reason


def test_a_tie_goes_to_the_largest_rate_and_the_own_value():
    found = search(Balanced(penalty=0.0, noise=0.03, speed=20.0), own=1e-2)
    assert found.choice == {"lr_max": LR_MAX, "weight_decay": 1e-2}
    assert len(found.details["tied"]) == 9 and "as good as 8 others" in found.reason


def test_the_grid_is_short_cycles_with_the_same_seeds_that_touch_no_test_data():
    world = Balanced()
    search(world, replace(SETTING, has_test=True, all_data=True))
    assert len(world.asked) == len(DIVISORS) * len(VALUES) * SEEDS
    assert {spec.lr.lr_max for spec in world.asked} == set(rates_of(LR_MAX))
    assert all(not spec.test and spec.train_on == "train" for spec in world.asked)
    assert {spec.iterations for spec in world.asked} == {100}
    assert all(spec.momentum(0) == 0.95 for spec in world.asked)


def test_cells_that_diverge_come_last_and_all_of_them_are_refused():
    found = search(Balanced(edge=0.13))  # the largest rate alone is past it
    assert found.choice["lr_max"] < LR_MAX and found.details["slopes"]["0.2"] is None
    with pytest.raises(Refused, match="all diverged at once") as refused:
        search(Balanced(edge=1e-3))
    assert len(refused.value.runs) == 27


def test_the_gap_of_the_losses_is_that_of_the_runs():
    class Gapped(Balanced):
        def run(self, spec):
            run = super().run(spec)
            gap = 0.5 - spec.lr.lr_max  # smaller at a larger rate
            return replace(run, curve=replace(run.curve, val_loss=run.curve.train_loss + gap))

    found = search(Gapped())
    gaps = [found.details["gaps"][f"{rate:g}"] for rate in rates_of(LR_MAX)]
    assert gaps == pytest.approx([0.45, 0.4, 0.3], abs=0.02)
    assert "0.450 at the smallest rate and 0.300 at the largest" in found.reason


def test_range_tests_add_the_course_of_their_gap():
    ramp = SETTING.ramp(0.4, SETTING.falling(0.95, 0.85), 1e-3)
    run = World(edge=5.0, noise=0.001, speed=20.0).run(ramp)
    falling = replace(run, curve=replace(run.curve, train_loss=run.curve.val_loss * (0.5 + run.curve.lr)))
    assert search(Balanced(), ramps=(falling,)).details["ramp_gap"]["mean"] < -0.9
    assert search(Balanced()).details["ramp_gap"]["mean"] is None
