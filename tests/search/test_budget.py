from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, sampled_from

from wellbegun.curve import Curve
from wellbegun.errors import Refused
from wellbegun.search.budget import CLOSING, Budget
from wellbegun.search.plan import Cost, drive
from wellbegun.search.recipe import recipe

from .test_recipe import SETTING
from .world import World

CLOCKED = replace(SETTING, host="here, 1 threads")


@dataclass
class Clocked(World):
    """A world whose every update takes 0.02 s and every evaluated sample 0.00001 s; starting takes 2 s."""

    update: float = 0.02
    sample: float = 1e-5
    begun: float = 2.0
    build: float = 0.1

    def run(self, spec):
        run = super().run(spec)
        rows, curve = len(run.curve), run.curve
        evaluation = self.sample * rows * (spec.eval_samples or SETTING.validation)
        if spec.host:
            more = {"seconds": self.update * curve.iteration, "begun": np.full(rows, self.begun)}
            curve = Curve.of({**curve.columns(), **more, "build": np.full(rows, self.build)})
        return replace(
            run, curve=curve, eval_seconds=evaluation, seconds=self.update * run.iterations + evaluation,
            epochs=run.iterations * spec.batch_size / SETTING.samples,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [("10min", 600, "seconds"), ("90s", 90, "seconds"), ("1.5h", 5400, "seconds"), ("5ep", 5, "epochs"),
     ("2000it", 2000, "iterations"), (" 2 Min ", 120, "seconds")],
)  # fmt: skip
def test_budgets_are_numbers_with_units(text, amount, unit):
    budget = Budget.parse(text)
    assert (budget.amount, budget.unit) == (amount, unit)


@pytest.mark.parametrize("text", ["", "10", "min", "0s", "-5min", "5 parsecs", "nan s", "1e3it"])
def test_anything_else_is_refused_with_the_value(text):
    with pytest.raises(ValueError, match="a budget is a positive number") as caught:
        Budget.parse(text)
    assert repr(text) in str(caught.value)


def spent(text, world=None, setting=CLOCKED):
    world = world or Clocked(asked=[])
    found = drive(recipe(setting, budget=Budget.parse(text)), world.train)
    once = {spec.key: spec for spec in world.asked}
    return found, Cost.of([world.run(spec) for spec in once.values()])


@settings(max_examples=15, deadline=None)
@given(amount=floats(300, 30_000), edge=floats(1e-3, 3.0))
def test_a_budget_of_iterations_is_kept_to_the_last_one(amount, edge):
    found, cost = spent(f"{amount:.0f}it", Clocked(edge=edge, asked=[]))
    if found.restarts == 0:
        assert cost.iterations == pytest.approx(round(amount), abs=2)


@pytest.mark.parametrize("forgiving", [{"normalised": True}, {"optimizer": "adamw"}])
@pytest.mark.parametrize("amount", [1500, 5000, 20_000])
def test_short_cycles_of_a_forgiving_training_are_planned_for(forgiving, amount):
    setting = replace(CLOCKED, **forgiving)
    found, cost = spent(f"{amount}it", Clocked(edge=0.3, asked=[]), setting)
    assert cost.iterations == pytest.approx(amount, abs=2) and found.restarts == 0
    plan = found.findings[0].details
    assert plan["final"] + plan["search"] == pytest.approx(amount, abs=2)
    assert plan["search"] / 3 < cost.iterations - found.iterations <= plan["search"]


@settings(max_examples=10, deadline=None)
@given(amount=floats(4, 200), unit=sampled_from(["ep"]))
def test_a_budget_of_epochs_is_kept(amount, unit):
    found, cost = spent(f"{amount:.3f}{unit}")
    if found.restarts == 0:
        assert cost.epochs == pytest.approx(amount, rel=0.01)


@settings(max_examples=15, deadline=None)
@given(seconds=floats(15, 900), update=floats(0.005, 0.05), sample=floats(0, 4e-5))
def test_a_budget_of_time_is_kept_within_a_tenth(seconds, update, sample):
    world = Clocked(update=update, sample=sample, asked=[])
    try:
        found, cost = spent(f"{seconds:.1f}s", world)
    except Refused:
        assert seconds / update < 1000
        return
    if found.restarts == 0:
        runs = len({spec.key for spec in world.asked})
        total = world.begun + cost.seconds + runs * world.build + CLOSING
        assert total == pytest.approx(seconds, rel=0.1) or found.iterations <= 30


def test_what_does_not_fit_is_left_out_and_said():
    names = {}
    for text in ("260it", "600it", "1200it", "9000it"):
        found, _ = spent(text)
        names[text] = [finding.name for finding in found.findings]
        (budget,) = [finding for finding in found.findings if finding.name == "budget"]
        assert text in budget.reason and text in found.notes[-1]
        assert ("momentum search" in budget.reason) == ("momentum" not in names[text])
        assert ("weight-decay search" in found.notes[-1]) == ("weight decay" not in names[text])
    assert names["260it"] == ["budget", "learning rate range", "learning rate"]
    assert names["9000it"][:4] == ["budget", "learning rate range", "momentum", "weight decay"]


def test_too_small_a_budget_is_refused_with_what_it_would_take():
    with pytest.raises(Refused, match="at least about 220 updates, got 50it"):
        spent("50it")


def test_a_job_that_goes_on_keeps_its_plan_although_the_clock_has_moved():
    first, _ = spent("120s", Clocked(asked=[]))
    again = Clocked(asked=[])
    stored = {}

    def train(specs):
        return [stored.setdefault(spec.key, again.run(spec)) for spec in specs]

    drive(recipe(CLOCKED, budget=Budget.parse("120s")), train)
    before = set(stored)
    again.begun = 50.0  # would be measured now; the stored run says otherwise
    found = drive(recipe(CLOCKED, budget=Budget.parse("120s")), train)
    assert set(stored) == before and found.iterations == first.iterations
