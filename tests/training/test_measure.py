"""measure() over an invented trainer: rows, divergence, snapshots. The range test over one, too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wellbegun.errors import Refused
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.spec import RunSpec
from wellbegun.training.measure import has_diverged, measure
from wellbegun.training.range_test import lr_range_test

NAN, INF = math.nan, math.inf


class Invented:
    """Training losses are 1, 2, 3, ...; validation losses come from a list or a function of the last lr."""

    samples = 50

    def __init__(self, val_losses, train=lambda i: float(i + 1)):
        self.val_losses, self.train = val_losses, train
        self.done, self.evaluations, self.tests = 0, 0, 0
        self.lr, self.momentum = [], []

    def steps(self, lr, momentum):
        assert lr.dtype == momentum.dtype == np.float64
        self.lr += lr.tolist()
        self.momentum += momentum.tolist()
        losses = [self.train(self.done + i) for i in range(len(lr))]
        self.done += len(lr)
        return np.array(losses)

    def evaluate(self):
        loss = self.val_losses(self) if callable(self.val_losses) else self.val_losses[self.evaluations]
        self.evaluations += 1
        return {"val_loss": loss, "val_accuracy": 0.5, "val_f1": 0.25}

    def test(self):
        self.tests += 1
        return {"test_loss": 0.1}

    def state_dict(self):
        return {"done": self.done}

    def load_state_dict(self, state):
        self.done = state["done"]


def spec(**changes):
    values = {"task": "t", "iterations": 10, "batch_size": 5, "lr": LinearRamp(0.0, 9.0, 10)}
    return RunSpec(**{**values, "momentum": Constant(0.9), "eval_every": 4, **changes})


def test_rows_say_what_was_measured_and_where():
    trainer, rows = Invented([2.0, 1.5, 1.0, 0.5]), []
    run = measure(trainer, spec(), report=rows.append)
    curve = run.curve
    assert curve.iteration.tolist() == [0, 4, 8, 10]
    assert curve.lr.tolist() == [0.0, 3.0, 7.0, 9.0]  # of the last update done
    assert curve.momentum.tolist() == [0.9] * 4
    np.testing.assert_equal(curve.train_loss, [NAN, 2.5, 6.5, 9.5])  # means over 1..4, 5..8, 9..10
    assert curve.val_loss.tolist() == [2.0, 1.5, 1.0, 0.5]
    assert curve.metrics["val_f1"].tolist() == [0.25] * 4
    assert [row["iteration"] for row in rows] == [0, 4, 8, 10] and rows[2]["val_loss"] == 1.0
    assert trainer.lr == list(range(10)) and trainer.momentum == [0.9] * 10
    assert (run.ended, run.iterations, run.epochs) == ("finished", 10, 1.0)
    assert 0 <= run.eval_seconds <= run.seconds and trainer.tests == 0 and run.test == {}


def test_the_test_set_is_read_once_and_only_by_a_finished_run():
    trainer = Invented([1.0] * 4)
    assert measure(trainer, spec(test=True)).test == {"test_loss": 0.1} and trainer.tests == 1
    trainer = Invented([1.0, NAN])
    assert measure(trainer, spec(test=True)).test == {} and trainer.tests == 0


def test_snapshots_are_taken_where_asked_and_change_nothing():
    kept = {}
    keep = {i: lambda state, i=i: kept.update({i: state}) for i in (0, 3, 4, 10)}
    run = measure(Invented([1.0] * 4), spec(), keep=keep)
    assert kept == {i: {"done": i} for i in (0, 3, 4, 10)}
    plain = measure(Invented([1.0] * 4), spec())
    np.testing.assert_equal(run.curve.columns(), plain.curve.columns())


def test_snapshots_outside_of_the_run_are_refused():
    with pytest.raises(ValueError, match=r"0\.\.10, got \[11\]"):
        measure(Invented([1.0] * 4), spec(), keep={11: print})


@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_loss_that_is_not_finite_ends_the_run_with_all_rows_kept(bad):
    run = measure(Invented([1.0, bad]), spec())
    assert (run.ended, run.iterations, len(run.curve)) == ("diverged", 4, 2)
    run = measure(Invented([1.0] * 4, train=lambda i: bad if i == 5 else 1.0), spec())
    assert (run.ended, run.iterations, len(run.curve)) == ("diverged", 8, 3)


@pytest.mark.parametrize(
    ("losses", "limit", "diverged"),
    [
        ([2.0, 19.9], None, False),
        ([2.0, 20.1], None, True),  # past ten times the first
        ([2.0, 1.5, 1.5, 1.5, 1.97, 1.97], None, True),  # had learnt (0.75), is back at 0.985
        ([2.0, 1.5, 1.5, 1.5, 1.97], None, False),  # one evaluation is noise
        ([2.0, 1.5, 1.5, 1.5, 1.95, 1.95], None, False),  # 0.975
        ([2.0, 1.7, 1.7, 1.7, 1.99, 1.99], None, False),  # had not learnt: 0.85
        ([2.0, 1.0, 2.5, 2.5, 2.5], None, False),  # one low value is noise, too
        ([2.0, 0.1, 0.1, 0.1, 0.5, 0.5], None, False),
        ([2.0, 0.1, 0.1, 0.1, 0.5, 0.5], 4.0, True),
        ([2.0, 0.1, 0.1, 0.1, 0.5, 0.1], 4.0, False),
        ([2.0, 0.1, 0.1, 0.1, 0.4, 0.4], 4.1, False),
        ([2.0, 1.7, 1.7, 1.7, *[1.99] * 6], 4.0, True),  # a ramp that had learnt a little is as at first
        ([2.0, 1.7, 1.7, 1.7, *[1.99] * 5], 4.0, False),  # a swing that may come back
        ([2.0, 1.7, 1.7, 1.7, *[1.99] * 6], None, False),
        ([2.0, 1.7, 1.7, 1.7, *[1.99] * 3, 1.9, *[1.99] * 5], 4.0, False),
        ([-1.0, -20.0, -1.0, -1.0, 3.0, 3.0], 4.0, False),  # a loss that may be negative
        ([2.0], 4.0, False),
    ],
)
def test_the_rules_of_divergence(losses, limit, diverged):
    train = np.array([NAN, *losses[1:]])
    assert has_diverged(train, np.array(losses), limit) is diverged


@pytest.mark.parametrize(("train", "diverged"), [(1.7, True), (1.61, True), (1.59, False), (0.1, False)])
def test_a_network_that_goes_on_learning_its_training_data_has_not_diverged(train, diverged):
    for high in (2.6, 30.0):
        losses = np.array([2.0, 1.5, 1.5, 1.5, 2.2, 2.4, high])
        assert has_diverged(np.array([NAN, *[1.2] * 3, *[train] * 3]), losses) is diverged


@pytest.mark.parametrize(
    ("losses", "limit", "diverged"),
    [
        ([0.1, 2.0], None, False),  # ten times a trained network's loss may still be learning
        ([0.1, 0.07, 0.07, 0.07, 0.1, 0.1], None, False),  # a swing around a plateau
        ([0.1, 0.07, 0.07, 0.07, 0.3, 0.3], 4.0, True),
        ([0.1, INF], None, True),
    ],
)
def test_a_continuation_is_not_compared_with_its_first_row(losses, limit, diverged):
    train = np.array([NAN] + [1.0] * (len(losses) - 1))
    assert has_diverged(train, np.array(losses), limit, continued=True) is diverged
    run = measure(Invented(losses), spec(iterations=4 * (len(losses) - 1), start=("parent", 8), limit=limit))
    assert run.diverged is diverged


def bowl(trainer):
    """Falls with the updates done until the lr passes 1, then rises."""
    lr = trainer.lr[-1] if trainer.lr else 0.0
    return 0.2 + 2.0 * math.exp(-4.0 * lr) + (max(0.0, lr - 1.0) * 2.0) ** 2


def test_range_test_reads_the_ramp_and_gives_the_state_back():
    trainer = Invented(bowl)
    trainer.done = 7
    run, bounds = lr_range_test(trainer, lr_min=0.0, lr_max=2.0, iterations=100, margin=1.0)
    assert trainer.done == 7
    assert run.diverged and run.curve.val_loss[-1] > 4 * 0.2  # the limit ended it
    assert 0.5 < bounds.lr_max < 1.4
    assert np.all(np.diff(run.curve.lr[1:]) > 0)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_range_test_gives_the_state_back_after_an_error(error):
    def broken(trainer):
        if trainer.done > 30:
            raise error
        return 1.0

    trainer = Invented(broken)
    with pytest.raises(error):
        lr_range_test(trainer, lr_min=0.01, lr_max=2.0, iterations=100, kind="exponential")
    assert trainer.done == 0


def test_range_test_that_shows_nothing_is_refused_with_its_run():
    with pytest.raises(Refused) as caught:
        lr_range_test(Invented(lambda _: 2.3), lr_min=0.01, lr_max=2.0, iterations=100)
    assert len(caught.value.runs[0].curve) == 51


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"kind": "cosine"}, ["linear", "'cosine'"]), ({"lr_max": 0.01}, ["0.1 and 0.01"])],
)
def test_range_test_tells_wrong_arguments(changes, words):
    with pytest.raises(ValueError) as caught:
        lr_range_test(Invented(bowl), **{"lr_min": 0.1, "lr_max": 1.0, "iterations": 10, **changes})
    assert all(word in str(caught.value) for word in words)
