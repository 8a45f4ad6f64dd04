"""One step of the checklist alone: where it begins, and the steps by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wellbegun.search import learning_rate
from wellbegun.search.balance import balance
from wellbegun.search.batch_size import batch_size, checked
from wellbegun.search.length import length
from wellbegun.search.lr_min import lr_min
from wellbegun.search.magnitude import look
from wellbegun.search.momentum import CANDIDATES, momentum, usual_cycle
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

    def told(self) -> dict[str, str]:
        """What was asked for, field by field, in words."""
        values = ", ".join(f"{value:g}" for value in self.values)
        words = {"values": values, "factor": self.factor, "kind": self.kind}
        return {name: word for name, word in words.items() if word} | (
            {"compare": "yes"} if self.compare else {}
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """What a step alone stands on: a look at the learning rate, and usual values for the rest."""

    look: Finding
    top: float  # where linear ramps end
    decay: float  # middle of the weight decay's grid
    momentum: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Step:
    """A step that can be asked for by name."""

    search: Callable[[Setting, Ground, Asked], Plan[Finding]]  # what it does on that ground
    takes: frozenset[str] = frozenset({"values"})  # which fields of ``Asked``
    check: Callable[[Setting, Asked], object] | None = None  # says what is wrong before anything runs

    def plan(self, setting: Setting, asked: Asked) -> Plan[Finding]:
        """The step on its own feet: its finding counts the look that it begins with."""
        if self.check is not None:
            self.check(setting, asked)
        base = yield from ground(setting)
        return _after((yield from self.search(setting, base, asked)), base.look)


def ground(setting: Setting) -> Plan[Ground]:
    """The coarse look, and what follows from it."""
    found = yield from look(setting)
    top = found.choice * learning_rate.HEADROOM
    return Ground(found, top, middle_decay(setting, top), usual_cycle(setting))


def middle_decay(setting: Setting, top: float) -> float:
    """The middle of the weight decay's grid when ``top`` is where ramps end."""
    return middle(setting, top / learning_rate.HEADROOM / 2, usual_cycle(setting))


def _momentum(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    return (yield from momentum(setting, base.top, base.decay, asked.values or CANDIDATES))


def _weight_decay(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    return (yield from weight_decay(setting, base.top, base.momentum, base.decay, asked.values))


def _ramp_speed(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    lr_max = asked.values[0] if asked.values else learning_rate.round_to(base.look.choice / 2, 2)
    return (yield from ramp_speed(setting, lr_max, base.momentum, base.decay))


def _batch_size(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    return (yield from batch_size(setting, base.top, base.momentum, asked.values))


def _snapshot(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    plan = snapshot(setting, base.top, base.momentum, base.decay, asked.values, asked.kind or KINDS[0])
    if not asked.compare:
        return (yield from plan)
    return (yield from compared(plan, _weight_decay(setting, base, asked)))


def _length(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    return (yield from length(setting, base.look.choice, base.momentum, base.decay, asked.values))


def _momentum_cycle(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    return (yield from momentum_cycle(setting, base.top, base.decay, asked.values or STEADY))


def _momentum_range(setting: Setting, base: Ground, _: Asked) -> Plan[Finding]:
    return (yield from momentum_range(setting, safe_rate(base.look.choice), base.decay))


def _regularizer(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    factor, values = asked.factor, asked.values
    return (yield from regularizer(setting, base.top, base.momentum, base.decay, factor, values))


def _balance(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    values = candidates(setting, asked.factor, asked.values) if asked.factor else asked.values
    rate = yield from _safe(setting, base)

    def change(spec: RunSpec, value: float) -> RunSpec:
        if not asked.factor:
            return spec.but(weight_decay=value)
        return with_factor(spec.but(weight_decay=base.decay), asked.factor, value)

    name, values = asked.factor or "weight decay", values or grid(base.decay)
    lr_max, own = rate.choice["lr_max"], dict(setting.factors).get(asked.factor, base.decay)
    found = yield from balance(setting, lr_max, base.momentum, name, values, own, change, rate.runs)
    return _after(found, rate)


def _lr_min(setting: Setting, base: Ground, asked: Asked) -> Plan[Finding]:
    rate = yield from _safe(setting, base)
    lr_max = rate.choice["lr_max"]
    return _after((yield from lr_min(setting, lr_max, base.momentum[0], base.decay, asked.values)), rate)


def _safe(setting: Setting, base: Ground) -> Plan[Finding]:
    """A safe lr_max from range tests with usual values for the rest."""
    return (
        yield from learning_rate.bounds(setting, base.top, setting.falling(*base.momentum), base.decay, ())
    )


def _after(found: Finding, before: Finding) -> Finding:
    """The finding, whose cost counts the runs that it stands on."""
    return replace(found, runs=(*before.runs, *found.runs))


def _sizes(setting: Setting, asked: Asked) -> None:
    if asked.values:
        checked(setting, asked.values)


def _factor(setting: Setting, asked: Asked) -> None:
    candidates(setting, asked.factor, asked.values)


def _factor_if_any(setting: Setting, asked: Asked) -> None:
    if asked.factor:
        _factor(setting, asked)


SEARCHES = {
    "momentum": Step(_momentum),
    "momentum-cycle": Step(_momentum_cycle),
    "momentum-range": Step(_momentum_range, takes=frozenset()),
    "ramp-speed": Step(_ramp_speed),
    "weight-decay": Step(_weight_decay),
    "batch-size": Step(_batch_size, check=_sizes),
    "weight-decay-snapshot": Step(_snapshot, takes=frozenset({"values", "kind", "compare"})),
    "length": Step(_length),
    "regularizer": Step(_regularizer, takes=frozenset({"values", "factor"}), check=_factor),
    "balance": Step(_balance, takes=frozenset({"values", "factor"}), check=_factor_if_any),
    "lr-min": Step(_lr_min),
}


def check(what: str, asked: Asked) -> None:
    """Whether a step takes what was asked of it.

    Raises:
        ValueError: it takes no values, no factor, no kind, or has nothing to compare with.
    """
    step = named(what)
    for name, given in asked.told().items():
        if name not in step.takes:
            able = " and ".join(other for other, one in SEARCHES.items() if name in one.takes)
            way = "leave them out" if name == "values" else f"of the steps {able} can use it"
            raise ValueError(f"{what} takes no {name}, got {given}; {way}")


def named(what: str) -> Step:
    """The step of that name.

    Raises:
        ValueError: there is none.
    """
    if what not in SEARCHES:
        raise ValueError(f"what must be one of {', '.join(SEARCHES)}, got {what!r}")
    return SEARCHES[what]
