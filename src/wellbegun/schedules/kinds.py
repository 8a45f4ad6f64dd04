"""Every schedule by name, and its JSON form: what a run's key is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import (
    CyclicalMomentum,
    ExpRange,
    FastaiOneCycle,
    MomentumCycle,
    OneCycle,
    OneCycleText,
    TorchOneCycle,
    Triangular,
    TriangularHalving,
)
from wellbegun.schedules.decay import Cosine, Exp, Inv, MultiStep, Step
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp

KINDS: dict[str, type[Any]] = {
    "constant": Constant,
    "step": Step,
    "multi_step": MultiStep,
    "inv": Inv,
    "exp": Exp,
    "cosine": Cosine,
    "triangular": Triangular,
    "triangular_halving": TriangularHalving,
    "exp_range": ExpRange,
    "one_cycle": OneCycle,
    "one_cycle_text": OneCycleText,
    "torch_one_cycle": TorchOneCycle,
    "fastai_one_cycle": FastaiOneCycle,
    "cyclical_momentum": CyclicalMomentum,
    "momentum_cycle": MomentumCycle,
    "linear_ramp": LinearRamp,
    "exponential_ramp": ExponentialRamp,
}
"""Name -> class. A new schedule is a class and a line here; a name that stores hold must keep its meaning."""

_NAMES = {schedule: name for name, schedule in KINDS.items()}
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "float": lambda value: float(value) + 0.0,  # -0.0 equals 0.0 and must not read differently
    "int": int,
    "str": str,
    "tuple[int, ...]": lambda values: [int(value) for value in values],
}


def to_json(schedule: Schedule) -> dict[str, Any]:
    """A JSON object {"kind": name, field: value, ...}; ``from_json`` gives back an equal schedule.

    Equal schedules have equal JSON: Constant(1) and Constant(1.0) both write 1.0, so their runs share a key.

    Raises:
        TypeError: the schedule's class is not listed in KINDS.
    """
    if type(schedule) not in _NAMES:
        rule = f"a run's schedule must be one of {', '.join(KINDS)}"
        raise TypeError(f"{rule}, got {schedule!r}; it becomes part of the run's key, a bare function cannot")
    fields: Any = dataclasses.fields(schedule)  # type: ignore[arg-type]
    plain = {field.name: _PLAIN[field.type](getattr(schedule, field.name)) for field in fields}
    return {"kind": _NAMES[type(schedule)], **plain}


def from_json(values: Mapping[str, Any]) -> Schedule:
    """The schedule that ``to_json`` wrote; fields that have a default may be missing.

    Raises:
        ValueError: unknown kind, unknown or missing fields, or values that the class rejects.
    """
    kind = values.get("kind") if isinstance(values, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(
            f"kind must be one of {', '.join(KINDS)}, got {kind!r}; see wellbegun.schedules.kinds"
        )
    fields = {field.name: field for field in dataclasses.fields(KINDS[kind])}
    given = {name: value for name, value in values.items() if name != "kind"}
    needed = {name for name, field in fields.items() if field.default is dataclasses.MISSING}
    if set(given) - set(fields) or needed - set(given):
        rule = f"{kind} has the fields {', '.join(fields)}"
        wrong = f"unknown {sorted(set(given) - set(fields))}, missing {sorted(needed - set(given))}"
        raise ValueError(f"{rule}, got {sorted(given)}: {wrong}; correct the names, or update wellbegun")
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    schedule: Schedule = KINDS[kind](**tuples)
    return schedule
