"""docs/quality.md: the tables, whether the goals hold, and what is still missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks.quality.cell import Cell, cells
from benchmarks.quality.contestants import ABLATED, CONTESTANTS, UNTUNED
from benchmarks.quality.goals import Verdict, verdicts
from benchmarks.quality.scores import Score, last, scores, spread
from benchmarks.quality.tasks import TASKS

INTRODUCTION = """# Quality per cost

`tune` beside what people use instead, on six tasks of different kinds. Written by `python -m
benchmarks.quality table` from the files under `results/quality/`; `python -m benchmarks.quality run` (with
`WELLBEGUN_DATA` set and Optuna installed: `pip install -c constraints.txt -e '.[bench]'`) makes the missing
ones and goes on where it was.

All contestants train on the same engine, with the task's batch size, for the same number of epochs, and
choose on the same validation part. What each one found is trained again with three seeds that no search has
seen; the tables show mean +- standard error over search seeds of the mean over those three. A run that
diverged, or ended no better than the untrained network, is a failure: in the mean loss it counts with the
loss of the untrained network, and the accuracies leave it out. Cost is search and final run together in
training samples, divided by that of one final run. An evaluated sample counts by its share of a training
sample's time, the median of what this contestant's own searches measured. A run that is judged reads the
whole validation part eleven times, of which only the last is charged. The best trial of a search by trials
is its final run. Where tune's final run overfits, whole runs with more weight decay follow, and where its
rate was too large, some with a smaller one; all count in its cost, and the one that is kept is what it
recommends.

- TPE: Optuna's `TPESampler(seed)`, 20 whole trainings; lr 1e-4 to 3 (log), momentum 0.8 to 0.99, decay 1e-6
  to 1e-1 (log); on the AdamW task lr 1e-5 to 0.3, decay 1e-5 to 1. A trial that diverged counts as
  infinite. "Our 1cycle" lets momentum fall by 0.1, from 0.95 on to 0.85.
- fastai: the valley rule on an exponential range test from 1e-7 to 10 over 100 updates, and the one cycle
  with fastai's defaults (cosines, pct_start 0.25, div 25, div_final 1e5, momentum 0.95-0.85-0.95). Both are
  written here from their description, since fastai cannot be installed beside the pinned torch; weight
  decay 5e-4 (SGD) or 0.01 (AdamW).
- Untuned, on the AdamW task: AdamW 1e-3 / 0.01 in place of SGD, 1cycle up to 3e-3.
- The text is the source of Python's standard library, so it changes with Python's version, and its losses
  with it.
"""

ABLATION = """## Ablation

One rule left out at a time, on the same search seeds (one, or two where they are there) and fresh seeds:
validation loss without the rule, and with it in brackets; "same": the rule changed nothing there. Cost: the
mean over these tasks.
"""


def page(records: Sequence[Mapping[str, Any]], picture: str) -> str:
    """The whole page.

    Args:
        records: the cells' files.
        picture: name of the plot beside the page.
    """
    usual = [record for record in records if record["contestant"] in CONTESTANTS]
    found, by_test = scores(usual), scores(usual, "test_loss")
    ends = last(found)
    parts = [
        INTRODUCTION,
        "## Goals\n\nOn the cells that are there. By validation loss:\n\n"
        + goals_table(verdicts(ends, UNTUNED)),
        "By test loss, which nobody chose by:\n\n" + goals_table(verdicts(last(by_test), UNTUNED)),
        f"## Quality against cost\n\n![validation loss against cost, one panel per task]({picture})\n\n"
        "Markers on the upper edge of a panel lie there or beyond: failures, and what is far worse.\n",
        *(task_table(task, found) for task in TASKS if any(score.task == task for score in found)),
        ablation(records),
        provenance(records),
        missing(records),
    ]
    return "\n".join(part for part in parts if part)


def goals_table(found: Sequence[Verdict]) -> str:
    """One line per goal."""
    lines = ["| goal | | measured |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {v.goal} | {v.word} | {v.says} |" for v in found)]) + "\n"


def task_table(task: str, found: Sequence[Score]) -> str:
    """All contestants on one task, after all of their search."""
    entry = TASKS[task]
    lines = [
        f"### {task}: {entry.says}\n",
        "| | validation loss | validation accuracy, % | test loss | test accuracy, % | failures "
        "| cost, final runs | search seeds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ends = last(found)
    lines += [row(ends[task, name]) for name in CONTESTANTS if (task, name) in ends]
    return "\n".join(lines) + "\n"


def row(score: Score) -> str:
    """One line of a task's table."""
    measured = score.measures
    cells_of = [
        CONTESTANTS[score.contestant].says,
        with_error(score.losses),
        with_error(measured["val_accuracy"], 100, 2),
        with_error(measured["test_loss"]),
        with_error(measured["test_accuracy"], 100, 2),
        failures(score),
        f"{score.cost:.2f}",
        str(len(score.losses)),
    ]
    return f"| {' | '.join(cells_of)} |"


