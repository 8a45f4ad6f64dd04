"""One step of the checklist alone: where it begins, and the steps by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wellbegun.search import learning_rate
from wellbegun.search.batch_size import batch_size, checked
from wellbegun.search.length import length
from wellbegun.search.momentum import CANDIDATES, USUAL_CYCLE, momentum
from wellbegun.search.plan import Finding, Plan
from wellbegun.search.ramp_speed import ramp_speed
from wellbegun.search.setting import Setting
from wellbegun.search.snapshot import KINDS, compared, snapshot
from wellbegun.search.weight_decay import middle, weight_decay


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked of a step."""

    values: tuple[float, ...] = ()  # candidates; () leaves them to the step
    factor: str = ""  # name of an argument of the model factory, for a regularizer
    kind: str = ""  # variant of the step, where it has several; "" for its own choice
    compare: bool = False  # with the step's other way, where it has one


@dataclass(frozen=True, slots=True)
class Ground:
    """What a step alone stands on: a look at the learning rate, and usual values for the rest."""

    look: Finding
    top: float  # where linear ramps end
    decay: float  # middle of the weight decay's grid
    momentum: tuple[float, float] = USUAL_CYCLE


@dataclass(frozen=True, slots=True)
class Step:
    """A step that can be asked for by name."""

    plan: Callable[[Setting, Asked], Plan[Finding]]
    takes_values: bool = True


def ground(setting: Setting) -> Plan[Ground]:
    """The coarse look, and what follows from it."""
    look = yield from learning_rate.coarse(setting)
    top = look.choice * learning_rate.HEADROOM
    return Ground(look, top, middle_decay(setting, top))


def middle_decay(setting: Setting, top: float) -> float:
    """The middle of the weight decay's grid when ``top`` is where ramps end."""
    return middle(setting, top / learning_rate.HEADROOM / 2, USUAL_CYCLE)


def _momentum(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    return (yield from momentum(setting, base.top, base.decay, asked.values or CANDIDATES))


def _weight_decay(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    return (yield from weight_decay(setting, base.top, base.momentum, base.decay, asked.values))


def _ramp_speed(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    lr_max = asked.values[0] if asked.values else learning_rate.round_to(base.look.choice / 2, 2)
    return (yield from ramp_speed(setting, lr_max, base.momentum, base.decay))


def _batch_size(setting: Setting, asked: Asked) -> Plan[Finding]:
    if asked.values:
        checked(setting, asked.values)  # before anything is trained
    base = yield from ground(setting)
    found = yield from batch_size(setting, base.top, base.momentum, asked.values)
    return replace(found, runs=(*found.runs, *base.look.runs))


def _snapshot(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    kind = asked.kind or KINDS[0]
    plan = snapshot(setting, base.top, base.momentum, base.decay, asked.values, kind)
    if not asked.compare:
        return (yield from plan)
    grid = weight_decay(setting, base.top, base.momentum, base.decay, asked.values)
    return (yield from compared(plan, grid))


def _length(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    return (yield from length(setting, base.look.choice, base.momentum, base.decay, asked.values))


SEARCHES = {
    "momentum": Step(_momentum),
    "ramp-speed": Step(_ramp_speed),
    "weight-decay": Step(_weight_decay),
    "batch-size": Step(_batch_size),
    "weight-decay-snapshot": Step(_snapshot),
    "length": Step(_length),
}


def named(what: str) -> Step:
    """The step of that name.

    Raises:
        ValueError: there is none.
    """
    if what not in SEARCHES:
        raise ValueError(f"what must be one of {', '.join(SEARCHES)}, got {what!r}")
    return SEARCHES[what]
