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

    A training loss alone tells whether training is stable. Of the fit it tells nothing, so every other verdict
    than "unstable" becomes "unclear", and the advice of clues about the fit is left out.
    """
    found = diagnose(history.to_judge())
    if history.judged == VALIDATION:
        return Reading(history, found)
    clues = tuple(_named(clue, history.judged) for clue in found.clues)
    overall, reason = found.overall, _worded(found.reason, history.judged)
    if history.judged == TRAINING and overall != "unstable":
        course = f"; {clues[-1].evidence}" if clues else ""
        overall, reason = (
            "unclear",
            f"only the training loss is known, which says nothing about the fit{course}",
        )
    return Reading(history, Diagnosis(clues, overall, reason))


def _named(clue: Clue, judged: str) -> Clue:
    """The clue with the name of what it was seen in."""
    advice = clue.advice if judged == ERROR or clue.label in ("instability", "rising_both") else ""
    return replace(clue, evidence=_worded(clue.evidence, judged), advice=advice)


def _worded(text: str, judged: str) -> str:
    text = text.replace("validation losses", f"{judged}s" if judged == ERROR else "training losses")
    text = text.replace("validation loss", judged)
    return _TWICE.sub("", text) if judged == TRAINING else text
