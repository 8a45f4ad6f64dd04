from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import DIVERGED, FINISHED, Curve, Run
from wellbegun.errors import Refused
from wellbegun.search.length import MARKS, REACH, SEEDS, length
from wellbegun.search.plan import drive
from wellbegun.search.repeats import repeated

from .test_recipe import SETTING

LONG = replace(SETTING, epochs=32, all_data=True, has_test=True)
PER_EPOCH = LONG.samples // LONG.batch_size


class Lengths:
    """Ends as a law says, with the scatter of its seed; diverges above ``edge``."""

    def __init__(self, law, noise=0.0, edge=np.inf, accuracy=lambda loss: 1 - loss / 10):
        self.law, self.noise, self.edge, self.accuracy, self.asked = law, noise, edge, accuracy, []

    def train(self, specs):
        self.asked.extend(specs)
        return [self.run(spec) for spec in specs]

    def run(self, spec):
        scatter = np.random.default_rng([spec.seed, spec.iterations]).standard_normal()
        end = self.law(spec.iterations / PER_EPOCH) * np.exp(self.noise * scatter)
        broken = float(np.max(spec.lr(np.arange(spec.iterations)))) > self.edge
        columns = {"iteration": [0, spec.iterations], "val_loss": [2.3, np.inf if broken else end],
                   "val_accuracy": [0.1, self.accuracy(end)]}  # fmt: skip
        return Run(
            spec=spec, curve=Curve.of(columns), ended=DIVERGED if broken else FINISHED,
            iterations=spec.iterations, seconds=1.0, epochs=spec.iterations / PER_EPOCH,
        )  # fmt: skip


def search(world, setting=LONG, values=(), edge=0.3):
    return drive(length(setting, edge, (0.95, 0.85), 1e-3, values), world.train)


def test_short_runs_differ_in_length_and_seed_alone_and_are_judged_on_the_same_data():
    world = Lengths(lambda n: 0.5 * n**-0.5)
    search(world)
    assert [spec.iterations / PER_EPOCH for spec in world.asked] == [2, 2, 4, 4, 8, 8]
    assert [spec.seed for spec in world.asked] == [0, 1] * 3 and SEEDS == 2
    assert {spec.eval_samples for spec in world.asked} == {None}
    assert {(spec.train_on, spec.test, spec.weight_decay) for spec in world.asked} == {("train", False, 1e-3)}
    assert len({spec.lr.lr_max for spec in world.asked}) == 1
    assert max(spec.lr.lr_max for spec in world.asked) <= 0.3 / 2


@pytest.mark.parametrize("power", [0.3, 0.6])
def test_a_fall_that_goes_on_is_told_to_the_end_of_what_can_be_said(power):
    def truth(n):
        return 0.5 * n**-power

    found = search(Lengths(truth))
    assert found.choice["epochs"] == REACH * 8 and "longer is better" in found.reason
    for mark, epochs in zip(MARKS, (16, 32, 64), strict=True):
        price = found.details["prices"][mark]
        assert price["epochs"] == epochs
        assert price["val_loss"]["middle"] == pytest.approx(truth(epochs), rel=0.1)
        assert price["val_accuracy"]["middle"] == pytest.approx(1 - truth(epochs) / 10, abs=0.005)
    assert found.details["prices"]["half"]["val_accuracy_change"]["middle"] < 0
    assert found.details["prices"]["twice"]["val_loss_change"]["middle"] == pytest.approx(
        -power * np.log(2), abs=0.05
    )


def test_a_fall_that_ends_is_enough_where_doubling_gains_less_than_one_percent():
    def truth(n):
        return 0.3 + 0.7 * n**-1.5

    found = search(Lengths(truth), values=(2, 4, 8, 16))
    expected = next(n for n in np.geomspace(2, 64, 400) if np.log(truth(n) / truth(2 * n)) < 0.01)
    assert found.choice["epochs"] == pytest.approx(expected, rel=0.35)
    assert found.choice["iterations"] == pytest.approx(found.choice["epochs"] * PER_EPOCH, rel=0.01)
    assert "lowers it by less than 1.0%" in found.reason
    low, high = found.interval
    assert low <= found.choice["epochs"] <= high


