"""Whether tuning was worth it: short cycles with the tuned settings beside the usual, untuned ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wellbegun.curve import Run
from wellbegun.diagnosis.course import ends, last
from wellbegun.search.magnitude import carried
from wellbegun.search.momentum import USUAL_CYCLE
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

STEP = "usual settings"
SEEDS = 2  # that the usual settings must win with, every time
SAME_RATE, SAME_DECAY = 1.5, 10**0.5  # factors within which two settings are not worth comparing
BEATEN = 0.05  # log(val_loss): what is better by less cannot be told from luck
SHORTEST = 100  # updates of a cycle: shorter ones bear small rates alone
TUNED, USUAL = "tuned", "usual"


@dataclass(frozen=True, slots=True)
class Cycle:
    """The settings of a 1cycle run, its length aside."""

    lr_max: float
    momentum: tuple[float, float]
    weight_decay: float

    def __str__(self) -> str:
        high, low = self.momentum
        return f"{self.lr_max:g} / {high:g}-{low:g} / {self.weight_decay:g}"

    def effective_rate(self, setting: Setting) -> float:
        """How far a lasting gradient of 1 moves a weight at the peak: lr_max / (1 - momentum).

        An adaptive optimizer's momentum averages, so there it is lr_max.
        """
        return self.lr_max if setting.adaptive else self.lr_max / (1 - self.momentum[1])

    def like(self, other: Cycle, setting: Setting) -> bool:
        """Whether the two differ by less than two searches would.

        Source: arXiv:1803.09820, Sec. 4.3: rate and momentum depend on each other, so they count together.
        """
        rates = self.effective_rate(setting), other.effective_rate(setting)
        decays = self.weight_decay, other.weight_decay
        return max(rates) <= SAME_RATE * min(rates) and max(decays) <= SAME_DECAY * min(decays)

    def short(self, setting: Setting, seed: int) -> RunSpec:
        """A whole cycle as short as a range test, or of ``SHORTEST``, with the rate that suits its length."""
        length = max(setting.ramp_iterations, SHORTEST)
        rate = self.lr_max / carried(setting, min(length, setting.iterations))
        steady = replace(setting, length=length)
        return steady.short_cycle(rate, self.momentum, self.weight_decay).but(seed=seed)


def untuned(setting: Setting) -> Cycle | None:
    """What people use who tune nothing, as a cycle; None for optimizers that nobody uses so."""
    if setting.optimizer == "adamw":
        return Cycle(3e-3, USUAL_CYCLE, 0.01)
    return None if setting.adaptive else Cycle(0.1, USUAL_CYCLE, 5e-4)


def usual(setting: Setting, tuned: Cycle, safe: float | None = None) -> Plan[Finding | None]:
    """Whether the untuned settings do better than the tuned ones; None where the optimizer has none.

    The tuned ones stay unless they end higher by more than ``BEATEN`` with every seed, so one seed is enough
    where they do not. Usual ones that rise past the safe rate are not tried: a short cycle may bear what the
    final run does not.

    Args:
        safe: the rate that the unluckiest range test leaves for the final run, with the tuned momentum; None:
            none saw an edge.

    Choice: cycles as short as range tests, and the numbers; benchmarks/README.md, quality, shows short cycles
    beside whole runs.
    """
    other = untuned(setting)
    if other is None:
        return None
    if tuned.like(other, setting):
        same = f"The tuned settings ({tuned}: lr_max / momentum / weight decay) are next to the usual ones"
        return Finding(STEP, TUNED, f"{same} ({other}): there is nothing to compare.", section="5")
    if safe is not None:
        per_rate = [replace(one, lr_max=1.0).effective_rate(setting) for one in (tuned, other)]
        safe *= per_rate[0] / per_rate[1]  # with the other momentum
        if other.lr_max > safe:
            past = f"The usual settings ({other}: lr_max / momentum / weight decay) rise past {safe:.2g}"
            said = f"{past}, the rate that the unluckiest range test leaves as safe: they were not tried."
            return Finding(STEP, TUNED, said, section="5")
    pairs: list[tuple[Run, Run]] = []
    for seed in range(setting.seed, setting.seed + SEEDS):
        own, theirs = yield Batch.of(STEP, [tuned.short(setting, seed), other.short(setting, seed)])
        pairs.append((own, theirs))
        if _gain(own, theirs) >= -BEATEN:
            break
    gains = [_gain(own, theirs) for own, theirs in pairs]
    beaten = max(gains) < -BEATEN
    factor = carried(setting, pairs[0][0].spec.iterations)
    return _finding(tuned, other, pairs, gains, beaten, factor)


def _gain(own: Run, theirs: Run) -> float:
    """By how much the tuned settings end lower, in log(val_loss); 0 where neither could be trained."""
    a, b = last(own), last(theirs)
    return 0.0 if math.isinf(a) and math.isinf(b) else math.log(b) - math.log(a)


def _finding(
    tuned: Cycle,
    other: Cycle,
    pairs: list[tuple[Run, Run]],
    gains: list[float],
    beaten: bool,
    factor: float,
) -> Finding:
    chosen = USUAL if beaten else TUNED
    own, theirs = zip(*pairs, strict=True)
    runs = [run for pair in pairs for run in pair]
    names = [f"{name}, seed {pair[0].spec.seed}" for pair in pairs for name in (TUNED, USUAL)]
    down = f" (both rates divided by {factor:.2g} for their length)" if factor > 1 else ""
    if beaten:
        told = f"With every seed the usual ones end lower by more than {BEATEN:.0%}: they are recommended."
    elif gains[0] > BEATEN:
        told = "The tuned ones end lower."
    else:
        told = f"They differ by less than {BEATEN:.0%}, or by luck: tuning gained nothing that shows here."
    return Finding(
        STEP, chosen,
        f"Short cycles with the tuned settings ({tuned}: lr_max / momentum / weight decay) {_told(own)}, "
        f"with the usual ones ({other}) they {_told(theirs)}{down}. {told}",
        tuple(runs),
        details={
            "labels": {run.key: name for name, run in zip(names, runs, strict=True)},
            "scores": ends(dict(zip(names, runs, strict=True)))[0], "winner": pairs[0][beaten].key,
            "table": {
                "columns": ["Settings", "lr_max", "Momentum", "Weight decay", "Val. loss at the end"],
                "rows": [_row(TUNED, tuned, own), _row(USUAL, other, theirs)], "won": chosen,
            },
        },
        section="5",
    )  # fmt: skip


def _row(name: str, cycle: Cycle, runs: Sequence[Run]) -> list[str]:
    high, low = cycle.momentum
    return [name, f"{cycle.lr_max:g}", f"{high:g} to {low:g}", f"{cycle.weight_decay:g}", _ends(runs)]


def _told(runs: Sequence[Run]) -> str:
    if not any(math.isfinite(last(run)) for run in runs):
        return "diverge"
    return f"end at a validation loss of {_ends(runs)}"


def _ends(runs: Sequence[Run]) -> str:
    """Of one seed after the other, in words."""
    return ", ".join(f"{last(run):.4g}" if math.isfinite(last(run)) else "diverged" for run in runs)
