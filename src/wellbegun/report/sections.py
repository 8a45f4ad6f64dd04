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
from wellbegun.report.figures.bands import plot_bands
from wellbegun.report.figures.candidates import plot_candidates
from wellbegun.report.figures.equal_time import plot_equal_time
from wellbegun.report.figures.length import plot_length
from wellbegun.report.figures.lr_estimate import plot_lr_estimate
from wellbegun.report.figures.lr_momentum import plot_lr_momentum
from wellbegun.report.figures.ramp_speed import plot_ramp_speed
from wellbegun.report.figures.range_test import plot_range_test
from wellbegun.report.figures.snapshot import plot_snapshot
from wellbegun.report.figures.svg import to_svg
from wellbegun.report.figures.training import plot_training
from wellbegun.report.words import anything, number, span
from wellbegun.schedules._base import Schedule
from wellbegun.search.plan import Finding

Section = dict[str, Any]
"""What the template shows of one part of the page."""

_WIDTHS = {"wide": 7.0, "narrow": 3.7}  # inches; the page shows the one that its own width can carry

_LOOK = (
    "Where to look",
    "Short runs in which the learning rate grows by factors, from far too small to far too large. They "
    "stop where the loss explodes: the useful range lies before that.",
)
_STEPS = {
    "coarse range": _LOOK,
    "learning rate range": _LOOK,
    "learning rate magnitude": (
        "Where to look, by short cycles",
        "An adaptive optimizer stays stable at rates far too large to learn well. So whole cycles, as short "
        "as a range test, look for the magnitude of the largest rate: the one that ends lowest.",
    ),
    "learning rate": (
        "Learning rate",
        "A range test: the learning rate rises in a straight line during one run. Where validation "
        "loss is lowest and level lies the largest rate that still helps; where it climbs or jumps, training "
        "is unstable.",
    ),
    "momentum": (
        "Momentum",
        "One range test per value, all else equal. Momentum and learning rate act on each other, so values "
        "are compared over the whole range of rates: the curve that comes down lowest wins.",
    ),
    "weight decay": (
        "Weight decay",
        "One range test per value, with momentum falling as the learning rate rises. Too little decay leaves "
        "room for overfitting, too much holds the network back: the curve that lies lowest wins, over the "
        "iterations in which every one of them is still calm.",
    ),
    "weight decay of the whole run": (
        "Weight decay, corrected",
        "Overfitting shows only in a run of the whole length: the validation loss ends above what it had "
        "reached half-way. So the final run is made again with more weight decay, and the one that ends "
        "lowest is kept.",
    ),
    "momentum cycle": (
        "Momentum while the learning rate rises",
        "The same range tests with momentum that falls, rises or stays while the learning rate rises. A "
        "large momentum and a large rate together make steps too long, so the report lets one fall while the "
        "other rises: the line that comes lowest, and stays down furthest, wins.",
    ),
    "momentum range": (
        "Why there is no momentum range test",
        "A range test of the learning rate shows its best value as a minimum. The same with momentum does "
        "not: the loss goes on falling to the end of the test, whichever way momentum moves, because "
        "training goes on.",
    ),
    "smallest learning rate": (
        "Smallest learning rate",
        "Short runs, each at one constant rate. The cycle may begin at the largest rate with which the loss "
        "comes down at once, without rising again: too large a start never begins to converge.",
    ),
    "regularizer": (
        "Regularizer",
        "One range test per value of an argument of the network, such as a dropout ratio, all else equal: "
        "the line that comes down lowest wins.",
    ),
    "balance": (
        "Balance of learning rate and regularization",
        "Short cycles on a grid: a large learning rate regularizes too, so the larger it is, the less of "
        "anything else may be needed. Lines that slope up ask for less of the regularizer, lines that slope "
        "down for more.",
    ),
    "ramp speed": (
        "How fast the rate may rise",
        "The same peak reached in more or fewer iterations. A learning rate that rises too fast makes "
        "training unstable at rates that a slower rise survives: that is the shortest cycle there can be.",
    ),
    "weight decay from a snapshot": (
        "Weight decay from a snapshot",
        "One run with a middle value, stopped half-way; from that very state it goes on several times, with "
        "nothing changed but the weight decay. The continuation that comes down lowest wins.",
    ),
    "length": (
        "How long to train",
        "Complete cycles of a few short lengths. How their final loss falls with the length says from where "
        "on more time gains nothing that could be seen, and what half and twice that time would cost.",
    ),
    "batch size": (
        "Batch size",
        "Batch sizes compared in equal wall-clock time (the dotted line), each with a learning rate of its "
        "own from range tests (the second picture). A larger batch is better only if it wins in that time.",
    ),
}  # title, and what a reader who has not read the papers is looking at


_FIGURES: dict[str, tuple[Callable[[Any, Any], Any], float, str]] = {
    "batch size": (plot_equal_time, 4.8, "validation accuracy and loss against seconds, by batch size"),
    "momentum cycle": (plot_bands, 3.6, "validation loss against learning rate, by course of momentum"),
    "momentum range": (plot_bands, 3.3, "validation loss against momentum, upwards and backwards"),
    "smallest learning rate": (plot_bands, 3.6, "validation loss against iteration, by starting rate"),
    "regularizer": (plot_bands, 3.6, "validation loss against learning rate, by value of the regularizer"),
    "balance": (plot_bands, 3.3, "validation loss against the regularizer, by learning rate"),
    "ramp speed": (plot_ramp_speed, 2.4, "seeds that fail when lr rises to lr_max in so many iterations"),
    "weight decay from a snapshot": (
        plot_snapshot, 3.3, "validation loss of one run and of its continuations with several weight decays",
    ),
    "length": (plot_length, 3.3, "final validation loss against the length of training, and its law"),
}  # fmt: skip
"""Steps with a figure of their own: name -> (values, axes) -> axes, inches, description.

The values are the finding's ``details["figure"]``; where ``instead`` is true in them, this figure takes the
place of the common one with all curves.
"""


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
    title, lead = _STEPS.get(finding.name, (finding.name[:1].upper() + finding.name[1:], ""))
    labels = _labels(finding, once)
    shown = finding.details.get("drawn", labels)
    own = finding.details.get("labels", shown)  # runs that it stands on, such as a first look, have none
    compared = [run for run in once if run.key in own]
    drawn = [run for run in compared if run.key in shown]
    pictures, diagnosis = _pictures(finding, drawn, labels, f"step{position}")
    return {
        "title": title,
        "lead": lead,
        "choice": _choice(finding.choice, "edge" if title == _LOOK[0] else ""),
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
    if finding.name in _FIGURES and "figure" in finding.details:
        draw, height, description = _FIGURES[finding.name]
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
