"""Pictures of what was measured of an exhibit: our curves over the published numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wellbegun.curve import LR_ESTIMATE, Run
from wellbegun.papers.document import measured, picture_name
from wellbegun.papers.exhibit import Exhibit, Result
from wellbegun.papers.results import Archive
from wellbegun.report.figures.published import plot_published
from wellbegun.report.pictures import alone
from wellbegun.schedules._base import Floats

SIZE = (7.4, 3.7)  # inches


def pictures(exhibits: Iterable[Exhibit], archive: Archive) -> dict[str, str]:
    """File name -> SVG, of every measured exhibit, scale and variant."""
    found = {}
    for exhibit in exhibits:
        for scale, variant, results in measured(exhibit, archive):
            name = picture_name(exhibit, scale, variant)
            figure = Figure(figsize=SIZE, layout="constrained")
            plot_published(values(exhibit, results, published=scale == "paper"), figure.subplots())
            found[name] = alone(figure, name.removesuffix(".svg"), f"{exhibit.label}, scale {scale}")
    return found


def values(exhibit: Exhibit, results: dict[str, Result], *, published: bool) -> dict[str, Any]:
    """What ``plot_published`` draws: accuracies where any were published, else losses or the LR estimate.

    Args:
        published: with the published numbers; those of a whole run say nothing about a cut one.
    """
    runs = [run for result in results.values() for run in result.runs]
    ramps = all(len(run.curve) > 1 and np.all(np.diff(run.curve.lr[1:]) > 0) for run in runs)
    column, ylabel = _column(exhibit)
    lines = []
    for name, result in results.items():
        number = result.line.published if published else None
        lines.append({
            "label": name, **_mean([_points(run, column, ramps=ramps) for run in result.runs]),
            "published": None if number is None else [number.accuracy, number.spread],
        })  # fmt: skip
    xlabel = "learning rate" if ramps else "iteration"
    return {"xlabel": xlabel, "ylabel": ylabel, "loss": column == "val_loss", "lines": lines}


def _column(exhibit: Exhibit) -> tuple[str, str]:
    if exhibit.kind == "lr estimate":
        return LR_ESTIMATE, "estimated learning rate"
    if any(line.published is not None for line in exhibit.lines):
        return "val_accuracy", "test accuracy, %"
    return "val_loss", "test loss"


def _points(run: Run, column: str, *, ramps: bool) -> tuple[Floats, Floats]:
    """x and y of one run; the last accuracy is that of the whole test set."""
    x = run.curve.lr if ramps else run.curve.iteration.astype(np.float64)
    y = np.array(run.curve.columns()[column], dtype=np.float64)
    if column == "val_accuracy":
        y *= 100
        if "test_accuracy" in run.test:
            y[-1] = 100 * run.test["test_accuracy"]
    return x, y


def _mean(runs: list[tuple[Floats, Floats]]) -> dict[str, list[float]]:
    """Mean and spread over repeats, as far as the shortest of them goes."""
    rows = min(len(x) for x, _ in runs)
    y = np.stack([values[:rows] for _, values in runs])
    mean, spread = y.mean(axis=0), y.std(axis=0)
    low, high = (mean - spread).tolist(), (mean + spread).tolist()
    return {"x": runs[0][0][:rows].tolist(), "y": mean.tolist(), "low": low, "high": high}
