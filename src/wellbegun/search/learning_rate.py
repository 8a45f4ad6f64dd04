"""The learning rate: a coarse exponential ramp for the magnitude, linear ramps for the bounds (Sec. 4.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import Bounds, read
from wellbegun.diagnosis.ranking import spread_of
from wellbegun.errors import Refused
from wellbegun.schedules._base import Schedule
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.spec import RunSpec
from wellbegun.search.setting import COARSE_MAX, COARSE_MIN, Setting

REPEATS = 2  # ramps with fresh seeds, beside the one of the weight-decay search
MARGIN = (2.0, 4.0)  # smallest and largest factor between the edge and lr_max
HEADROOM = 1.5  # linear ramps go this far past the edge that the coarse one saw
LENGTHEN = 4  # a coarse ramp that learns nothing is tried again this much slower


def coarse(setting: Setting) -> Plan[Finding]:
    """Where to look: the learning rate at which training becomes unstable, to a factor of two or so.

    Raises:
        Refused: the loss never falls, however slowly the rate rises.
    """
    spec = setting.coarse()
    runs = list((yield Batch.of("learning rate range", [spec])))
    try:
        found = read(runs[0].curve, margin=1.0, learned=0.995)
    except Refused:
        runs += yield Batch.of("learning rate range", [setting.coarse(slower=LENGTHEN)])
        try:
            found = read(runs[-1].curve, margin=1.0, learned=0.995)
        except Refused as refused:
            raise Refused(f"no learning rate from {COARSE_MIN:g} to {COARSE_MAX:g} trains this task: {refused}",
                          tuple(runs)) from refused  # fmt: skip
    edge = found.edge or COARSE_MAX
    return Finding(
        "learning rate range", edge,
        f"In {runs[-1].iterations} iterations with a rate that rises exponentially, {found.reason}.",
        tuple(runs), details={"bounds": {runs[-1].key: found.to_json()}}, section="4.1",
    )  # fmt: skip


def single(spec: RunSpec, before: tuple[Run, ...] = ()) -> Plan[Finding]:
    """One range test, read with the smallest margin."""
    (run,) = yield Batch.of("learning rate", [spec])
    found = read(run.curve, margin=MARGIN[0])
    return Finding(
        "learning rate",
        {"lr_max": round_to(found.lr_max, 2), "lr_min": round_to(found.lr_min, 2)},
        f"{found.reason[0].upper()}{found.reason[1:]}. One test alone: another seed may move these by a factor.",
        (*before, run), found.interval, {"bounds": {run.key: found.to_json()}}, "4.1",
    )  # fmt: skip


def bounds_of(runs: Sequence[Run], margin: float = MARGIN[0]) -> dict[str, Bounds]:
    """The bounds of every run that can be read, by key."""
    found = {}
    for run in runs:
        try:
            found[run.key] = read(run.curve, margin=margin)
        except Refused:
            continue
    return found


def bounds(setting: Setting, top: float, momentum: Schedule, weight_decay: float, known: Sequence[Run]) -> Plan[Finding]:
    """lr_max from several ramps: their middle is the value, their spread says how far to stay away from the edge.

    lr_max = min(median upper end of the level stretch, median edge / margin), with
    margin = exp(2 standard deviations of log edge), kept within MARGIN. A ramp without an edge counts with its end.

    Args:
        top: where the ramps end.
        known: ramps with the same momentum that other searches have made already.

    Raises:
        Refused: none of the ramps can be read.
    """
    spec = setting.ramp(top, momentum, weight_decay)
    asked = [spec.but(seed=setting.seed + number) for number in range(1, REPEATS + 1)]
    runs = (*known, *(yield Batch.of("learning rate", asked)))
    found = bounds_of(runs)
    if not found:
        read(runs[0].curve)  # says why
        raise Refused("none of the range tests can be read", runs)
    edges = [bound.edge or top for bound in found.values()]
    margin = float(np.clip(np.exp(2 * spread_of(edges)), *MARGIN))
    found = bounds_of(runs, margin)
    level = float(np.median([bound.interval[1] for bound in found.values()]))
    lr_max = round_to(min(level, float(np.median(edges)) / margin), 2)
    stable = all(bound.edge is None for bound in found.values())
    error = np.exp(spread_of(edges))
    return Finding(
        "learning rate", {"lr_max": lr_max, "lr_min": round_to(lr_max / 10, 2)},
        _reason(edges, margin, lr_max, stable), runs, (round_to(lr_max / error, 2), round_to(lr_max * error, 2)),
        details={
            "bounds": {key: bound.to_json() for key, bound in found.items()},
            "margin": margin, "lr_constant": round_to(lr_max / 3, 2),
        },
        section="4.1",
    )  # fmt: skip


def _reason(edges: Sequence[float], margin: float, lr_max: float, stable: bool) -> str:
    if stable:
        return (
            f"{len(edges)} range tests are level up to the end of the ramp at {max(edges):.2g}, so lr_max = {lr_max:.2g} "
            "is safe (possible super-convergence: try a larger maximum). lr_min is a tenth of it (one cycle)."
        )
    return (
        f"{len(edges)} range tests become unstable between {min(edges):.2g} and {max(edges):.2g}. lr_max = {lr_max:.2g} "
        f"is the smaller of the level stretch's upper end and the middle edge divided by {margin:.2g}, a margin that "
        "follows from their spread. lr_min is a tenth of it (one cycle)."
    )


def round_to(value: float, figures: int) -> float:
    """``value`` rounded to significant figures."""
    return float(f"{value:.{figures - 1}e}")
