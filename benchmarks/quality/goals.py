"""The goals of the benchmark, each as a function of the scores: does it hold on the cells that are there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, isfinite

import numpy as np
from benchmarks.quality.scores import Score

RIVAL = "tpe-one-cycle"
TASKS_NEEDED, TASKS_IN_ALL = 5, 6
CHEAPER = 5.0
"""tune must cost at most the search's cost divided by this."""
NOISE = 2.0
"""Standard errors of a difference that count as noise."""
STEADY = 1.5
"""Largest ratio of the 90th to the 10th percentile of lr_max over seeds."""
Scores = Mapping[tuple[str, str], Score]
"""(task, contestant) -> score after all of its search."""


@dataclass(frozen=True)
class Verdict:
    """Whether a goal holds."""

    goal: str
    holds: bool | None  # None: the cells that are there do not say
    says: str  # with numbers

    @property
    def word(self) -> str:
        return {True: "holds", False: "fails", None: "not measured"}[self.holds]


def verdicts(scores: Scores, untuned: tuple[str, ...], who: str = "tune") -> list[Verdict]:
    """All goals in their order."""
    return [
        never_fails(scores, who),
        as_good(scores, who),
        not_worse(scores, untuned, who),
        steady(scores, who),
    ]


def never_fails(scores: Scores, who: str = "tune") -> Verdict:
    """No recommendation fails or needs a restart, in the search seed or on fresh seeds."""
    mine = [score for (_, name), score in scores.items() if name == who]
    goal = f"no recommendation of {who} diverges or needs a restart"
    if not mine:
        return Verdict(goal, None, "no cells")
    counts = {
        "runs of fresh seeds that failed": sum(score.failures for score in mine),
        "restarts": sum(score.restarts for score in mine),
        "refusals": sum(score.refused for score in mine),
    }
    where = sorted({score.task for score in mine if score.failures or score.restarts or score.refused})
    says = ", ".join(f"{count} {name}" for name, count in counts.items())
    says += f" in {sum(len(s.losses) for s in mine)} searches and {sum(s.retrained for s in mine)} fresh runs"
    return Verdict(goal, not any(counts.values()), says + (f" ({', '.join(where)})" if where else ""))


def as_good(scores: Scores, who: str = "tune", rival: str = RIVAL) -> Verdict:
    """At least as good as the search's best, to one standard error of the difference, for 1/5 of its cost.

    On at least 5 of the 6 tasks.
    """
    goal = f"as good as 20 trials with our 1cycle to one standard error, for 1/{CHEAPER:g} of the cost"
    parts, good = [], []
    for task, mine, other in _pairs(scores, who, rival):
        difference, error = mine.loss - other.loss, hypot(mine.error, other.error)
        good.append(difference <= error and mine.cost <= other.cost / CHEAPER)
        price = f"1/{other.cost / mine.cost:.1f} {'yes' if good[-1] else 'no'}"
        parts.append(f"{task}: {difference:+.4f} +- {error:.4f} at {price}")
    holds: bool | None = None
    if sum(good) >= TASKS_NEEDED:
        holds = True
    elif len(good) - sum(good) > TASKS_IN_ALL - TASKS_NEEDED:
        holds = False
    return Verdict(goal, holds, "; ".join(parts) or "no task with two seeds of both")


def not_worse(scores: Scores, untuned: tuple[str, ...], who: str = "tune") -> Verdict:
    """Never worse than the best untuned setting beyond noise: two standard errors of the difference."""
    goal = "never worse than the best untuned setting beyond noise"
    parts, good = [], []
    for task in sorted({task for task, _ in scores}):
        others = [scores[task, name] for name in untuned if (task, name) in scores]
        mine = scores.get((task, who))
        if mine is None or len(others) < len(untuned):
            continue
        best = min(others, key=lambda score: score.loss)
        difference, error = mine.loss - best.loss, hypot(mine.error, best.error)
        if not isfinite(error):
            continue
        good.append(difference <= NOISE * error)
        verdict = f"{best.contestant} {'yes' if good[-1] else 'no'}"
        parts.append(f"{task}: {difference:+.4f} +- {error:.4f} against {verdict}")
    return Verdict(goal, all(good) if good else None, "; ".join(parts) or "no task with two seeds of all")


def steady(scores: Scores, who: str = "tune") -> Verdict:
    """lr_max between seeds: 90th over 10th percentile at most 1.5 on every task."""
    goal = f"lr_max between seeds: 90th over 10th percentile at most {STEADY:g}"
    ratios = {
        task: float(np.divide(*np.percentile(score.rates, [90, 10])))
        for (task, name), score in scores.items()
        if name == who and len(score.rates) > 2
    }
    says = "; ".join(
        f"{task}: {ratio:.2f} of {len(scores[task, who].rates)}" for task, ratio in sorted(ratios.items())
    )
    return Verdict(
        goal, max(ratios.values()) <= STEADY if ratios else None, says or "no task with three seeds"
    )


def _pairs(scores: Scores, who: str, rival: str) -> list[tuple[str, Score, Score]]:
    """Tasks on which both have at least two search seeds, so that noise is known."""
    tasks = sorted({task for task, _ in scores})
    both = [(task, scores.get((task, who)), scores.get((task, rival))) for task in tasks]
    return [(t, a, b) for t, a, b in both if a and b and isfinite(a.error) and isfinite(b.error)]
