"""The cyclical test and the range test of momentum, on invented networks whose answer is set."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.errors import Refused
from wellbegun.schedules.constant import Constant
from wellbegun.search.momentum_cycle import momentum_cycle
from wellbegun.search.momentum_range import HIGH, LOW, momentum_range, safe_rate
from wellbegun.search.plan import drive

from .test_recipe import SETTING
from .world import World


def kind(spec):
    first, last = float(spec.momentum(0)), float(spec.momentum(spec.iterations - 1))
    return "constant" if first == last else "falling" if first > last else "rising"


class Minded(World):
    """The loss that training comes to depends on how momentum moves; lr decides how fast."""

    def __init__(self, losses, edges=(), **settings):
        self.losses, self.edges, self.settings = losses, dict(edges), {"noise": 0.005, "edge": 0.3} | settings
        self.asked = None

    def run(self, spec):
        steady = spec.but(momentum=Constant(0.9))  # in this world momentum does not change the speed
        settings = self.settings | {"edge": self.edges.get(kind(spec), self.settings["edge"])}
        world = World(
            **settings, decay=spec.weight_decay * 10 ** self.losses.get(kind(spec), 0.0), penalty=1.0
        )
        run = world.run(steady)
        momenta = spec.momentum(np.maximum(run.curve.iteration - 1, 0))
        return replace(run, spec=spec, curve=replace(run.curve, momentum=momenta))


def cycle(world, setting=SETTING, **options):
    return drive(momentum_cycle(setting, 0.4, 1e-3, **options), world.train)


@pytest.mark.parametrize(
    ("better", "course"), [("falling", "falling"), ("rising", "rising"), ("constant", "constant")]
)
def test_the_course_that_is_clearly_best_is_chosen(better, course):
    losses = {name: 0.0 if name == better else 1.0 for name in ("falling", "rising", "constant")}
    found = cycle(Minded(losses))
    assert found.choice["course"] == course
    rows = found.details["scores"].values()
    best = min(row["loss"] for row in rows)
    assert {row["kind"] for row in rows if np.log(row["loss"] / best) <= found.details["tie"]} == {better}


def test_a_course_that_does_not_matter_stays_the_falling_one():
    kept = [
        cycle(Minded({}, noise=0.05), replace(SETTING, seed=seed)).choice["course"] == "falling"
        for seed in range(0, 120, 3)
    ]
    assert np.mean(kept) >= 0.95


def test_a_tie_is_called_a_tie_with_its_size():
    found = cycle(Minded({}))
    assert (
        "None can be told from the best" in found.reason
        and "A tie goes to momentum that falls" in found.reason
    )
    assert f"{np.expm1(found.details['tie']):.1%}" in found.reason


def test_the_course_that_stays_stable_furthest_is_named():
    found = cycle(Minded({}, {"rising": 5.0}, edge=0.15))
    rows = {row["kind"]: row for row in found.details["scores"].values()}
    assert rows["rising"]["stable_to"] == pytest.approx(0.4)
    assert rows["constant"]["stable_to"] < 0.4
    assert "Rising 0.8 to 1 stays stable furthest, by more than the spread" in found.reason


def test_all_courses_are_the_same_linear_ramp_with_the_same_seeds():
    world = Minded({})
    world.asked = []
    cycle(world, values=(0.9, 0.7))
    assert len({spec.lr for spec in world.asked}) == 1
    by_course = {}
    for spec in world.asked:
        by_course.setdefault(json.dumps(spec.to_json()["momentum"]), []).append(spec.seed)
    assert len(by_course) == 5 and all(seeds == [0, 1, 2] for seeds in by_course.values())


def test_the_figure_has_a_line_with_a_band_for_every_course():
    found = cycle(Minded({}))
    lines = found.details["figure"]["lines"]
    assert [line["label"] for line in lines] == list(found.details["scores"])
    assert sum(line["won"] for line in lines) == 1
    for line in lines:
        assert np.all(np.array(line["low"]) <= line["y"]) and np.all(line["y"] <= np.array(line["high"]))
    json.dumps(found.to_json(), allow_nan=False)


def test_ramps_that_never_give_a_loss_are_refused():
    class Broken(World):
        def run(self, spec):
            run = super().run(spec)
            return replace(run, curve=replace(run.curve, val_loss=np.full(len(run.curve), np.nan)))

    with pytest.raises(
        Refused, match="must fall below 95% of the untrained network's nan, got inf at best"
    ) as refused:
        cycle(Broken())
    assert len(refused.value.runs) == 15


@pytest.mark.parametrize("value", [1.0, 1.5])
def test_a_momentum_of_1_or_more_is_refused_before_anything_runs(value):
    world = Minded({})
    world.asked = []
    with pytest.raises(ValueError, match=rf"lie in \[0, 1\), got {value}"):
        cycle(world, values=(0.9, value))
    assert not world.asked


def ranged(world):
    return drive(momentum_range(SETTING, 0.02, 1e-3), world.train)


def test_a_loss_that_falls_because_training_goes_on_shows_no_optimum():
    found = ranged(World(edge=0.3, speed=0.3, noise=0.01))
    up, down = found.details["rising"], found.details["backwards"]
    assert found.choice is None and up["falls_to_the_end"]
    assert up["lowest_at"] > 0.95 and down["lowest_at"] < 0.75  # each time where the test ends
    assert "no minimum inside" in found.reason and "there is no tool for this test" in found.reason
    assert up["correlation"] > 0.9 and not up["with_accuracy"]


def test_a_breakdown_is_called_an_edge_and_no_optimum():
    class Fragile(World):
        def run(self, spec):
            run = super().run(spec)
            factor = np.where(run.curve.momentum > 0.9, np.exp(80 * (run.curve.momentum - 0.9)), 1.0)
            return replace(run, curve=replace(run.curve, val_loss=run.curve.val_loss * factor))

    found = ranged(Fragile(edge=0.3, speed=0.3, noise=0.01))
    assert not found.details["rising"]["falls_to_the_end"]
    assert found.details["rising"]["lowest_at"] == pytest.approx(0.9, abs=0.03)
    assert "training breaks down" in found.reason and "no minimum inside" not in found.reason


def test_where_both_ways_agree_the_reason_says_that_the_report_is_contradicted():
    class Direct(World):
        def run(self, spec):
            run = super().run(spec)
            loss = np.exp(100 * (run.curve.momentum - 0.85) ** 2)
            return replace(run, curve=replace(run.curve, val_loss=loss))

    found = ranged(Direct())
    assert "against the report, both ways agree" in found.reason and found.choice is None
    assert found.details["rising"]["lowest_at"] == pytest.approx(0.85, abs=0.02)


def test_the_second_test_takes_the_same_values_backwards():
    world = World(asked=[])
    ranged(world)
    up, down = world.asked[0], world.asked[3]
    t = np.arange(up.iterations)
    np.testing.assert_allclose(up.momentum(t), down.momentum(t)[::-1])
    assert up.momentum(0) == LOW and up.momentum(up.iterations - 1) == HIGH
    assert len({float(spec.lr(0)) for spec in world.asked}) == 1 and up.lr(0) == up.lr(up.iterations - 1)


def test_the_safe_rate_keeps_the_long_run_step_below_the_edge_up_to_momentum_0995():
    assert safe_rate(0.4) / (1 - 0.995) <= 0.4 / (1 - 0.9) * (1 + 1e-9)


def test_accuracy_that_rises_with_momentum_is_told_with_its_correlation():
    class Seen(World):
        def run(self, spec):
            run = super().run(spec)
            return replace(run, curve=replace(run.curve, val_accuracy=1 - run.curve.val_loss / 10))

    found = ranged(Seen(edge=0.3, speed=0.3, noise=0.001))
    assert "validation accuracy rises with it (rank correlation 1.00)" in found.reason
    assert found.details["rising"]["with_accuracy"]
