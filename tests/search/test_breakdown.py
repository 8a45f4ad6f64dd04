"""Whether a run lost what it had learned, and when."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from wellbegun.curve import DIVERGED, Curve, Run
from wellbegun.search.breakdown import failed, lost_at

from .test_recipe import SETTING

SPEC = SETTING.final(0.1, (0.95, 0.85), 2e-4)
FALLING = np.linspace(2.0, 1.0, 21).tolist()


def run_of(val, train, ended="finished"):
    rows = np.linspace(0, SPEC.iterations, 41).round().astype(int)[: len(val)]
    curve = Curve.of({"iteration": rows, "val_loss": val, "train_loss": train})
    return Run(spec=SPEC, curve=curve, ended=ended, iterations=int(rows[-1]), seconds=1.0, epochs=1.0)


@pytest.mark.parametrize(
    ("train", "lost"),
    [
        ([*FALLING, *[2.3] * 10], 21),  # both jump
        ([*FALLING, 1.0, *[2.3] * 9], 22),  # the training loss shows it a row later
        ([*FALLING, *np.linspace(1.0, 0.1, 10)], None),  # it knows its training data ever better
        ([math.nan] * 31, 21),  # nobody knows
        ([*FALLING[:-1], *[0.0] * 11], None),  # and perfectly
    ],
)
def test_a_sudden_rise_of_both_losses_is_a_breakdown(train, lost):
    run = run_of([*FALLING, *[2.3] * 10], train)
    assert failed(run) and lost_at(run) == lost


def test_a_slow_rise_is_none():
    run = run_of([*FALLING, *np.linspace(1.0, 2.3, 20)], [*FALLING, *np.linspace(1.0, 2.3, 20)])
    assert failed(run) and lost_at(run) is None


@pytest.mark.parametrize(("end", "broke"), [(0.036, False), (0.06, False), (0.08, True), (2.3, True)])
def test_a_few_samples_more_where_next_to_no_loss_is_left_are_none(end, broke):
    down = np.geomspace(2.3, 0.024, 21).tolist()
    run = run_of([*down, *[end] * 20], [*down, *[2 * end] * 20])
    assert failed(run) == broke and lost_at(run) == (21 if broke else None)


def test_what_comes_back_is_none():
    run = run_of([*FALLING, 2.3, 2.3, *[0.9] * 10], [*FALLING, 2.3, 2.3, *[0.9] * 10])
    assert not failed(run) and lost_at(run) is None


def test_a_run_that_diverged_between_two_looks_lost_it_after_the_last():
    run = run_of([*FALLING, math.inf], [*FALLING, math.inf], DIVERGED)
    assert lost_at(run) == len(FALLING)
    assert lost_at(replace(run, curve=run.curve.rows(0, len(FALLING)))) == len(FALLING)
