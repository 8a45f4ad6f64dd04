"""Where to look for the learning rate: the edge of stability or, where that tells nothing, short cycles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import LEARNED, UNTRAINED
from wellbegun.diagnosis.course import ends, last
from wellbegun.errors import Refused
from wellbegun.search.learning_rate import HEADROOM, MARGIN, SLOWER, coarse, round_to
from wellbegun.search.momentum import usual_cycle
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import COARSE_MAX, STOP_AT, Setting
from wellbegun.spec import RunSpec

STEP = "learning rate magnitude"
FIRST, FEWER = 3, 2  # powers of ten that are tried at once; with normalisation layers
MOST = 8  # rates in all, so that a search ends
SAME = 0.02  # log(val_loss): what a further seed sees lower by less does not take the first seed's place
FLAT = 0.05  # bend of log(val_loss), from half decade to half decade, that luck can make
TINY = 1e-12  # stands for a validation loss of 0 on a logarithmic scale

Tried = Mapping[int, tuple[Run, ...]]
"""Half decade (see ``rate_of``) -> its cycles, one per seed."""


def look(setting: Setting) -> Plan[Finding]:
    """Where to look: the rate at which training becomes unstable, or what takes its place.

    The edge of plain and momentum descent lies just above its useful rates. Adaptive optimizers, and networks
    with normalisation layers, stay stable at rates ten or a hundred times too large, so there short cycles
    find the magnitude.
    """
    if not setting.forgiving:
        return (yield from coarse(setting))
    return (yield from magnitude(setting, (yield from coarse(setting, repeats=0))))


def magnitude(setting: Setting, edge: Finding) -> Plan[Finding]:
    """The largest rate of the best of several short cycles: powers of ten, then half of one either way.

    Further down while the lowest is best, or none learned anything. Between the best and its neighbours,
    where a parabola through their ends is lowest; ``carried`` to the final run's length.

    Its choice stands where that of the coarse look does: ``MARGIN`` times that rate. Networks with
    normalisation layers, whose edges say nothing, go on to larger rates while these are better, and their
    best rate and its neighbours are tried with a further seed.

    Raises:
        Refused: none of the cycles learns.

    Source: arXiv:1803.09820, Sec. 4.4 searches weight decay so: magnitudes, then the exponent. Choice: the
    same for the rate. The grid is the same for every seed (1 and 3 of each magnitude), so that seeds agree.
    """
    start = edge.choice / (MARGIN if setting.adaptive else 1.0)
    highest = 2 * math.floor(math.log10(start))
    found: dict[int, tuple[Run, ...]] = {}
    asked = [highest - 2 * n for n in range(FIRST if setting.adaptive else FEWER)]
    while asked:
        found |= yield from _cycles(setting, asked)
        best = _best(found)
        unsettled = best == min(found) or not _taught(setting, found[best])
        asked = [min(found) - 2] if unsettled and len(found) < MOST else []
    beside = [_best(found) + 1, _best(found) - 1]
    found |= yield from _cycles(
        setting, [n for n in beside if not setting.adaptive or rate_of(n) < 1.01 * start]
    )
    if setting.adaptive:
        return _finding(setting, found, _best(found), edge)
    while _best(found) == max(found) and len(found) < MOST:
        found |= yield from _cycles(setting, [max(found) + 1])
    middle = _best(found)
    near = [n for n in (middle - 1, middle, middle + 1) if n in found and _end(found[n]) < np.inf]
    again = yield from _cycles(setting, near, setting.seed + 1)
    twice = {n: (*found[n], *again[n]) for n in near}
    best = _best(twice or found)
    if middle in twice and not _end(twice[best]) < _end(twice[middle]) - SAME:
        best = middle
    return _finding(setting, found | twice, best, edge)


def carried(setting: Setting, updates: int) -> float:
    """By how much the final run's rate may exceed that of a cycle of so many updates.

    factor = max(1, iterations / updates) ** SLOWER with normalisation layers; 1 without them, and with an
    adaptive optimizer.

    Source: arXiv:1803.09820, Sec. 4.1: a larger stepsize allows a wider range. Choice: the power by which
    edges are carried over, too.
    """
    if setting.adaptive or not setting.normalised:
        return 1.0
    return float(max(1.0, setting.iterations / updates) ** SLOWER)


def rate_of(half_decade: float) -> float:
    """1 or 3 of a magnitude: -2 -> 0.1, -1 -> 0.3, 0 -> 1; between two of them what lies there."""
    low = math.floor(half_decade)
    rate = float(f"{3 if low % 2 else 1}e{low // 2}")
    return rate if low == half_decade else rate * (rate_of(low + 1) / rate) ** (half_decade - low)


def lowest_between(found: Tried, best: int) -> float:
    """Where a parabola through the ends of the best rate and its two neighbours is lowest, in half decades.

    Less than half way to a neighbour; the best one itself where a neighbour is missing or diverged. So seeds
    that disagree whether 0.1 or 0.3 is a little better agree on what lies between. The flatter the parabola,
    the less it says: its bend has ``FLAT`` added to it.
    """
    if not {best - 1, best + 1} <= set(found):
        return best
    left, middle, right = (_end(found[n]) for n in (best - 1, best, best + 1))
    bend = left - 2 * middle + right
    return best + 0.5 * (left - right) / (bend + FLAT) if 0 < bend < np.inf else best


def _cycles(setting: Setting, asked: list[int], seed: int | None = None) -> Plan[dict[int, tuple[Run, ...]]]:
    specs = [_cycle(setting, rate_of(n)).but(seed=setting.seed if seed is None else seed) for n in asked]
    runs = (yield Batch.of(STEP, specs)) if specs else []
    return {n: (run,) for n, run in zip(asked, runs, strict=True)}


def _cycle(setting: Setting, rate: float) -> RunSpec:
    spec = setting.short_cycle(rate, usual_cycle(setting), 0.0)
    return spec.but(limit=STOP_AT) if setting.adaptive else spec  # with normalisation a loss comes back


def _end(runs: tuple[Run, ...]) -> float:
    """log of the validation loss at the end, mean over seeds."""
    return float(np.mean(np.log([max(last(run), TINY) for run in runs])))


def _best(found: Tried) -> int:
    return min(found, key=lambda n: _end(found[n]))


def _enough(setting: Setting, runs: tuple[Run, ...]) -> float:
    """The validation loss below which a cycle has learned something; from its inputs, where ramps had not."""
    return UNTRAINED * setting.uninformed if setting.blind else LEARNED * float(runs[0].curve.val_loss[0])


def _taught(setting: Setting, runs: tuple[Run, ...]) -> bool:
    return min(last(run) for run in runs) < _enough(setting, runs)


def _finding(setting: Setting, found: Tried, best: int, edge: Finding) -> Finding:
    runs = (*edge.runs, *chain.from_iterable(found[n] for n in sorted(found)))
    if not _taught(setting, found[best]):
        untrained = float(found[best][0].curve.val_loss[0])
        enough, lowest = _enough(setting, found[best]), min(last(run) for run in found[best])
        raise Refused(
            f"one of the short cycles must lower the validation loss below {enough:.4g}, of the untrained "
            f"network's {untrained:.4g}, got {lowest:.4g} at best; train longer", runs,
        )  # fmt: skip
    named = {_name(n, seed): run for n in sorted(found) for seed, run in enumerate(found[n])}
    scores, tried = ends(named)
    rate = round_to(rate_of(lowest_between(found, best)), 2)
    factor = carried(setting, found[best][0].spec.iterations)
    most = round_to(factor * rate, 2)
    choice = round_to(MARGIN * most, 3)
    near = "" if rate == rate_of(best) else f", between it and its neighbours {rate:g} would be"
    if factor > 1:
        near += f"; a run of {setting.iterations} updates may rise {factor:.2g} times as far"
    who = (
        "a network that had learned nothing from its inputs by then"
        if setting.blind
        else ("an adaptive optimizer" if setting.adaptive else "a network with normalisation layers")
    )
    ended = "becomes unstable at" if edge.choice < COARSE_MAX else "stays stable up to its end,"
    return Finding(
        STEP, choice,
        f"A fast ramp {ended} {edge.choice:.2g}, which says little of the useful rates of {who}. "
        f"Short cycles up to these rates end at a validation loss of {tried}; {rate_of(best):g} is best"
        f"{near}. The linear ramps that follow go to {HEADROOM * choice:.2g}, and lr_max is at most "
        f"{most:g}.",
        runs,
        details={
            "labels": {run.key: name for name, run in named.items()}, "winner": found[best][0].key,
            "scores": scores,
            "table": {
                "columns": ["Largest rate of the cycle", "Val. loss at the end"],
                "rows": [[name, end] for name, end in scores.items()], "won": f"{rate_of(best):g}",
            },
        },
        section="4.1",
    )  # fmt: skip


def _name(half_decade: int, seed: int) -> str:
    return f"{rate_of(half_decade):g}" + (", further seed" if seed else "")