def test_the_noise_of_seeds_is_what_counts_as_a_gain():
    def truth(n):
        return 0.3 + 0.7 * n**-1.5

    noisy = [
        search(Lengths(truth, 0.04), replace(LONG, seed=seed), values=(2, 4, 8, 16))
        for seed in range(0, 32, 8)
    ]
    assert all(found.details["least"] == max(0.01, found.details["noise"]) for found in noisy)
    told = [found for found in noisy if "longer is better" not in found.reason]
    assert all(", by which seeds differ" in found.reason for found in told) and len(told) >= 3


def test_seeds_that_differ_much_are_asked_for_as_many_again():
    world = Lengths(lambda n: n**-1.0, noise=0.2)
    search(world)
    assert sorted({spec.seed for spec in world.asked}) == [0, 1, 2, 3] and len(world.asked) == 12


def test_a_rate_at_which_a_run_diverges_is_lowered_for_all_and_counted():
    world = Lengths(lambda n: 0.5 * n**-0.5, edge=0.1)
    found = search(world)
    assert found.choice["lr_max"] <= 0.1
    assert found.choice["lr_constant"] == pytest.approx(found.choice["lr_max"] / 3, rel=0.05)
    assert len(found.runs) == len(world.asked) == 12  # the failed ones are paid for, too
    assert "given up: 6 of 6 runs diverged" in found.reason
    assert sum("given up" in label for label in found.details["labels"].values()) == 6
    with pytest.raises(Refused, match="6 of 6 diverged") as refused:
        search(Lengths(lambda n: 0.5 * n**-0.5, edge=1e-6))
    assert len(refused.value.runs) == 18


def test_ends_that_do_not_order_are_refused_with_their_runs():
    with pytest.raises(Refused, match="must not end worse") as refused:
        search(Lengths(lambda n: 0.5 + 0.05 * n))
    assert len(refused.value.runs) == 6


def test_runs_that_have_not_begun_to_learn_are_refused():
    with pytest.raises(Refused, match=r"below 80% of the untrained network's 2\.3, got 1\.95 after 200 iter"):
        search(Lengths(lambda n: 2.0 - 0.025 * n))


def test_a_fall_that_speeds_up_is_told():
    found = search(Lengths(lambda n: 1.5 * np.exp(-0.01 * n**2)))
    assert found.details["speeds_up"] and "these runs are too short" in found.reason
    assert not search(Lengths(lambda n: 0.5 * n**-0.5)).details["speeds_up"]


def test_accuracy_that_follows_no_law_is_left_out():
    found = search(Lengths(lambda n: 0.5 * n**-0.5, accuracy=lambda _: 1.0))
    assert "val_accuracy" not in found.details["prices"]["twice"] and "accuracy" not in found.reason


def test_a_short_task_gets_runs_that_are_no_mere_warm_up():
    world = Lengths(lambda n: 0.5 * n**-0.5)
    search(world, replace(LONG, epochs=2))
    assert min(spec.iterations for spec in world.asked) >= 60


def test_replaying_asks_the_same_and_repeats_are_read_one_by_one():
    worlds = [Lengths(lambda n: 0.5 * n**-0.5, noise=0.01) for _ in range(2)]
    one, other = (search(world) for world in worlds)
    assert [spec.key for spec in worlds[0].asked] == [spec.key for spec in worlds[1].asked]
    assert one.to_json() == other.to_json()
    json.dumps(one.to_json(), allow_nan=False)
    world = Lengths(lambda n: 0.5 * n**-0.5, noise=0.01)
    many = drive(repeated(length(LONG, 0.3, (0.95, 0.85), 1e-3), LONG), world.train)
    assert sum(len(point["val_loss"]) for point in many.details["figure"]["points"]) == 24
    assert many.choice["epochs"] == one.choice["epochs"] == 32
