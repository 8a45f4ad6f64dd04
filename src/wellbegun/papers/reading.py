"""Which reading of cycled momentum the published numbers fit: applied, or printed in the logs alone.

The cyclical-momentum patch of the 2018 report's appendix is in the plain SGD update, the logs say Nesterov.
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

    What all of our runs are above or below the published ones, as lines of constant momentum show, is taken
    off first. Nothing where no published line was measured in both.
    """
    applied, held = (_accuracies(archive.results(exhibit, "paper", v)) for v in (APPLIED, NOT_APPLIED))
    published = {line.name: line.published.accuracy for line in exhibit.lines if line.published}
    cycled = {line.name for line in exhibit.lines if line.cycles_momentum}
    names = [name for name in published if name in cycled & applied.keys() & held.keys()]
    if not names:
        return []
    same = [applied[name] - published[name] for name in published if name in applied.keys() - cycled]
    offset = float(np.mean(same)) if same else 0.0
    rows = ["| | published | applied | not applied |", "|---|---|---|---|"]
    rows += [f"| {name} | {published[name]} | {applied[name]:.2f} | {held[name]:.2f} |" for name in names]
    off = {
        word: float(np.mean([abs(values[name] - offset - published[name]) for name in names]))
        for word, values in ((APPLIED, applied), (NOT_APPLIED, held))
    }
    basis = "the lines of constant momentum, whose published numbers ours exceed by"
    told = f" ({offset:+.2f} points taken off: {basis} that on average)" if same else ""
    nearer = min(off, key=lambda word: off[word])
    return [
        "### Was cycled momentum applied in the published runs?", "", *rows, "",
        f"Off the published numbers by {off[APPLIED]:.2f} points on average if it was applied, by "
        f"{off[NOT_APPLIED]:.2f} if it was not{told}: they fit **{nearer}** better.",
    ]  # fmt: skip


def _accuracies(results: Mapping[str, Result]) -> Numbers:
    return {name: result.accuracy for name, result in results.items()}
