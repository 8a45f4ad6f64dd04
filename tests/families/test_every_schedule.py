"""What holds for every schedule: run over all of KINDS, so a new one is tested the day it is listed."""

from __future__ import annotations

import dataclasses
import json
import pickle
import typing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellbegun.schedules._base import Schedule
from wellbegun.schedules.kinds import KINDS, from_json, to_json

EXAMPLES: dict[str, dict[str, typing.Any]] = {
    "constant": {"value": 0.9},
    "step": {"start": 0.1, "gamma": 0.94, "stepsize": 7},
    "multi_step": {"start": 0.1, "gamma": 0.316, "milestones": (20, 31, 37, 36)},
    "inv": {"start": 0.01, "gamma": 1e-4, "power": 0.75},
    "exp": {"start": 0.1, "gamma": 0.97},
    "cosine": {"start": 0.3, "end": 0.001, "iterations": 41},
    "triangular": {"lr_min": 0.1, "lr_max": 3.0, "stepsize": 11},
    "triangular_halving": {"lr_min": 0.1, "lr_max": 3.0, "stepsize": 11},
    "exp_range": {"lr_min": 0.1, "lr_max": 3.0, "stepsize": 11, "gamma": 0.99},
    "one_cycle": {"lr_min": 0.08, "lr_max": 0.8, "stepsize": 19, "iterations": 41},
    "one_cycle_text": {"lr_min": 0.08, "lr_max": 0.8, "stepsize": 17, "iterations": 41, "final": 8e-5},
    "torch_one_cycle": {"lr_max": 0.7, "iterations": 41, "pct_start": 0.4, "phases": 3, "anneal": "cos"},
    "fastai_one_cycle": {"lr_max": 0.7, "iterations": 41},
    "cyclical_momentum": {"momentum": 0.95, "other": 0.85, "stepsize": 13},
    "momentum_cycle": {"maximum": 0.95, "minimum": 0.8, "stepsize": 19},
    "linear_ramp": {"start": 0.98, "end": 0.8, "iterations": 41},
    "exponential_ramp": {"start": 1e-6, "end": 10.0, "iterations": 41},
}
every_kind = pytest.mark.parametrize("kind", KINDS)
RUN = np.arange(60)  # past the end of every example


def example(kind: str) -> typing.Any:
    return KINDS[kind](**EXAMPLES[kind])


def test_every_kind_has_an_example():
    assert set(EXAMPLES) == set(KINDS)


def test_every_class_has_one_name():
    assert len(set(KINDS.values())) == len(KINDS)


@every_kind
def test_it_is_a_frozen_hashable_schedule(kind):
    schedule = example(kind)
    assert (
        isinstance(schedule, Schedule) and schedule == example(kind) and hash(schedule) == hash(example(kind))
    )
    assert not hasattr(schedule, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, dataclasses.fields(schedule)[0].name, 1.0)


@every_kind
def test_its_fields_have_types_that_json_can_hold(kind):
    assert {field.type for field in dataclasses.fields(KINDS[kind])} <= {
        "int",
        "float",
        "str",
        "tuple[int, ...]",
    }


@every_kind
def test_one_call_equals_calls_one_by_one(kind):
    schedule = example(kind)
    together, alone = schedule(RUN), np.array([schedule(int(t)) for t in RUN])
    assert np.array_equal(together, alone)
    assert np.array_equal(schedule(RUN[::3]), together[::3]) and np.array_equal(
        schedule(RUN[::-1]), together[::-1]
    )
    assert np.array_equal(np.concatenate([schedule(RUN[:17]), schedule(RUN[17:])]), together)


@every_kind
@given(t=st.integers(0, 10**7), before=st.integers(0, 9), after=st.integers(0, 9))
def test_no_neighbour_changes_a_value(kind, t, before, after):
    schedule = example(kind)
    assert schedule(np.arange(max(t - before, 0), t + after + 1))[min(before, t)] == schedule(t)


@every_kind
def test_the_shape_is_that_of_the_iterations(kind):
    schedule = example(kind)
    assert isinstance(schedule(3), float) and schedule(np.int64(3)).dtype == np.float64
    for shape in [(0,), (1,), (6,), (2, 3), (3, 1, 2)]:
        t = np.arange(int(np.prod(shape))).reshape(shape)
        assert schedule(t).shape == shape and schedule(t).dtype == np.float64
    assert np.array_equal(schedule([1, 2]), schedule((1, 2)))


@every_kind
def test_it_leaves_its_input_alone_and_gives_an_array_of_its_own(kind):
    t = RUN.astype(np.float64)
    t.setflags(write=False)
    values = example(kind)(t)
    values += 1.0
    assert np.array_equal(t, RUN) and np.array_equal(example(kind)(t) + 1.0, values)


@every_kind
def test_values_are_finite_and_not_negative_far_past_the_end(kind):
    values = example(kind)(np.concatenate([RUN, [10**4, 10**6, 10**9, 10**12]]))
    assert np.all(np.isfinite(values)) and np.all(values >= 0)


@every_kind
def test_json_and_pickle_give_it_back(kind):
    schedule = example(kind)
    text = json.dumps(to_json(schedule), allow_nan=False)
    again = from_json(json.loads(text))
    assert again == schedule and type(again) is type(schedule) and json.dumps(to_json(again)) == text
    assert json.loads(text)["kind"] == kind and np.array_equal(again(RUN), schedule(RUN))
    assert pickle.loads(pickle.dumps(schedule)) == schedule


@every_kind
@given(data=st.data())
def test_json_gives_back_any_numbers(kind, data):
    """Each float field scaled by a random factor near 1, where the class allows it: 17 digits survive."""
    scale = data.draw(st.floats(0.9, 1.0, exclude_min=True))
    fields = {
        name: value * scale if isinstance(value, float) else value for name, value in EXAMPLES[kind].items()
    }
    schedule = KINDS[kind](**fields)
    assert from_json(json.loads(json.dumps(to_json(schedule)))) == schedule


@every_kind
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "0.5", None, True])
def test_every_number_is_checked_and_named(kind, wrong):
    for field in dataclasses.fields(KINDS[kind]):
        if field.type in ("int", "float"):
            with pytest.raises(ValueError, match=rf"{KINDS[kind].__name__}\.{field.name} .*got {wrong!r}; "):
                KINDS[kind](**{**EXAMPLES[kind], field.name: wrong})


@every_kind
@pytest.mark.parametrize("wrong", [0, -3, 2.5, 4.0])
def test_every_count_is_a_whole_number_from_1_on(kind, wrong):
    for field in dataclasses.fields(KINDS[kind]):
        if field.type == "int":
            with pytest.raises(ValueError, match=rf"{field.name} .*whole number >= 1, got {wrong!r}; "):
                KINDS[kind](**{**EXAMPLES[kind], field.name: wrong})
