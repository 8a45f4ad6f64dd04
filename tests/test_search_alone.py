"""Steps that vary an argument of the model factory, in the real engine and with a store."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from wellbegun.errors import TaskError, TrainingFailed
from wellbegun.training.task import Task
from wellbegun.tune import search_for


def net(hidden=16, dropout=0.0):
    return nn.Sequential(nn.Linear(6, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 3))


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    inputs = (0.7 * rng.normal(size=(400, 6)) + y[:, None]).astype(np.float32)
    return Task(model=net, train=(inputs, y), batch_size=32, epochs=5)


@pytest.mark.parametrize("what", ["regularizer", "balance"])
def test_the_networks_differ_in_the_factor_and_nothing_runs_twice(task, tmp_path, what):
    found = search_for(task, what, factor="dropout", values=(0.0, 0.9), store=tmp_path)
    assert found.choice["dropout"] in (0.0, 0.9)
    by_value = {
        dict(run.spec.factory_args)["dropout"]: run.curve for run in found.runs if run.spec.factory_args
    }
    assert set(by_value) == {0.0, 0.9}
    assert np.nanmean(by_value[0.9].train_loss) > np.nanmean(by_value[0.0].train_loss)  # dropout is at work
    again = search_for(task, what, factor="dropout", values=(0.0, 0.9), store=tmp_path)
    assert all(run.replayed for run in again.runs) and again.to_json() == found.to_json()


def test_a_factor_that_the_factory_does_not_take_is_a_task_error_before_anything_runs(task, tmp_path):
    with pytest.raises(TaskError, match="got 'droput', it takes dropout; give it the argument droput"):
        search_for(task, "regularizer", factor="droput", store=tmp_path)
    assert not list(tmp_path.rglob("run.json"))


def test_a_value_that_the_network_cannot_take_names_the_reason(tmp_path):
    rng = np.random.default_rng(0)

    def strict(penalty=0.0):
        if penalty > 1:
            raise ValueError("penalty must be at most 1")
        return nn.Linear(2, 2)

    task = Task(model=strict, train=(rng.normal(size=(60, 2)).astype(np.float32), rng.integers(0, 2, 60)))
    with pytest.raises(TrainingFailed, match="penalty must be at most 1"):
        search_for(task, "regularizer", factor="penalty", values=(2.0, 3.0), store=tmp_path)
