"""Momentum: a few ramps with falling momentum; the best is where the cycle starts (Sec. 4.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.ranking import rank, same_phase, score
from wellbegun.search.learning_rate import bounds_of
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

CANDIDATES = (0.99, 0.97, 0.95, 0.9)
LOWEST = {0.9: 0.8}  # the other end of the cycle; 0.85 for the rest
SEEDS = (
    0.25  # log(val_loss): two standard deviations between the ramps of two seeds (LeNet, cifar3: 0.08 to 0.1)
)
FURTHER = 2  # seeds that a value must beat the usual one with as well
USUAL_CYCLE = (0.95, 0.85)  # in most rows of Tables 1 and 2
ADAPTIVE_CYCLE = (0.9, 0.8)  # it starts at beta1's usual value


def usual_cycle(setting: Setting) -> tuple[float, float]:
    """Both ends of the cycle where nothing better is known.

    Choice: 0.9 for adaptive optimizers; the quality benchmark's transformer ends 2 % lower so than from 0.95.
    """
    return ADAPTIVE_CYCLE if setting.adaptive else USUAL_CYCLE


def momentum(
    setting: Setting, top: float, weight_decay: float, values: Sequence[float] = CANDIDATES
) -> Plan[Finding]:
    """The largest momentum of the cycle, from one linear ramp per candidate.

    Ramps are compared, not runs at one rate: a rate that suits 0.9 makes 0.99 fail, whatever its merit.
    Momentum falls while the rate rises, as it will in the cycle: in ramps at constant momentum the smallest
    lasts longest and so wins, although the cycle would never hold the largest at a large rate. The lowest
    smoothed validation loss wins; a tie goes to 0.95, the report's usual value (0.9 for adaptive optimizers),
    else to the ramp that stays stable furthest. A value that beats it must beat it over the same iterations,
    before either becomes unstable, as well, and with two further seeds: at one rate a smaller momentum takes
    smaller steps, so its ramp lasts longer, and so trains longer.

    Source: arXiv:1803.09820, Sec. 4.3 and Sec. 5, item 3. A range test over momentum itself finds no optimum
    (Fig. 7b), so there is none here. Choice: falling momentum; the report compares constant values.
    """
    lows = [LOWEST.get(value, 0.85) for value in values]
    falling = [setting.falling(value, low) for value, low in zip(values, lows, strict=True)]
    specs = [setting.ramp(top, momentum, weight_decay) for momentum in falling]
    runs = yield Batch.of("momentum", specs)
    usual = usual_cycle(setting)[0]
    lowest, tied, said = _lowest(values, runs, usual)
    pairs: list[tuple[Run, Run]] = []
    denied = ""
    if not _repeated(runs) and usual in values and values[lowest] != usual:
        at = values.index(usual)
        if not _sooner(runs[lowest], runs[at]):
            denied = f"While both are stable it is not lower than {usual:g}, its ramp only lasts longer"
        else:
            pairs = yield from _again(setting, specs[lowest], specs[at])
            won = sum(_beats(*pair) for pair in pairs)
            beaten = f"It beats {usual:g} with {won} of {len(pairs)} further seeds"
            if won < len(pairs):
                denied = f"{beaten}, so this was luck"
            elif pairs:
                said += f" {beaten}."
    return _finding(dict(zip(values, runs, strict=True)), values[lowest], usual, tied, said, pairs, denied)


def _repeated(runs: Sequence[Run]) -> bool:
    """Whether the runs bring a spread of their own."""
    return any(run.repeats for run in runs)


def _lowest(values: Sequence[float], runs: Sequence[Run], usual: float) -> tuple[int, list[float], str]:
    """The first value, those that cannot be told from it, and why, in words."""
    scores = [score(run.curve) for run in runs]
    ranking = rank(scores) if _repeated(runs) else rank(scores, tie=SEEDS)
    ends = [_stable_to(run) for run in runs]
    first = max(ranking.tied, key=lambda i: (values[i] == usual, ends[i], -scores[i].loss))
    tied = sorted(values[i] for i in ranking.tied)
    losses = ", ".join(f"{value:g}: {s}" for value, s in zip(values, scores, strict=True))
    who, much = ("the repeats", "") if _repeated(runs) else ("two seeds", f" ({np.expm1(SEEDS):.0%})")
    whose = "the report's" if usual == USUAL_CYCLE[0] else "such optimizers'"
    merit = f"is {whose} usual value" if values[first] == usual else f"is stable to {ends[first]:.2g}"
    said = f"Lowest validation loss of a ramp with momentum falling from {losses}. "
    if len(tied) == 1:
        return first, tied, f"{said}{values[first]:g} is lowest by more than {who} differ{much}."
    equal = ", ".join(f"{value:g}" for value in tied[:-1]) + f" and {tied[-1]:g}"
    return first, tied, f"{said}{equal} differ by no more than {who} do{much}; {values[first]:g} {merit}."


def _beats(own: Run, other: Run) -> bool:
    """Whether the first ramp comes further down, and not by lasting longer alone."""
    return score(own.curve).loss < score(other.curve).loss and _sooner(own, other)


def _sooner(own: Run, other: Run) -> bool:
    """Whether the first ramp is lower over the same iterations, before either becomes unstable."""
    return same_phase([own.curve, other.curve], early=0.0)[1].winner == 0


def _again(setting: Setting, spec: RunSpec, other: RunSpec) -> Plan[list[tuple[Run, Run]]]:
    """The two ramps with further seeds."""
    seeds = range(setting.seed + 1, setting.seed + 1 + FURTHER)
    asked = [one.but(seed=seed) for seed in seeds for one in (spec, other)]
    runs = (yield Batch.of("momentum", asked)) if asked else []
    return list(zip(runs[::2], runs[1::2], strict=True))


def _finding(
    ramps: Mapping[float, Run], lowest: float, usual: float, tied: Sequence[float], said: str,
    pairs: Sequence[tuple[Run, Run]], denied: str,
) -> Finding:  # fmt: skip
    """The lowest value, unless something denies it."""
    high = usual if denied else lowest
    low = LOWEST.get(high, 0.85)
    if denied:
        said += f" {denied}: {high:g}, the usual value, is taken."
    labels = {run.key: f"{value:g}" for value, run in ramps.items()}
    for own, other in pairs:
        seed = own.spec.seed
        labels |= {own.key: f"{lowest:g}, seed {seed}", other.key: f"{usual:g}, seed {seed}"}
    runs = (*ramps.values(), *(run for pair in pairs for run in pair))
    return Finding(
        "momentum", {"max": high, "min": low},
        f"{said} Momentum falls from {high:g} to {low:g} while the learning rate rises, and comes back.",
        runs, (tied[0], tied[-1]) if len(tied) > 1 else None,
        details={
            "scores": {f"{value:g}": score(run.curve).to_json() for value, run in ramps.items()},
            "labels": labels,
            "bounds": {key: bound.to_json() for key, bound in bounds_of(runs).items()},
            "winner": ramps[high].key,
        },
        section="4.3",
    )  # fmt: skip


def _stable_to(run: Run) -> float:
    """The lr up to which a ramp was stable; 0 where it cannot be read."""
    found = bounds_of([run]).get(run.key)
    if found is None:
        return 0.0
    return found.edge if found.edge is not None else float(np.nanmax(run.curve.lr))