def with_error(values: Sequence[float], scale: float = 1.0, digits: int = 4) -> str:
    """Mean +- standard error."""
    if not values:
        return "-"
    mean = f"{scale * fmean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} +- {scale * spread(values):.{digits}f}"


def failures(score: Score) -> str:
    """Failed runs of all, restarts and refusals where there were any."""
    text = f"{score.failures} of {score.retrained}"
    if score.restarts:
        text += f", {score.restarts} restarts"
    return text + (f", {score.refused} refused" if score.refused else "")


def ablation(records: Sequence[Mapping[str, Any]]) -> str:
    """What each rule of the recipe brings, on the cells that are there: a row for each, a column per task."""
    lines = []
    for name, contestant in ABLATED.items():
        pairs = {task: pair for task in TASKS if (pair := _with_and_without(records, name, task))}
        if pairs:
            told = [_told(*pairs[task]) if task in pairs else "-" for task in TASKS]
            without, whole = (fmean(pair[i].cost for pair in pairs.values()) for i in (0, 1))
            rule = contestant.says.removeprefix("tune: ")
            lines.append(f"| {rule} | {' | '.join(told)} | {without:.2f} ({whole:.2f}) |")
    if not lines:
        return ""
    head = ["", *TASKS, "cost, final runs"]
    return "\n".join([ABLATION, f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines]) + "\n"


def _with_and_without(
    records: Sequence[Mapping[str, Any]], name: str, task: str
) -> tuple[Score, Score] | None:
    """The recipe without a rule and the whole one, on the same search seeds; None where cells are missing."""
    of_task = {(r["contestant"], r["seed"]): r for r in records if r["task"] == task}
    seeds = [seed for (who, seed) in of_task if who == name and ("tune", seed) in of_task]
    found = last(scores([of_task[who, seed] for who in (name, "tune") for seed in seeds]))
    return (found[task, name], found[task, "tune"]) if seeds else None


def _told(without: Score, whole: Score) -> str:
    """A cell of the ablation: the losses, and what failed."""
    if without.losses == whole.losses:
        return "same"
    failed = f", {failures(without)} fail" if without.failures or without.restarts or without.refused else ""
    return f"{without.loss:.4f} ({whole.loss:.4f}){failed}"


def provenance(records: Sequence[Mapping[str, Any]]) -> str:
    """With what the cells were made; a recipe that changed in between shows."""
    recipes: dict[str, int] = {}
    for record in records:
        if record["recipe"]:
            recipes[record["recipe"]] = recipes.get(record["recipe"], 0) + 1
    said = ", ".join(f"{name} ({count} cells)" for name, count in sorted(recipes.items()))
    kinds = sorted(
        {f"{record['device']}, Python {record['python']}, torch {record['torch']}" for record in records}
    )
    return f"## Made with\n\n{'; '.join(kinds)}. Code of the recipe behind `tune`: {said or 'no cells'}.\n"


def missing(records: Sequence[Mapping[str, Any]]) -> str:
    """The cells that are not there, by contestant."""
    gaps = absent(records, cells())
    if not gaps:
        return "## Missing cells\n\nNone.\n"
    lines = [f"## Missing cells\n\n{len(gaps)} of {len(cells())}:\n"]
    for name in CONTESTANTS:
        of = [f"{cell.task} {cell.seed}" for cell in gaps if cell.contestant == name]
        if of:
            lines.append(f"- {name}: {', '.join(of)}")
    return "\n".join(lines) + "\n"


def absent(records: Sequence[Mapping[str, Any]], asked: Sequence[Cell]) -> list[Cell]:
    """The cells without a file."""
    there = {(record["task"], record["contestant"], record["seed"]) for record in records}
    return [cell for cell in asked if (cell.task, cell.contestant, cell.seed) not in there]
