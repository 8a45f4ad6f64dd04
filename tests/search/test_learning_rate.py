"""The bounds of the learning rate: how far ramps go, and how many there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import FINISHED, Curve, Run
from wellbegun.search.learning_rate import (
    LONG,
    LONGER,
    SAFE,
    SLOWER,
    UNTAUGHT,
    WIDEN,
    WIDER,
    bounds,
    coarse,
    in_sight,
)
from wellbegun.search.plan import drive

from .test_recipe import SETTING
from .world import UNTRAINED, World

TOP, FALLING, DECAY = 0.4, SETTING.falling(0.95, 0.85), 1e-4


class Level(World):
    """A network that never becomes unstable; past 0.5 its ramps come less far down the farther they go."""

    slope = 0.0

    def run(self, spec):
        rows = np.arange(0, spec.iterations + 1, spec.eval_every)
        end = float(spec.lr(spec.iterations))
        floor = 0.5 * max(1.0, end / 0.5) ** self.slope
        loss = floor + (UNTRAINED - floor) * np.exp(-8 * rows / spec.iterations)
        curve = Curve.of({"iteration": rows, "lr": spec.lr(np.maximum(rows - 1, 0)), "val_loss": loss})
        return Run(
            spec=spec, curve=curve, ended=FINISHED, iterations=spec.iterations, seconds=1.0, epochs=1.0
        )


def found(world, known=()):
    finding = drive(bounds(SETTING, TOP, FALLING, DECAY, known, seeds=3), world.train)
    ends = [float(spec.lr(spec.iterations)) for spec in world.asked]
    return finding, ends


def test_one_ramp_asks_how_far_and_several_go_there():
    world = World(edge=0.9, noise=0.005, asked=[])
    finding, ends = found(world)
    reached = ends[-1]
    assert ends[:-2] == pytest.approx([TOP * WIDER**n for n in range(len(ends) - 2)])
    assert ends[-3:] == [reached] * 3 and reached > 0.9
    assert in_sight(finding.runs) and len({spec.key for spec in world.asked}) == len(world.asked)
    assert 0.9 / 6 < finding.choice["lr_max"] < 0.9


def test_ramps_of_other_searches_ask_for_nothing_where_they_became_unstable():
    world = World(edge=0.3, noise=0.005, asked=[])
    known = world.train([SETTING.ramp(TOP, FALLING, DECAY)])
    world.asked.clear()
    finding, ends = found(world, known)
    assert ends == pytest.approx([TOP] * 3)
    assert finding.runs[0] is known[0] and len(finding.runs) == 4


def test_a_network_without_an_edge_is_asked_so_often():
    finding, ends = found(Level(asked=[]))
    assert ends == pytest.approx([TOP * WIDER**n for n in range(WIDEN)] + [TOP * WIDER**WIDEN] * 3)
    assert "level up to the end" in finding.reason and len(finding.runs) == WIDEN + 3


def test_a_wider_ramp_that_comes_less_far_down_is_one_too_many():
    world = Level(asked=[])
    world.slope = 1.0
    finding, ends = found(world)
    assert ends == pytest.approx([TOP, TOP * WIDER, TOP, TOP])
    assert finding.choice["lr_max"] <= TOP and len(finding.runs) == 4
    assert finding.runs[0].key not in finding.details["drawn"]  # it was paid, but does not count


class Paced(World):
    """Whatever slope a ramp has, it becomes unstable after n updates at c n ** SLOWER, so as the law says."""

    at_100 = 0.3

    def run(self, spec):
        slope = float(spec.lr(spec.iterations)) / spec.iterations
        law = self.at_100 / 100**SLOWER  # c
        updates = (law / slope) ** (1 / (1 - SLOWER))
        return World(edge=slope * updates, noise=0.005).run(spec)


@pytest.mark.parametrize("wider", [1.5, 2.0])
def test_how_far_ramps_were_to_go_does_not_matter_only_their_pace_at_the_edge(wider):
    def read(top):
        setting = replace(SETTING, epochs=3, length=300)  # so that the smallest margin plays no part
        return drive(bounds(setting, top, FALLING, DECAY, (), seeds=4), Paced().train)

    near, far = read(0.8), read(0.8 * wider)
    edges = [np.mean(np.log([b["edge"] for b in f.details["bounds"].values()])) for f in (near, far)]
    assert edges[1] < edges[0] - 0.1 * np.log(wider)  # a factor of wider ** 0.25 by the law
    assert far.choice["lr_max"] == pytest.approx(near.choice["lr_max"], rel=0.12)


@pytest.mark.parametrize("normalised", [False, True])
def test_ramps_that_learned_little_ask_for_a_larger_margin(normalised):
    setting = replace(SETTING, normalised=normalised)

    def read(speed):
        world = World(edge=0.3, speed=speed, noise=0.002)
        return drive(bounds(setting, TOP, FALLING, DECAY, (), seeds=3), world.train)

    quick, slow = read(0.15), read(0.0025)
    ratio = slow.details["margin"] / quick.details["margin"]
    assert ratio == pytest.approx(1.0 if normalised else UNTAUGHT, rel=0.03)  # edges differ by a row at most
    assert ("learned little" in slow.reason) == (not normalised) and "learned little" not in quick.reason


@pytest.mark.parametrize(("uninformed", "factor"), [(np.nan, 1.0), (2.0, 1.0), (0.9, UNTAUGHT)])
def test_what_an_output_that_no_input_changes_reaches_is_not_learned(uninformed, factor):
    """Rare classes: the ramps come from 2.3 down to 0.5, most of which may say nothing of the inputs."""
    setting = replace(SETTING, uninformed=uninformed)
    world = World(edge=0.3, speed=0.05, noise=0.002)

    def margin(setting):
        return drive(bounds(setting, TOP, FALLING, DECAY, (), seeds=3), world.train).details["margin"]

    assert margin(setting) / margin(SETTING) == pytest.approx(factor)


def test_ramps_that_never_broke_down_ask_for_no_more_margin_however_little_they_learned():
    class Slight(Level):
        def run(self, spec):
            run = super().run(spec)
            columns = {"iteration": run.curve.iteration, "lr": run.curve.lr}
            little = UNTRAINED - 0.4 * (UNTRAINED - run.curve.val_loss)
            return replace(run, curve=Curve.of({**columns, "val_loss": little}))

    def margin(world):
        finding = drive(bounds(SETTING, TOP, FALLING, DECAY, (), seeds=3), world.train)
        assert "learned little" not in finding.reason
        return finding.details["margin"]

    assert margin(Slight()) == pytest.approx(margin(Level()))


class Unlucky(World):
    """One seed breaks down at a sixth of the others' rate."""

    def run(self, spec):
        edge = self.edge / 6 if spec.seed == SETTING.seed + 3 else self.edge
        return World(edge=edge, noise=self.noise).run(spec)


