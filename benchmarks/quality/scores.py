"""Scores: what the files say about each task and contestant, over search seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median, stdev
from typing import Any

from benchmarks.quality.cost import Spent, share

LOSS = "val_loss"
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """One contestant on one task after some of its search."""

    task: str
    contestant: str
    trials: int | None  # of a search by trials; None: its one proposal
    losses: tuple[float, ...]  # per search seed: mean over the fresh seeds, the untrained loss for a failure
    measures: Mapping[str, tuple[float, ...]]  # per search seed: mean over the fresh seeds that trained
    costs: tuple[float, ...]  # per search seed: search and final run (none after a refusal), in final runs
    retrained: int = 0  # fresh seeds, all together
    failures: int = 0  # of them, those that failed
    restarts: int = 0  # final runs of the search that were begun again
    refused: int = 0  # search seeds without a proposal
    rates: tuple[float, ...] = ()  # lr_max per search seed

    @property
    def loss(self) -> float:
        return fmean(self.losses)

    @property
    def error(self) -> float:
        """Standard error of the mean over search seeds; NaN for one."""
        return spread(self.losses)

    @property
    def cost(self) -> float:
        return fmean(self.costs)


def spread(values: Sequence[float]) -> float:
    """Standard error of the mean; NaN for fewer than two values."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")


def scores(records: Iterable[Record], measure: str = LOSS) -> list[Score]:
    """All scores, task by task.

    Args:
        measure: what a run is scored by: "val_loss", which contestants chose by, or "test_loss".
    """
    found: list[Score] = []
    for _, of_task in _grouped(records, "task"):
        unit = final_run(of_task, share(_spent(of_task, "cost")))
        untrained = median([run["untrained"] for run in _retrained(of_task)] or [float("nan")])
        for _, group in _grouped(of_task, "contestant"):
            stages = sorted({point["trials"] or 0 for record in group for point in record["points"]})
            evaluation = share(_spent(group, "search"))
            found += [_score(group, stage or None, evaluation, unit, untrained, measure) for stage in stages]
    return found


def last(found: Iterable[Score]) -> dict[tuple[str, str], Score]:
    """The score of every task and contestant after all of its search."""
    return {(score.task, score.contestant): score for score in found}  # trials rise, so the last one stays


def final_run(records: Iterable[Record], evaluation: float) -> float:
    """The cost of one final run of a task in samples: the median over points whose runs all finished."""
    costs = [
        Spent.from_json(point["cost"]).samples(evaluation) / len(point["retrained"])
        for record in records
        for point in record["points"]
        if point["retrained"] and not any(run["failed"] for run in point["retrained"])
    ]
    return median(costs) if costs else float("nan")


def _score(
    group: Sequence[Record],
    trials: int | None,
    evaluation: float,
    unit: float,
    untrained: float,
    measure: str,
) -> Score:
    points = [point for record in group for point in record["points"] if point["trials"] == trials]
    runs = [point["retrained"] for point in points]
    names = ("val_loss", "val_accuracy", "test_loss", "test_accuracy")
    return Score(
        task=group[0]["task"], contestant=group[0]["contestant"], trials=trials,
        losses=tuple(fmean([run.get(measure, run["untrained"]) for run in of] or [untrained]) for of in runs),
        measures={
            name: tuple(fmean(got) for of in runs if (got := [run[name] for run in of if name in run]))
            for name in names
        },
        costs=tuple(
            Spent.from_json(point["search"]).samples(evaluation) / unit
            + (0 if point["final"] or point["setup"] is None else 1)
            for point in points
        ),
        retrained=sum(len(of) for of in runs),
        failures=sum(run["failed"] for of in runs for run in of),
        restarts=sum(point["restarts"] for point in points),
        refused=sum(point["setup"] is None for point in points),
        rates=tuple(point["lr_max"] for point in points if "lr_max" in point),
    )  # fmt: skip


def _spent(records: Iterable[Record], on: str) -> list[Spent]:
    """What was spent on "search", or on the retrained runs ("cost")."""
    points = [point for record in records for point in record["points"]]
    return [Spent.from_json(point[on]) for point in points if on in point]


def _retrained(records: Iterable[Record]) -> list[Record]:
    return [run for record in records for point in record["points"] for run in point["retrained"]]


def _grouped(records: Iterable[Record], name: str) -> list[tuple[str, list[Record]]]:
    ordered = sorted(records, key=lambda record: (record[name], record["seed"]))
    return [(key, list(group)) for key, group in groupby(ordered, key=lambda record: record[name])]
