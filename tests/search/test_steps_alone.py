"""Every step by name: asked for rightly, and gone on with after any number of kills."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.search.alone import SEARCHES, Asked, check
from wellbegun.search.plan import drive

from .test_recipe import SETTING
from .world import World

TAKES = replace(SETTING, factors=(("dropout", 0.1),))
ASKED = {"regularizer": Asked(factor="dropout")}


class KilledError(Exception):
    """The process is gone."""


class Store:
    """Trains each run once, and dies after a few; what was finished is kept."""

    def __init__(self, lives):
        self.lives, self.runs, self.trained = lives, {}, []

    def train(self, specs):
        for spec in specs:
            if spec.key not in self.runs:
                if not self.lives:
                    raise KilledError
                self.lives -= 1
                self.trained.append(spec.key)
                dropout = dict(spec.factory_args).get("dropout", 0.0)
                self.runs[spec.key] = World(noise=0.01, penalty=dropout, decay=1e-3).run(spec)
        return [self.runs[spec.key] for spec in specs]


@pytest.mark.parametrize("what", ["momentum-cycle", "momentum-range", "lr-min", "regularizer", "balance"])
def test_a_step_that_is_killed_again_and_again_repeats_nothing_and_ends_the_same(what):
    plan, asked = SEARCHES[what].plan, ASKED.get(what, Asked())
    calm = Store(10**6)
    expected = drive(plan(TAKES, asked), calm.train)
    stormy, rng, found = Store(0), np.random.default_rng(0), None
    while found is None:
        stormy.lives = int(rng.integers(1, 5))
        try:
            found = drive(plan(TAKES, asked), stormy.train)
        except KilledError:
            continue
    assert set(stormy.trained) == {run.key for run in found.runs}
    assert stormy.trained == calm.trained and len(set(stormy.trained)) == len(stormy.trained)
    assert json.dumps(found.to_json()) == json.dumps(expected.to_json())


def test_a_balance_of_a_factor_keeps_the_weight_decay():
    specs = []

    def train(asked):
        specs.extend(asked)
        return Store(10**6).train(asked)

    found = drive(SEARCHES["balance"].plan(TAKES, Asked((0.0, 0.1, 0.4), "dropout")), train)
    grid = [spec for spec in specs if spec.factory_args]
    assert {spec.weight_decay for spec in grid} == {specs[3].weight_decay} and specs[3].weight_decay > 0
    assert {dict(spec.factory_args)["dropout"] for spec in grid} == {0.0, 0.1, 0.4}
    assert set(found.choice) == {"lr_max", "dropout"}


@pytest.mark.parametrize(
    ("what", "asked", "said"),
    [
        ("momentum-range", Asked(values=(0.9, 0.5)), "momentum-range takes no values, got 0.9, 0.5"),
        (
            "momentum",
            Asked(factor="dropout"),
            "momentum takes no factor, got dropout; of the steps regularizer and balance can",
        ),
        (
            "momentum",
            Asked(kind="constant"),
            "momentum takes no kind, got constant; of the steps weight-decay-snapshot can",
        ),
        ("length", Asked(compare=True), "length takes no compare"),
        ("dropout", Asked(), "what must be one of"),
    ],
)
def test_what_a_step_does_not_take_is_refused(what, asked, said):
    with pytest.raises(ValueError, match=said):
        check(what, asked)
