from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers, sampled_from

from wellbegun.errors import Refused
from wellbegun.search.plan import drive
from wellbegun.search.snapshot import BEGIN, END, KINDS, compared, joined, snapshot
from wellbegun.search.weight_decay import grid, weight_decay

from .test_recipe import SETTING
from .world import World

LONG = replace(SETTING, epochs=30)  # enough for a plateau
TOP, PAIR, CENTRE = 0.3, (0.95, 0.85), 1e-3
every_kind = pytest.mark.parametrize("kind", KINDS)


def search(world, setting=LONG, kind="ramp", centre=CENTRE, values=(), **more):
    return drive(snapshot(setting, TOP, PAIR, centre, values, kind, **more), world.train)


@every_kind
@pytest.mark.parametrize("best", [10.0, 1.0, 0.1])
def test_it_finds_the_magnitude_of_the_best_decay(kind, best):
    world = World(decay=CENTRE * best, noise=0.003, speed=0.05)
    found = search(world, kind=kind)
    assert abs(np.log10(found.choice / (CENTRE * best))) <= 0.5
    assert f"{found.choice:g}" in found.reason


@settings(max_examples=6, deadline=None)
@given(exponent=floats(-4.2, -1.8), seed=integers(0, 100), kind=sampled_from(KINDS))
def test_it_agrees_with_the_whole_grid_where_that_is_no_tie(exponent, seed, kind):
    setting = replace(LONG, seed=seed)
    world = World(decay=10**exponent, noise=0.003, penalty=1.0, speed=0.05)
    grid_says = drive(weight_decay(setting, TOP, PAIR, CENTRE), world.train)
    low, high = grid_says.interval or (grid_says.choice,) * 2
    found = search(world, setting, kind)
    ends = found.interval or (found.choice,) * 2
    assert max(low, ends[0]) <= min(high, ends[1]) * 10**0.5  # the same, or what neither can tell apart


def test_continuations_differ_only_in_decay_and_begin_at_the_snapshot():
    world = World(decay=CENTRE, asked=[])
    found = search(world)
    parent, *rest = world.asked[: 1 + len(grid(CENTRE))]
    assert {spec.start for spec in rest} == {(parent.key, parent.iterations)}
    assert len({spec.but(weight_decay=0.0).key for spec in rest}) == 1
    assert tuple(spec.weight_decay for spec in rest) == grid(CENTRE)
    whole = LONG.ramp(TOP, LONG.falling(*PAIR), CENTRE)
    assert parent.iterations == pytest.approx(BEGIN * whole.iterations, abs=whole.eval_every)
    assert parent.iterations + rest[0].iterations == pytest.approx(
        END * whole.iterations, abs=whole.eval_every
    )
    t = np.arange(rest[0].iterations)
    for name in ("lr", "momentum"):
        np.testing.assert_allclose(
            getattr(rest[0], name)(t), getattr(whole, name)(t + parent.iterations), rtol=1e-12
        )
    assert found.details["snapshot"] == parent.iterations


@every_kind
def test_what_it_saved_is_counted_against_separate_runs(kind):
    found = search(World(speed=0.05), kind=kind)  # decay does not matter: a tie, so nothing is repeated
    parents = [run for run in found.runs if found.details["labels"][run.key].startswith("parent")]
    at, rest = sum(run.iterations for run in parents), found.runs[-1].iterations
    assert found.details["iterations"] == at + 3 * rest == found.cost.iterations
    assert found.details["separate"] == 3 * (at + rest)
    assert found.choice == CENTRE and found.interval == (1e-4, 1e-2)
    share = found.details["share"]
    assert share < 0.7 and f"({share:.0%})" in found.reason


