"""Where to look for the learning rate: the edge of stability or, where that tells nothing, short cycles."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import LEARNED
from wellbegun.diagnosis.course import ends, last
from wellbegun.errors import Refused
from wellbegun.search.learning_rate import HEADROOM, MARGIN, coarse, round_to
from wellbegun.search.momentum import USUAL_CYCLE
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import STOP_AT, Setting
from wellbegun.spec import RunSpec

STEP = "learning rate magnitude"
FIRST, MOST = 3, 6  # magnitudes that are tried at once, and in all


def look(setting: Setting) -> Plan[Finding]:
    """Where to look: the rate at which training becomes unstable, or what takes its place.

    The edge of plain and momentum descent lies just above its useful rates. Adaptive optimizers stay stable
    at rates a hundred times too large, so there short cycles find the magnitude.
    """
    if not setting.adaptive:
        return (yield from coarse(setting))
    return (yield from magnitude(setting, (yield from coarse(setting, repeats=0))))


def magnitude(setting: Setting, edge: Finding) -> Plan[Finding]:
    """The largest rate of the best of several short cycles: powers of ten, then half of one either way.

    Its choice stands where that of the coarse look does: ``MARGIN`` times that rate.

    Raises:
        Refused: none of the cycles learns.

    Source: arXiv:1803.09820, Sec. 4.4 searches weight decay so: magnitudes, then the exponent. Choice: the
    same for the rate of an adaptive optimizer, whose range tests show an edge far above the useful rates. The
    grid is the same for every seed (1 and 3 of each magnitude), so that seeds agree.
    """
    start = edge.choice / MARGIN
    highest = math.floor(math.log10(start))
    found: dict[float, Run] = {}
    asked = [10.0 ** (highest - n) for n in range(FIRST)]
    while asked:
        runs = yield Batch.of(STEP, [_cycle(setting, rate) for rate in asked])
        found |= zip(asked, runs, strict=True)
        lower = round_to(min(found) / 10, 1)
        asked = [lower] if _best(found) == min(found) and len(found) < MOST else []
    middle = _best(found)
    asked = [round_to(rate, 1) for rate in (middle * 10**0.5, middle / 10**0.5) if rate < 1.01 * start]
    runs = yield Batch.of(STEP, [_cycle(setting, rate) for rate in asked])
    found |= zip(asked, runs, strict=True)
    return _finding(found, edge)


def _cycle(setting: Setting, rate: float) -> RunSpec:
    return setting.short_cycle(rate, USUAL_CYCLE, 0.0).but(limit=STOP_AT)


def _best(found: Mapping[float, Run]) -> float:
    return min(found, key=lambda rate: last(found[rate]))


def _finding(found: Mapping[float, Run], edge: Finding) -> Finding:
    best, runs = _best(found), (*edge.runs, *found.values())
    untrained = float(found[best].curve.val_loss[0])
    if not last(found[best]) < LEARNED * untrained:
        raise Refused(
            f"one of the short cycles must lower the validation loss below {LEARNED:.0%} of the untrained "
            f"network's {untrained:.4g}, got {last(found[best]):.4g} at best; train longer", runs,
        )  # fmt: skip
    scores, tried = ends({f"{rate:g}": found[rate] for rate in sorted(found)})
    choice = round_to(MARGIN * best, 2)
    return Finding(
        STEP, choice,
        f"Training becomes unstable at {edge.choice:.2g} only, but an adaptive optimizer learns best far "
        f"below that. Short cycles up to these rates end at a validation loss of {tried}; {best:g} is best, "
        f"so the linear ramps that follow go to {HEADROOM * choice:.2g}, and lr_max is at most {best:g}.",
        runs,
        details={
            "labels": {run.key: f"{rate:g}" for rate, run in found.items()}, "winner": found[best].key,
            "scores": scores,
            "table": {
                "columns": ["Largest rate of the cycle", "Val. loss at the end"],
                "rows": [[name, end] for name, end in scores.items()], "won": f"{best:g}",
            },
        },
        section="4.1",
    )  # fmt: skip
