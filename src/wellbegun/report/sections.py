"""What a page says, part by part: words and pictures from findings and runs, ready for the template."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from wellbegun.curve import LR_ESTIMATE, Run
from wellbegun.diagnosis._base import Clue, Diagnosis
from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.report.figures.accuracy import plot_accuracy
from wellbegun.report.figures.candidates import plot_candidates
from wellbegun.report.figures.lr_estimate import plot_lr_estimate
from wellbegun.report.figures.lr_momentum import plot_lr_momentum
from wellbegun.report.figures.range_test import plot_range_test
from wellbegun.report.figures.svg import to_svg
from wellbegun.report.figures.training import plot_training
from wellbegun.report.steps import FIGURES, LOOK, STEPS
from wellbegun.report.words import anything, number, span
from wellbegun.schedules._base import Schedule
from wellbegun.search.plan import Finding

Section = dict[str, Any]
"""What the template shows of one part of the page."""

_WIDTHS = {"wide": 7.0, "narrow": 3.7}  # inches; the page shows the one that its own width can carry


def picture(draw: Callable[[Figure], None], name: str, description: str, height: float = 3.3) -> Section:
    """One drawing in two widths, for screens and for phones.

    Args:
        name: of letters, digits and dashes, unique on the page.
        height: inches, of the wide one.
    """
    drawings = {}
    for width, inches in _WIDTHS.items():
        figure = Figure(
            figsize=(inches, height if width == "wide" else 0.75 * height + 0.35), layout="constrained"
        )
        draw(figure)
        drawings[width] = Markup(to_svg(figure, f"{name}-{width}", description))
    return {"description": description, **drawings}


def step(finding: Finding, position: int, seen: set[str]) -> Section:
    """One step of the checklist: what was looked at, what was chosen and why, its pictures and its scores.

    Args:
        seen: keys of the runs of earlier steps, which cost nothing here; this step's are added.
    """
    once = list({run.key: run for run in finding.runs}.values())
    asked = [run for run in once if run.key not in seen]
    seen.update(run.key for run in asked)
    new = [one for run in asked for one in run.singles]
    title, lead = STEPS.get(finding.name, (finding.name[:1].upper() + finding.name[1:], ""))
    labels = _labels(finding, once)
    shown = finding.details.get("drawn", labels)
    own = finding.details.get("labels", shown)  # runs that it stands on, such as a first look, have none
    compared = [run for run in once if run.key in own]
    drawn = [run for run in compared if run.key in shown]
    pictures, diagnosis = _pictures(finding, drawn, labels, f"step{position}")
    return {
        "title": title,
        "lead": lead,
        "choice": _choice(finding.choice, "edge" if title == LOOK[0] else ""),
        "interval": span(*finding.interval)
        if finding.interval and finding.interval[0] != finding.interval[1]
        else "",
        "constant": _maybe(finding.details.get("lr_constant"), absent=""),
        "reason": finding.reason,
        "section": finding.section,
        "new": new,
        "old": len(once) - len(asked),
        "repeats": max((len(run.repeats) for run in once), default=0),
        "pictures": pictures,
        "scores": _scores(finding, compared, labels)
        if len(compared) > 1 or finding.details.get("scores")
        else [],
        "table": _table(finding.details.get("table")),
        "diagnosis": diagnosis,
    }


def _table(given: Mapping[str, Any] | None) -> Section | None:
    """A search's own table in words, instead of that of the scores: its columns, and (cells, chosen?) by row.

    Chosen is the row whose first cell is the table's ``won``.
    """
    if given is None:
        return None
    won = given.get("won")
    rows = [
        ([cell if isinstance(cell, str) else _maybe(cell) for cell in row], row[0] == won)
        for row in given["rows"]
    ]
    return {"columns": given["columns"], "rows": rows}


def _choice(choice: Any, name: str) -> list[tuple[str, str]]:
    """(name, value) line by line; ``name`` is for a choice that is a number or a word."""
    if isinstance(choice, Mapping):
        return [(str(name), anything(value)) for name, value in choice.items()]
    return [(name, anything(choice))] if choice is not None else []


def _pictures(
    finding: Finding, runs: Sequence[Run], labels: Mapping[str, str], name: str
) -> tuple[list[Section], Diagnosis | None]:
    """All curves together where there are several; for the learning rate also one range test."""
    pictures = []
    if len(runs) > 1 and not finding.details.get("figure", {}).get("instead"):
        pictures.append(
            picture(
                lambda figure: _ignore(
                    plot_candidates(
                        runs, figure.subplots(), labels=labels, winner=finding.details.get("winner")
                    )
                ),
                f"{name}-all",
                f"{finding.name}: validation loss of {len(runs)} runs, smoothed, a ring at each lowest point",
            )
        )
    if finding.name in FIGURES and "figure" in finding.details:
        draw, height, description = FIGURES[finding.name]
        values = finding.details["figure"]
        drawn = picture(
            lambda figure: _ignore(draw(values, figure.subplots())), f"{name}-own", description, height
        )
        return [drawn, *pictures], None
    pictures += _estimates(finding, runs, name)
    main = _main(finding, runs)
    if main is None:
        return pictures, None
    bounds = dict(finding.details.get("bounds", {}).get(main.key, {}))
    chosen = finding.choice.get("lr_max") if isinstance(finding.choice, Mapping) else None
    bounds["lr_max"] = chosen  # the step's decision, not what this one curve says
    return [*pictures, range_picture(main, bounds, f"{name}-range")], read(main)


def _estimates(finding: Finding, runs: Sequence[Run], name: str) -> list[Section]:
    """The LR estimate of the first range test that carries one."""
    watched = [run for run in runs if LR_ESTIMATE in run.curve.metrics and is_range_test(run)]
    if not watched or not np.isfinite(watched[0].curve.metrics[LR_ESTIMATE]).any():
        return []
    lr_max = finding.choice.get("lr_max") if isinstance(finding.choice, Mapping) else None
    return [
        picture(
            lambda figure: _ignore(plot_lr_estimate(watched[0].curve, figure.subplots(), lr_max=lr_max)),
            f"{name}-estimate",
            "learning rate that the weights' last moves suggest (simplified Hessian-free method, 2017, "
            "Sec. 5) against the rate in use during one of these range tests",
            2.6,
        )
    ]


def _main(finding: Finding, runs: Sequence[Run]) -> Run | None:
    """The range test that shows best what the step decided: the only one, or that nearest to the decision."""
    candidates = [run for run in runs if is_range_test(run)]
    if len(runs) == 1 or not finding.name.startswith(("learning rate", "coarse")):
        return candidates[0] if len(runs) == 1 and candidates else None
    bounds = finding.details.get("bounds", {})
    read_ones = [run for run in candidates if bounds.get(run.key, {}).get("lr_max")]
    chosen = finding.choice.get("lr_max") if isinstance(finding.choice, Mapping) else None
    if not chosen or not read_ones:
        return next(reversed(read_ones or candidates), None)
    return min(read_ones, key=lambda run: abs(math.log(bounds[run.key]["lr_max"] / chosen)))


def range_picture(run: Run, bounds: Mapping[str, Any] | None, name: str) -> Section:
    """A range test with its bounds and its clues."""
    clues = _clues(read(run))
    return picture(
        lambda figure: _ignore(plot_range_test(run.curve, figure.subplots(), bounds=bounds, clues=clues)),
        name,
        "range test: loss against learning rate"
        + (f"; {bounds['reason']}" if bounds and "reason" in bounds else ""),
    )


def training_picture(run: Run, name: str) -> Section:
    """Losses, accuracy and the two schedules of one run, one above the other."""
    curve, clues = run.curve, _clues(read(run))
    accurate = bool(np.isfinite(curve.val_accuracy).any())

    def draw(figure: Figure) -> None:
        ratios = [2.2, 1.1, 0.9] if accurate else [2.2, 0.9]
        axes = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
        plot_training(curve, axes[0], clues=clues)
        if accurate:
            plot_accuracy(curve, axes[1], clues=clues)
        plot_lr_momentum(run.spec.lr, run.spec.momentum, run.spec.iterations, axes[-1])
        for ax in axes[:-1]:
            ax.set_xlabel("")

    return picture(
        draw,
        name,
        "losses, validation accuracy, learning rate and momentum against iteration",
        5.4 if accurate else 4.2,
    )


def schedule_picture(lr: Schedule, momentum: Schedule, iterations: int, name: str) -> Section:
    """The two schedules alone, for a training that has not been done."""
    return picture(
        lambda figure: _ignore(plot_lr_momentum(lr, momentum, iterations, figure.subplots())),
        name, "learning rate and momentum against iteration", 2.4,
    )  # fmt: skip


def is_range_test(run: Run) -> bool:
    """Whether lr only rises in this run, so that the curve can be read against it."""
    lr = run.curve.lr[1:]
    return len(lr) > 1 and bool(np.all(np.diff(lr) > 0))


def read(run: Run) -> Diagnosis | None:
    """The run's diagnosis, or None where it is too short to show anything."""
    return diagnose(run.curve) if len(run.curve) >= 2 else None


