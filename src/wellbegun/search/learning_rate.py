"""The learning rate: a coarse exponential ramp for the magnitude, linear ramps for the bounds (Sec. 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import Bounds, breakdown, read
from wellbegun.diagnosis.course import lowest, stayed_above
from wellbegun.diagnosis.ranking import spread_of
from wellbegun.errors import Refused
from wellbegun.schedules._base import Schedule
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import COARSE_ITERATIONS, COARSE_MAX, COARSE_MIN, Setting
from wellbegun.spec import RunSpec

STEP = "learning rate range"
COARSE_REPEATS = 2  # exponential ramps with other seeds, through the part that matters
REPEATS = 4  # ramps with fresh seeds, beside the one of the weight-decay search
MARGIN = 2.2  # between an edge that was seen once, or in a coarse ramp, and lr_max
SURE = 1.8  # between the middle edge at the cycle's own pace and lr_max
TAUGHT = 0.5  # of what a network without inputs reaches: one that has learned more than that bears less
UNTAUGHT = 2.0  # the margin's factor where ramps stayed above it
SAFE, CAUTION = 1.3, 1.25  # the smallest margin; the largest factor for the spread
LONG, LONGER = 12, 0.5  # epochs from which on the margin grows, and by which power
SLOWER = 0.2  # in n times as many updates the rate can rise n ** SLOWER times as far
GENTLE = 3.0  # a constant or stepped rate must be so much smaller than a cycle's maximum (Sec. 4.1)
HEADROOM = 1.2  # linear ramps go this far past the edge that the coarse one saw
WIDEN, WIDER = 3, 1.5  # times that ramps whose end is stable are made wider, and by how much
DOWN = 0.05  # log(val_loss): a wider ramp that comes so much less far down is too wide
ESTIMATE = 1  # updates between two looks of the LR estimate that one of the ramps carries
LENGTHEN = 4  # a coarse ramp that learns nothing is tried again this much slower


def coarse(setting: Setting, repeats: int = COARSE_REPEATS) -> Plan[Finding]:
    """Where to look: the learning rate at which training becomes unstable, to a factor of two or so.

    One exponential ramp over all magnitudes, then short ones with other seeds through the part that matters;
    the geometric mean of their edges, because a single one moves by a factor of two.

    Args:
        repeats: short ramps with other seeds.

    Raises:
        Refused: the loss never falls, however slowly the rate rises.
    """
    runs = list((yield Batch.of(STEP, [setting.coarse()])))
    try:
        first = read(runs[0].curve, margin=1.0, learned=0.995)
    except Refused:
        runs += yield Batch.of(STEP, [setting.coarse(slower=LENGTHEN)])
        try:
            first = read(runs[-1].curve, margin=1.0, learned=0.995)
        except Refused as refused:
            raise Refused(
                f"no learning rate from {COARSE_MIN:g} to {COARSE_MAX:g} trains this task: {refused}; "
                "where data and loss are sound, another initialisation, normalisation layers or another "
                "optimizer may help",
                tuple(runs),
            ) from refused
    further, bounds = yield from _elsewhere(setting, runs[-1], first, repeats)
    runs += further
    ends = {run.key: _end(run) for run in runs}
    # a ramp this fast may wobble long before it breaks down: the middle between both
    edges = [_middle([bound.edge or ends[key], ends[key]]) for key, bound in bounds.items()]
    choice = round_to(_middle(edges), 2)
    stable = {run.key for run in runs if run.key in bounds and not (bounds[run.key].edge or run.diverged)}
    where = _where(edges, [key in stable for key in bounds], choice)
    return Finding(
        STEP, choice,
        f"A rate that rises exponentially from {COARSE_MIN:g} lowers the validation loss up to about "
        f"{first.extremum:.2g}; {where}. The linear ramps that follow go to {HEADROOM:g} times that.",
        tuple(runs), details={"bounds": {key: bound.to_json() for key, bound in bounds.items()}},
        section="4.1",
    )  # fmt: skip


def _where(edges: Sequence[float], stable: Sequence[bool], choice: float) -> str:
    """Where coarse ramps became unstable, in words; some only came to their end."""
    if all(stable):
        return f"training stays stable up to the end, {choice:.2g}"
    if len(edges) == 1:
        return f"training becomes unstable at {choice:.2g}"
    told = [f"{edge:.2g}" + (" (the end)" if end else "") for edge, end in zip(edges, stable, strict=True)]
    several = f"{', '.join(told[:-1])} and {told[-1]}"
    return f"with {len(edges)} seeds training becomes unstable at {several}, {choice:.2g} on average"


def _elsewhere(
    setting: Setting, opening: Run, first: Bounds, repeats: int
) -> Plan[tuple[list[Run], dict[str, Bounds]]]:
    """Exponential ramps with other seeds around an edge, and the bounds of all that count.

    Where none of them becomes unstable before its end, at ten times that edge, it was a stumble of the first
    one: then they go through all magnitudes, and it does not count.
    """
    again = setting.narrow(first.edge or COARSE_MAX, slower=2 * opening.spec.iterations // COARSE_ITERATIONS)
    seeds = range(setting.seed + 1, setting.seed + 1 + repeats)
    runs = list((yield Batch.of(STEP, [again.but(seed=seed) for seed in seeds]))) if repeats else []
    found = _readable(runs)
    end = float(again.lr(again.iterations))
    # one bad row at the very end may be another stumble
    stumbled = found and all(bound.edge is None or bound.edge > 0.99 * end for bound in found.values())
    if not stumbled or end >= COARSE_MAX:
        return runs, {opening.key: first} | found
    whole = yield Batch.of(STEP, [opening.spec.but(seed=seed) for seed in seeds])
    return [*runs, *whole], _readable(whole) or found


def _readable(runs: Sequence[Run]) -> dict[str, Bounds]:
    """The bounds of fast ramps, by key, of those that learned anything."""
    found = {}
    for run in runs:
        with suppress(Refused):
            found[run.key] = read(run.curve, margin=1.0, learned=0.995)
    return found


def single(spec: RunSpec, before: tuple[Run, ...] = ()) -> Plan[Finding]:
    """One range test, read with the smallest margin."""
    (run,) = yield Batch.of("learning rate", [spec])
    found = read(run.curve, margin=MARGIN)
    return Finding(
        "learning rate",
        {"lr_max": round_to(found.lr_max, 2), "lr_min": round_to(found.lr_min, 2)},
        f"{found.reason[0].upper()}{found.reason[1:]}. One test alone: another seed may move these by "
        "a factor.",
        (*before, run), None, {"bounds": {run.key: found.to_json()}}, "4.1",
    )  # fmt: skip


def bounds_of(runs: Sequence[Run], margin: float = MARGIN) -> dict[str, Bounds]:
    """The bounds of every run that can be read, by key."""
    found = {}
    for run in runs:
        try:
            found[run.key] = read(run.curve, margin=margin)
        except Refused:
            continue
    return found


def bounds(
    setting: Setting,
    top: float,
    momentum: Schedule,
    weight_decay: float,
    known: Sequence[Run],
    seeds: int = REPEATS,
) -> Plan[Finding]:
    """lr_max from ramps with several seeds.

    Their middle is the value, their spread the distance from the edge.

    A ramp that comes to its edge after n updates says that a cycle can rise in its stepsize to

        paced = edge (stepsize / n) ** SLOWER,

    however far the ramp was to go: one to twice the rate is twice as fast, and breaks down earlier. With
    edge, paced and level (the upper end of the level stretch) the geometric means over seeds, and error the
    standard error of log paced:

        lr_max = min(level, edge / margin, limit),
        limit = lowest paced of any seed / horizon; untaught: lowest edge of any seed / SAFE,
        margin = max(SAFE, SURE min(exp(2 error), CAUTION) edge / paced) max(horizon, untaught),
        horizon = max(1, epochs / LONG) ** LONGER,
        untaught = UNTAUGHT where a ramp broke down and half of them or more stayed above TAUGHT (of the
                   loss of the best constant output, or of the untrained network's, the lower one), else 1.

    Over many epochs the training loss comes near zero, and there rates that were stable before throw the
    weights off (measured: benchmarks/README.md, stability.py). A network may bear less when it has learned
    (measured there, pace.py, lstm), which ramps that broke down before they learned cannot show. Both say
    that the edge comes down later, so the larger of the two counts.

    Ramps of one seed count as one, with their median; a ramp without an edge counts with its end. For
    forgiving training (see ``Setting``) lr_max is at most what short cycles say; where no
    known ramp came near an edge, no further one is made.

    Args:
        top: where the ramps end.
        known: ramps with the same momentum that other searches have made already.
        seeds: fresh ramps beside them.

    Raises:
        Refused: none of the ramps can be read.

    Source: arXiv:1803.09820, Sec. 4.1: a larger stepsize allows a wider range. Choice: the numbers of the
    margin.
    """

    def ramps(top: float) -> list[RunSpec]:
        spec = setting.ramp(top, momentum, weight_decay)
        asked = [spec.but(seed=setting.seed + number) for number in range(1, seeds + 1)]
        return [asked[0].but(estimate=ESTIMATE), *asked[1:]]

    top, seen, lost = yield from _far_enough(setting, top, known, ramps)
    enough = setting.forgiving and known and not in_sight(_singles(known))
    made = {run.key for run in seen}
    asked = [] if enough else [spec for spec in ramps(top) if spec.key not in made]
    runs = (*seen, *((yield Batch.of("learning rate", asked)) if asked else ()))
    single = _singles(runs)
    found = bounds_of(single) or _unread(runs)
    at = edges_of(single, top)
    edges = _by_seed(single, at)
    little = stayed_above(single, TAUGHT, setting.uninformed) and not setting.forgiving
    untaught = little and in_sight(single)
    paced = _by_seed(single, {run.key: _paced(setting, run, at[run.key]) for run in single})
    levels = _by_seed(single, {key: bound.interval[1] for key, bound in found.items()})
    error = float(spread_of(paced) / np.sqrt(len(paced)))
    horizon = max(1.0, setting.epochs / LONG) ** LONGER
    later = max(horizon, UNTAUGHT if untaught else 1.0)
    margin = _margin(_middle(edges) / _middle(paced), error) * later
    found = bounds_of(runs, margin)
    limit = min(edges) / SAFE if untaught else min(paced) / horizon
    cycled = top / HEADROOM / MARGIN if setting.forgiving else np.inf
    lr_max = round_to(min(_middle(levels), _middle(edges) / margin, limit, cycled), 2)
    interval = round_to(lr_max * np.exp(-2 * error), 2), round_to(lr_max * np.exp(2 * error), 2)
    told = error > 0 and not _by_cycles(lr_max, cycled)  # the spread of edges says nothing of the cycles
    return Finding(
        "learning rate", {"lr_max": lr_max, "lr_min": round_to(lr_max / 10, 2)},
        _reason(edges, margin, lr_max, not in_sight(single), cycled, untaught), (*lost, *runs),
        interval if told else None,
        details={
            "bounds": {key: bound.to_json() for key, bound in found.items()},
            "margin": margin, "lr_constant": round_to(lr_max / GENTLE, 2),
            "safe": round_to(limit / (1.0 if untaught else SAFE), 2) if in_sight(single) else None,
            "drawn": [run.key for run in runs],
        },
        section="4.1",
    )  # fmt: skip


def _far_enough(
    setting: Setting, top: float, known: Sequence[Run], ramps: Callable[[float], list[RunSpec]]
) -> Plan[tuple[float, tuple[Run, ...], tuple[Run, ...]]]:
    """Where ramps must end for one to become unstable, the ramps that go there, and those that do not count.

    One ramp asks at a time, each ``WIDER`` than the last: several seeds are for the end that is taken. A
    faster ramp breaks down at rates that a slower one survives, so narrower ones do not count. Networks with
    batch norm may never become unstable: a wider ramp that comes less far down is one too many.
    """
    seen, lost = tuple(known), tuple[Run, ...]()
    if not seen:
        seen = tuple((yield Batch.of("learning rate", ramps(top)[:1])))
    for _ in range(WIDEN):
        if setting.forgiving or in_sight(_singles(seen)):
            break
        wider = tuple((yield Batch.of("learning rate", ramps(top * WIDER)[:1])))
        if _lowest(wider) > _lowest(seen) + DOWN:
            return top, seen, lost + wider
        top, lost, seen = top * WIDER, lost + seen, wider
    return top, seen, lost


def _lowest(runs: Sequence[Run]) -> float:
    """How far ramps come down, in log(val_loss): their median."""
    return float(np.median([np.log(lowest(run)) for run in _singles(runs)]))


def _singles(runs: Sequence[Run]) -> list[Run]:
    return [one for run in runs for one in run.singles]


def guessed(look: Finding, margin: float) -> Finding:
    """lr_max from the coarse look alone, for whom no linear ramp fits into the budget."""
    lr_max = round_to(look.choice / margin, 2)
    return Finding(
        "learning rate", {"lr_max": lr_max, "lr_min": round_to(lr_max / 10, 2)},
        f"lr_max = {lr_max:.2g} is the coarse edge of {look.choice:.2g} divided by {margin:.2g}; no linear "
        "range test was made, so this is a guess to a factor of two.",
        section="4.1",
    )  # fmt: skip


def edges_of(runs: Sequence[Run], censored: float = np.inf) -> dict[str, float]:
    """Where each ramp became unstable.

    ``censored`` if it never did, its breakdown if it never learned.
    """
    found = bounds_of(runs)
    return {run.key: (found[run.key].edge or censored) if run.key in found else _end(run) for run in runs}


def _end(run: Run) -> float:
    """The lr where a ramp broke down, or its last."""
    return breakdown(run.curve) or float(run.curve.lr[-1])


def in_sight(runs: Sequence[Run]) -> bool:
    """Whether any of the ramps became unstable before its end; one bad row at the very end is no edge."""
    edges = edges_of(runs)
    return any(edges[run.key] < (np.inf if run.diverged else 0.99 * float(run.curve.lr[-1])) for run in runs)


def _unread(runs: Sequence[Run]) -> NoReturn:
    """Says why none of them can be read."""
    read(runs[0].curve)
    raise Refused("none of the range tests can be read", tuple(runs))


def _margin(slower: float, error: float) -> float:
    """From the middle edge over the paced one, and the standard error of the latter's logarithm."""
    return max(SAFE, SURE * min(float(np.exp(2 * error)), CAUTION) * slower)


def _paced(setting: Setting, run: Run, edge: float) -> float:
    """How far the final cycle's rate can rise, from where a linear ramp became unstable."""
    updates = run.spec.iterations * edge / float(run.spec.lr(run.spec.iterations))
    return edge * float((setting.cycle(1.0).stepsize / updates) ** SLOWER)


def _by_seed(runs: Sequence[Run], values: Mapping[str, float]) -> list[float]:
    """One value per seed: the median over its runs, as far as they could be read."""
    seeds: dict[int, list[float]] = {}
    for run in runs:
        if run.key in values:
            seeds.setdefault(run.spec.seed, []).append(values[run.key])
    return [float(np.median(of_seed)) for of_seed in seeds.values()]


def _middle(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


def _by_cycles(lr_max: float, cycled: float) -> bool:
    """Whether it was short cycles that set lr_max."""
    return lr_max >= 0.99 * cycled


def _reason(
    edges: Sequence[float], margin: float, lr_max: float, stable: bool, cycled: float, untaught: bool
) -> str:
    tests = "Range tests with 1 seed" if len(edges) == 1 else f"Range tests with {len(edges)} seeds"
    if _by_cycles(lr_max, cycled):
        return (
            f"{tests} allow more, up to {max(edges):.2g}, but the short cycles are "
            f"good for {lr_max:.2g}: lr_max goes no higher. lr_min is a tenth of it (one cycle)."
        )
    if stable:
        more = "" if np.isfinite(cycled) else " (possible super-convergence: try a larger maximum)"
        return (
            f"{tests} are level up to the end of the ramp at {max(edges):.2g}, "
            f"so lr_max = {lr_max:.2g} is safe{more}. lr_min is a tenth of it (one cycle)."
        )
    lowest, less = "the lowest edge at the cycle's own pace", ""
    if untaught:
        lowest = f"the lowest edge divided by {SAFE:g}"
        less = ", and is larger as the ramps had learned little by then"
    return (
        f"{tests} become unstable, or end, between {min(edges):.2g} and {max(edges):.2g}. "
        f"lr_max = {lr_max:.2g} is the smallest of the level stretch's upper end, {lowest}, and the middle "
        f"edge divided by {margin:.2g}, a margin that follows from their spread, the cycle's pace and the "
        f"number of epochs{less}. lr_min is a tenth of it (one cycle)."
    )


def round_to(value: float, figures: int) -> float:
    """``value`` rounded to significant figures."""
    return float(f"{value:.{figures - 1}e}")
