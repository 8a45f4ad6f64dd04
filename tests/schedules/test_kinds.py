"""The JSON form of schedules: what it holds, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import OneCycle, TorchOneCycle
from wellbegun.schedules.decay import MultiStep
from wellbegun.schedules.kinds import from_json, to_json


def test_json_is_the_name_and_the_fields():
    assert to_json(OneCycle(0.1, 1.0, 45, 100)) == {
        "kind": "one_cycle", "lr_min": 0.1, "lr_max": 1.0, "stepsize": 45, "iterations": 100,
    }  # fmt: skip
    assert to_json(MultiStep(0.1, 0.5, (3, 9)))["milestones"] == [3, 9]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Constant(1), Constant(1.0)),
        (Constant(np.float64(0.5)), Constant(0.5)),
        (Constant(0.0), Constant(-0.0)),
        (OneCycle(0.1, 1, np.int64(4), 10), OneCycle(0.1, 1.0, 4, 10)),
        (MultiStep(0.1, 0.5, (np.int64(3),)), MultiStep(0.1, 0.5, (3,))),
    ],
)
def test_equal_schedules_have_equal_json(one, other):
    assert one == other and json.dumps(to_json(one)) == json.dumps(to_json(other))


def test_defaults_may_be_left_out():
    assert from_json({"kind": "torch_one_cycle", "lr_max": 1.0, "iterations": 50}) == TorchOneCycle(1.0, 50)


def test_a_bare_function_is_refused():
    def bare(iteration):
        return 0.1 * np.asarray(iteration)

    with pytest.raises(TypeError, match=r"must be one of constant, .* got <function .*key"):
        to_json(bare)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "zigzag", "value": 1.0}, ["'zigzag'", "one_cycle"]),
        ({"value": 1.0}, ["None", "constant"]),
        (0.1, ["None", "constant"]),
        ({"kind": ["constant"], "value": 1.0}, ["['constant']"]),
        (
            {"kind": "constant", "value": 1.0, "speed": 2},
            ["unknown ['speed']", "constant has the fields value"],
        ),
        ({"kind": "step", "start": 1.0}, ["missing ['gamma', 'stepsize']", "step has the fields start"]),
        ({"kind": "constant", "value": None}, ["Constant.value", "None"]),
        ({"kind": "step", "start": 1.0, "gamma": 0.5, "stepsize": 10.0}, ["Step.stepsize", "10.0"]),
        ({"kind": "multi_step", "start": 1.0, "gamma": 0.5, "milestones": "12"}, ["milestones", "'12'"]),
    ],
)
def test_wrong_json_is_named(values, words):
    with pytest.raises(ValueError) as caught:
        from_json(values)
    assert all(word in str(caught.value) for word in words), str(caught.value)