def test_the_plateau_is_found_leg_by_leg():
    world = World(decay=CENTRE, speed=0.05, asked=[])
    found = search(world, kind="constant")
    legs = [spec for spec in world.asked if found.details["labels"][spec.key].startswith("parent")]
    assert len(legs) > 1 and legs[0].start is None
    assert all(leg.start == (before.key, before.iterations) for before, leg in pairwise(legs))
    curve = joined([world.run(leg) for leg in legs])
    assert curve.iteration[-1] == found.details["snapshot"] and np.all(np.diff(curve.iteration) > 0)
    level = curve.val_loss[-len(curve) // 4 :]
    assert np.ptp(np.log(level)) < 0.15  # the oracle's noise is 2 %
    assert f"level after {found.details['snapshot']} iterations" in found.reason


def test_a_run_without_a_plateau_is_refused():
    with pytest.raises(Refused, match=r"still descending at 0\.04") as refused:
        search(World(speed=0.002), kind="constant")
    assert refused.value.runs


@every_kind
def test_a_parent_that_diverges_is_lowered_and_then_refused(kind):
    found = search(World(edge=TOP / 3, decay=CENTRE, speed=0.05), kind=kind)
    assert found.choice == CENTRE
    with pytest.raises(Refused, match=r"diverge|unstable") as refused:
        search(World(edge=TOP / 1e4), kind=kind)
    assert len(refused.value.runs) == 3


def test_luck_with_one_seed_does_not_displace_the_middle():
    class Seedy(World):
        def run(self, spec):
            best = 1e-4 if spec.seed == LONG.seed else CENTRE
            return World(decay=best, noise=0.003, speed=0.05, specs=self.specs, states=self.states).run(spec)

    found = search(Seedy())
    assert found.choice == CENTRE and found.interval[0] <= 1e-4
    assert "beats 0.001 with 0 of 2 further snapshots, so this was luck" in found.reason
    assert {run.spec.seed for run in found.runs} == {0, 1, 2}


def test_what_no_further_snapshot_confirms_does_not_displace_the_middle():
    class Alone(World):
        def run(self, spec):
            world = World(decay=1e-4, noise=0.003, speed=0.05, specs=self.specs, states=self.states)
            run = world.run(spec)
            return run if spec.seed == LONG.seed else replace(run, ended="diverged")

    found = search(Alone())
    assert found.choice == CENTRE and found.interval[0] <= 1e-4


def test_a_later_snapshot_of_the_same_run_must_agree_and_costs_no_parent():
    world = World(decay=1e-4, noise=0.003, speed=0.05, asked=[])
    found = search(world, kind="constant")
    assert found.choice < CENTRE and "with 1 of 1 further snapshots" in found.reason
    again = [spec for spec in world.asked if "again" in found.details["labels"][spec.key]]
    (start,) = {spec.start for spec in again}
    middle = next(spec for spec in world.asked if spec.key == start[0])
    assert middle.weight_decay == CENTRE and start[1] == middle.iterations
    assert found.details["labels"][middle.key] == "0.001"


def test_replaying_the_answers_asks_the_same_questions_and_trains_nothing_twice():
    first, second = (World(decay=1e-4, penalty=1.0, speed=0.05, asked=[]) for _ in range(2))
    for world in (first, second):
        search(world, kind="constant")
    keys = [spec.key for spec in first.asked]
    assert keys == [spec.key for spec in second.asked] and len(set(keys)) == len(keys)


def test_values_are_compared_around_the_parent_without_a_step_further():
    world = World(decay=3e-3, penalty=1.0, speed=0.15, asked=[])
    found = search(world, kind="constant", values=(1e-2, 3e-3, 1e-3), lr=0.005)
    assert found.choice == 3e-3
    assert {spec.weight_decay for spec in world.asked} == {1e-2, 3e-3, 1e-3}
    assert all(spec.lr(0) == 0.005 for spec in world.asked)


def test_the_comparison_tells_whether_the_grid_agrees_and_the_share():
    world = World(decay=1e-4, penalty=1.0, speed=0.05, noise=0.003)
    plans = snapshot(LONG, TOP, PAIR, CENTRE), weight_decay(LONG, TOP, PAIR, CENTRE)
    found = drive(compared(*plans), world.train)
    whole = drive(weight_decay(LONG, TOP, PAIR, CENTRE), world.train)
    assert found.details["grid"]["choice"] == whole.choice
    assert found.details["agree"] == (found.choice == whole.choice)
    assert found.details["share_of_grid"] == found.cost.iterations / whole.cost.iterations <= 0.6
    assert f"chooses {whole.choice:g}" in found.reason
    json.dumps(found.to_json(), allow_nan=False)


def test_there_are_two_kinds():
    with pytest.raises(ValueError, match="one of ramp, constant, got 'step'"):
        search(World(), kind="step")
