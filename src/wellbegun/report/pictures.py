"""Pictures of readings: the curve with its clues, the accuracy, the learning rate; on a page or in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure, SubFigure

from wellbegun.histories._base import ERROR, TRAINING
from wellbegun.report.figures._base import INK, PAPER, plain
from wellbegun.report.figures.accuracy import plot_accuracy
from wellbegun.report.figures.measured_lr import plot_measured_lr
from wellbegun.report.figures.svg import to_svg
from wellbegun.report.figures.training import plot_training
from wellbegun.report.reading import Reading
from wellbegun.report.sections import Section, picture

SUFFIXES = (".svg", ".png", ".pdf")
MOST = 12
"""Histories in one file of pictures."""
_WIDTH = 7.0  # inches
_PANELS = (("loss", 2.6, True), ("accuracy", 1.2, False), ("lr", 1.1, False))  # inches each
_XLABEL = {"row": "row of the file"}


def draw(reading: Reading, figure: Figure | SubFigure) -> None:
    """Losses with their clues; below them validation accuracy and learning rate, where they are known."""
    panels, curve, clues = _panels(reading), reading.curve, reading.diagnosis.clues
    heights = [height for name, height, _ in _PANELS if name in panels]
    axes = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    judged = reading.history.judged
    comparable = judged != TRAINING and (judged != ERROR or "train_accuracy" in curve.metrics)
    if not comparable:  # another unit, or the same curve again
        curve = replace(curve, train_loss=np.full(len(curve), np.nan))
    if judged == ERROR:
        plot_training(curve, axes[0], clues=clues, names=("training error rate", judged))
        axes[0].set_ylabel("error rate", fontsize=8.5)
    else:
        plot_training(curve, axes[0], clues=clues, names=("training loss", judged))
    for ax, panel in zip(axes[1:], panels[1:], strict=True):
        (plot_accuracy if panel == "accuracy" else plot_measured_lr)(curve, ax, clues=clues)
    for ax in axes[:-1]:
        ax.set_xlabel("")
    axes[-1].set_xlabel(_XLABEL.get(reading.history.axis, reading.history.axis))
    figure.align_ylabels(list(axes))


def on_page(reading: Reading, name: str) -> Section:
    """The picture for a page, in two widths."""
    judged = f"{reading.history.judged} against {reading.history.axis}"
    clues = ", ".join(clue.label.replace("_", " ") for clue in reading.diagnosis.clues)
    description = f"{reading.title}: {judged}; {clues or 'no clue'}"
    return picture(lambda figure: draw(reading, figure), name, description, _height(reading))


def save(readings: Sequence[Reading], path: Path, kind: str) -> None:
    """Write one file with a picture of each reading, one below the other.

    An SVG follows its reader's choice of light or dark; PNG and PDF are light.

    Args:
        kind: one of SUFFIXES.

    Raises:
        ValueError: more readings than one file can show.
    """
    if len(readings) > MOST:
        raise ValueError(f"one file shows at most {MOST} histories, got {len(readings)}; name fewer files")
    extra = 0.32 if len(readings) > 1 else 0.0
    heights = [_height(reading) + extra for reading in readings]
    figure = Figure(figsize=(_WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(readings), 1, height_ratios=heights, squeeze=False)[:, 0]
    for reading, part in zip(readings, parts, strict=True):
        part.set_facecolor("none")
        draw(reading, part)
        if extra:
            part.suptitle(plain(reading.title, 80), x=0.01, ha="left", fontsize=9.5, color=INK)
    if kind == ".svg":
        text = alone(figure, "history", ", ".join(reading.title for reading in readings))
        path.write_text(text, encoding="utf-8")
    else:
        figure.savefig(path, format=kind[1:], dpi=160, facecolor=PAPER)


def _panels(reading: Reading) -> list[str]:
    curve = reading.curve
    known = {
        "loss": True,
        "accuracy": reading.history.judged != ERROR and bool(np.isfinite(curve.val_accuracy).any()),
        "lr": bool(np.isfinite(curve.lr).any()),
    }
    return [name for name, _, _ in _PANELS if known[name]]


def _height(reading: Reading) -> float:
    panels = _panels(reading)
    return 0.9 + sum(height for name, height, _ in _PANELS if name in panels)


def alone(figure: Figure, name: str, description: str) -> str:
    """The text of an SVG file with the colours of the page, light and dark, and a ground of its own."""
    text = to_svg(figure, name, description)
    style = "\n".join(re.findall(r"^:root \{.*?^\}|^@media screen and \(prefers.*?^\}", _css(), re.S | re.M))
    width, height = (float(v) for v in figure.get_size_inches())
    tag = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{96 * width:.0f}" height="{96 * height:.0f}" font-family="sans-serif" '
    )
    ground = f'<style>{style}</style><rect width="100%" height="100%" fill="var(--paper, {PAPER})"/>'
    head, rest = text.removeprefix("<svg ").split(">", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tag}{head}>{ground}{rest}\n'


def _css() -> str:
    return (files("wellbegun.report") / "page.css").read_text(encoding="utf-8")
