"""What a training history says: its intervals, the clue of each, and the verdict on the whole run."""

from __future__ import annotations

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Diagnosis, Thresholds
from wellbegun.diagnosis.labelling import DETECTORS as DETECTORS
from wellbegun.diagnosis.labelling import labelled
from wellbegun.diagnosis.verdict import verdict


def diagnose(curve: Curve, *, thresholds: Thresholds | None = None) -> Diagnosis:
    """The clues of a run in order, equal neighbours as one, and the verdict on the whole run.

    Verdict: *unstable* when the run ends in instability, spends a quarter of its length there or comes back
    to it; *overfitting* when validation loss ends more than 5 % above its best after an overfitting rise;
    *underfitting* when it still descends over the last third while the learning rate is constant or rising;
    *balanced* otherwise; *unclear*, with the reason, when there are fewer than 8 validation losses or the
    clues do not say which.

    Args:
        thresholds: how much a change must amount to; None for the defaults, which were chosen on published
            training logs.

    Source: arXiv:1803.09820, Sec. 3.1 to 3.3. Choice: the thresholds.
    """
    if not isinstance(curve, Curve):
        kind = type(curve).__name__
        raise TypeError(
            f"a Curve is diagnosed, got {kind}; Curve.of(columns) makes one, history.curve is one"
        )
    clues = labelled(curve, thresholds or Thresholds())
    return Diagnosis(clues, *verdict(curve, clues))
