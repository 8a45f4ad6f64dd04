"""Whole runs that follow one that overfits, or whose learning rate was too large."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import DIVERGED, Curve, Run
from wellbegun.diagnosis.course import last
from wellbegun.search.correction import FAR, RATE, correction, held_up, overfits
from wellbegun.search.final_run import final_run
from wellbegun.search.plan import drive
from wellbegun.search.recipe import recipe

from .test_recipe import SETTING
from .world import World

FIRST = SETTING.final(0.1, (0.95, 0.85), 2e-4)


def shaped(spec, rise, last=0.5, noise=0.0, seed=0):
    """A cycle whose loss falls to its end, or down by a quarter and back up to ``last``."""
    rows = np.linspace(0, spec.iterations, 41).round().astype(int)
    share = rows / spec.iterations
    low = math.log(last) - rise
    down = math.log(2.3) + (low - math.log(2.3)) * np.minimum(1, share / (0.25 if rise > 0 else 1))
    up = np.maximum(0, (share - 0.25) / 0.75) * rise if rise > 0 else 0 * share
    wobble = noise * np.random.default_rng(seed).standard_normal(len(rows))
    loss = np.exp(down + up + wobble)
    curve = Curve.of({"iteration": rows, "lr": spec.lr(np.maximum(rows - 1, 0)), "val_loss": loss})
    return Run(spec=spec, curve=curve, ended="finished", iterations=spec.iterations, seconds=1.0, epochs=1.0)


def answer(best, width=1.0, diverges_from=math.inf, asked=None):
    """Trains whole runs that end higher the farther their decay is from ``best``; too little overfits."""

    def train(specs):
        runs = []
        for spec in specs:
            if asked is not None:
                asked.append(spec.weight_decay)
            away = math.log10(spec.weight_decay) - math.log10(best)
            run = shaped(spec, rise=max(0.0, -away), last=0.5 * math.exp(width * away**2))
            runs.append(replace(run, ended=DIVERGED) if spec.weight_decay >= diverges_from else run)
        return runs

    return train


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
def test_a_run_that_falls_to_its_end_asks_for_nothing(noise):
    for seed in range(20):
        run = shaped(FIRST, rise=0.0, noise=noise, seed=seed)
        assert not overfits(run)
    assert drive(correction(run), lambda specs: pytest.fail("nothing may be trained")) is None


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
def test_a_loss_that_rises_from_a_quarter_on_is_seen(noise):
    assert all(overfits(shaped(FIRST, rise=0.3, noise=noise, seed=seed)) for seed in range(20))


@pytest.mark.parametrize(("ends_at", "overfitted"), [(0.1, True), (0.5, False)])
def test_a_training_loss_that_rose_as_well_is_no_overfitting(ends_at, overfitted):
    run = shaped(FIRST, rise=0.15)
    share = run.curve.iteration / FIRST.iterations
    train = np.interp(share, [0, 0.25, 1], [2.3, 0.4, ends_at])
    run = replace(run, curve=Curve.of({**run.curve.columns(), "train_loss": train}))
    assert overfits(run) == overfitted


def test_next_to_no_loss_that_doubles_is_no_overfitting():
    run = shaped(FIRST, rise=0.7)
    assert overfits(run)
    tiny = np.where(run.curve.iteration == 0, 2.3, 0.001 * run.curve.val_loss)
    assert not overfits(replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": tiny})))


def jumping(spec, train):
    """A run whose validation loss jumps after 60 % and stays there; its training loss falls, or jumps."""
    curve = shaped(spec, rise=0.0).curve
    share = curve.iteration / spec.iterations
    after = share > 0.6
    fitted = 2.0 * np.exp(-5.0 * share)
    columns = {
        **curve.columns(),
        "val_loss": np.where(after, 2.0, curve.val_loss),
        "train_loss": np.where(after, 2.0, fitted) if train == "jumps" else fitted,
    }
    return replace(shaped(spec, rise=0.0), curve=Curve.of(columns))


@pytest.mark.parametrize("train", ["falls", "jumps"])
def test_a_final_run_that_overfits_gets_more_decay_and_one_that_breaks_down_a_smaller_rate(train):
    class Jumping(World):
        def run(self, spec):
            if spec.iterations != SETTING.iterations:
                return super().run(spec)
            whole = [one for one in self.asked if one.iterations == SETTING.iterations]
            return jumping(spec, train) if len(whole) == 1 else shaped(spec, rise=0.0)

    world = Jumping(edge=0.3, asked=[])
    found = drive(recipe(SETTING), world.train)
    first, second = (spec for spec in world.asked if spec.iterations == SETTING.iterations)
    assert overfits(jumping(first, train)) == (train == "falls")
    factor = second.lr(found.stepsize) / first.lr(found.stepsize)
    if train == "falls":
        assert second.weight_decay == pytest.approx(FAR * first.weight_decay, rel=0.3) and factor == 1
        assert found.restarts == 0 and not found.discarded and found.weight_decay == second.weight_decay
        assert "overfitted" in found.findings[-1].reason and "lr_max" in found.intervals
    else:
        assert second.weight_decay == first.weight_decay and factor == pytest.approx(0.5, rel=0.02)
        assert found.restarts == 1 and len(found.discarded) == 1 and "lr_max" not in found.intervals


def stumbling(spec, rise):
    """A run whose losses both rise a little after 40 % and stay there."""
    run = shaped(spec, rise=0.0)
    share = run.curve.iteration / spec.iterations
    loss = np.exp(np.interp(share, [0, 0.4, 0.6, 1], [np.log(2.3), np.log(0.5), *[np.log(0.5) + rise] * 2]))
    return replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": loss, "train_loss": loss}))


@pytest.mark.parametrize(("bears", "halved"), [(0.6, 1), (0.3, 2), (0.0, 1)])
def test_a_final_run_whose_losses_both_rise_gets_a_smaller_rate(bears, halved):
    rates = []

    class Stumbling(World):
        def run(self, spec):
            if spec.iterations != SETTING.iterations:
                return super().run(spec)
            rates.append(spec.lr.lr_max)
            share = spec.lr.lr_max / rates[0]
            if not bears:
                return stumbling(spec, 0.15)
            return stumbling(spec, 0.25 * share) if share > bears else shaped(spec, rise=0.0)

    found = drive(recipe(SETTING), Stumbling(edge=0.3).train)
    assert rates == pytest.approx([rates[0] / 2**n for n in range(halved + 1)], rel=0.05)
    best = rates[-1] if bears else rates[0]
    assert found.lr_max == pytest.approx(best) and found.final.spec.lr.lr_max == found.lr_max
    assert found.restarts == 0 and not found.discarded and found.findings[-1].name == RATE
    assert "stumbled" in found.findings[-1].reason and ("lr_max" in found.intervals) == (not bears)
    assert found.weight_decay == found.final.spec.weight_decay and "weight_decay" in found.intervals
    json.dumps(found.findings[-1].to_json(), allow_nan=False)


def held(spec, rising=1.5, largest=1.5, end=0.7, last=0.7):
    """A run whose training loss goes through these values as its rate rises, is largest and has come down."""
    run = shaped(spec, rise=0.0, last=last)
    share = run.curve.iteration / spec.lr.stepsize
    loss = np.interp(share, [0, 0.4, 0.7, 0.8, 1.2, 2], [2.3, rising, rising, largest, largest, end])
    return replace(run, curve=Curve.of({**run.curve.columns(), "train_loss": loss}))


@pytest.mark.parametrize(
    ("losses", "uninformed", "seen"),
    [
        ({}, math.nan, True),
        ({"largest": 1.55}, math.nan, True),  # rises
        ({"largest": 1.4}, math.nan, False),  # falls all the time
        ({"end": 1.4}, math.nan, False),  # nothing is gained as the rate comes down
        ({"rising": 2.2, "largest": 2.2}, math.nan, False),  # has not begun to learn
        ({}, 1.6, False),  # has not begun to learn from the inputs
        ({"rising": 0.2, "largest": 0.2, "end": 0.1}, math.nan, False),  # next to nothing is left
        ({"rising": math.nan, "largest": math.nan, "end": math.nan}, math.nan, False),
    ],
)
def test_a_training_loss_that_waits_for_a_smaller_rate_is_held_up(losses, uninformed, seen):
    assert held_up(held(FIRST, **losses), uninformed) == seen


@pytest.mark.parametrize(("until", "rates"), [(0.6, 2), (0.3, 3), (0.0, 2)])
def test_a_final_run_that_is_held_up_gets_a_smaller_rate(until, rates):
    asked = []

    def train(specs):
        asked.extend(spec.lr.lr_max for spec in specs)
        share = asked[-1] / asked[0]
        lasts = 0.7 * share if until else 0.7 / share  # without: every smaller rate is worse
        return [held(spec, largest=1.5 if share > until else 1.0, last=lasts) for spec in specs]

    setting = replace(SETTING, uninformed=2.3)
    found = drive(recipe(setting, final=False), World(edge=0.3).train)
    done = drive(final_run(setting, found, correct=True), train)
    assert asked == pytest.approx([found.lr_max / 2**n for n in range(rates)], rel=0.05)
    assert done.lr_max == pytest.approx(asked[-1] if until else asked[0]) == done.final.spec.lr.lr_max
    assert done.findings[-1].name == RATE and "held up" in done.findings[-1].reason and done.restarts == 0
    assert "1.5 while the rate rose, 1.5 where it was largest, and fell to 0." in done.findings[-1].reason


def test_whole_cycles_that_chose_the_rate_would_have_shown_that_it_is_too_large():
    setting = replace(SETTING, normalised=True)
    found = drive(recipe(setting, final=False), World(edge=0.3).train)
    done = drive(final_run(setting, found, correct=True), lambda specs: [held(spec) for spec in specs])
    assert done.lr_max == found.lr_max and done.findings == found.findings


@pytest.mark.parametrize(
    ("step", "best", "diverges_from", "decays", "chosen"),
    [
        (10, 2e-3, math.inf, [2e-3], 2e-3),  # the next magnitude is right: no further run
        (10, 2e-2, math.inf, [2e-3, 2e-2], 2e-2),  # better and overfitting still: another magnitude
        (10, 6e-4, math.inf, [2e-3, 6e-4], 6e-4),  # no better: half of it
        (10, 2e-3, 1e-3, [2e-3, 6e-4], 6e-4),  # breaks down: half of it
        (10, 2e-3, 5e-4, [2e-3, 6e-4], 2e-4),  # none can be trained
        (FAR, 6e-3, math.inf, [6e-3], 6e-3),
        (FAR, 2.5e-2, math.inf, [6e-3, 6e-2], 6e-2),
        (FAR, 1e-3, math.inf, [6e-3, 1e-3], 1e-3),
    ],
)
def test_magnitudes_first_then_the_exponent_is_bisected(step, best, diverges_from, decays, chosen):
    asked = []
    train = answer(best, diverges_from=diverges_from, asked=asked)
    (first,) = train([FIRST])
    finding, kept = drive(correction(first, step), train)
    assert asked[1:] == pytest.approx(decays) and finding.choice == pytest.approx(chosen)
    assert kept.spec.weight_decay == pytest.approx(chosen) and last(kept) == min(map(last, finding.runs))
    json.dumps(finding.to_json(), allow_nan=False)
    assert ("diverged" in finding.reason) == (diverges_from < math.inf)
    assert {run.key for run in finding.runs} >= {first.key, kept.key} and f"{chosen:g}" in finding.reason


@pytest.mark.parametrize(
    ("changes", "step"), [({}, FAR), ({"normalised": True}, 10), ({"optimizer": "adamw"}, 10)], ids=str
)
def test_the_first_step_is_longer_where_decays_begin_lower(changes, step):
    setting = replace(SETTING, **changes)
    world = World(edge=0.3)
    found = drive(recipe(setting, final=False), world.train)

    def train(specs):
        asked.extend(spec.weight_decay for spec in specs)
        return [shaped(spec, rise=0.3 if len(asked) == 1 else 0.0, last=0.5 / len(asked)) for spec in specs]

    asked: list[float] = []
    drive(final_run(setting, found, correct=True), train)
    assert asked[1] / asked[0] == pytest.approx(step, rel=0.3) and len(asked) == 2  # one digit each


def test_the_recipe_keeps_the_better_run_and_counts_all_of_them():
    class Overfitting(World):
        def run(self, spec):
            run = super().run(spec)
            whole = spec.iterations == SETTING.iterations
            return answer(10 * self.first)([spec])[0] if whole else run

        @property
        def first(self):
            return next(s.weight_decay for s in self.asked if s.iterations == SETTING.iterations)

    world = Overfitting(edge=0.3, asked=[])
    found = drive(recipe(SETTING), world.train)
    whole = [spec for spec in world.asked if spec.iterations == SETTING.iterations]
    assert len(whole) == 2 and found.restarts == 0
    assert found.weight_decay == found.final.spec.weight_decay == whole[1].weight_decay
    assert found.findings[-1].choice == found.weight_decay and "weight_decay" not in found.intervals
    once = {spec.key: spec for spec in world.asked}
    assert found.cost.iterations == sum(world.run(spec).iterations for spec in once.values())
    on_all = replace(SETTING, all_data=True)  # its validation loss has been trained on
    world = Overfitting(edge=0.3, asked=[])
    assert drive(recipe(on_all), world.train).findings[-1].name == "usual settings"
