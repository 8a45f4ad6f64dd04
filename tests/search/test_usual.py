"""The tuned settings beside the usual ones."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import DIVERGED, FINISHED, Curve, Run
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.search.magnitude import carried
from wellbegun.search.plan import drive
from wellbegun.search.recipe import recipe
from wellbegun.search.usual import SHORTEST, Cycle, untuned, usual

from .test_recipe import SETTING
from .world import World

OWN = Cycle(0.02, (0.97, 0.85), 1e-3)


def ends_at(loss, asked=None):
    """Trains cycles that end at ``loss(spec)``; None: they diverge."""

    def train(specs):
        runs = []
        for spec in specs:
            if asked is not None:
                asked.append(spec)
            end = loss(spec)
            rows = np.arange(0, spec.iterations + 1, spec.eval_every)
            val = np.geomspace(2.3, 23.0 if end is None else end, len(rows))
            curve = Curve.of({"iteration": rows, "lr": spec.lr(np.maximum(rows - 1, 0)), "val_loss": val})
            ended = DIVERGED if end is None else FINISHED
            runs.append(
                Run(spec=spec, curve=curve, ended=ended, iterations=spec.iterations, seconds=1.0, epochs=1.0)
            )
        return runs

    return train


@pytest.mark.parametrize("cycle", [OWN, Cycle(0.1, (0.95, 0.85), 5e-4)], ids=str)
def test_with_normalisation_layers_both_are_tried_at_the_rate_that_a_short_cycle_bears(cycle):
    for epochs in (1, 5, 100):
        setting = replace(SETTING, normalised=True, epochs=epochs)
        spec = cycle.short(setting, 0)
        assert spec.lr.lr_max == pytest.approx(cycle.lr_max / carried(setting, spec.iterations))
    assert cycle.short(SETTING, 0).lr.lr_max == cycle.lr_max


@pytest.mark.parametrize(("normalised", "said"), [(True, True), (False, False)])
def test_the_reason_says_where_the_rates_were_carried_down(normalised, said):
    setting = replace(SETTING, normalised=normalised, epochs=100)
    finding = drive(usual(setting, OWN), ends_at(lambda spec: 0.5))
    assert ("both rates divided by" in finding.reason) == said


def is_usual(spec):
    return spec.lr.lr_max == 0.1


@pytest.mark.parametrize(
    ("own", "theirs", "cycles", "settings", "told"),
    [
        ([0.5], [0.6], 2, "tuned", "tuned ones end lower"),
        ([0.5], [None], 2, "tuned", "tuned ones end lower"),
        ([0.5], [0.49], 2, "tuned", "gained nothing"),
        ([0.5, 0.5], [0.42, 0.49], 4, "tuned", "gained nothing"),
        ([0.5], [0.52], 2, "tuned", "gained nothing"),
        ([0.5, 0.5], [0.4, 0.5], 4, "tuned", "gained nothing"),
        ([0.5, 0.5], [0.4, 0.44], 4, "usual", "they are recommended"),
        ([None, None], [0.4, 0.44], 4, "usual", "they are recommended"),
        ([None], [None], 2, "tuned", "gained nothing"),
    ],
)
def test_the_usual_settings_must_win_with_every_seed(own, theirs, cycles, settings, told):
    asked = []
    train = ends_at(lambda spec: (theirs if is_usual(spec) else own)[spec.seed - SETTING.seed], asked)
    finding = drive(usual(SETTING, OWN), train)
    assert len(asked) == cycles == len(finding.runs)
    assert finding.choice == settings and told in finding.reason
    assert "inf" not in json.dumps(finding.to_json())
    assert finding.details["table"]["won"] == settings


@pytest.mark.parametrize(("safe", "cycles"), [(0.099, 0), (0.1, 2), (None, 2)])
def test_usual_settings_past_the_safe_rate_are_not_tried(safe, cycles):
    asked = []
    finding = drive(usual(SETTING, OWN, safe), ends_at(lambda spec: 0.5, asked))
    assert len(asked) == cycles and finding.choice == "tuned"
    assert ("rise past 0.099" in finding.reason) == (not cycles)


def test_the_safe_rate_holds_for_the_tuned_momentum():
    tuned = replace(OWN, momentum=(0.9, 0.8))  # at 0.11 its steps are as large as those of 0.85 at 0.0825
    finding = drive(usual(SETTING, tuned, 0.11), ends_at(lambda spec: 0.5, []))
    assert finding.runs == () and "rise past 0.083" in finding.reason
    assert drive(usual(SETTING, tuned, 0.14), ends_at(lambda spec: 0.5, [])).runs


def test_both_train_the_same_short_cycle_on_the_same_data():
    asked = []
    drive(usual(SETTING, OWN), ends_at(lambda spec: 0.5, asked))
    own, theirs = asked
    length = SHORTEST
    assert own.lr == OneCycle.of(0.02, length) and theirs.lr == OneCycle.of(0.1, length)
    assert own.momentum == MomentumCycle(0.97, 0.85, own.lr.stepsize)
    assert theirs.momentum == MomentumCycle(0.95, 0.85, theirs.lr.stepsize)
    assert (own.weight_decay, theirs.weight_decay) == (1e-3, 5e-4)
    assert own.but(lr=theirs.lr, momentum=theirs.momentum, weight_decay=5e-4) == theirs


def test_ramps_are_shorter_than_these_cycles():
    forgiving, asked = replace(SETTING, normalised=True), []
    drive(usual(forgiving, OWN), ends_at(lambda spec: 0.5, asked))
    assert (forgiving.ramp_iterations, SETTING.ramp_iterations) == (70, 80) and {
        spec.iterations for spec in asked
    } == {100}


def test_nothing_is_trained_where_nothing_can_be_compared():
    def never(specs):
        pytest.fail("nothing may be trained")

    for own in (
        Cycle(0.14, (0.95, 0.85), 1e-3),
        Cycle(0.12, (0.9, 0.8), 1e-3),
    ):  # effective rates 0.93, 0.6; 0.67
        near = drive(usual(SETTING, own), never)
        assert near.choice == "tuned" and "nothing to compare" in near.reason and near.runs == ()
    adaptive = replace(SETTING, optimizer="adamw")
    assert drive(usual(adaptive, Cycle(0.004, (0.9, 0.8), 0.01)), never).runs == ()
    assert drive(usual(replace(SETTING, optimizer="caffe_adagrad"), OWN), never) is None
    assert untuned(replace(SETTING, optimizer="adamw")) == Cycle(3e-3, (0.95, 0.85), 0.01)


@pytest.mark.parametrize(
    "own",
    [
        Cycle(0.16, (0.95, 0.85), 5e-4),
        Cycle(0.06, (0.95, 0.85), 5e-4),
        Cycle(0.08, (0.9, 0.8), 5e-4),
        Cycle(0.1, (0.95, 0.85), 2e-3),
        Cycle(0.1, (0.95, 0.85), 0.0),
    ],
)
def test_settings_farther_apart_are_compared(own):
    asked = []
    drive(usual(SETTING, own), ends_at(lambda spec: 0.5, asked))
    assert len(asked) == 2


class Contrary(World):
    """A world in which short cycles up to 0.1 end far lower than any others."""

    def run(self, spec):
        run = super().run(spec)
        short = isinstance(spec.lr, OneCycle) and spec.iterations < SETTING.iterations
        if not (short and is_usual(spec)):
            return run
        columns = run.curve.columns()
        return replace(run, curve=Curve.of({**columns, "val_loss": 0.1 * columns["val_loss"]}))


def test_the_recipe_recommends_the_usual_settings_where_tuning_is_beaten():
    found = drive(recipe(SETTING), Contrary(edge=0.5).train)
    assert found.findings[-1].name == "usual settings"
    assert (found.lr_max, found.momentum_max, found.momentum_min) == (0.1, 0.95, 0.85)
    assert (found.lr_min, found.weight_decay, dict(found.intervals)) == (0.01, 5e-4, {})
    assert any("usual, untuned settings" in note for note in found.notes)
    assert found.final.spec.lr == OneCycle.of(0.1, SETTING.iterations)
    assert found.final.spec.weight_decay == 5e-4


def test_without_need_the_recipe_keeps_what_it_found():
    found = drive(recipe(SETTING), World(edge=3.0).train)
    rate = next(finding for finding in found.findings if finding.name == "learning rate")
    assert found.lr_max == rate.choice["lr_max"] and "usual" not in " ".join(found.notes)
