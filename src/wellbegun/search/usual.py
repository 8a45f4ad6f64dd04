"""Whether tuning was worth it: short cycles with the tuned settings beside the usual, untuned ones."""

from __future__ import annotations

from dataclasses import replace

from wellbegun.search.cycles import Cycle, Duel, duel
from wellbegun.search.momentum import USUAL_CYCLE
from wellbegun.search.plan import Finding, Plan
from wellbegun.search.setting import Setting

STEP = "usual settings"
SEEDS = 2  # that the usual settings must win with, every time
SAME_RATE, SAME_DECAY = 1.5, 10**0.5  # factors within which two settings are not worth comparing
BEATEN = 0.05  # log(val_loss): what is better by less cannot be told from luck
SHORTEST = 100  # updates of a cycle: shorter ones bear small rates alone
TUNED, USUAL = "tuned", "usual"


def like(one: Cycle, other: Cycle, setting: Setting) -> bool:
    """Whether two settings differ by less than two searches would.

    Source: arXiv:1803.09820, Sec. 4.3: rate and momentum depend on each other, so they count together.
    """
    rates = one.effective_rate(setting), other.effective_rate(setting)
    decays = one.weight_decay, other.weight_decay
    return max(rates) <= SAME_RATE * min(rates) and max(decays) <= SAME_DECAY * min(decays)


def untuned(setting: Setting) -> Cycle | None:
    """What people use who tune nothing, as a cycle; None for optimizers that nobody uses so."""
    if setting.optimizer == "adamw":
        return Cycle(3e-3, USUAL_CYCLE, 0.01)
    return None if setting.adaptive else Cycle(0.1, USUAL_CYCLE, 5e-4)


def usual(
    setting: Setting, tuned: Cycle, safe: float | None = None, length: int | None = None
) -> Plan[Finding | None]:
    """Whether the untuned settings do better than the tuned ones; None where the optimizer has none.

    The tuned ones stay unless they end higher by more than ``BEATEN`` with every seed, so one seed is enough
    where they do not. Usual ones that rise past the safe rate are not tried: a short cycle may bear what the
    final run does not.

    Args:
        safe: the rate that the unluckiest range test leaves for the final run, with the tuned momentum; None:
            none saw an edge.
        length: updates of a cycle; None: of a range test, at least ``SHORTEST``.

    Choice: cycles as short as range tests, and the numbers; benchmarks/README.md, quality, shows short cycles
    beside whole runs.
    """
    other = untuned(setting)
    if other is None:
        return None
    if like(tuned, other, setting):
        same = f"The tuned settings ({tuned}: lr_max / momentum / weight decay) are next to the usual ones"
        return Finding(STEP, TUNED, f"{same} ({other}): there is nothing to compare.", section="5")
    if safe is not None:
        per_rate = [replace(one, lr_max=1.0).effective_rate(setting) for one in (tuned, other)]
        safe *= per_rate[0] / per_rate[1]  # with the other momentum
        if other.lr_max > safe:
            past = f"The usual settings ({other}: lr_max / momentum / weight decay) rise past {safe:.2g}"
            said = f"{past}, which one of the range tests leaves as safe."
            return Finding(STEP, TUNED, said, section="5")
    length = length or max(setting.ramp_iterations, SHORTEST)
    fought = yield from duel(setting, tuned, other, step=STEP, length=length, seeds=SEEDS, by=BEATEN)
    return _finding(fought, beaten=max(fought.gains) < -BEATEN)


def _finding(fought: Duel, beaten: bool) -> Finding:
    own, theirs = fought.ended()
    if beaten:
        told = f"With every seed the usual ones end lower by more than {BEATEN:.0%}: they are recommended."
    elif fought.gains[0] > BEATEN:
        told = "The tuned ones end lower."
    else:
        told = f"They differ by less than {BEATEN:.0%}, or by luck: tuning gained nothing that shows here."
    return Finding(
        STEP, USUAL if beaten else TUNED,
        f"Short cycles with the tuned settings ({fought.own}: lr_max / momentum / weight decay) end at a "
        f"validation loss of {own}, with the usual ones ({fought.other}) at {theirs}. {told}",
        fought.runs, details=fought.details((TUNED, USUAL), beaten), section="5",
    )  # fmt: skip
