from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from wellbegun.curve import Curve, Run
from wellbegun.errors import Refused
from wellbegun.search.breakdown import failed
from wellbegun.search.plan import drive
from wellbegun.search.ramp_speed import SHORTEST, ramp_speed, rise

from .test_recipe import SETTING

PAIR = (0.95, 0.85)


@dataclass
class Steep:
    """A network that any rise of fewer than ``limit`` iterations throws off, as the schedule's slope says."""

    limit: float
    spread: float = 0.0
    asked: list = None

    def train(self, specs):
        if self.asked is not None:
            self.asked.extend(specs)
        return [self.run(spec) for spec in specs]

    def run(self, spec):
        luck = np.exp(self.spread * np.random.default_rng(spec.seed).standard_normal())
        rows = np.arange(0, spec.iterations + 1, spec.eval_every)
        loss = 0.3 + 2.0 * np.exp(-4 * rows / spec.iterations)
        if spec.lr.stepsize < self.limit * luck:
            loss[rows > spec.lr.stepsize] *= 4
        curve = Curve.of({"iteration": rows, "lr": spec.lr(rows), "val_loss": loss})
        return Run(spec=spec, curve=curve, ended="finished", iterations=spec.iterations, seconds=1.0)


@pytest.mark.parametrize("limit", [9, 20, 37, 60, 100])
def test_the_limit_is_found_within_a_factor_of_one_and_a_half(limit):
    found = drive(ramp_speed(SETTING, 0.1, PAIR, 1e-3), Steep(limit).train)
    shortest = found.choice["stepsize"]
    assert limit <= shortest <= max(1.5 * limit, SHORTEST + 1)
    assert found.details["fails_at"] < limit


def test_a_network_that_bears_any_rise_gets_the_shortest():
    found = drive(ramp_speed(SETTING, 0.1, PAIR, 1e-3), Steep(0).train)
    assert found.choice == {"stepsize": SHORTEST, "lr_max": 0.1}
    assert "None was too fast" in found.reason


def test_a_rate_that_the_whole_cycle_cannot_reach_is_refused():
    with pytest.raises(Refused, match="lower lr_max, or train longer") as caught:
        drive(ramp_speed(SETTING, 0.1, PAIR, 1e-3), Steep(1e9).train)
    longest = SETTING.cycle(0.1).stepsize
    assert str(longest) in str(caught.value) and caught.value.runs


def test_one_unlucky_seed_is_enough_to_call_a_stepsize_too_short():
    world = Steep(40, spread=0.5, asked=[])
    found = drive(ramp_speed(SETTING, 0.1, PAIR, 1e-3), world.train)
    of_chosen = [run for run in found.runs if run.spec.lr.stepsize == found.choice["stepsize"]]
    assert len(of_chosen) == 3 and not any(map(failed, of_chosen))
    counts = found.details["figure"]
    assert counts["failed"][counts["stepsize"].index(found.choice["stepsize"])] == 0


def test_a_rise_is_the_cycles_own_and_goes_past_its_peak():
    spec = rise(SETTING, 40, 0.2, PAIR, 1e-3)
    assert spec.lr(0) == pytest.approx(0.02) and spec.lr(40) == pytest.approx(0.2)
    assert spec.momentum(0) == 0.95 and spec.momentum(40) == 0.85
    assert spec.iterations == 60


def test_the_task_of_another_length_asks_for_rises_of_its_own():
    short = replace(SETTING, epochs=0.5)
    world = Steep(3, asked=[])
    drive(ramp_speed(short, 0.1, PAIR, 1e-3), world.train)
    assert max(spec.iterations for spec in world.asked) <= 1.5 * short.ramp_iterations


def test_a_rise_in_which_nothing_was_learnt_proves_nothing():
    class Slow(Steep):
        """Learns nothing in fewer than 60 updates, and is unstable in rises of fewer than 40."""

        def run(self, spec):
            run = super().run(spec)
            if spec.iterations >= 60:
                return run
            curve = Curve.of({**run.curve.columns(), "val_loss": np.full(len(run.curve), 2.3)})
            return replace(run, curve=curve)

    found = drive(ramp_speed(SETTING, 0.1, PAIR, 1e-3), Slow(40).train)
    assert 40 <= found.choice["stepsize"] <= 60
