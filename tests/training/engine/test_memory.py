"""What a measured run says of its memory, against sums by hand, and what happens when there is too little."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from wellbegun.curve import TOO_LARGE
from wellbegun.errors import WellbegunError
from wellbegun.job import Training
from wellbegun.runs.store import RunStore
from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec
from wellbegun.training.engine.memory import capacity, describe, is_too_little
from wellbegun.training.task import Task

PARAMETERS = 6 * 16 + 16 + 16 * 3 + 3


def net():
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


class Hungry(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, inputs):
        if len(inputs) == 32:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 TiB")
        return self.layer(inputs)


def task(model=net):
    rng = np.random.default_rng(0)
    return Task(model=model, train=(rng.normal(size=(300, 6)).astype(np.float32), rng.integers(0, 3, 300)))


SPEC = RunSpec(
    task="t", iterations=6, batch_size=16, lr=Constant(0.1), momentum=Constant(0.9), eval_every=2, host="here"
)


def measured(tmp_path, spec, model=net):
    return Training(task(model), tmp_path)(spec, None)


@pytest.mark.parametrize(("optimizer", "copies"), [("nesterov", 3), ("papers_sgd", 3), ("adamw", 4)])
def test_memory_is_weights_gradients_slots_and_a_part_per_sample(tmp_path, optimizer, copies):
    of = {}
    for size in (16, 32, 64):
        run = measured(tmp_path, SPEC.but(batch_size=size, optimizer=optimizer))
        column = run.curve.metrics["memory_bytes"]
        assert np.isnan(column[0]) and len(set(column[1:])) == 1
        of[size] = column[-1]
    per_sample = (of[32] - of[16]) / 16
    assert of[64] - of[32] == 32 * per_sample
    assert of[16] - 16 * per_sample == pytest.approx(copies * PARAMETERS * 4, abs=64)  # float32; scalars
    # at least inputs, hidden values, outputs in float32 and the target in int64
    assert 4 * (6 + 16 + 3) + 8 <= per_sample <= 3 * (4 * (6 + 16 + 3) + 8)


def test_measuring_changes_nothing_of_a_run(tmp_path):
    one, other = measured(tmp_path, SPEC), measured(tmp_path, SPEC.but(host=None))
    np.testing.assert_array_equal(one.curve.train_loss, other.curve.train_loss)
    np.testing.assert_array_equal(one.curve.val_loss, other.curve.val_loss)
    assert set(one.curve.metrics) - set(other.curve.metrics) == {
        "begun",
        "build",
        "seconds",
        "processor_seconds",
        "memory_bytes",
    }
    busy = one.curve.metrics["processor_seconds"]
    assert (np.diff(busy) >= 0).all() and busy[0] >= 0 and busy[-1] > 0


def test_a_measured_run_that_does_not_fit_is_a_result_and_any_other_an_error(tmp_path):
    store = RunStore(tmp_path)
    run = measured(tmp_path, SPEC.but(batch_size=32), Hungry)
    assert run.ended == TOO_LARGE and run.iterations == 0 and len(run.curve) == 0
    store.publish(run)
    assert store.read(run.key).ended == TOO_LARGE
    assert measured(tmp_path, SPEC, Hungry).ended == "finished"
    with pytest.raises(torch.OutOfMemoryError):
        measured(tmp_path, SPEC.but(batch_size=32, host=None), Hungry)


def test_which_errors_are_about_memory():
    assert is_too_little(torch.OutOfMemoryError("x")) and is_too_little(MemoryError())
    assert is_too_little(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not is_too_little(RuntimeError("shapes do not fit")) and not is_too_little(WellbegunError("x"))


def test_the_device_says_its_memory_and_its_threads():
    assert capacity("cpu") is None or capacity("cpu") > 2**20
    assert describe("cpu", 3) == "cpu x 3" and describe("cpu") == f"cpu x {torch.get_num_threads()}"
