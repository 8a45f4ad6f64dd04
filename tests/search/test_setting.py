"""Setting: how short runs and the final run are evaluated."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from torch import nn

from wellbegun.job import Options, Work
from wellbegun.schedules.constant import Constant
from wellbegun.search.setting import OWN_SAMPLES, Setting
from wellbegun.training.task import Task

SETTING = Setting(
    task_name="invented", task="f" * 32, samples=6400, validation=600, batch_size=64, epochs=5,
    optimizer="nesterov", parameters=10_000, normalised=True, batch_norm=True,
)  # fmt: skip


def short(setting: Setting):
    momentum = Constant(0.9)
    return [
        setting.coarse(), setting.narrow(0.1), setting.ramp(1.0, momentum, 0.0),
        setting.short_cycle(0.1, (0.95, 0.85), 0.0),
    ]  # fmt: skip


def test_short_runs_pay_for_no_statistics_of_training_batches():
    assert {spec.norms for spec in short(SETTING)} == {"own"}
    assert SETTING.final(0.1, (0.95, 0.85), 0.0).norms == "training"


@pytest.mark.parametrize("changes", [{"batch_norm": False}, {"validation": OWN_SAMPLES - 1}], ids=str)
def test_others_are_evaluated_as_the_final_run(changes):
    assert {spec.norms for spec in short(replace(SETTING, **changes))} == {"training"}


@pytest.mark.parametrize(
    ("layer", "needed"),
    [
        (nn.BatchNorm1d, True),
        (partial(nn.BatchNorm1d, track_running_stats=False), False),
        (nn.LayerNorm, False),
    ],
    ids=["batch", "batch, without averages", "layer"],
)
def test_only_batch_norm_with_running_averages_counts(layer, needed, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 6)).astype(np.float32), rng.integers(0, 3, 90)
    task = Task(model=lambda: nn.Sequential(layer(6), nn.Linear(6, 3)), train=(x, y))
    with Work.of(task, Options(store=tmp_path, device="cpu")) as work:
        assert work.setting.batch_norm is needed and work.setting.normalised