def _clues(diagnosis: Diagnosis | None) -> tuple[Clue, ...]:
    return diagnosis.clues if diagnosis else ()


def _labels(finding: Finding, runs: Sequence[Run]) -> dict[str, str]:
    """Run key -> name of the candidate: the search's own, else the values in which the runs differ."""
    given = finding.details.get("labels", {})
    columns = (
        ("decay", [number(run.spec.weight_decay) for run in runs]),
        ("momentum", [number(float(run.spec.momentum(0))) for run in runs]),
        ("batch", [number(run.spec.batch_size) for run in runs]),
        ("iterations", [number(run.spec.iterations) for run in runs]),
        ("seed", [number(run.spec.seed) for run in runs]),
    )
    differ = [(name, values) for name, values in columns if len(set(values)) > 1]
    names = [", ".join(f"{name} {values[row]}" for name, values in differ) for row in range(len(runs))]
    return {
        run.key: _nicely(str(given[run.key])) if run.key in given else name or run.key[:6]
        for run, name in zip(runs, names, strict=True)
    }


def _nicely(label: str) -> str:
    """A label that is a number, written as all numbers of the page; any other as it is."""
    try:
        return number(float(label), 4)
    except ValueError:
        return label


def _scores(finding: Finding, runs: Sequence[Run], labels: Mapping[str, str]) -> list[Section]:
    """One row per candidate: its score and what its own range test says."""
    scores = {_nicely(str(label)): score for label, score in finding.details.get("scores", {}).items()}
    rows = []
    for run in runs:
        bounds = finding.details.get("bounds", {}).get(run.key, {})
        rows.append(
            {
                "label": labels[run.key],
                "won": run.key == finding.details.get("winner"),
                "score": _score(scores.pop(labels[run.key], None)),
                "lr_max": _maybe(bounds.get("lr_max")),
                "interval": span(*bounds["interval"]) if bounds.get("interval") else "–",
                "edge": "none" if bounds.get("level_to_end") else _maybe(bounds.get("edge")),
            }
        )
    empty = {"won": False, "lr_max": "–", "interval": "–", "edge": "–"}
    return rows + [{**empty, "label": str(label), "score": _score(score)} for label, score in scores.items()]


def _score(score: Any) -> str:
    """A score, given alone or with its spread."""
    return _maybe(score.get("loss") if isinstance(score, Mapping) else score, 4)


def _maybe(value: Any, digits: int = 3, absent: str = "–") -> str:
    """A number, or a dash where there is none."""
    known = isinstance(value, int | float) and not math.isnan(value)
    return number(value, digits) if known else absent


def _ignore(_: object) -> None:
    """A drawing is done on the axes; what the function gives back is not needed."""
