"""The report: one HTML page that needs nothing else, for a reader who has not read the papers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis import bounds as range_bounds
from wellbegun.diagnosis.compare import Comparison
from wellbegun.errors import Refused
from wellbegun.report import words
from wellbegun.report.pictures import on_page
from wellbegun.report.reading import Reading
from wellbegun.report.sections import (
    Section,
    is_range_test,
    range_picture,
    read,
    schedule_picture,
    step,
    training_picture,
)
from wellbegun.report.snippet import snippet
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.search.plan import Cost, Finding
from wellbegun.search.recommendation import Recommendation

_FINAL = "Final run"  # the template knows it by this name
_PACKAGES = ("wellbegun", "torch", "numpy")


def write(recommendation: Recommendation, path: Path, *, facts: Mapping[str, str] | None = None) -> Path:
    """Write the report of a whole search; returns ``path``.

    The file appears complete or not at all: it is written aside and renamed.

    Args:
        facts: further lines for the table at the end, name -> text.

    Raises:
        OSError: the folder of ``path`` is missing or cannot be written to.
    """
    return _publish(page(recommendation, facts), path)


def write_runs(
    runs: Sequence[Run], path: Path, *, title: str = "Runs", facts: Mapping[str, str] | None = None
) -> Path:
    """Write a page of single runs: bounds of range tests, diagnosis of trainings; returns ``path``."""
    return _publish(runs_page(runs, title=title, facts=facts), path)


def page(recommendation: Recommendation, facts: Mapping[str, str] | None = None) -> str:
    """The report as one HTML page: values, each step of the checklist, the final run, code, all runs."""
    seen: set[str] = set()
    steps = [step(finding, position, seen) for position, finding in enumerate(recommendation.findings, 1)]
    final, paid = recommendation.final, _paid(recommendation, steps)
    return _render(
        title=f"How to train {recommendation.task_name}",
        r=recommendation,
        values=_values(recommendation),
        results=_results(recommendation),
        steps=steps,
        final=_training(final, "final") if final else None,
        schedule=None if final else _schedule(recommendation),
        shares=_shares(recommendation, paid),
        snippet=snippet(recommendation),
        notes=recommendation.notes,
        table=_table(paid),
        facts=_facts([run for _, runs in paid for run in runs], facts),
    )


def runs_page(runs: Sequence[Run], *, title: str = "Runs", facts: Mapping[str, str] | None = None) -> str:
    """A page of single runs, in the order given."""
    parts = [
        _range_test(run, f"run{position}") if is_range_test(run) else _training(run, f"run{position}")
        for position, run in enumerate(runs, 1)
    ]
    return _render(
        title=title, parts_of_page=parts, table=_table([("Run", list(runs))]), facts=_facts(runs, facts)
    )


def write_finding(
    finding: Finding, path: Path, *, task_name: str, facts: Mapping[str, str] | None = None
) -> Path:
    """Write a page of one search alone: what it chose, why, its pictures and runs; returns ``path``."""
    title = f"{finding.name[0].upper()}{finding.name[1:]} for {task_name}"
    part = step(finding, 1, set())
    single = [one for run in finding.runs for one in run.singles]
    table, versions = _table([(part["title"], single)]), _facts(single, facts)
    return _publish(_render(title=title, finding=part, table=table, facts=versions), path)


def write_readings(
    readings: Sequence[Reading], path: Path, *, title: str, comparison: Comparison | None = None
) -> Path:
    """Write a page of training histories, with the diagnosis and the picture of each; returns ``path``."""
    return _publish(readings_page(readings, title=title, comparison=comparison), path)


def readings_page(readings: Sequence[Reading], *, title: str, comparison: Comparison | None = None) -> str:
    """A page of training histories, in the order given."""
    parts = [
        {"reading": reading, "history": reading.history, "picture": on_page(reading, f"history{position}")}
        for position, reading in enumerate(readings, 1)
    ]
    versions = f"wellbegun {_version('wellbegun')}."
    return _render(title=title, readings=parts, comparison=comparison, versions=versions)


def _render(**values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wellbegun", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, Cost=Cost)
    environment.filters["sentence"] = words.sentence
    kinds = {"r": "page.html", "readings": "readings.html", "finding": "finding.html"}
    template = next((file for name, file in kinds.items() if name in values), "runs.html")
    return environment.get_template(template).render(**values)


def _publish(text: str, path: Path) -> Path:
    """Write aside, flush to the disk, rename; on failure nothing is left behind."""
    path = Path(path)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(aside).chmod(0o666 & ~mask)  # mkstemp's files are private
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return path


def _values(r: Recommendation) -> list[Section]:
    """The recommended values: name, exact value, how it is shown, and what else could have been taken."""

    def value(name: str, label: str, exact: float, note: str = "") -> Section:
        tie = r.intervals.get(name) or r.intervals.get(name.removesuffix("_max"))
        shown = words.number(exact)
        return {
            "name": name,
            "label": label,
            "exact": repr(exact),
            "shown": shown,
            "tie": _tie(exact, tie),
            "note": note,
        }

    return [
        value("lr_max", "Learning rate, highest", r.lr_max, "lr_max, at the peak"),
        value("lr_min", "Learning rate, lowest", r.lr_min, "lr_min, at the start"),
        value("momentum_max", "Momentum, highest", r.momentum_max, "at both ends"),
        value("momentum_min", "Momentum, lowest", r.momentum_min, "at the peak"),
        value("weight_decay", "Weight decay", r.weight_decay, "constant"),
        value("batch_size", "Batch size", r.batch_size, "samples per update"),
        value("iterations", "Iterations", r.iterations, words.count_of(r.epochs, "epoch")),
        value("stepsize", "Stepsize", r.stepsize, "iterations up, then down"),
    ]


def _tie(exact: float, interval: tuple[float, float] | None) -> str:
    """Which values would have done as well; "" where the choice was clear."""
    if interval is None or interval[0] == interval[1] == exact:
        return ""
    return f"as good: {words.span(*interval)}"


def _results(r: Recommendation) -> list[tuple[str, str]]:
    """What the final run reached: name and value."""
    if r.final is None:
        return []
    curve, rows = r.final.curve, []
    for label, column, show in (
        ("Validation loss", curve.val_loss, lambda v: words.number(v, 3)),
        ("Validation accuracy", curve.val_accuracy, words.percent),
    ):
        if len(column) and np.isfinite(column).any():
            rows.append((label, show(float(column[-1]))))
    for name, value in r.final.test.items():
        shown = words.percent(value) if name.endswith("accuracy") else words.number(value, 3)
        rows.append((name.replace("_", " ").capitalize(), shown))
    return [*rows, ("Restarts", str(r.restarts))]


def _training(run: Run, name: str) -> Section:
    """A run that is no range test: its curves and its diagnosis."""
    return {
        "run": run,
        "kind": "training",
        "picture": training_picture(run, name),
        "diagnosis": read(run),
        "bounds": None,
    }


def _range_test(run: Run, name: str) -> Section:
    """A range test: its curve, its bounds or why there are none, its diagnosis."""
    found: dict[str, Any] = {}
    try:
        bounds = range_bounds.read(run.curve)
        found, reason = bounds.to_json(), bounds.reason
    except Refused as refusal:
        reason = str(refusal)
    return {
        "run": run, "kind": "range test", "picture": range_picture(run, found, name), "diagnosis": read(run),
        "bounds": found, "reason": reason,
    }  # fmt: skip


def _schedule(r: Recommendation) -> Section:
    """The cycle that is recommended, when it was not run."""
    lr = OneCycle(r.lr_min, r.lr_max, r.stepsize, r.iterations)
    momentum = MomentumCycle(r.momentum_max, r.momentum_min, r.stepsize)
    return schedule_picture(lr, momentum, r.iterations, "schedule")


def _paid(r: Recommendation, steps: Sequence[Section]) -> list[tuple[str, list[Run]]]:
    """Every run once, under the part of the search where it was first needed."""
    kept = r.final.key if r.final else None  # a step may have compared it with others
    parts = [(step["title"], [run for run in step["new"] if run.key != kept]) for step in steps]
    seen = {run.key for _, runs in parts for run in runs}
    rest = [("Diverged final runs", list(r.discarded))] if r.discarded else []
    rest += [(_FINAL, [r.final])] if r.final else []
    return parts + [(title, [run for run in runs if run.key not in seen]) for title, runs in rest]


def _shares(r: Recommendation, paid: Sequence[tuple[str, list[Run]]]) -> list[Section]:
    """The cost of each part of the search and its share of the whole, in percent of all iterations."""
    total = max(r.cost.iterations, 1)
    costs = [(title, len(runs), Cost.of(runs)) for title, runs in paid]
    return [
        {"title": title, "runs": runs, "cost": cost, "part": 100 * cost.iterations / total}
        for title, runs, cost in costs
    ]


def _table(parts: Sequence[tuple[str, Sequence[Run]]]) -> list[tuple[str, Run]]:
    """All runs with the part of the page that they belong to."""
    return [(title, run) for title, runs in parts for run in runs]


def _facts(runs: Sequence[Run], given: Mapping[str, str] | None) -> dict[str, str]:
    """Seed, task, device and versions, then what the caller adds."""
    found: dict[str, str] = {}
    for label, values in (
        ("Task fingerprint", [run.spec.task for run in runs]),
        ("Seed", [str(run.spec.seed) for run in runs]),
        ("Optimizer", [run.spec.optimizer for run in runs]),
        ("Device, precision", [f"{run.spec.device}, {run.spec.precision}" for run in runs]),
        ("Engine's semantics", [f"version {run.spec.engine}" for run in runs]),
    ):
        if values:
            found[label] = "; ".join(dict.fromkeys(values))
    found["Versions"] = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return {**found, **(given or {})}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
