"""Batch sizes at equal time, driven with an invented machine: its seconds, memory, rates and accuracies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers

from wellbegun.curve import TOO_LARGE, Curve, Run
from wellbegun.errors import Refused
from wellbegun.search.alone import Asked, named
from wellbegun.search.batch_size import LEAST, PER_EPOCH, SEEDS, batch_size, checked, doublings
from wellbegun.search.equal_time import Entry, deviations, judge
from wellbegun.search.plan import drive
from wellbegun.search.recipe import recipe
from wellbegun.search.repeats import repeated
from wellbegun.search.throughput import ROUNDS, Speed, throughput

from .test_recipe import SETTING
from .world import World

PAIR = (0.95, 0.85)
SET = replace(SETTING, samples=20_000, batch_size=64, epochs=10, host="invented", memory=2**30)


@dataclass
class Machine(World):
    """Updates take ``each + per_sample x batch`` seconds and bear rates to ``edge (batch / 64) ** power``."""

    each: float = 0.004
    per_sample: float = 1e-4
    warm_up: float = 0.0  # seconds of every run's first updates
    power: float = 0.0
    best: dict[int, float] = field(default_factory=dict)  # batch size -> final accuracy
    fails: float = np.inf  # 1cycle runs with a larger peak diverge
    largest: int = 10**9  # batch that fits
    bytes_per_sample: float = 1e4
    load: dict[tuple[int, int], float] = field(default_factory=dict)  # (batch, probe's seed) -> times slower
    shape: list[list[tuple[int, bool]]] = field(default_factory=list)  # of the questions

    def train(self, specs):
        self.shape.append([(spec.batch_size, spec.host is not None) for spec in specs])
        return super().train(specs)

    def run(self, spec):
        if spec.host is not None and spec.batch_size > self.largest:
            nothing = Curve.of({"iteration": []})
            return Run(spec=spec, curve=nothing, ended=TOO_LARGE, iterations=0, seconds=0.1, epochs=0.0)
        if spec.host is None:
            return replace(self, edge=self.edge * (spec.batch_size / 64) ** self.power).ramp(spec)
        rng = np.random.default_rng([spec.seed, spec.batch_size])
        learns = float(spec.lr(0)) > 0
        iteration = np.unique([*range(0, spec.iterations, spec.eval_every), spec.iterations])
        along = iteration / spec.iterations * learns
        slower = 1.0 if learns else self.load.get((spec.batch_size, spec.seed), 1.0)
        each = slower * (self.each + self.per_sample * spec.batch_size)
        loss = 2.3 * np.exp(-2 * along) * np.exp(0.001 * rng.standard_normal(len(along)))
        top = self.best.get(spec.batch_size, 0.9) + 0.001 * rng.standard_normal()
        curve = Curve.of({
            "iteration": iteration, "lr": spec.lr(np.maximum(iteration - 1, 0)), "val_loss": loss,
            "train_loss": loss, "val_accuracy": 0.1 + (top - 0.1) * along,
            "seconds": iteration * each + self.warm_up * (iteration > 0),
            "memory_bytes": np.full(len(along), 1e6 + self.bytes_per_sample * spec.batch_size),
        })  # fmt: skip
        peak = float(np.max(spec.lr(np.arange(spec.iterations))))
        return Run(
            spec=spec, curve=curve, ended="diverged" if learns and peak > self.fails else "finished",
            iterations=spec.iterations, seconds=spec.iterations * each,
            epochs=spec.iterations * spec.batch_size / SET.samples,
        )  # fmt: skip

    def ramp(self, spec):
        return World.run(self, spec)


def found(machine, values=(32, 64, 128, 256), setting=SET):
    return drive(batch_size(setting, 0.4, PAIR, values), machine.train)


@settings(max_examples=10, deadline=None)
@given(each=floats(1e-4, 0.02), per_sample=floats(1e-6, 1e-3), seed=integers(0, 100))
def test_iterations_times_seconds_per_update_agree(each, per_sample, seed):
    """And epochs grow while iterations fall with the batch size (claim dap-rule-constant-time)."""
    machine = Machine(each=each, per_sample=per_sample)
    rows = found(machine, setting=replace(SET, seed=seed)).details["candidates"]
    seconds = [row["iterations"] * (each + per_sample * row["batch_size"]) for row in rows]
    assert max(seconds) / min(seconds) < 1 + 1 / LEAST
    iterations, epochs = ([row[name] for row in rows] for name in ("iterations", "epochs"))
    assert iterations == sorted(iterations, reverse=True) and min(iterations) >= LEAST
    assert all(b > a * (1 - 1 / LEAST) for a, b in pairwise(epochs))


def test_the_runs_cost_about_one_final_run():
    machine = Machine(each=0.0)  # a sample takes as long in any batch
    details = found(machine, setting=replace(SET, epochs=100)).details
    assert SEEDS * len(details["candidates"]) * details["share"] == pytest.approx(1.0)


def test_measured_runs_are_asked_one_by_one_and_in_turn():
    machine = Machine(asked=[])
    found(machine)
    assert all(len(batch) == 1 for batch in machine.shape if any(measured for _, measured in batch))
    probes = [s.batch_size for s in machine.asked if s.host and s.lr(0) == 0]
    assert probes == [32, 64, 128, 256] * (1 + ROUNDS) and ROUNDS >= 3
    cycles = [(s.batch_size, s.seed) for s in machine.asked if s.host and s.lr(0) > 0]
    assert cycles == [(size, seed) for seed in range(SEEDS) for size in (32, 64, 128, 256)]


@pytest.mark.parametrize("load", [{}, {(64, 2): 5.0}, {(32, 1): 3.0, (64, 3): 0.5}])
def test_neither_warm_up_nor_one_disturbed_round_changes_a_speed(load):
    machine = Machine(warm_up=7.0, load=load)
    speeds = drive(throughput(SET, [32, 64]), machine.train).speeds
    for size, speed in speeds.items():
        assert speed.seconds == pytest.approx(0.004 + 1e-4 * size)
        assert (speed.spread > 0.1) == any(size == disturbed for disturbed, _ in load)
        assert speed.memory == 1e6 + 1e4 * size


def test_every_probe_of_a_round_takes_equally_long():
    machine = Machine(asked=[])
    drive(throughput(SET, [16, 64, 256]), machine.train)
    seconds = [s.iterations * (0.004 + 1e-4 * s.batch_size) for s in machine.asked if s.seed > 0]
    assert max(seconds) / min(seconds) < 1.2


def test_each_size_gets_an_lr_max_below_an_edge_of_its_own():
    machine = Machine(power=0.5)
    rows = found(machine).details["candidates"]
    rates = [row["lr_max"] for row in rows]
    assert rates == sorted(rates)
    for row in rows:
        edge = 0.3 * (row["batch_size"] / 64) ** 0.5
        assert edge / 6 < row["lr_max"] < edge


def test_the_larger_one_is_taken_only_if_it_wins():
    best = {32: 0.80, 64: 0.85, 128: 0.90, 256: 0.95}
    assert found(Machine(best=best)).choice == 256
    assert found(Machine(best=best)).interval is None
    assert "the largest that was tried" in found(Machine(best=best)).reason
    middle = found(Machine(best={**best, 256: 0.5}))
    assert middle.choice == 128 and "that was tried" not in middle.reason
    assert found(Machine(best={32: 0.95, 64: 0.9, 128: 0.9, 256: 0.9})).choice == 32


def test_a_tie_is_the_tasks_own_else_the_smallest():
    tie = found(Machine())
    assert tie.choice == 64 and tie.interval == (32, 256) and tie.details["smallest_tied"] == 32
    assert "cannot be told apart" in tie.reason and "the task's own" in tie.reason
    other = found(Machine(best={32: 0.5, 64: 0.5}))
    assert other.choice == 128 and other.interval == (128, 256) and "smallest of them" in other.reason


def entry(size, accuracy, loss, seconds=(10.0, 10.0)):
    runs = []
    for seed, (a, b, s) in enumerate(zip(accuracy, loss, seconds, strict=True)):
        spec = SET.final(0.1, PAIR, 1e-3).but(batch_size=size, seed=seed)
        columns = {"iteration": [0, 9], "val_loss": [2.3, b], "train_loss": [np.nan, b], "seconds": [0.0, s]}
        curve = Curve.of({**columns, "val_accuracy": [0.1, a]})
        runs.append(Run(spec=spec, curve=curve, ended="finished", iterations=9, seconds=11.0, epochs=1.0))
    return Entry(size, Speed(0.1, 0.0, 1e6), 0.1, 0.2, 1e-3, runs[0], tuple(runs))


def test_accuracy_decides_and_loss_the_rest():
    one, two = entry(64, (0.900, 0.901), (0.30, 0.31)), entry(128, (0.950, 0.951), (0.40, 0.41))
    verdict = judge([one, two], 64, 1000)
    assert verdict.chosen == 1 and verdict.loss.winner == 0 and verdict.loss.tied == (0,)
    nan = (float("nan"),) * 2
    regression = judge([entry(64, nan, (0.40, 0.41)), entry(128, nan, (0.30, 0.31))], 64, 1000)
    assert regression.accuracy is None and regression.chosen == 1


def test_one_sample_more_is_no_difference():
    verdict = judge([entry(64, (0.5, 0.5), (1.0, 1.0)), entry(128, (0.51, 0.51), (1.0, 1.0))], 64, 100)
    assert verdict.accuracy.is_tie and verdict.chosen == 0


def test_where_loss_and_accuracy_disagree_the_reports_figure_is_named():
    class Opposed(Machine):
        def run(self, spec):
            run = super().run(spec)
            if not spec.host or spec.lr(0) == 0:
                return run
            lower = run.curve.val_loss * (spec.batch_size / 64)
            return replace(run, curve=Curve.of({**run.curve.columns(), "val_loss": lower}))

    told = found(Opposed(best={32: 0.80, 64: 0.85, 128: 0.90, 256: 0.95}))
    assert told.choice == 256 and told.details["lowest_loss"] == 32
    assert (
        "lowest at 32" in told.reason and "Fig. 6a, 6b" in told.reason and "as in the report" in told.reason
    )
    other = found(Opposed(best={32: 0.95, 64: 0.90, 128: 0.85, 256: 0.8}))
    assert "Fig. 6a" not in other.reason and "agrees" in other.reason


def test_the_deviation_of_the_measured_seconds_is_told():
    apart = deviations([entry(64, (1, 1), (1, 1), (11.0, 9.0)), entry(128, (1, 1), (1, 1), (10.0, 12.0))], 10)
    np.testing.assert_allclose(sorted(apart), [0.0, 0.1, 0.1, 0.2])
    told = found(Machine(warm_up=3.0))
    worst = told.details["deviation"]["largest"]
    assert f"{worst:.1%}" in told.reason and "repeat it on an idle machine" in told.reason
    assert "repeat it" not in found(Machine()).reason


def test_what_does_not_fit_is_left_out_and_told():
    machine = Machine(largest=64, asked=[])
    told = found(machine)
    assert set(told.details["left_out"]) == {"128", "256"} and "128 is left out" in told.reason
    assert not [s for s in machine.asked if s.batch_size > 128]  # what is larger still is not tried
    assert sum(run.ended == TOO_LARGE for run in told.runs) == 1
    with pytest.raises(Refused, match="at least 2 batch sizes that train, got 1"):
        found(Machine(largest=32))
    with pytest.raises(Refused, match="must fit into memory, got 32, 64, 128, 256"):
        found(Machine(largest=16))


def test_what_will_not_fit_by_the_smaller_ones_is_not_tried():
    machine = Machine(bytes_per_sample=4e6, asked=[])  # 256 of them: 1.02e9 bytes, over 0.8 GiB
    told = found(machine)
    assert max(spec.batch_size for spec in machine.asked) == 128
    assert told.details["left_out"] == {"256": "it would need about 978 MiB"}


def test_a_size_whose_run_diverged_gets_half_the_rate_once():
    machine = Machine(power=0.5, fails=0.13)
    told = found(machine)
    calm = {row["batch_size"]: row["lr_max"] for row in found(Machine(power=0.5)).details["candidates"]}
    rows = {row["batch_size"]: row["lr_max"] for row in told.details["candidates"]}
    assert any(calm[size] > 0.13 for size in calm)
    for size, lr_max in rows.items():
        assert lr_max == (calm[size] if calm[size] <= 0.13 else pytest.approx(calm[size] / 2, rel=0.06))
    with pytest.raises(Refused, match="its runs diverged"):
        found(Machine(fails=1e-4))


def test_a_network_that_learns_slowly_gets_slower_ramps_and_so_do_the_other_sizes():
    class Slow(Machine):
        def ramp(self, spec):
            speed = self.speed * (spec.iterations >= 150)
            return World(edge=self.edge, speed=speed, noise=0.005).run(spec)

    machine = Slow(asked=[])
    told = found(machine, setting=replace(SET, epochs=100))
    ramps = [(spec.batch_size, spec.iterations) for spec in machine.asked if not spec.host]
    assert len(told.details["candidates"]) == 4 and ramps[0] == (64, 100)
    assert all(length >= 150 for _, length in ramps[2:]), ramps
    short = Slow()
    with pytest.raises(Refused, match="more epochs make them longer"):
        found(short, setting=replace(SET, epochs=1), values=(128, 256))


def test_a_killed_search_goes_on_where_it_stopped_and_ends_the_same():
    plan = named("batch-size").plan
    whole = Machine(asked=[])
    calm = drive(plan(SET, Asked()), whole.train)
    stored: dict[str, Run] = {}
    machine, trained = Machine(), []

    def until(most):
        def train(specs):
            for spec in specs:
                if spec.key not in stored:
                    if len(trained) >= most:
                        raise KeyboardInterrupt
                    trained.append(spec.key)
                    stored[spec.key] = machine.run(spec)
            return [stored[spec.key] for spec in specs]

        return train

    for most in range(1, len({spec.key for spec in whole.asked})):
        with pytest.raises(KeyboardInterrupt):
            drive(plan(SET, Asked()), until(most))
    again = drive(plan(SET, Asked()), until(10**6))
    assert len(trained) == len(set(trained)) == len({spec.key for spec in whole.asked})
    assert again.to_json() == calm.to_json()
    json.dumps(again.to_json(), allow_nan=False)


@settings(deadline=None)
@given(samples=integers(60, 10**6), own=integers(1, 2048), epochs=floats(0.5, 300))
def test_the_own_candidates_are_doublings_that_the_data_bears(samples, own, epochs):
    setting = replace(SET, samples=samples, batch_size=min(own, samples), epochs=epochs)
    sizes = doublings(setting)
    own = setting.batch_size
    assert own in sizes and sizes == sorted(set(sizes)) and 2 <= len(sizes) <= 5
    assert all(size in (own // 4, own // 2, own, 2 * own, 4 * own) for size in sizes)
    if own > 1:
        assert all(size <= max(own, samples / PER_EPOCH) for size in sizes)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((64.0,), "at least 2 batch sizes, got"),
        ((64, 32.5), "got 32.5"),
        ((64, 0), "got 0"),
        ((64, 1e6), "1e"),
    ],
)
def test_values_that_are_no_batch_sizes(values, said):
    with pytest.raises(ValueError, match=said):
        checked(SET, values)
    machine = Machine(asked=[])
    with pytest.raises(ValueError, match=said):
        drive(named("batch-size").plan(SET, Asked(values)), machine.train)
    assert machine.asked == []


def test_repeats_leave_measured_runs_single():
    machine = Machine(asked=[])
    drive(repeated(batch_size(SET, 0.4, PAIR, (32, 64)), SET), machine.train)
    measured = {spec.batch_size for spec in machine.asked if spec.host}
    ramps = {spec.batch_size for spec in machine.asked if not spec.host}
    assert measured == {32, 64} and ramps >= {32, 35, 40, 43}


def test_the_recipe_takes_the_size_that_wins_and_the_epochs_that_it_does_in_the_same_time():
    best = {16: 0.5, 32: 0.6, 64: 0.7, 128: 0.95, 256: 0.7}
    found = drive(recipe(SET, also=["batch-size"]), Machine(best=best, each=0.02).train)
    step = found.findings[0]
    assert step.name == "batch size" and step.choice == found.batch_size == 128
    assert found.final.spec.batch_size == 128 and "took the place of 64" in found.notes[0]
    assert found.epochs == pytest.approx(step.details["final_epochs"], rel=0.01) and found.epochs > SET.epochs


def test_the_recipe_keeps_the_tasks_own_size_where_it_wins():
    best = {16: 0.5, 32: 0.6, 64: 0.95, 128: 0.7, 256: 0.7}
    found = drive(recipe(SET, also=["batch-size"]), Machine(best=best).train)
    assert found.batch_size == 64 and found.epochs == SET.epochs and not found.notes
