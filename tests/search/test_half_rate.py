"""Half the rate, tried where range tests hardly learned."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import FINISHED, Curve, Run
from wellbegun.schedules.cyclical import OneCycle
from wellbegun.search.cycles import Cycle
from wellbegun.search.half_rate import LONGEST, PART, half_rate
from wellbegun.search.plan import drive
from wellbegun.search.recipe import recipe

from .test_recipe import SETTING
from .test_usual import ends_at
from .world import UNTRAINED, World

OWN = Cycle(0.02, (0.95, 0.85), 1e-3)


def ramps(lowest):
    """Range tests whose validation loss comes down to that share of the untrained network's."""
    spec = SETTING.ramp(0.4, SETTING.falling(0.95, 0.85), 1e-3)
    rows = np.arange(0, spec.iterations + 1, spec.eval_every)
    loss = np.geomspace(UNTRAINED, lowest * UNTRAINED, len(rows))
    curve = Curve.of({"iteration": rows, "lr": spec.lr(np.maximum(rows - 1, 0)), "val_loss": loss})
    return [Run(spec=spec, curve=curve, ended=FINISHED, iterations=spec.iterations, seconds=1.0, epochs=1.0)]


@pytest.mark.parametrize(
    ("found", "half", "cycles", "lr_max", "told"),
    [
        ([1.0], [1.1], 2, 0.02, "the rate stays"),
        ([1.0, 1.0], [0.9, 0.95], 4, 0.01, "it is taken"),
        ([1.0, 1.0], [0.9, 1.01], 4, 0.02, "the rate stays"),
        ([1.0], [0.98], 2, 0.02, "the rate stays"),
        ([None, None], [1.0, 1.0], 4, 0.01, "it is taken"),
        ([None], [None], 2, 0.02, "the rate stays"),
    ],
)
def test_half_the_rate_must_win_with_every_seed(found, half, cycles, lr_max, told):
    asked = []

    def end(spec):
        return (found if spec.lr.lr_max == OWN.lr_max else half)[spec.seed - SETTING.seed]

    finding = drive(half_rate(SETTING, OWN, ramps(0.95)), ends_at(end, asked))
    assert len(asked) == cycles == len(finding.runs)
    assert finding.choice == {"lr_max": lr_max} and told in finding.reason
    assert {spec.iterations for spec in asked} == {SETTING.iterations // PART}
    assert asked[0].but(lr=asked[1].lr) == asked[1] and asked[1].lr == OneCycle.of(0.01, asked[1].iterations)
    text = json.dumps(finding.to_json(), allow_nan=False)
    assert ("inf" not in finding.reason and '"won": "half of it"' in text) or lr_max == 0.02


@pytest.mark.parametrize(
    ("setting", "lowest"),
    [
        (SETTING, 0.8),  # the range tests learned
        (replace(SETTING, normalised=True), 0.95),  # short cycles have found that rate already
        (replace(SETTING, optimizer="adamw"), 0.95),
        (replace(SETTING, total=PART * (LONGEST + 1)), 0.95),  # too long
    ],
)
def test_elsewhere_nothing_is_asked(setting, lowest):
    def never(specs):
        pytest.fail("nothing may be trained")

    assert drive(half_rate(setting, OWN, ramps(lowest)), never) is None


class Slow(World):
    """Ramps hardly learn, and cycles end the lower the smaller their rate is, down to a fortieth."""

    def run(self, spec):
        run = super().run(spec)
        if not isinstance(spec.lr, OneCycle) or spec.iterations == SETTING.iterations:
            return run
        columns = run.curve.columns()
        factor = np.sqrt(max(spec.lr.lr_max, self.edge / 40) / self.edge)
        return replace(run, curve=Curve.of({**columns, "val_loss": factor * columns["val_loss"]}))


def test_the_recipe_takes_half_the_rate_and_asks_once_more_what_the_usual_settings_do():
    world = Slow(edge=0.3, speed=0.002, noise=0.003, asked=[])
    found = drive(recipe(SETTING), world.train)
    names = [finding.name for finding in found.findings]
    assert names[-2:] == ["half the rate", "usual settings"]
    rate, half, usual = (finding for finding in found.findings[-3:])
    assert found.lr_max == half.choice["lr_max"] == pytest.approx(rate.choice["lr_max"] / 2, rel=0.05)
    assert found.final.spec.lr.lr_max == found.lr_max == pytest.approx(10 * found.lr_min, rel=0.06)
    assert "lr_max" not in found.intervals and found.restarts == 0
    cycles = {run.key for run in half.runs}
    again = [run for run in usual.runs if run.key not in cycles]
    assert {run.spec.iterations for run in usual.runs} == {SETTING.iterations // PART} or not usual.runs
    assert len(again) <= len(usual.runs) / 2  # the cycles with half the rate are made already
