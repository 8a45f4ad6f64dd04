"""Continuing from a snapshot: Training in the real engine, on a store."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from wellbegun.errors import StoreError
from wellbegun.job import Training
from wellbegun.runs.store import RunStore
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.spec import RunSpec
from wellbegun.training.engine.state import from_bytes, to_bytes
from wellbegun.training.engine.trainer import build
from wellbegun.training.task import Task
from wellbegun.tune import search_for


def net():
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    return Task(model=net, train=((rng.normal(size=(300, 6)) + y[:, None]).astype(np.float32), y))


PARENT = RunSpec(
    task="t", iterations=30, batch_size=16, lr=LinearRamp(0.01, 0.1, 30), momentum=Constant(0.9),
    weight_decay=1e-3, eval_every=5,
)  # fmt: skip


class Tail:
    """The rest of a schedule from an update on."""

    def __init__(self, schedule, begin):
        self.schedule, self.begin = schedule, begin

    def __call__(self, iteration):
        return self.schedule(np.asarray(iteration) + self.begin)


def rest(optimizer="nesterov", **changes):
    lr = LinearRamp(float(PARENT.lr(10)), 0.1, 20)
    values = {"iterations": 20, "lr": lr, "start": (PARENT.but(optimizer=optimizer).key, 10)}
    return PARENT.but(**{**values, "optimizer": optimizer, **changes})


@pytest.mark.parametrize("optimizer", ["nesterov", "papers_nesterov", "adamw"])
@pytest.mark.parametrize("kept", [True, False])
def test_a_continuation_is_the_rest_of_its_parent(task, tmp_path, optimizer, kept):
    store = RunStore(tmp_path)
    whole = Training(task, tmp_path, (10,) if kept else ())(PARENT.but(optimizer=optimizer), None)
    store.publish(whole)
    assert (store.load_snapshot(whole.key, 10) is not None) == kept
    run = Training(task, tmp_path)(rest(optimizer), None)
    np.testing.assert_array_equal(run.curve.iteration + 10, whole.curve.iteration[2:])
    np.testing.assert_allclose(run.curve.val_loss, whole.curve.val_loss[2:], rtol=1e-6)
    np.testing.assert_allclose(run.curve.train_loss[1:], whole.curve.train_loss[3:], rtol=1e-6)


def test_continuations_that_differ_in_decay_begin_at_the_same_point(task, tmp_path):
    RunStore(tmp_path).publish(Training(task, tmp_path, (10,))(PARENT, None))
    runs = [Training(task, tmp_path)(rest(weight_decay=decay), None) for decay in (0.0, 1.0)]
    assert runs[0].curve.val_loss[0] == runs[1].curve.val_loss[0]
    assert runs[0].curve.val_loss[-1] != runs[1].curve.val_loss[-1]


def test_a_snapshot_past_the_end_of_its_parent_is_refused(task, tmp_path):
    parent = PARENT.but(iterations=8)
    RunStore(tmp_path).publish(Training(task, tmp_path)(parent, None))
    with pytest.raises(StoreError, match=r"got 12, run .* did 8"):
        Training(task, tmp_path)(rest(start=(parent.key, 12)), None)
    with pytest.raises(StoreError):
        Training(task, tmp_path)(rest(start=("0" * 24, 5)), None)


def test_states_survive_the_disk_without_trusting_code(task):
    trainer = build(task, PARENT)
    trainer.steps(np.full(7, 0.05), np.full(7, 0.9))
    state = from_bytes(to_bytes(trainer.state_dict()))
    one = trainer.steps(np.full(5, 0.05), np.full(5, 0.9))
    other = build(task, PARENT)
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.steps(np.full(5, 0.05), np.full(5, 0.9)), one)


def test_the_estimate_changes_nothing_of_the_run_and_is_a_column(task):
    plain = Training(task, RunStore(".").root)(PARENT, None)
    watched = Training(task, RunStore(".").root)(PARENT.but(estimate=2), None)
    np.testing.assert_array_equal(plain.curve.val_loss, watched.curve.val_loss)
    found = watched.curve.metrics["lr_estimate"]
    assert "lr_estimate" not in plain.curve.metrics
    assert np.isnan(found[0]) and (found[2:] > 0).all()


def test_a_measured_run_says_its_seconds(task):
    run = Training(task, RunStore(".").root)(PARENT.but(host="here"), None)
    seconds = run.curve.metrics["seconds"]
    assert (np.diff(seconds) > 0).all() and seconds[0] >= 0 and seconds[-1] <= run.seconds


@pytest.mark.slow
def test_a_batch_size_search_in_the_engine_is_read_the_second_time(task, tmp_path):
    def search():
        return search_for(task, "batch-size", values=(16, 32), epochs=4, store=tmp_path)

    first = search()
    stored = {path: path.read_bytes() for path in tmp_path.glob("*/run.json")}
    again = search()
    assert again.to_json() == first.to_json() and all(run.replayed for run in again.runs)
    assert len(stored) > 10 and stored == {path: path.read_bytes() for path in tmp_path.glob("*/run.json")}
    assert first.choice in (16, 32)
    for row in first.details["candidates"]:
        assert row["iterations"] * row["seconds_per_update"] == pytest.approx(
            first.details["seconds"], rel=0.01
        )
        assert row["memory_bytes"] > 0


def test_a_snapshot_search_goes_on_from_its_parent_and_repeats_nothing(task, tmp_path, monkeypatch):
    from wellbegun.tune import search_for

    trained = []
    original = Training._train
    monkeypatch.setattr(
        Training, "_train", lambda self, spec, *rest: trained.append(spec) or original(self, spec, *rest)
    )
    ask = {"store": tmp_path, "epochs": 20, "batch_size": 16, "device": "cpu"}
    found = search_for(task, "weight-decay-snapshot", **ask)
    labels, runs = found.details["labels"], {run.key: run for run in found.runs}
    compared = [run for run in found.runs if run.key in labels]  # the coarse look has none
    (parent, *_), rest = (
        [run for run in compared if (labels[run.key] == "parent") == first] for first in (True, False)
    )
    assert all(run.spec.start[0] in runs for run in rest)
    for run in rest:  # the first row is the parent's last: the state was taken over
        start = runs[run.spec.start[0]].curve
        assert run.curve.val_loss[0] == pytest.approx(start.val_loss[-1], rel=1e-5)
    assert len(trained) == len({spec.key for spec in trained})  # no snapshot had to be made again
    trained.clear()
    again = search_for(task, "weight-decay-snapshot", **ask)
    assert trained == [] and again.choice == found.choice and again.reason == found.reason
    assert parent.spec.start is None
