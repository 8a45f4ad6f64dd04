"""Half the rate, where range tests hardly learned: their edge is that of a network that has not begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wellbegun.curve import Run
from wellbegun.search.cycles import Cycle, Duel, duel
from wellbegun.search.first_ramps import hardly_learned
from wellbegun.search.learning_rate import round_to
from wellbegun.search.plan import Finding, Plan
from wellbegun.search.setting import Setting

STEP = "half the rate"
SEEDS = 2  # that half of it must win with, every time
PART = 4  # the cycles are so many times shorter than the final run
LONGEST = 400  # updates of such a cycle; of longer final runs so short a part says too little
BETTER = 0.03  # log(val_loss), mean over the seeds
FOUND, HALF = "found", "half of it"


def half_rate(setting: Setting, found: Cycle, ramps: Sequence[Run]) -> Plan[Finding | None]:
    """Whether half of the rate trains better: a finding whose choice is a rate.

    The question arises where most of the ramps that found it hardly learned, as a network bears less once it
    has. Cycles of a quarter of the final run try both. Half of it must end lower by more than ``BETTER`` with
    one seed, lower with a further one, and by as much on average.

    Returns:
        None where the question does not arise, or the final run is too long for it.

    Choice: the question, and the numbers (benchmarks/README.md, quality). A larger rate is never tried: a
    short cycle may bear what the final run does not.
    """
    length = setting.iterations // PART
    if setting.forgiving or length > LONGEST or not hardly_learned(ramps):
        return None
    half = replace(found, lr_max=round_to(found.lr_max / 2, 2))
    fought = yield from duel(setting, found, half, step=STEP, length=length, seeds=SEEDS, by=BETTER)
    return _finding(fought, max(fought.gains) < 0 and float(np.mean(fought.gains)) < -BETTER)


def _finding(fought: Duel, better: bool) -> Finding:
    own, less = fought.ended()
    found, half = fought.own.lr_max, fought.other.lr_max
    told = (
        "Half of it ends lower with every seed: it is taken."
        if better
        else f"Half of it is not better by more than {BETTER:.0%} and with every seed: the rate stays."
    )
    return Finding(
        STEP, {"lr_max": half if better else found},
        f"The range tests hardly learned, and a network that has learned bears less. Cycles of a quarter of "
        f"the final run end at a validation loss of {own} with lr_max = {found:g}, and of {less} with "
        f"{half:g}. {told}",
        fought.runs, details=fought.details((FOUND, HALF), better), section="4.1",
    )  # fmt: skip
