"""The words of the diagnosis: an interval of a curve, the clue it gives, the verdict on the whole run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Curve

LABELS = ("descending", "plateau", "overfitting", "instability", "rising_both")
VERDICTS = ("underfitting", "balanced", "overfitting", "unstable", "unclear")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a change of the validation loss must amount to before it is called something.

    Changes are relative to the loss, widths are shares of the run; noise is added by the detectors.

    Choice: the report reads by eye; how well these values agree with a reading by eye, on runs that they were
    not chosen on too, is measured by benchmarks/diagnosis_author_logs.py.
    """

    change: float = 0.03  # a smaller change is level; 0.03 is 3 %
    drift: float = 0.2  # of the run's own range of log(val_loss): what a level course may move over a run
    scatter: float = 0.75  # noise levels: a smaller change is within the scatter of single evaluations
    error: float = 2.0  # standard errors of a line's change that are added to that
    continued: float = 0.5  # of what a descent needs: enough where a descent goes on more slowly
    pace: float = 0.125  # of the pace of the descent before: what is slower does not go on with it
    overfit: float = 0.02  # smallest rise that is overfitting
    both: float = 0.05  # smallest rise of both losses
    sharp: float = 0.25  # smallest sharp rise of both losses
    within: float = 0.02  # share of the run in which a sharp rise takes place
    swing: float = 0.5  # noise level that counts as swings


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a curve without a change of direction, with the noise of the validation loss on it."""

    start: int  # first row
    stop: int  # one past the last row
    noise: float  # standard deviation of log val_loss around its smooth course


@dataclass(frozen=True, slots=True)
class Clue:
    """What one interval of one curve shows, with the numbers that show it."""

    label: str  # one of LABELS
    start: int  # iteration where the interval begins
    end: int  # iteration where it ends
    lr_start: float  # NaN where the history has no lr
    lr_end: float
    evidence: str  # a sentence with numbers
    advice: str = ""  # what to change, or "" where nothing should
    section: str = ""  # of the 2018 report, such as "3.2" or "4.1, Remark 3"

    @classmethod
    def over(
        cls, curve: Curve, interval: Interval, label: str, evidence: str, advice: str = "", section: str = ""
    ) -> Clue:
        """The clue of an interval, from its first row to the row where the next interval begins."""
        last = min(interval.stop, len(curve) - 1)
        start, end = int(curve.iteration[interval.start]), int(curve.iteration[last])
        rates = curve.lr[interval.start : last + 1]
        rates = rates[np.isfinite(rates)] if np.isfinite(rates).any() else rates
        return cls(label, start, end, float(rates[0]), float(rates[-1]), evidence, advice, section)

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label, "from": self.start, "to": self.end,
            "lr_from": None if self.lr_start != self.lr_start else self.lr_start,
            "lr_to": None if self.lr_end != self.lr_end else self.lr_end,
            "evidence": self.evidence, "advice": self.advice, "section": self.section,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All clues of one run in order, and the verdict that follows from them."""

    clues: tuple[Clue, ...]
    overall: str  # one of VERDICTS
    reason: str  # one sentence

    def to_json(self) -> dict[str, Any]:
        return {
            "clues": [clue.to_json() for clue in self.clues],
            "overall": self.overall,
            "reason": self.reason,
        }
