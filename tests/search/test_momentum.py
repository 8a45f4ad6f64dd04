"""Momentum: what displaces the usual value must win with further seeds, too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wellbegun.curve import Curve
from wellbegun.search.momentum import CANDIDATES, FURTHER, momentum
from wellbegun.search.plan import drive

from .test_recipe import SETTING
from .world import World


class Better(World):
    """A world in which ramps from one momentum, with some seeds, come down much further."""

    value, seeds = 0.9, ()

    def run(self, spec):
        run = super().run(spec)
        if float(spec.momentum(0)) != pytest.approx(self.value) or spec.seed not in self.seeds:
            return run
        columns = run.curve.columns()
        return replace(run, curve=Curve.of({**columns, "val_loss": 0.4 * columns["val_loss"]}))


def found(seeds, value=0.9):
    world = Better(edge=0.3, noise=0.005, asked=[])
    world.value, world.seeds = value, seeds
    return drive(momentum(SETTING, 0.4, 1e-4), world.train), world.asked


@pytest.mark.parametrize("wins", [1, 2])
def test_a_value_that_does_not_win_every_time_was_lucky(wins):
    finding, asked = found(seeds=range(SETTING.seed, SETTING.seed + wins))
    assert finding.choice == {"max": 0.95, "min": 0.85}
    assert "0.9 is lowest" in finding.reason
    assert f"beats 0.95 with {wins - 1} of {FURTHER} further seeds, so this was luck" in finding.reason
    further = [SETTING.seed + 1] * 2 + [SETTING.seed + 2] * 2
    assert [spec.seed for spec in asked] == [SETTING.seed] * len(CANDIDATES) + further
    assert set(finding.details["labels"].values()) >= {
        "0.9, seed 1", "0.95, seed 1", "0.9, seed 2", "0.95, seed 2",
    }  # fmt: skip


@pytest.mark.parametrize(("value", "low"), [(0.9, 0.8), (0.97, 0.85)])
def test_a_value_that_wins_every_time_is_taken(value, low):
    finding, _ = found(seeds=range(SETTING.seed, SETTING.seed + 1 + FURTHER), value=value)
    assert finding.choice == {"max": value, "min": low}
    assert (
        f"{value:g} is lowest" in finding.reason
        and f"beats 0.95 with {FURTHER} of {FURTHER} further" in finding.reason
    )


def test_the_usual_value_needs_no_second_win():
    finding, asked = found(seeds=(SETTING.seed,), value=0.95)
    assert finding.choice["max"] == 0.95 and len(asked) == len(CANDIDATES)
    assert "further seed" not in finding.reason


def test_a_value_whose_ramp_only_lasts_longer_is_not_taken():
    class Steady(World):
        """All learn at the pace of rate over 1 - momentum; the smallest momentum bears the largest rate."""

        def run(self, spec):
            small = float(spec.momentum(0)) == pytest.approx(0.9)
            edge = 0.4 if small else 0.1
            return World(edge=edge, speed=0.05 * edge, noise=0.005, asked=self.asked).run(spec)

    world = Steady(asked=[])
    finding = drive(momentum(SETTING, 0.4, 1e-4), world.train)
    losses = {value: row["loss"] for value, row in finding.details["scores"].items()}
    assert losses["0.9"] < losses["0.95"] / 1.3
    assert finding.choice["max"] == 0.95 and "its ramp only lasts longer" in finding.reason
    assert len(world.asked) == len(CANDIDATES)
