"""Momentum: a few ramps with falling momentum; the best is where the cycle starts (Sec. 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.ranking import rank, score
from wellbegun.search.learning_rate import bounds_of
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

CANDIDATES = (0.99, 0.97, 0.95, 0.9)
LOWEST = {0.9: 0.8}  # the other end of the cycle; 0.85 for the rest
SEEDS = (
    0.25  # log(val_loss): two standard deviations between the ramps of two seeds (LeNet, cifar3: 0.08 to 0.1)
)
FURTHER = 1  # seeds that a value must beat the usual one with as well
USUAL_CYCLE = (0.95, 0.85)  # in most rows of Tables 1 and 2
USUAL = 0.95  # where the cycle starts in most rows of Tables 1 and 2


def momentum(
    setting: Setting, top: float, weight_decay: float, values: Sequence[float] = CANDIDATES
) -> Plan[Finding]:
    """The largest momentum of the cycle, from one linear ramp per candidate.

    Ramps are compared, not runs at one rate: a rate that suits 0.9 makes 0.99 fail, whatever its merit.
    Momentum falls while the rate rises, as it will in the cycle: in ramps at constant momentum the smallest
    lasts longest and so wins, although the cycle would never hold the largest at a large rate. The lowest
    smoothed validation loss wins; a tie goes to 0.95, the report's usual value, else to the ramp that stays
    stable furthest. A value that beats 0.95 must beat it with a further seed, too.

    Source: arXiv:1803.09820, Sec. 4.3 and Sec. 5, item 3. A range test over momentum itself finds no optimum
    (Fig. 7b), so there is none here. Choice: falling momentum; the report compares constant values.
    """
    lows = [LOWEST.get(value, 0.85) for value in values]
    falling = [setting.falling(value, low) for value, low in zip(values, lows, strict=True)]
    specs = [setting.ramp(top, momentum, weight_decay) for momentum in falling]
    runs = list((yield Batch.of("momentum", specs)))
    scores = [score(run.curve) for run in runs]
    single = not any(run.repeats for run in runs)  # repeats bring a spread of their own
    ranking = rank(scores, tie=SEEDS) if single else rank(scores)
    ends = [_stable_to(run) for run in runs]
    winner = max(ranking.tied, key=lambda i: (values[i] == USUAL, ends[i], -scores[i].loss))
    labels = {run.key: f"{value:g}" for run, value in zip(runs, values, strict=True)}
    lowest = winner
    if single and FURTHER and USUAL in values and values[winner] != USUAL:
        usual = values.index(USUAL)
        pairs = yield from _again(setting, specs[winner], specs[usual])
        for own, other in pairs:
            labels |= {own.key: f"{values[winner]:g}, further seed", other.key: f"{USUAL:g}, further seed"}
            runs += [own, other]
        won = all(score(own.curve).loss < score(other.curve).loss for own, other in pairs)
        winner = winner if won else usual
    high, low = values[winner], lows[winner]
    tied = sorted(values[i] for i in ranking.tied)
    losses = ", ".join(f"{value:g}: {s}" for value, s in zip(values, scores, strict=True))
    spread = f"two seeds do ({np.expm1(SEEDS):.0%})" if single else "the repeats do"
    reason = f"Lowest validation loss of a ramp with momentum falling from {losses}. "
    reason += _compared(values[lowest], tied, ends[lowest], spread)
    if winner != lowest:
        reason += f" With a further seed it is not: that was luck, and {high:g} is the report's usual value."
    elif len(runs) > len(values):
        reason += " With a further seed it is, too."
    return Finding(
        "momentum", {"max": high, "min": low},
        reason + f" Momentum falls from {high:g} to {low:g} while the learning rate rises, and comes back.",
        tuple(runs), (tied[0], tied[-1]) if ranking.is_tie else None,
        details={
            "scores": {f"{value:g}": s.to_json() for value, s in zip(values, scores, strict=True)},
            "labels": labels,
            "bounds": {key: bound.to_json() for key, bound in bounds_of(runs).items()},
            "winner": runs[winner].key,
        },
        section="4.3",
    )  # fmt: skip


def _again(setting: Setting, spec: RunSpec, other: RunSpec) -> Plan[list[tuple[Run, Run]]]:
    """The two ramps with further seeds."""
    seeds = range(setting.seed + 1, setting.seed + 1 + FURTHER)
    runs = yield Batch.of("momentum", [one.but(seed=seed) for seed in seeds for one in (spec, other)])
    return list(zip(runs[::2], runs[1::2], strict=True))


def _compared(first: float, tied: Sequence[float], stable_to: float, spread: str) -> str:
    """Why the first one is the first, in a sentence."""
    if len(tied) == 1:
        return f"{first:g} is lowest by more than {spread}."
    merit = "is the report's usual value" if first == USUAL else f"is stable to {stable_to:.2g}, furthest"
    return (
        f"{' and '.join(f'{value:g}' for value in tied)} differ by no more than {spread}; {first:g} {merit}."
    )


def _stable_to(run: Run) -> float:
    """The lr up to which a ramp was stable; 0 where it cannot be read."""
    found = bounds_of([run]).get(run.key)
    if found is None:
        return 0.0
    return found.edge if found.edge is not None else float(np.nanmax(run.curve.lr))