def read_edges(finding):
    return sorted(b["edge"] or TOP for b in finding.details["bounds"].values())


def test_no_rate_passes_the_lowest_edge_at_the_cycles_own_pace():
    world = Unlucky(edge=0.3, noise=0.002)
    finding = drive(bounds(SETTING, TOP, FALLING, DECAY, (), seeds=6), world.train)
    edges = read_edges(finding)
    updates = SETTING.ramp_iterations * edges[0] / TOP
    paced = edges[0] * (SETTING.cycle(1.0).stepsize / updates) ** SLOWER
    assert edges[0] < 0.1 < edges[1]
    assert finding.choice["lr_max"] == pytest.approx(paced, rel=0.05)  # two figures
    assert np.exp(np.mean(np.log(edges))) / finding.details["margin"] > 1.2 * paced  # so it is what binds
    assert finding.details["safe"] == pytest.approx(paced / SAFE, rel=0.05)


def test_where_ramps_learned_little_the_lowest_edge_counts_as_it_is_seen():
    """What it would be at a slower pace is not known before the network has learned."""
    setting = replace(SETTING, uninformed=0.3)  # so that these ramps, down to 0.3, have learned little
    world = Unlucky(edge=0.3, noise=0.002)
    finding = drive(bounds(setting, TOP, FALLING, DECAY, (), seeds=6), world.train)
    assert "learned little" in finding.reason and "the lowest edge divided by 1.3" in finding.reason
    lowest = read_edges(finding)[0]
    assert finding.choice["lr_max"] == pytest.approx(lowest / SAFE, rel=0.05)
    assert finding.details["safe"] == pytest.approx(lowest / SAFE, rel=0.05)


def test_many_epochs_ask_for_a_wider_margin():
    def margin(epochs, speed=0.15, noise=0.005):
        setting = replace(SETTING, epochs=epochs, total=SETTING.iterations)
        world = World(edge=0.3, speed=speed, noise=noise)
        return drive(bounds(setting, TOP, FALLING, DECAY, (), seeds=3), world.train).details["margin"]

    assert margin(3) == margin(LONG) and margin(LONG) >= SAFE
    assert margin(16 * LONG) / margin(LONG) == pytest.approx(16**LONGER)
    little = {"speed": 0.0025, "noise": 0.002}  # as in the test above; there the larger factor counts
    assert margin(3 * LONG, **little) == margin(LONG, **little)
    assert margin(16 * LONG, **little) / margin(LONG, **little) == pytest.approx(16**LONGER / UNTAUGHT)


@pytest.mark.parametrize(("factor", "at_the_end"), [(0.001, 1.0), (0.001, 2.0), (1.0, 1.0)])
def test_an_edge_that_no_other_seed_sees_was_a_stumble(factor, at_the_end):
    class Stumbling(World):
        def run(self, spec):
            own = factor if spec.seed == SETTING.seed else 1.0
            run = World(edge=0.3 * own, noise=0.005).run(spec)
            if spec.seed == SETTING.seed or spec.lr(spec.iterations) > 1:
                return run
            last = np.where(np.arange(len(run.curve)) == len(run.curve) - 1, at_the_end, 1.0)
            return replace(run, curve=replace(run.curve, val_loss=last * run.curve.val_loss))

    world = Stumbling(asked=[])
    finding = drive(coarse(SETTING), world.train)
    assert 0.05 < finding.choice < 2
    ends = [float(spec.lr(spec.iterations)) for spec in world.asked]
    if factor == 1.0:
        assert len(world.asked) == 3 and max(ends[1:]) < 10
    else:  # up to ten times the stumble, then through all magnitudes
        assert len(world.asked) == 5 and max(ends[1:3]) < 0.05 and ends[3:] == [10.0, 10.0]
        assert {run.spec.key for run in finding.runs} == {spec.key for spec in world.asked}
        assert "with 2 seeds" in finding.reason


@pytest.mark.parametrize(("row", "seen"), [(-1, False), (-12, True)])
def test_one_bad_row_at_the_very_end_is_no_edge(row, seen):
    run = Level().run(SETTING.ramp(TOP, FALLING, DECAY))
    loss = run.curve.val_loss.copy()
    loss[row:] *= 3
    jumped = replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": loss}))
    assert in_sight([run, jumped]) == seen and not in_sight([run])
    assert in_sight([replace(jumped, ended="diverged")])
