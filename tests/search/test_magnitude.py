"""Where to look: by short cycles where training forgives large rates, else by the edge alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import Curve
from wellbegun.errors import Refused
from wellbegun.schedules.cyclical import OneCycle
from wellbegun.search.learning_rate import MARGIN, SLOWER, coarse
from wellbegun.search.magnitude import FLAT, carried, look, lowest_between, rate_of
from wellbegun.search.plan import drive
from wellbegun.search.recipe import recipe

from .test_recipe import SETTING
from .world import UNTRAINED, World

ADAPTIVE = replace(SETTING, optimizer="adamw")
NORMALISED = replace(SETTING, normalised=True)


class Patient(World):
    """Ramps as ever; the farther the peak of a cycle is from ``best``, the less the cycle learns."""

    best = 0.003
    least = 0.3  # share of the untrained loss that the best rate comes down to

    def run(self, spec):
        run = super().run(spec)
        if not isinstance(spec.lr, OneCycle):
            return run
        away = min(1.0, abs(np.log10(spec.lr.lr_max / self.best)) / 2)
        share = self.least + (0.97 - self.least) * away
        rows = np.arange(0, spec.iterations + 1, spec.eval_every)
        loss = UNTRAINED * share ** (rows / spec.iterations)
        curve = Curve.of({"iteration": rows, "lr": spec.lr(np.maximum(rows - 1, 0)), "val_loss": loss})
        return replace(run, curve=curve, ended="finished", iterations=spec.iterations)


@pytest.mark.parametrize("best", [0.1, 0.02, 0.003, 0.0004])
def test_short_cycles_find_the_best_magnitude_far_below_the_edge(best):
    world = Patient(edge=0.5, noise=0.001, asked=[])
    world.best = best
    found = drive(look(ADAPTIVE), world.train)
    assert abs(np.log10(found.choice / MARGIN / best)) < 0.27  # a quarter of a decade and rounding
    peaks = [spec.lr.lr_max for spec in world.asked if isinstance(spec.lr, OneCycle)]
    assert max(peaks) < 0.5 and len(found.runs) == len(world.asked)


@pytest.mark.parametrize("best", [3.0, 1.0, 0.3, 0.1, 0.03, 0.004])
def test_with_normalisation_layers_the_edge_is_no_end(best):
    world = Patient(edge=0.5, noise=0.001, asked=[])
    world.best = best
    found = drive(look(NORMALISED), world.train)
    length = (NORMALISED.iterations / NORMALISED.ramp_iterations) ** SLOWER
    assert abs(np.log10(found.choice / MARGIN / best / length)) < 0.2
    cycles = [spec for spec in world.asked if isinstance(spec.lr, OneCycle)]
    again = {spec.lr.lr_max for spec in cycles if spec.seed == NORMALISED.seed + 1}
    assert len(again) == 3 and min(again) < found.choice / MARGIN < max(again)
    assert {spec.seed for spec in cycles} == {NORMALISED.seed, NORMALISED.seed + 1}
    assert all(spec.limit is None for spec in cycles) and len(found.runs) == len(world.asked)
    assert "normalisation layers" in found.reason


def test_a_rate_that_was_lucky_once_must_be_good_again():
    class Lucky(Patient):
        best = 0.1

        def run(self, spec):
            run = super().run(spec)
            if isinstance(spec.lr, OneCycle) and (spec.seed, spec.lr.lr_max) == (NORMALISED.seed, 0.3):
                run = replace(run, curve=replace(run.curve, val_loss=run.curve.val_loss * 0.5))
            return run

    world = Lucky(edge=0.5, noise=0.001)
    found = drive(look(NORMALISED), world.train)
    scores = found.details["scores"]
    assert scores["0.3"] < scores["0.1"] < scores["0.1, further seed"] * 1.01 < scores["0.3, further seed"]
    assert found.details["table"]["won"] == "0.1"


@pytest.mark.parametrize("middle", [-0.45, -0.2, 0.0, 0.3])
def test_the_lowest_between_three_ends_is_nearly_that_of_their_parabola(middle):
    def cycle(half_decade):
        run = World(edge=99.0, noise=0.0).run(ADAPTIVE.short_cycle(rate_of(half_decade), (0.95, 0.85), 0.0))
        loss = np.full(len(run.curve), np.exp(0.2 * (half_decade - middle) ** 2))
        return (replace(run, curve=replace(run.curve, val_loss=loss)),)

    found = {n: cycle(n) for n in (-2, -1, 0, 1, 2)}
    bend = 2 * 0.2
    assert lowest_between(found, 0) == pytest.approx(middle * bend / (bend + FLAT))
    assert lowest_between({n: found[n] for n in (-1, 0)}, 0) == 0  # nothing is known above
    assert rate_of(-0.5) == pytest.approx((0.3 * 1) ** 0.5) and rate_of(0.5) == pytest.approx(3**0.5)


def test_seeds_that_disagree_a_little_find_nearly_the_same_rate():
    rates = []
    for best in (0.16, 0.17, 0.18, 0.19):  # between 0.1 and 0.3: luck says which of them is better
        world = Patient(edge=0.5, noise=0.001)
        world.best = best
        rates.append(drive(look(NORMALISED), world.train).choice / MARGIN)
    assert max(rates) / min(rates) < 1.51  # of two figures each


@pytest.mark.parametrize(("lower", "won"), [(0.015, "0.1"), (0.025, "0.03")])
def test_a_further_seed_must_see_more_than_a_little_to_take_the_best_rates_place(lower, won):
    class Told(World):
        """Ends of the first seed and of the further one, by the rate of the cycle."""

        def run(self, spec):
            run = super().run(spec)
            if not isinstance(spec.lr, OneCycle):
                return run
            first = {0.03: 1.02, 0.1: 1.0, 0.3: 1.1}
            further = {0.03: 0.98 * np.exp(-2 * lower), 0.1: 1.0, 0.3: 1.1}
            end = (first if spec.seed == NORMALISED.seed else further).get(spec.lr.lr_max, 1.3)
            loss = np.where(run.curve.iteration == 0, UNTRAINED, end)
            return replace(run, curve=replace(run.curve, val_loss=loss))

    found = drive(look(NORMALISED), Told(edge=0.5, noise=0.001).train)
    assert found.details["table"]["won"] == won


def test_seeds_whose_edges_differ_find_the_same_rate():
    for edge in (0.4, 0.5, 0.7, 1.1, 2.0):
        world = Patient(edge=edge, noise=0.001, asked=[])
        found = drive(look(ADAPTIVE), world.train)
        assert found.choice / MARGIN == pytest.approx(0.003, rel=0.2)
        tried = {spec.lr.lr_max for spec in world.asked if isinstance(spec.lr, OneCycle)}
        assert tried <= {1.0, 0.1, 0.01, 0.003, 0.001, 0.0003, 0.0001}


def test_others_look_for_the_edge_alone():
    world = World(edge=0.3, noise=0.005)
    assert drive(look(SETTING), world.train).to_json() == drive(coarse(SETTING), world.train).to_json()


@pytest.mark.parametrize(
    ("changes", "power"),
    [({"normalised": True}, SLOWER), ({"normalised": True, "optimizer": "adamw"}, 0.0), ({}, 0.0)],
    ids=str,
)
def test_with_normalisation_layers_a_longer_run_rises_farther(changes, power):
    setting = replace(SETTING, **changes)
    for times in (1.0, 4.0, 32.0):
        updates = round(setting.iterations / times)
        assert carried(setting, updates) == pytest.approx(times**power, rel=0.01)
    assert carried(setting, 2 * setting.iterations) == 1.0


def test_the_choice_of_a_longer_run_is_larger_by_that_and_says_so():
    found = {}
    for epochs in (SETTING.epochs, 9 * SETTING.epochs):
        setting = replace(NORMALISED, epochs=epochs, length=NORMALISED.ramp_iterations)
        world = Patient(edge=0.5, noise=0.001)
        found[epochs] = drive(look(setting), world.train)
    short, long = found.values()
    assert long.choice / short.choice == pytest.approx(9**SLOWER, rel=0.05)
    assert f"a run of {setting.iterations} updates may rise" in long.reason


@pytest.mark.parametrize("setting", [ADAPTIVE, NORMALISED])
def test_the_recipe_never_goes_above_the_best_short_cycle(setting):
    world = Patient(edge=0.5, noise=0.001, asked=[])
    found = drive(recipe(setting), world.train)
    seen = found.findings[0]
    assert seen.name == "learning rate magnitude" and found.lr_max <= 1.01 * seen.choice / MARGIN
    assert found.lr_max > 0.001
    rate = found.findings[3]
    assert rate.name == "learning rate" and "super-convergence" not in rate.reason
    highest = rate.choice["lr_max"] >= 0.99 * seen.choice / MARGIN
    assert ("goes no higher" in rate.reason) == highest
    assert not (highest and rate.interval)  # the spread of edges says nothing of the cycles


class Blind(Patient):
    """Ramps come down to what one output for all inputs has, and no further; cycles do."""

    best = 0.03

    def _floor(self, weight_decay):
        return 2.0


@pytest.mark.parametrize("uninformed", [2.0, 3.0, float("nan")])
def test_ramps_that_learn_nothing_from_the_inputs_hand_over_to_short_cycles(uninformed):
    world = Blind(edge=0.5, noise=0.001, asked=[])
    found = drive(recipe(replace(SETTING, uninformed=uninformed)), world.train)
    cycles = found.findings[0].name == "learning rate magnitude"
    assert cycles == (uninformed == 2.0)
    assert (found.lr_max <= 0.031) == cycles
    if cycles:
        assert "had learned nothing from its inputs" in found.findings[0].reason
        asked = {spec.key for spec in world.asked}
        told = {run.key for one in found.findings for run in one.runs}
        assert asked - told <= {found.final.key}  # ramps that were in vain are paid for, too


class Killed(Patient):
    """Cycles past a rate end as the best output that no input changes, by luck the lowest at the largest."""

    bears = 2e-4

    def run(self, spec):
        run = super().run(spec)
        if not isinstance(spec.lr, OneCycle) or spec.lr.lr_max <= self.bears:
            return run
        end = 2.0 - 0.001 * spec.lr.lr_max
        loss = np.where(run.curve.iteration == 0, UNTRAINED, end)
        return replace(run, curve=replace(run.curve, val_loss=loss))


def test_cycles_go_further_down_until_one_learns_something():
    blind = replace(SETTING, blind=True, uninformed=2.0)
    world = Killed(edge=0.5, noise=0.001, asked=[])
    world.best = 1e-4
    found = drive(look(blind), world.train)
    assert found.details["table"]["won"] == "0.0001"
    tried = sorted({spec.lr.lr_max for spec in world.asked if isinstance(spec.lr, OneCycle)})
    assert tried[0] >= 1e-5 and len(tried) <= 8


def test_where_cycles_learn_nothing_either_the_edge_stands():
    world = Blind(edge=0.5, noise=0.001, asked=[])
    world.least = 0.9  # of 2.3: more than what one output for all inputs has
    found = drive(recipe(replace(SETTING, uninformed=2.0)), world.train)
    assert found.findings[0].name == "learning rate range" and found.lr_max > 0.1
    assert any("nothing was learned from the inputs" in note for note in found.notes)
    asked, told = {spec.key for spec in world.asked}, {run.key for one in found.findings for run in one.runs}
    assert asked - told <= {found.final.key}
    assert all(len({run.key for run in one.runs}) == len(one.runs) for one in found.findings)


def test_cycles_that_learn_nothing_support_no_rate():
    world = Patient(edge=0.5, noise=0.001)
    world.least = 0.96
    with pytest.raises(Refused, match=r"must lower the validation loss below 2\.185|trains this task"):
        drive(look(ADAPTIVE), world.train)
