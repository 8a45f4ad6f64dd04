"""History: what was read from one file, what its columns were taken for, and what it cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from wellbegun.curve import Curve
from wellbegun.histories.track import Track

MEANINGS = (
    "iteration", "epoch", "lr", "momentum", "train_loss", "val_loss", "train_accuracy", "val_accuracy",
    "val_error",
)  # fmt: skip
"""What a column can be taken for; ``val_error`` is 1 - accuracy."""
AXES = ("iteration", "epoch", "epoch/1000", "row")
"""What the curve's iterations are counted in."""

VALIDATION, ERROR, TRAINING = "validation loss", "validation error rate", "training loss"
"""What can be judged, the best first."""


@dataclass(frozen=True, eq=False, kw_only=True)
class History:
    """One training history: its curve, and everything a reader must know to trust it."""

    path: Path
    format: str  # one of FORMATS in detect.py
    writer: str = ""  # the tool that writes such names, where they tell: Lightning, Keras, ...
    run: str = ""  # which run of a file with several
    curve: Curve
    columns: Mapping[str, str]  # meaning -> name in the file
    others: tuple[str, ...] = ()  # names in the file that were not read
    rows: int  # values of the best-filled column that was read
    axis: str = "iteration"  # one of AXES: what stands in curve.iteration
    notes: tuple[str, ...] = ()  # what was done with the rows, in sentences
    missing: tuple[str, ...] = ()  # what is not there, and what cannot be said because of that
    settings: Mapping[str, Any] = field(default_factory=dict)  # hyper-parameters that the file tells

    @property
    def judged(self) -> str:
        """What a diagnosis can look at: VALIDATION, else ERROR, else TRAINING; "" where there is nothing."""
        known = {
            VALIDATION: self.curve.val_loss,
            ERROR: self.curve.val_accuracy,
            TRAINING: self.curve.train_loss,
        }
        return next((name for name, column in known.items() if not np.isnan(column).all()), "")

    def to_judge(self) -> Curve:
        """The curve with what is judged in the place of ``val_loss``.

        Choice: an error rate rises and falls as a validation loss does, only later and in steps, so the same
        clues are looked for in it, beside that of training where it is known. A training loss shows whether
        training is stable, nothing about the fit.
        """
        if self.judged == ERROR:
            known = self.curve.metrics.get("train_accuracy")
            train = self.curve.train_loss if known is None else 1.0 - known
            return replace(self.curve, val_loss=1.0 - self.curve.val_accuracy, train_loss=train)
        if self.judged == TRAINING:
            return replace(self.curve, val_loss=self.curve.train_loss)
        return self.curve

    @property
    def source(self) -> str:
        """The format in words: "csv, as Lightning writes it"."""
        return f"{self.format}, as {self.writer} writes it" if self.writer else self.format

    def to_json(self) -> dict[str, Any]:
        """Everything but the curve's rows, of which only the number is told."""
        return {
            "file": str(self.path), "run": self.run, "format": self.format, "writer": self.writer,
            "columns": dict(self.columns), "others": list(self.others), "rows": self.rows,
            "evaluations": len(self.curve), "axis": self.axis, "judged": self.judged,
            "notes": list(self.notes), "missing": list(self.missing),
        }  # fmt: skip


@dataclass(kw_only=True)
class Raw:
    """What a reader hands over of one run: each column as a track, not yet on one grid."""

    tracks: dict[str, Track]  # by column name
    chosen: Mapping[str, tuple[str, ...]]  # meaning -> columns, the preferred one first
    others: tuple[str, ...] = ()
    axis: str = "iteration"
    run: str = ""
    writer: str = ""
    notes: list[str] = field(default_factory=list)
