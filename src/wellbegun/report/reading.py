"""A history with what it says: the diagnosis of whatever it has, in words that name what was looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Diagnosis
from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.histories._base import ERROR, TRAINING, VALIDATION, History

_PLURALS = {ERROR: "validation error rates", TRAINING: "training losses"}
_TWICE = re.compile(r" and training loss from \S+ to \S+")


@dataclass(frozen=True, eq=False)
class Reading:
    """One history and its diagnosis."""

    history: History
    diagnosis: Diagnosis

    @property
    def curve(self) -> Curve:
        """What was diagnosed: the history's curve with what is judged in the place of val_loss."""
        return self.history.to_judge()

    @property
    def title(self) -> str:
        """The file's name, and the run in it where there are several."""
        name = self.history.path.name or str(self.history.path)
        return f"{name}: {self.history.run}" if self.history.run else name

    def to_json(self) -> Mapping[str, Any]:
        """File, mapping and notes, then clues and verdict."""
        return {**self.history.to_json(), **self.diagnosis.to_json()}


def read_aloud(history: History) -> Reading:
    """Diagnose a history by its validation loss, else its error rate, else its training loss.

    A training loss alone tells whether training is stable. Of the fit it tells nothing, so every verdict
    but "unstable" becomes "unclear", and the advice of clues about the fit is left out.
    """
    found = diagnose(history.to_judge())
    clues = tuple(_named(clue, history) for clue in found.clues)
    overall, reason = found.overall, _worded(found.reason, history)
    if history.judged == TRAINING and overall != "unstable":
        course = f"; {clues[-1].evidence}" if clues else ""
        overall = "unclear"
        reason = f"only the training loss is known, which says nothing about the fit{course}"
    return Reading(history, Diagnosis(clues, overall, reason))


def _named(clue: Clue, history: History) -> Clue:
    """The clue with the name of what it was seen in."""
    about_fit = history.judged == TRAINING and clue.label not in ("instability", "rising_both")
    return replace(
        clue,
        evidence=_worded(clue.evidence, history),
        advice="" if about_fit else _worded(clue.advice, history),
    )


def _worded(text: str, history: History) -> str:
    """What the diagnosis says of losses and iterations, said of what stands in their place."""
    judged = history.judged
    if judged == TRAINING:
        text = _TWICE.sub("", text)
    if judged == ERROR and "train_accuracy" in history.curve.metrics:
        text = text.replace("training loss", "training error rate")
    if judged not in (VALIDATION, ""):
        text = text.replace("validation losses", _PLURALS[judged]).replace("validation loss", judged)
    if history.axis != "iteration":
        text = re.sub(r"\biteration(?=s?\b)", history.axis, text)
    return text
