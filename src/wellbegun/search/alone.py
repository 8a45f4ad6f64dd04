"""One step of the checklist alone: where it begins, and the steps by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wellbegun.search import learning_rate
from wellbegun.search.balance import balance
from wellbegun.search.batch_size import batch_size, checked
from wellbegun.search.length import length
from wellbegun.search.lr_min import lr_min
from wellbegun.search.momentum import CANDIDATES, USUAL_CYCLE, momentum
from wellbegun.search.momentum_cycle import STEADY, momentum_cycle
from wellbegun.search.momentum_range import momentum_range, safe_rate
from wellbegun.search.plan import Finding, Plan
from wellbegun.search.ramp_speed import ramp_speed
from wellbegun.search.regularizer import candidates, regularizer, with_factor
from wellbegun.search.setting import Setting
from wellbegun.search.snapshot import KINDS, compared, snapshot
from wellbegun.search.weight_decay import grid, middle, weight_decay
from wellbegun.spec import RunSpec


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
    takes_factor: bool = False


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
    return _after(found, base.look)


def _snapshot(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    kind = asked.kind or KINDS[0]
    plan = snapshot(setting, base.top, base.momentum, base.decay, asked.values, kind)
    if not asked.compare:
        return (yield from plan)
    whole = weight_decay(setting, base.top, base.momentum, base.decay, asked.values)
    return (yield from compared(plan, whole))


def _length(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    return (yield from length(setting, base.look.choice, base.momentum, base.decay, asked.values))


def _momentum_cycle(setting: Setting, asked: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    found = yield from momentum_cycle(setting, base.top, base.decay, asked.values or STEADY)
    return _after(found, base.look)


def _momentum_range(setting: Setting, _: Asked) -> Plan[Finding]:
    base = yield from ground(setting)
    return _after((yield from momentum_range(setting, safe_rate(base.look.choice), base.decay)), base.look)


def _regularizer(setting: Setting, asked: Asked) -> Plan[Finding]:
    candidates(setting, asked.factor, asked.values)  # says what is wrong before anything runs
    base = yield from ground(setting)
    plan = regularizer(setting, base.top, base.momentum, base.decay, asked.factor, asked.values)
    return _after((yield from plan), base.look)


def _balance(setting: Setting, asked: Asked) -> Plan[Finding]:
    values = candidates(setting, asked.factor, asked.values) if asked.factor else asked.values
    base, rate = yield from _safe(setting)

    def change(spec: RunSpec, value: float) -> RunSpec:
        if not asked.factor:
            return spec.but(weight_decay=value)
        return with_factor(spec.but(weight_decay=base.decay), asked.factor, value)

    name, values = asked.factor or "weight decay", values or grid(base.decay)
    lr_max, own = rate.choice["lr_max"], dict(setting.factors).get(asked.factor, base.decay)
    found = yield from balance(setting, lr_max, base.momentum, name, values, own, change, rate.runs)
    return _after(found, base.look, rate)


def _lr_min(setting: Setting, asked: Asked) -> Plan[Finding]:
    base, rate = yield from _safe(setting)
    lr_max = rate.choice["lr_max"]
    found = yield from lr_min(setting, lr_max, base.momentum[0], base.decay, asked.values)
    return _after(found, base.look, rate)


def _after(found: Finding, *before: Finding) -> Finding:
    """The finding, whose cost counts the runs that it stands on."""
    return replace(found, runs=(*(run for one in before for run in one.runs), *found.runs))


def _safe(setting: Setting) -> Plan[tuple[Ground, Finding]]:
    """The ground, and a safe lr_max from range tests with usual values for the rest."""
    base = yield from ground(setting)
    falling = setting.falling(*base.momentum)
    return base, (yield from learning_rate.bounds(setting, base.top, falling, base.decay, ()))


SEARCHES = {
    "momentum": Step(_momentum),
    "momentum-cycle": Step(_momentum_cycle),
    "momentum-range": Step(_momentum_range, takes_values=False),
    "ramp-speed": Step(_ramp_speed),
    "weight-decay": Step(_weight_decay),
    "batch-size": Step(_batch_size),
    "weight-decay-snapshot": Step(_snapshot),
    "length": Step(_length),
    "regularizer": Step(_regularizer, takes_factor=True),
    "balance": Step(_balance, takes_factor=True),
    "lr-min": Step(_lr_min),
}


def check(what: str, asked: Asked) -> None:
    """Whether a step takes what was asked of it.

    Raises:
        ValueError: it takes no values, or no factor.
    """
    step = named(what)
    if asked.values and not step.takes_values:
        values = ", ".join(f"{value:g}" for value in asked.values)
        raise ValueError(f"{what} takes no values, got {values}; leave them out")
    if asked.factor and not step.takes_factor:
        able = " and ".join(name for name, one in SEARCHES.items() if one.takes_factor)
        raise ValueError(f"{what} takes no factor, got {asked.factor!r}; {able} do")


def named(what: str) -> Step:
    """The step of that name.

    Raises:
        ValueError: there is none.
    """
    if what not in SEARCHES:
        raise ValueError(f"what must be one of {', '.join(SEARCHES)}, got {what!r}")
    return SEARCHES[what]
