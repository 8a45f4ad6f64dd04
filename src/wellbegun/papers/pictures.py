"""Pictures of what was measured of an exhibit: our curves over the published numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wellbegun.curve import LR_ESTIMATE, Run
from wellbegun.papers.document import measured, picture_name
from wellbegun.papers.exhibit import Exhibit, Result
from wellbegun.papers.results import Archive
from wellbegun.report.figures.curves import plot_curves
from wellbegun.report.figures.published import plot_published
from wellbegun.report.pictures import alone
from wellbegun.schedules._base import Floats

HEIGHT, WIDTH = 3.5, 7.6  # inches


def pictures(exhibits: Iterable[Exhibit], archive: Archive) -> dict[str, str]:
    """File name -> SVG, of every measured exhibit, scale and variant."""
    found = {}
    for exhibit in exhibits:
        for scale, variant, results in measured(exhibit, archive):
            name = picture_name(exhibit, scale, variant)
            figure = _figure(curves(exhibit, results), ends(results) if scale == "paper" else None)
            found[name] = alone(figure, name.removesuffix(".svg"), f"{exhibit.label}, scale {scale}")
    return found


def _figure(drawn: dict[str, Any], ended: dict[str, Any] | None) -> Figure:
    """The curves, and below them the ends where some were published."""
    if ended is None or not any(row["published"] for row in ended["rows"]):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        plot_curves(drawn, figure.subplots())
        return figure
    low = 0.26 * len(ended["rows"]) + 0.8
    figure = Figure(figsize=(WIDTH, HEIGHT + low), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(HEIGHT, low))
    plot_curves(drawn, upper)
    plot_published(ended, lower)
    return figure


def curves(exhibit: Exhibit, results: dict[str, Result]) -> dict[str, Any]:
    """What ``plot_curves`` draws: accuracies where any were published, else losses or the LR estimate."""
    runs = [run for result in results.values() for run in result.runs]
    ramps = all(len(run.curve) > 1 and np.all(np.diff(run.curve.lr[1:]) > 0) for run in runs)
    column, ylabel = _column(exhibit)
    lines = [
        {
            "label": _named(name, result),
            **_mean([_points(run, column, ramps=ramps) for run in _drawn(result)]),
        }
        for name, result in results.items()
    ]
    xlabel = "learning rate" if ramps else "iteration"
    return {"xlabel": xlabel, "ylabel": ylabel, "loss": column == "val_loss", "lines": lines}


def ends(results: dict[str, Result]) -> dict[str, Any]:
    """What ``plot_published`` draws: accuracies on the whole test set beside the published ones."""
    rows = []
    for name, result in results.items():
        number, kept = result.line.published, replace(result, runs=_drawn(result))
        spread = kept.spread if len(kept.runs) > 1 else None
        rows.append({
            "label": _named(name, result), "measured": [kept.accuracy, spread],
            "published": None if number is None else [number.accuracy, number.spread],
        })  # fmt: skip
    return {"xlabel": "test accuracy after the last update, %", "ylabel": "run", "rows": rows}


def _drawn(result: Result) -> tuple[Run, ...]:
    """The repeats that did not fail, which say what a line comes to; all where none is left."""
    return result.trained.runs or result.runs


def _named(name: str, result: Result) -> str:
    return f"{name}, {len(result.failed)} of {len(result.runs)} lost" if result.failed else name


def _column(exhibit: Exhibit) -> tuple[str, str]:
    if exhibit.kind == "lr estimate":
        return LR_ESTIMATE, "estimated learning rate"
    if any(line.published is not None for line in exhibit.lines):
        return "val_accuracy", "test accuracy, %"
    return "val_loss", "test loss"


def _points(run: Run, column: str, *, ramps: bool) -> tuple[Floats, Floats]:
    """x and y of one run."""
    x = run.curve.lr if ramps else run.curve.iteration.astype(np.float64)
    y: Floats = run.curve.columns()[column]
    return x, 100 * y if column == "val_accuracy" else y


def _mean(runs: list[tuple[Floats, Floats]]) -> dict[str, list[float]]:
    """Mean and spread over repeats, as far as the shortest of them goes."""
    rows = min(len(x) for x, _ in runs)
    y = np.stack([values[:rows] for _, values in runs])
    mean, spread = y.mean(axis=0), y.std(axis=0)
    low, high = (mean - spread).tolist(), (mean + spread).tolist()
    return {"x": runs[0][0][:rows].tolist(), "y": mean.tolist(), "low": low, "high": high}
