"""Momentum that falls, rises or stays while the learning rate rises: the cyclical test (Sec. 4.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.schedules._base import Floats, Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.search.learning_rate import bounds_of, round_to
from wellbegun.search.paired import (
    SEEDS,
    Paired,
    bands,
    check_learned,
    compare,
    ends_of,
    known,
    listed,
    lowest_of,
    size,
    with_seeds,
)
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting

FALLING = ((0.95, 0.85), (0.95, 0.8))  # most rows of Tables 1 and 2; Fig. 7c
RISING = (0.8, 1.0)  # Fig. 7c
STEADY = (0.9, 0.95)
EARLY = 0.05  # share of the ramp at which its start is compared


@dataclass(frozen=True, slots=True)
class Course:
    """One way for momentum to go while the learning rate rises, and what came of it."""

    start: float
    end: float
    runs: tuple[Run, ...]

    @property
    def kind(self) -> str:
        if self.start == self.end:
            return "constant"
        return "falling" if self.start > self.end else "rising"

    @property
    def label(self) -> str:
        way = "" if self.kind == "constant" else f" to {self.end:g}"
        return f"{self.kind} {self.start:g}{way}"

    def early(self) -> Floats:
        """log of the validation loss when EARLY of the ramp is done, float64[seeds]."""
        at = [EARLY * run.spec.iterations for run in self.runs]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.array(
                [
                    np.interp(x, run.curve.iteration, np.log(run.curve.val_loss))
                    for x, run in zip(at, self.runs, strict=True)
                ]
            )

    def accuracy(self) -> float:
        """The highest validation accuracy of the ramps, median of three evaluations, mean over seeds."""
        best = []
        for run in self.runs:
            column = run.curve.val_accuracy
            triples = np.median(np.lib.stride_tricks.sliding_window_view(column, min(3, len(column))), axis=1)
            best.append(np.nanmax(triples) if np.isfinite(triples).any() else np.nan)
        return float(np.mean(best))


def momentum_cycle(
    setting: Setting, top: float, weight_decay: float, values: Sequence[float] = STEADY
) -> Plan[Finding]:
    """How momentum should move while the learning rate rises: down, up, or not at all.

    The same linear ramps with the same seeds for every course of momentum. The choice is one of the
    falling ones, unless a constant or rising one has a lower loss by more than the spread of the seeds.

    Args:
        top: where the ramps of the learning rate end.
        values: the constant momenta to compare with.

    Raises:
        ValueError: a momentum outside of [0, 1).
        Refused: no ramp learned.

    Source: arXiv:1803.09820, Sec. 4.3, Fig. 7c, 8a and Remark 5. Choice: falling from 0.95 to 0.85 (most
    rows of Tables 1 and 2) and to 0.8, rising from 0.8 to 1 (Fig. 7c); three seeds each.
    """
    if bad := [value for value in values if not 0 <= value < 1]:
        raise ValueError(f"constant momenta lie in [0, 1), got {', '.join(map(str, bad))}; try 0.9,0.95")
    ways = [*FALLING, RISING, *((value, value) for value in values)]
    specs = [setting.ramp(top, _course(setting, *way), weight_decay) for way in ways]
    runs = yield Batch.of("momentum cycle", with_seeds(specs, setting))
    check_learned(runs)
    courses = [Course(*way, tuple(runs[i * SEEDS : (i + 1) * SEEDS])) for i, way in enumerate(ways)]
    lowest = compare([lowest_of(one.runs) for one in courses])
    return _finding(courses, lowest, compare([one.early() for one in courses]))


def _course(setting: Setting, start: float, end: float) -> Schedule:
    return Constant(start) if start == end else LinearRamp(start, end, setting.ramp_iterations)


def _chosen(courses: Sequence[Course], lowest: Paired) -> int:
    """The first falling course that cannot be told from the best of all; the best where none can."""
    ranking = lowest.ranking()
    falling = [i for i in ranking.tied if courses[i].kind == "falling"]
    return falling[0] if falling else ranking.winner


def _finding(courses: Sequence[Course], lowest: Paired, early: Paired) -> Finding:
    chosen = _chosen(courses, lowest)
    way = courses[chosen]
    ends = compare([-np.log(ends_of(one.runs)) for one in courses])  # the furthest is the lowest of these
    rows = {
        one.label: {
            "kind": one.kind, "start": one.start, "end": one.end,
            "loss": known(float(np.exp(lowest.means[i]))), "spread": lowest.deviation,
            "early_loss": known(float(np.exp(early.means[i]))), "accuracy": known(one.accuracy()),
            "stable_to": round_to(float(np.exp(-ends.means[i])), 3),
        }
        for i, one in enumerate(courses)
    }  # fmt: skip
    runs = tuple(run for one in courses for run in one.runs)
    return Finding(
        "momentum cycle", {"course": way.kind, "from": way.start, "to": way.end},
        _reason(courses, lowest, early, chosen, ends), runs,
        details={
            "scores": rows, "tie": lowest.tie, "tie_early": early.tie,
            "labels": {run.key: f"{one.label}, seed {run.spec.seed}" for one in courses for run in one.runs},
            "bounds": {key: bound.to_json() for key, bound in bounds_of(runs).items()},
            "table": _table(rows, way.label),
            "figure": bands(
                {one.label: one.runs for one in courses}, "learning rate", way.label
            ),
        },
        section="4.3",
    )  # fmt: skip


def _table(rows: Mapping[str, Mapping[str, Any]], won: str) -> dict[str, Any]:
    """A row per course, for the page."""
    names = ("loss", "early_loss", "accuracy", "stable_to")
    cells = [[label, *(_number(row[name]) for name in names)] for label, row in rows.items()]
    columns = [
        "Momentum",
        "Lowest val. loss",
        f"At {EARLY:.0%} of the ramp",
        "Best val. accuracy",
        "Stable to lr",
    ]
    return {"columns": columns, "rows": cells, "won": won}


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _reason(
    courses: Sequence[Course],
    lowest: Paired,
    early: Paired,
    chosen: int,
    ends: Paired,
) -> str:
    ranking, names = lowest.ranking(), [one.label for one in courses]
    losses = ", ".join(f"{name}: {np.exp(mean):.4g}" for name, mean in zip(names, lowest.means, strict=True))
    parts = [
        f"Lowest validation loss while the learning rate rises, over {lowest.seeds} seeds, with momentum "
        f"{losses}."
    ]
    tied = [names[i] for i in ranking.tied]
    tie = size(lowest.tie)
    if len(tied) == len(names):
        parts.append(f"None can be told from the best: differences below {tie} are the spread of the seeds.")
    elif ranking.is_tie:
        parts.append(
            f"{_capital(listed(tied))} cannot be told apart: differences below {tie} are the spread of "
            "the seeds."
        )
    else:
        parts.append(f"{_capital(tied[0])} is lowest by more than the spread of the seeds ({tie}).")
    parts.append(_furthest(names, ends))
    first = early.ranking()
    ahead = listed([names[i] for i in first.tied]) if len(first.tied) < len(names) else "none"
    verb = "are" if first.is_tie and ahead != "none" else "is"
    parts.append(f"After {EARLY:.0%} of the ramp, {ahead} {verb} ahead.")
    if courses[chosen].kind == "falling" and any(courses[i].kind != "falling" for i in ranking.tied):
        parts.append("A tie goes to momentum that falls, as in the report's Remark 5.")
    return " ".join(parts)


def _furthest(names: Sequence[str], ends: Paired) -> str:
    """How far the courses stay stable, and which of them furthest."""
    edges = ", ".join(f"{name} {np.exp(-end):.3g}" for name, end in zip(names, ends.means, strict=True))
    ranking = ends.ranking()
    if len(ranking.tied) == len(names):
        spread = f"differences below {size(ends.tie)} are the spread"
        return f"They stay stable up to a learning rate of {edges}; {spread}."
    furthest = _capital(listed([names[i] for i in ranking.tied]))
    stay = "stay" if ranking.is_tie else "stays"
    return f"{furthest} {stay} stable furthest, by more than the spread of {size(ends.tie)} ({edges})."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
