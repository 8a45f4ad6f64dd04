"""A history with what it says: the diagnosis of whatever it has, in words that name what was looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import Clue, Diagnosis
from wellbegun.diagnosis.compare import Comparison, compare
from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.diagnosis.generalization import (
    SuperConvergence,
    generalization_error,
    super_convergence,
)
from wellbegun.errors import Refused
from wellbegun.histories._base import ERROR, TRAINING, VALIDATION, History

_SHOWN = ("lr", "momentum")  # columns whose largest value is a setting
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

    @property
    def generalization_error(self) -> float | None:
        """The last validation loss minus training loss, both smoothed; None where one is not known."""
        if self.history.judged != VALIDATION:
            return None
        gap = generalization_error(self.curve).gap
        known = gap[np.isfinite(gap)]
        return float(known[-1]) if len(known) else None

    @property
    def super_convergence(self) -> SuperConvergence | None:
        """What the curve says of super-convergence; None where it is no ramp of the learning rate."""
        lr = self.curve.lr[1:]
        ramp = len(lr) > 0 and np.isfinite(lr).all() and (np.diff(lr) >= 0).all() and lr[-1] > 3 * lr[0]
        if self.history.judged != VALIDATION or not ramp:
            return None
        with suppress(Refused):
            return super_convergence(self.curve)
        return None

    def to_json(self) -> Mapping[str, Any]:
        """File, mapping and notes, then clues and verdict, generalization error and super-convergence."""
        ramp = self.super_convergence
        return {
            **self.history.to_json(),
            **self.diagnosis.to_json(),
            "generalization_error": self.generalization_error,
            "super_convergence": ramp.to_json() if ramp else None,
        }


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


def compared(
    readings: Sequence[Reading], given: Mapping[str, Sequence[float | str]] | None = None
) -> Comparison | None:
    """Which of several histories is best, by more than the noise, and which setting explains it.

    Settings are what the files tell, the largest lr and momentum of each history, and ``given``, a value for
    every history in order. None for a single history, or where different things were judged.

    Raises:
        ValueError: a given setting has not one value per history.
    """
    for name, values in (given or {}).items():
        if len(values) != len(readings):
            raise ValueError(
                f"a setting needs a value for each of the {len(readings)} histories, got {len(values)} of "
                f"{name!r}; separate them by commas, in the order of the files"
            )
    if len(readings) < 2 or {reading.history.judged for reading in readings} not in ({VALIDATION}, {ERROR}):
        return None
    names = _distinct([reading.title for reading in readings])
    settings: dict[str, dict[str, Any]] = {}
    for place, (name, reading) in enumerate(zip(names, readings, strict=True)):
        settings[name] = {
            **reading.history.settings, **_largest(reading.curve),
            **{key: values[place] for key, values in (given or {}).items()},
        }  # fmt: skip
    found = compare({name: reading.curve for name, reading in zip(names, readings, strict=True)}, settings)
    return replace(found, reason=_worded(found.reason, readings[0].history))


def _largest(curve: Curve) -> dict[str, float]:
    """The largest value of each schedule that the history shows, to four figures."""
    columns = {name: curve.columns()[name] for name in _SHOWN}
    return {
        f"{name}_max": float(f"{np.nanmax(column):.4g}")
        for name, column in columns.items()
        if np.isfinite(column).any()
    }


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where one comes twice."""
    return [f"{n} ({names[: i + 1].count(n)})" if names.count(n) > 1 else n for i, n in enumerate(names)]


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
