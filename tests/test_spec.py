"""RunSpec: JSON there and back, keys that name specs, and no wrong argument taken."""

import dataclasses
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellbegun.schedules.constant import Constant
from wellbegun.spec import ENGINE, NORMS, OPTIMIZERS, PRECISIONS, RunSpec

PLAIN = RunSpec(task="t", iterations=10, batch_size=4, lr=Constant(0.1), momentum=Constant(0.9))

FIELDS = [field.name for field in dataclasses.fields(RunSpec)]

positive = st.integers(1, 10**6)
number = st.floats(0, 10, allow_nan=False)
value = st.one_of(st.integers(2), st.booleans(), st.text(max_size=5), st.none())
arguments = st.dictionaries(st.text(max_size=5), value, max_size=3).map(lambda d: tuple(sorted(d.items())))
specs = st.builds(
    RunSpec,
    task=st.text(max_size=8),
    iterations=positive,
    batch_size=positive,
    lr=st.builds(Constant, number),
    momentum=st.builds(Constant, number),
    weight_decay=number,
    optimizer=st.sampled_from(OPTIMIZERS),
    seed=st.integers(0, 5),
    eval_every=positive,
    eval_samples=st.none() | positive,
    limit=st.none() | number,
    train_on=st.sampled_from(("train", "all")),
    test=st.booleans(),
    accumulate=st.integers(1, 4),
    device=st.sampled_from(("cpu", "cuda", "mps")),
    precision=st.sampled_from(PRECISIONS),
    factory_args=arguments,
    start=st.none() | st.tuples(st.text(max_size=8), st.integers(0, 100)),
    host=st.none() | st.text(max_size=5),
    estimate=st.integers(0, 10),
    norms=st.sampled_from(NORMS),
)


@settings(deadline=None)
@given(spec=specs)
def test_json_gives_the_same_spec_back(spec: RunSpec) -> None:
    again = RunSpec.from_json(json.loads(json.dumps(spec.to_json(), allow_nan=False)))
    assert again == spec
    assert again.key == spec.key


@settings(deadline=None)
@given(spec=specs, names=st.permutations(FIELDS))
def test_the_order_of_the_fields_in_the_json_means_nothing(spec: RunSpec, names: list[str]) -> None:
    values = spec.to_json()
    assert RunSpec.from_json({name: values[name] for name in names if name in values}).key == spec.key


@settings(deadline=None)
@given(first=specs, second=specs, names=st.sets(st.sampled_from(FIELDS), max_size=3))
def test_keys_are_equal_exactly_when_specs_are(first: RunSpec, second: RunSpec, names: set[str]) -> None:
    near = first.but(**{name: getattr(second, name) for name in names})  # differs in three fields at most
    for other in (near, second):
        assert (first.key == other.key) == (first == other)


CHANGES = {
    "task": "u", "iterations": 11, "batch_size": 5, "lr": Constant(0.2), "momentum": Constant(0.8), "seed": 1,
    "weight_decay": 1e-4, "optimizer": "sgd", "eval_every": 99, "eval_samples": 7, "limit": 3.0, "test": True,
    "train_on": "all", "accumulate": 2, "device": "cuda", "precision": "bf16",
    "factory_args": (("width", 3),), "start": ("parent", 5), "engine": ENGINE + 1,
    "host": "here", "estimate": 10, "norms": "own",
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_part_of_the_key(name: str) -> None:
    changed = PLAIN.but(**{name: CHANGES[name]})
    assert getattr(changed, name) == CHANGES[name] != getattr(PLAIN, name)
    assert changed.key != PLAIN.key


def test_the_key_is_24_hex_digits_and_the_same_in_another_process() -> None:
    spec = PLAIN.but(factory_args=(("a", 1), ("b", "x")), start=("parent", 3))
    read = "import json, sys; from wellbegun.spec import RunSpec"
    code = f"{read}; print(RunSpec.from_json(json.load(sys.stdin)).key)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(spec.to_json()),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"},
    )
    assert answer.stdout.strip() == spec.key
    assert len(spec.key) == 24 and set(spec.key) <= set("0123456789abcdef")


@settings(deadline=None)
@given(spec=specs)
def test_equal_specs_have_equal_hashes(spec: RunSpec) -> None:
    assert hash(RunSpec.from_json(spec.to_json())) == hash(spec)


def test_an_integer_where_a_float_belongs_names_the_same_run() -> None:
    assert PLAIN.but(weight_decay=0) == PLAIN
    assert PLAIN.but(weight_decay=0).key == PLAIN.key
    assert PLAIN.but(limit=2).key == PLAIN.but(limit=2.0).key
    assert PLAIN.but(lr=Constant(1)).key == PLAIN.but(lr=Constant(1.0)).key


def test_the_order_of_the_factorys_arguments_means_nothing() -> None:
    one, other = (PLAIN.but(factory_args=pair) for pair in ((("a", 1), ("b", 2)), (("b", 2), ("a", 1))))
    assert one == other and one.key == other.key


def test_but_changes_a_copy() -> None:
    other = PLAIN.but(seed=3)
    assert (other.seed, PLAIN.seed) == (3, 0)
    assert other.but(seed=0) == PLAIN


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iterations": 0}, "iterations must be at least 1, got 0"),
        ({"batch_size": -2}, "batch_size must be at least 1, got -2"),
        ({"eval_every": 0}, "eval_every must be at least 1, got 0"),
        ({"accumulate": 0}, "accumulate must be at least 1, got 0"),
        ({"optimizer": "rprop"}, "optimizer must be one of nesterov, sgd, .*, got 'rprop'"),
        ({"precision": "fp8"}, "precision must be one of fp32, bf16, fp64, got 'fp8'"),
        ({"weight_decay": -0.5}, "weight_decay must be a finite number >= 0, got -0.5"),
        ({"weight_decay": float("inf")}, "weight_decay must be a finite number >= 0, got inf"),
        ({"weight_decay": float("nan")}, "weight_decay must be a finite number >= 0, got nan"),
        ({"norms": "running"}, "norms must be one of training, own, got 'running'"),
        ({"train_on": "test"}, "train_on must be 'train' or 'all', got 'test'"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_rule_and_the_value(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        PLAIN.but(**changes)


def test_a_field_of_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"got also \['colour'\]; update wellbegun"):
        RunSpec.from_json({**PLAIN.to_json(), "colour": 1})


@pytest.mark.parametrize("name", ["task", "iterations", "batch_size"])
def test_a_missing_field_is_refused_by_name(name: str) -> None:
    values = PLAIN.to_json()
    del values[name]
    with pytest.raises((TypeError, ValueError), match=name):
        RunSpec.from_json(values)


def test_fields_younger_than_the_first_stores_leave_old_keys_alone() -> None:
    assert not {"host", "estimate", "norms"} & set(PLAIN.to_json())
    assert PLAIN.but(host="here").to_json()["host"] == "here"
