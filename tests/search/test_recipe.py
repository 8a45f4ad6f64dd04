from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers

from wellbegun.curve import Curve
from wellbegun.errors import Refused
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.search.budget import Budget
from wellbegun.search.first_ramps import fitted
from wellbegun.search.learning_rate import coarse
from wellbegun.search.momentum import momentum
from wellbegun.search.plan import drive
from wellbegun.search.recipe import planned, recipe
from wellbegun.search.setting import Setting
from wellbegun.search.weight_decay import grid, middle, weight_decay

from .world import World

SETTING = Setting(
    task_name="invented", task="f" * 32, samples=6400, validation=600, batch_size=64, epochs=5,
    optimizer="nesterov", parameters=10_000, normalised=False, has_test=False,
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(edge=floats(1e-4, 3.0), seed=integers(0, 1000), noise=floats(0.001, 0.05))
def test_the_recommended_cycle_stays_below_the_edge(edge, seed, noise):
    world = World(edge=edge, noise=noise)
    found = drive(recipe(replace(SETTING, seed=seed)), world.train)
    assert edge / 6 < found.lr_max < edge
    assert found.restarts == 0 and not found.final.diverged
    assert found.lr_min == pytest.approx(found.lr_max / 10, rel=0.06)


@settings(max_examples=6, deadline=None)
@given(factor=floats(0.05, 20.0), seed=integers(0, 50))
def test_a_loss_times_c_asks_for_lr_over_c_and_decay_times_c(factor, seed):
    setting = replace(SETTING, seed=seed)
    one = drive(recipe(setting), World(edge=0.2).train)
    other = drive(recipe(setting), World(edge=0.2 / factor).train)
    assert other.lr_max == pytest.approx(one.lr_max / factor, rel=0.5)
    assert other.weight_decay == pytest.approx(one.weight_decay * factor, rel=1.0)


def test_every_step_is_planned_and_the_cost_counts_every_run_once():
    world = World(asked=[])
    found = drive(recipe(SETTING), world.train)
    assert [finding.name for finding in found.findings] == [
        "learning rate range", "momentum", "weight decay", "learning rate", "usual settings",
    ]  # fmt: skip
    once = {
        spec.key: spec for spec in world.asked
    }  # one ramp may answer two questions: it is read, not repeated
    assert found.cost.iterations == sum(world.run(spec).iterations for spec in once.values())
    expected = sum(iterations for _, iterations in planned(SETTING).values())
    assert found.cost.iterations <= 1.5 * expected
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("forgiving", [{"optimizer": "adamw"}, {"normalised": True}])
def test_short_cycles_that_look_for_the_magnitude_are_planned(forgiving):
    setting = replace(SETTING, **forgiving)
    found = drive(recipe(setting), World().train)
    plan = planned(setting)
    assert {run.spec.iterations for run in found.findings[0].runs} == {100, setting.ramp_iterations}
    assert found.findings[0].name in plan
    expected = sum(iterations for _, iterations in plan.values())
    assert 0.5 * expected <= found.cost.iterations <= 1.5 * expected


def test_replaying_the_answers_asks_the_same_questions():
    first, second = World(asked=[]), World(asked=[])
    drive(recipe(SETTING), first.train)
    drive(recipe(SETTING), second.train)
    assert [spec.key for spec in first.asked] == [spec.key for spec in second.asked]


def test_a_final_run_that_diverges_is_lowered_counted_and_told():
    class Fragile(World):
        def run(self, spec):
            whole = spec.iterations == SETTING.iterations
            return (World(edge=0.06) if whole else World(edge=0.3)).run(spec)

    found = drive(recipe(SETTING), Fragile().train)
    assert found.restarts >= 1 and not found.final.diverged and found.lr_max < 0.08
    assert len(found.discarded) == found.restarts == len(found.notes)
    assert f"{found.discarded[0].spec.lr.lr_max:.2g}" in found.notes[0]


def test_ramps_that_hardly_learn_are_made_again_more_slowly():
    world, setting = World(edge=0.3, speed=0.004, noise=0.003, asked=[]), replace(SETTING, epochs=12)
    found = drive(recipe(setting), world.train)
    ramps = [spec.iterations for spec in world.asked if isinstance(spec.lr, LinearRamp)]
    short, long = setting.ramp_iterations, 2 * setting.ramp_iterations
    assert ramps[:8] == [short] * 4 + [long] * 4 and min(ramps[4:]) == long and found.restarts == 0
    once = {spec.key: spec for spec in world.asked}
    assert found.cost.iterations == sum(world.run(spec).iterations for spec in once.values())
    assert replace(setting, total=900).slower() is None  # a budget has paid for ramps of their length


def test_a_seed_whose_ramps_break_down_at_once_is_not_asked_again():
    class Unlucky(World):
        """The data's order of the first seed throws ramps off, at a fifth of the rate that others bear."""

        def run(self, spec):
            stumbles = spec.seed == SETTING.seed and isinstance(spec.lr, LinearRamp)
            return World(edge=0.06 if stumbles else 0.3).run(spec)

    world = Unlucky(asked=[])
    found = drive(recipe(SETTING), world.train)
    ramps = [spec for spec in world.asked if isinstance(spec.lr, LinearRamp)]
    seeds = [spec.seed for spec in ramps]
    assert seeds[:4] == [SETTING.seed] * 4 and SETTING.seed not in seeds[4:]
    assert len({spec.key for spec in ramps if spec.seed == SETTING.seed + 1}) >= 4 and set(seeds) >= {2, 3, 4}
    assert 0.06 < found.lr_max < 0.3 and found.restarts == 0 and found.final.spec.seed == SETTING.seed


def test_ramps_that_break_down_before_they_learn_become_narrower_not_slower():
    class Hasty(World):
        """Linear ramps break down at two fifths of the rate that exponential ones bear, and hardly learn."""

        def run(self, spec):
            linear = isinstance(spec.lr, LinearRamp)
            return World(edge=0.11 if linear else 0.3, speed=0.003 if linear else 0.15, noise=0.003).run(spec)

    world = Hasty(asked=[])
    drive(fitted(SETTING, 0.36, 1e-4), world.train)
    tops = [float(spec.lr(spec.iterations)) for spec in world.asked]
    assert tops[:8] == pytest.approx([0.36] * 8) and {s.seed for s in world.asked[:8]} == {0, 1}
    narrower = next(n for n, top in enumerate(tops) if top < 0.3)
    assert {spec.iterations for spec in world.asked[: narrower + 4]} == {SETTING.ramp_iterations}


def test_ramps_that_break_down_at_once_with_two_seeds_become_narrower():
    class Overrated(World):
        """Linear ramps break down at a seventh of what the exponential ones say."""

        def run(self, spec):
            return World(edge=0.04 if isinstance(spec.lr, LinearRamp) else 0.3).run(spec)

    world = Overrated(asked=[])
    found = drive(recipe(SETTING), world.train)
    ramps = [spec for spec in world.asked if isinstance(spec.lr, LinearRamp)]
    seeds: dict[float, list[int]] = {}
    for spec in ramps:
        seeds.setdefault(float(spec.lr(spec.iterations)), []).append(spec.seed)
    (first, asked), (narrower, further), *_ = seeds.items()
    assert set(asked) >= {0, 1} and further[0] == 2 and 0 not in further
    assert 0.04 < narrower < 0.5 * first
    assert found.lr_max < 0.04 and found.restarts == 0


def test_it_gives_up_when_every_final_run_diverges():
    class Hopeless(World):
        def run(self, spec):
            return World(edge=1e-7 if spec.iterations == SETTING.iterations else 0.3).run(spec)

    with pytest.raises(Refused, match="4 final runs became unstable") as refused:
        drive(recipe(SETTING), Hopeless().train)
    assert len(refused.value.runs) == 4


def test_it_refuses_a_network_that_never_learns():
    with pytest.raises(Refused, match="no learning rate from 1e-06 to 10 trains") as refused:
        drive(recipe(SETTING), World(speed=0.0).train)
    assert len(refused.value.runs) == 2  # a slower ramp was tried too


def test_the_coarse_ramp_finds_the_magnitude_of_the_edge():
    for edge in (1e-3, 0.03, 1.0):
        look = drive(coarse(SETTING), World(edge=edge, noise=0.005).train)
        assert edge / 5 < look.choice < edge * 5


@pytest.mark.parametrize("best", [10.0, 1.0, 0.1])
def test_weight_decay_finds_the_magnitude_of_the_best(best):
    centre = 1e-3
    found = drive(
        weight_decay(SETTING, 0.4, (0.95, 0.85), centre), World(decay=centre * best, noise=0.003).train
    )
    assert abs(np.log10(found.choice / (centre * best))) <= 0.5
    assert f"{found.choice:g}" in found.reason


@pytest.mark.parametrize(("best", "side"), [(1e-5, -1), (1e-1, 1)])
def test_weight_decay_steps_past_the_edge_of_its_grid(best, side):
    found = drive(
        weight_decay(SETTING, 0.4, (0.95, 0.85), 1e-3), World(decay=best, noise=0.002, penalty=1.0).train
    )
    tried = [run.spec.weight_decay for run in found.runs]
    assert (min(tried) < 1e-4) if side < 0 else (max(tried) > 1e-2)


def test_weight_decay_that_does_not_matter_is_a_tie_and_stays_in_the_middle():
    found = drive(weight_decay(SETTING, 0.4, (0.95, 0.85), 1e-3), World(noise=0.02).train)
    assert found.choice == 1e-3
    assert found.interval == (1e-4, 1e-2)
    assert "cannot be told apart" in found.reason


def test_weight_decay_bisects_the_exponent_of_the_best_two():
    found = drive(
        weight_decay(SETTING, 0.4, (0.95, 0.85), 1e-3), World(decay=5e-4, noise=0.001, penalty=1.0).train
    )
    tried = [run.spec.weight_decay for run in found.runs]
    assert 3e-4 in tried and found.choice == 5e-4  # 10 ** -3.5 first, then the exponent between that and 1e-3


def test_the_grid_is_three_magnitudes_with_one_figure():
    assert grid(0.003) == (0.03, 0.003, 0.0003)


@given(lr_max=floats(1e-3, 1.0), epochs=integers(3, 50))
def test_the_middle_of_the_grid_shrinks_with_rate_and_length(lr_max, epochs):
    setting = replace(SETTING, epochs=epochs)
    value = middle(setting, lr_max, (0.9, 0.9))
    # constant momentum 0.9: half the cycle's area times 10
    total = float(setting.final(lr_max, (0.9, 0.9), 0.0).lr(np.arange(setting.iterations)).sum()) * 10
    assert value == pytest.approx(0.25 * min(1, epochs / 12) ** 3 / total, rel=0.5)


def test_momentum_reports_every_candidate_and_a_tie():
    found = drive(momentum(SETTING, 0.4, 1e-3), World(noise=0.02).train)
    assert found.choice["max"] in (0.99, 0.97, 0.95, 0.9) and found.choice["min"] < found.choice["max"]
    assert all(f"{value:g}:" in found.reason for value in (0.99, 0.97, 0.95, 0.9))


def test_a_ramp_that_broke_down_although_a_larger_decay_did_not_had_bad_luck():
    class Unlucky(World):
        def run(self, spec):
            return World(edge=0.02 if spec.weight_decay == 1e-3 else 0.3, noise=0.01).run(spec)

    found = drive(weight_decay(SETTING, 0.4, (0.95, 0.85), 1e-3), Unlucky().train)
    assert found.details["scores"]["0.001"]["loss"] is None  # it did break down
    assert found.choice == 1e-3 and found.interval == (1e-4, 1e-2)


@pytest.mark.parametrize("loyal", [False, True])
def test_a_decay_displaces_the_middle_only_when_further_seeds_agree(loyal):
    class Seedy(World):
        def run(self, spec):
            best = 1e-4 if loyal or spec.seed == SETTING.seed else 1e-3
            return World(decay=best, noise=0.003).run(spec)

    found = drive(weight_decay(SETTING, 0.4, (0.95, 0.85), 1e-3), Seedy().train)
    assert {run.spec.seed for run in found.runs} == {0, 1, 2}
    if loyal:
        assert found.choice == 1e-4 and "beats 0.001 with 2 of 2 further seeds" in found.reason
    else:
        assert found.choice == 1e-3 and found.interval[0] <= 1e-4 and found.interval[1] == 1e-3
        assert "with 0 of 2 further seeds, so this was luck" in found.reason
    assert set(found.details["labels"]) == {run.key for run in found.runs}


@pytest.mark.parametrize(("reached", "warned"), [(0.12, True), (0.2, False), (float("nan"), False)])
def test_a_final_run_at_chance_is_told(reached, warned):
    class Guessing(World):
        def run(self, spec):
            run = super().run(spec)
            return replace(run, curve=replace(run.curve, val_accuracy=np.full(len(run.curve), reached)))

    found = drive(recipe(replace(SETTING, chance=0.11)), Guessing().train)
    assert any("commonest class (0.11 +- 0.01)" in note for note in found.notes) == warned
    rare = replace(SETTING, chance=0.11, uninformed=1.0)  # the loss says that something was learned
    assert not drive(recipe(rare), Guessing().train).notes


@pytest.mark.parametrize(("uninformed", "warned"), [(0.3, True), (0.5, False), (float("nan"), False)])
def test_a_final_run_that_learned_nothing_from_the_inputs_is_told(uninformed, warned):
    found = drive(recipe(replace(SETTING, uninformed=uninformed)), World().train)
    assert any("nothing was learned from the inputs" in note for note in found.notes) == warned


@pytest.mark.parametrize(("uninformed", "warned"), [(0.31, True), (0.4, False)])
def test_a_final_run_that_learned_little_from_the_inputs_is_told(uninformed, warned):
    found = drive(recipe(replace(SETTING, uninformed=uninformed)), World(noise=0.001).train)
    assert any("little was learned from the inputs yet" in note for note in found.notes) == warned


@pytest.mark.parametrize(("trained", "restarts"), [(2.0, 1), (0.5, 0)])
def test_a_final_run_that_forgets_its_inputs_is_begun_again(trained, restarts):
    """It ends at what one output for all inputs has, 2.0, too little above its best for a breakdown."""

    class Forgetting(World):
        asked_whole = 0

        def run(self, spec):
            run = super().run(spec)
            if spec.iterations != SETTING.iterations:
                return run
            self.asked_whole += 1
            if self.asked_whole > 1:
                return run
            share = run.curve.iteration / spec.iterations
            loss = np.interp(share, [0, 0.1, 0.3, 1.0], [2.3, 1.6, 2.0, 2.0])
            train = np.interp(share, [0, 0.1, 0.3, 1.0], [2.3, 1.6, trained, trained])
            return replace(
                run, curve=Curve.of({**run.curve.columns(), "val_loss": loss, "train_loss": train})
            )

    found = drive(recipe(replace(SETTING, uninformed=2.0), budget=None), Forgetting(edge=0.3).train)
    assert found.restarts == restarts


def losses_of(world, jump):
    """A world whose final runs at too large a rate jump late and come back only half way."""

    class Late(World):
        def run(self, spec):
            run = world.run(spec)
            if spec.iterations != SETTING.iterations or spec.lr.lr_max < jump:
                return run
            loss = run.curve.val_loss.copy()
            loss[25] = 2.3
            loss[26:] *= 5
            curve = Curve.of({**run.curve.columns(), "val_loss": loss, "train_loss": loss})
            return replace(run, curve=curve)

    return Late()


def test_a_final_run_that_loses_by_instability_what_it_had_learnt_is_begun_again():
    found = drive(recipe(SETTING), losses_of(World(edge=0.3), jump=0.1).train)
    assert found.restarts >= 1 and found.lr_max < 0.1
    assert "was unstable and was begun again" in found.notes[0]


def test_a_final_run_that_overfits_is_no_failure():
    class Overfitting(World):
        def run(self, spec):
            run = super().run(spec)
            if spec.iterations != SETTING.iterations:
                return run
            rows = np.arange(len(run.curve))
            loss = run.curve.val_loss * np.exp(0.05 * np.maximum(rows - 15, 0))
            return replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": loss}))

    assert drive(recipe(SETTING), Overfitting(edge=0.3).train).restarts == 0


class Slow(World):
    """Complete cycles end at a loss that falls with their length, by a power law."""

    def run(self, spec):
        run = replace(super().run(spec), epochs=spec.iterations / 100)
        if spec.limit is not None:
            return run
        rng = np.random.default_rng([spec.seed, spec.iterations])
        end = 0.2 + 20 * spec.iterations**-0.8 * np.exp(0.01 * rng.standard_normal())
        loss = np.geomspace(2.3, end, len(run.curve))
        return replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": loss}))


def test_the_length_comes_from_short_runs_when_asked_for():
    found = drive(recipe(replace(SETTING, epochs=40), also=["length"]), Slow().train)
    (step,) = [finding for finding in found.findings if finding.name == "length"]
    assert found.epochs == step.choice["epochs"] and found.final.spec.iterations == found.iterations
    assert found.iterations == pytest.approx(step.choice["iterations"], rel=0.02)
    assert found.stepsize == pytest.approx(0.45 * found.iterations, abs=1)


def test_a_length_that_cannot_be_told_stays_and_is_said():
    class Level(World):
        """Short cycles end wherever chance puts them."""

        def run(self, spec):
            run = super().run(spec)
            if spec.limit is not None or spec.iterations == 4000:
                return run
            loss = run.curve.val_loss * (1.0 + spec.iterations / 4000)
            return replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": loss}))

    found = drive(recipe(replace(SETTING, epochs=40), also=["length"]), Level(speed=3.0).train)
    assert found.epochs == 40 and found.iterations == 4000
    assert "stays at 40 epochs" in " ".join(found.notes)


def test_further_steps_are_known_and_do_not_go_with_a_budget():
    with pytest.raises(ValueError, match="batch-size, length, got dropout"):
        drive(recipe(SETTING, also=["dropout"]), World().train)
    with pytest.raises(ValueError, match="plans its own steps, got also length"):
        drive(recipe(SETTING, also=["length"], budget=Budget.parse("900it")), World().train)
