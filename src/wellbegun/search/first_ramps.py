"""The first linear ramps: the momentum search, until they go where they should, and as slowly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import UNTRAINED
from wellbegun.diagnosis.course import lowest, stayed_above
from wellbegun.search.learning_rate import HEADROOM, SLOWER, WIDER, edges_of, in_sight
from wellbegun.search.momentum import momentum
from wellbegun.search.plan import Finding, Plan
from wellbegun.search.setting import Setting

MEAN = 0.9  # of the untrained network's loss: from there on the mean of the targets is worth learning
HARDLY = 0.9  # of the untrained network's loss: ramps that stay above it say little
NARROW = 0.3  # a median edge below this share of the ramp asks another seed, and then narrower ramps
NARROW_UNTAUGHT = 0.4  # the same where most ramps hardly learned: they rose too fast for that
SEEDS = 3  # that may be asked so


@dataclass(frozen=True, slots=True)
class Fitted:
    """Ramps that go where they should."""

    finding: Finding  # of the momentum search
    vain: tuple[Run, ...]  # ramps of it that do not count
    top: float  # where later ramps end
    next: Setting  # theirs: as slow as these came to be, with the seed after theirs


def fitted(setting: Setting, top: float, decay: float) -> Plan[Fitted]:
    """The momentum search, and how later ramps shall be made.

    Where most of its ramps break down so early that much was lost, once more with another seed, as it may
    have been bad luck; then narrower, up to where an edge moves as the rate rises more slowly (``SLOWER``).
    More slowly, and again, where most hardly learned all the same. Wider where none saw an edge, unless short
    cycles have set that end.
    """
    vain: tuple[Run, ...] = ()
    last = setting.seed + SEEDS - 1
    while True:
        finding = yield from momentum(setting, top, decay)
        unsure = stayed_above(finding.runs, HARDLY) or blind(setting, finding.runs)
        share = _share(finding.runs)
        slower = setting.slower() if unsure else None
        if share <= (NARROW_UNTAUGHT if unsure else NARROW) and setting.seed < last:
            setting = replace(setting, seed=setting.seed + 1)
            if setting.seed == last:
                top *= (share * HEADROOM) ** (1 / (1 + SLOWER))
        elif slower is not None:
            setting = slower
        else:
            break
        vain += finding.runs
    wider = not setting.forgiving and not in_sight(finding.runs)
    return Fitted(finding, vain, top * WIDER if wider else top, replace(setting, seed=setting.seed + 1))


def blind(setting: Setting, runs: Sequence[Run]) -> bool:
    """Whether half of these ramps or more learned the one output that suits all inputs, and no more.

    A network that begins with no more loss than that has nothing of the kind to learn first.
    """
    if not setting.uninformed < MEAN * np.median([run.curve.val_loss[0] for run in runs]):
        return False
    return float(np.median([lowest(run) for run in runs])) > UNTRAINED * setting.uninformed


def _share(runs: Sequence[Run]) -> float:
    """How far ramps came before they became unstable, of their length: the median."""
    edges = edges_of(runs)
    ends = {run.key: float(run.spec.lr(run.spec.iterations)) for run in runs}
    return float(np.median([min(1.0, edges[key] / ends[key]) for key in edges]))
