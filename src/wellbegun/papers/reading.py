"""Which reading of an exhibit the published numbers fit, where text and files allow two.

Cycled momentum: applied, or printed in the logs alone (the patch in the 2018 report's appendix is in the
plain SGD update, the logs say Nesterov). A rate called constant: constant or stepped; LeNet's optimizer:
Nesterov or plain SGD (exhibits ``instead_of`` others).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wellbegun.papers.exhibit import APPLIED, NOT_APPLIED, Exhibit, Result
from wellbegun.papers.results import Archive

Numbers = Mapping[str, float]
"""Line name -> percent."""


def reading(exhibit: Exhibit, archive: Archive) -> list[str]:
    """A table of the cycled lines that were measured in both readings, and how far each is off.

    What our runs are above or below the published ones, as lines of constant momentum with the same learning
    rate show, is taken off first. Nothing where no published line was measured in both.
    """
    applied, held = (_accuracies(archive.results(exhibit, "paper", v)) for v in (APPLIED, NOT_APPLIED))
    lines = {line.name: line for line in exhibit.lines if line.published}
    published = {name: line.published.accuracy for name, line in lines.items() if line.published}
    names = [
        name for name, line in lines.items() if line.cycles_momentum and name in applied and name in held
    ]
    if not names:
        return []

    def level(name: str) -> float:
        same = [
            applied[other] - published[other] for other, line in lines.items()
            if not line.cycles_momentum and line.lr == lines[name].lr and other in applied
        ]  # fmt: skip
        return float(np.mean(same)) if same else 0.0

    rows = ["| | published | applied | not applied | constant momentum |", "|---|---|---|---|---|"]
    rows += [
        f"| {name} | {published[name]} | {applied[name]:.2f} | {held[name]:.2f} | {level(name):+.2f} |"
        for name in names
    ]
    off = {
        word: float(np.mean([abs(values[name] - level(name) - published[name]) for name in names]))
        for word, values in ((APPLIED, applied), (NOT_APPLIED, held))
    }
    nearer = min(off, key=lambda word: off[word])
    return [
        "### Was cycled momentum applied in the published runs?", "", *rows, "",
        "The last column is what our lines of constant momentum with the same learning rate lie above the "
        f"published ones; it is taken off. What is left is {off[APPLIED]:.2f} points on average if momentum "
        f"was cycled, {off[NOT_APPLIED]:.2f} if it was not: the published numbers fit **{nearer}** better.",
    ]  # fmt: skip


def other_reading(exhibit: Exhibit, first: Exhibit, archive: Archive) -> list[str]:
    """A table of the lines that were measured here and in the exhibit that this one reads otherwise.

    Where momentum was cycled the same reading of it is compared, held if that was measured in both.
    """
    rows = ["| | published | " + first.label + " | here |", "|---|---|---|---|"]
    off: list[tuple[float, float]] = []
    pairs: dict[str, tuple[float, float]] = {}
    for variant in exhibit.variants:  # held last, so that it stays
        theirs, ours = (_accuracies(archive.results(one, "paper", variant)) for one in (first, exhibit))
        pairs |= {name: (theirs[name], ours[name]) for name in ours if name in theirs}
    for line in exhibit.lines:
        if line.published and line.name in pairs:
            pair = pairs[line.name]
            rows.append(f"| {line.name} | {line.published.accuracy} | {pair[0]:.2f} | {pair[1]:.2f} |")
            off.append((abs(pair[0] - line.published.accuracy), abs(pair[1] - line.published.accuracy)))
    if not off:
        return []
    first_off, other_off = np.mean(off, axis=0)
    nearer = first.label if first_off <= other_off else exhibit.label
    return [
        "### Which reading fits?", "", *rows, "",
        f"Off by {first_off:.2f} points on average as {first.label}, {other_off:.2f} here: the published "
        f"numbers fit **{nearer}** better.",
    ]  # fmt: skip


def _accuracies(results: Mapping[str, Result]) -> Numbers:
    return {name: result.accuracy for name, result in results.items()}
