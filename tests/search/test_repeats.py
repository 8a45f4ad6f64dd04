from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from wellbegun.curve import SPREAD, Run
from wellbegun.search.plan import Batch, drive
from wellbegun.search.repeats import initialisations, merged, repeated, variants

from .test_recipe import SETTING
from .world import World


def ramp(setting=SETTING):
    return setting.ramp(0.2, setting.falling(0.95, 0.85), 1e-3)


def one_question(*specs):
    def plan():
        return (yield Batch.of("question", specs))

    return plan()


def test_the_protocol_is_two_even_and_two_odd_batch_sizes_within_twelve():
    for batch in (64, 65):
        sizes = [spec.batch_size for spec in variants(ramp().but(batch_size=batch), SETTING)]
        assert sizes[0] == batch and max(sizes) <= batch + 12
        assert sorted(size % 2 for size in sizes) == [0, 0, 1, 1] and len(set(sizes)) == 4


def test_either_initialisation_twice_with_an_even_and_an_odd_batch():
    from dataclasses import replace

    specs = variants(ramp(), replace(SETTING, initialisations=("msra", "xavier")))
    inits = [(dict(spec.factory_args)["init"], spec.batch_size % 2) for spec in specs]
    assert sorted(inits) == [("msra", 0), ("msra", 1), ("xavier", 0), ("xavier", 1)]
    assert all(not spec.factory_args for spec in variants(ramp(), SETTING))


def test_factories_that_take_init_are_known():
    def with_init(init="msra"):
        return nn.Linear(1, 1)

    assert initialisations(with_init) == ("msra", "xavier")
    assert initialisations(nn.Linear) == initialisations(nn.Linear(1, 1)) == ()


def test_an_answer_is_the_mean_with_the_spread_of_the_four():
    world = World(asked=[])
    (run,) = drive(repeated(one_question(ramp()), SETTING), world.train)
    assert run.spec == ramp() and len(run.repeats) == 4 == len(world.asked)
    rows = min(len(one.curve) for one in run.repeats)
    stack = np.stack([one.curve.val_loss[:rows] for one in run.repeats])
    np.testing.assert_allclose(run.curve.val_loss[:rows], stack.mean(axis=0))
    np.testing.assert_allclose(run.curve.metrics[SPREAD][:rows], stack.std(axis=0, ddof=1))
    assert run.iterations == sum(one.iterations for one in run.repeats)


def test_the_mean_breaks_down_where_the_first_repeat_does():
    fine, bad = World(edge=10.0).run(ramp()), World(edge=0.05).run(ramp().but(seed=9))
    run = merged(ramp(), [fine, bad])
    assert bad.diverged and run.diverged
    assert len(run.curve) == len(bad.curve) + 1 and np.isinf(run.curve.val_loss[-1])
    assert np.isfinite(run.curve.val_loss[:-1]).all()


def test_the_final_run_and_continuations_stay_single():
    final = SETTING.final(0.1, (0.95, 0.85), 1e-3)
    going_on = ramp().but(start=("parent", 5))
    world = World(asked=[])
    runs = drive(repeated(one_question(final, going_on), SETTING), world.train)
    assert [len(run.repeats) for run in runs] == [0, 0] and world.asked == [final, going_on]


def test_repeats_narrow_the_spread_of_a_mean():
    def last(run: Run) -> float:
        return float(np.log(run.curve.val_loss[20]))

    world = World(edge=5.0, noise=0.05)
    single = [last(world.run(ramp().but(seed=seed))) for seed in range(40)]
    plans = [repeated(one_question(ramp().but(seed=seed)), SETTING) for seed in range(40)]
    means = [last(drive(plan, world.train)[0]) for plan in plans]
    assert np.std(means) == pytest.approx(np.std(single) / 2, rel=0.4)
