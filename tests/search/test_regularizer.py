"""The search over an argument of the model factory, on invented networks whose best value is set."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from torch import nn

from wellbegun.errors import Refused, TaskError
from wellbegun.search.plan import drive
from wellbegun.search.regularizer import RATIOS, factors, regularizer, with_factor

from .test_recipe import SETTING
from .world import World

TAKES = replace(SETTING, factors=(("dropout", 0.0), ("l1", 1e-4)))


class Dropping(World):
    """The loss that training comes to rises with the distance of dropout from its best."""

    def __init__(self, best, per_unit=4.0, **settings):
        self.best, self.per_unit, self.settings, self.asked = best, per_unit, {"noise": 0.003} | settings, []

    def run(self, spec):
        value = dict(spec.factory_args).get("dropout", 0.0)
        away = abs(value - (self.best(spec) if callable(self.best) else self.best))
        return World(**self.settings, decay=max(spec.weight_decay, 1e-12) * 10 ** (self.per_unit * away)).run(
            spec
        )


def search(world, setting=TAKES, factor="dropout", **options):
    return drive(regularizer(setting, 0.4, (0.95, 0.85), 1e-3, factor, **options), world.train)


@pytest.mark.parametrize("best", [0.0, 0.1, 0.25, 0.5])
def test_the_best_ratio_of_those_tried_is_found(best):
    found = search(Dropping(best))
    assert found.choice == {"dropout": best}
    json.dumps(found.to_json(), allow_nan=False)


def test_a_best_between_two_is_looked_for_halfway():
    found = search(Dropping(0.15, per_unit=12.0))
    tried = {dict(run.spec.factory_args)["dropout"] for run in found.runs}
    assert tried - set(RATIOS) == {0.17}  # (0.1 + 0.25) / 2, two figures
    assert found.choice["dropout"] not in RATIOS


def test_a_ratio_that_does_not_matter_stays_at_the_tasks_own():
    class Slight(Dropping):
        def run(self, spec):  # other noise for other values, so that the curves differ
            value = dict(spec.factory_args)["dropout"]
            return replace(World(noise=0.02).run(spec.but(seed=spec.seed + round(100 * value))), spec=spec)

    for own in (0.0, 0.25):
        found = search(Slight(0.0), replace(TAKES, factors=(("dropout", own),)))
        assert found.choice == {"dropout": own}


def test_a_value_that_wins_with_one_seed_only_is_not_taken():
    found = search(Dropping(lambda spec: 0.25 if spec.seed == 0 else 0.0))
    assert found.choice == {"dropout": 0.0}


def test_a_regularizer_that_slows_the_start_may_win_in_the_end():
    class Late(Dropping):
        def run(self, spec):
            run = super().run(spec)
            early = run.curve.iteration < 0.5 * spec.iterations
            slow = 1 + dict(spec.factory_args)["dropout"]
            loss = np.where(early & (run.curve.iteration > 0), run.curve.val_loss * slow, run.curve.val_loss)
            return replace(run, curve=replace(run.curve, val_loss=loss))

    assert search(Late(0.5, speed=1.0)).choice == {"dropout": 0.5}


def test_all_specs_differ_in_nothing_but_the_factor():
    world = Dropping(0.0)
    search(world)
    assert {spec.but(factory_args=(), seed=0) for spec in world.asked} == {
        world.asked[0].but(factory_args=())
    }
    seeds = {(dict(spec.factory_args)["dropout"], spec.seed) for spec in world.asked}
    assert seeds == {(value, seed) for value in RATIOS for seed in range(3)}


def test_a_factor_joins_the_other_arguments_of_the_factory():
    spec = SETTING.ramp(0.1, SETTING.falling(0.95, 0.85), 1e-3).but(factory_args=(("init", "msra"),))
    both = with_factor(with_factor(spec, "dropout", 0.5), "dropout", 0.1)
    assert dict(both.factory_args) == {"init": "msra", "dropout": 0.1}


@pytest.mark.parametrize(
    ("factor", "values", "error", "said"),
    [
        ("depth", (), TaskError, r"got 'depth', it takes dropout, l1; give it the argument depth"),
        ("", (), ValueError, "give --factor dropout"),
        ("dropout", (0.0, 1.5), ValueError, r"a ratio lies in \[0, 1\), got 0, 1.5"),
        ("dropout", (0.5,), ValueError, "at least two are needed, got 0.5"),
        ("l1", (), ValueError, "give --values"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(factor, values, error, said):
    world = Dropping(0.0)
    with pytest.raises(error, match=said):
        search(world, factor=factor, values=values)
    assert world.asked == []


def test_a_factor_that_changes_nothing_is_refused():
    with pytest.raises(Refused, match=r"same curve with l1 = 0, 0\.1") as refused:
        search(World(), factor="l1", values=(0.0, 0.1))
    assert len(refused.value.runs) == 6


def test_the_factors_of_a_factory_are_its_real_numbers():
    def net(classes=10, dropout=0.0, stochastic=0, init="msra", flag=False, needed=None):
        return nn.Linear(1, classes)

    def takes_anything(**arguments):
        return net(**arguments)

    assert factors(net, {}) == (("dropout", 0.0), ("stochastic", 0.0))
    assert factors(partial(net, classes=3), {"dropout": 0.3}) == (("dropout", 0.3), ("stochastic", 0.0))
    assert factors(nn.Linear(1, 1), {}) == ()
    assert factors(takes_anything, {"dropout": 0.2}) == (("dropout", 0.2),)


def test_networks_of_the_zoo_with_dropout_say_so():
    from wellbegun.zoo.tasks import MODELS

    with_dropout = {name for name, habits in MODELS.items() if "dropout" in dict(factors(habits.factory, {}))}
    assert {"cnn", "mlp", "resnet20", "resnet56"} <= with_dropout
    assert {"lenet", "cifar3"} <= with_dropout and "resnet50" not in with_dropout
