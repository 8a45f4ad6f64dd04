"""Which of several histories is best, by more than their noise, and which setting explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis.intervals import measured, noise
from wellbegun.diagnosis.ranking import Score, rank

LAST = 0.1  # share of a run: validation losses at its end count, five at least
FLOOR = 0.01  # log(val_loss): runs within 1 % are never told apart by one run each


@dataclass(frozen=True, slots=True)
class Comparison:
    """The best history, those that cannot be told apart from it, and the setting that explains it."""

    best: str
    tied: tuple[str, ...]  # names, the best first; only the best where nothing is tied
    losses: Mapping[str, float]  # final validation loss by name; inf where a run diverged
    differs: tuple[str, ...]  # settings that are not the same in all histories
    pattern: str  # "larger", "smaller", "interior", "none" or "" where it cannot be told
    reason: str  # one sentence

    @property
    def is_tie(self) -> bool:
        return len(self.tied) > 1

    def to_json(self) -> dict[str, Any]:
        """The fields by name, ``is_tie`` included; null for a run that diverged."""
        losses = {name: loss if np.isfinite(loss) else None for name, loss in self.losses.items()}
        return {
            **asdict(self), "losses": losses, "tied": list(self.tied), "differs": list(self.differs),
            "is_tie": self.is_tie,
        }  # fmt: skip


def compare(
    curves: Mapping[str, Curve], settings: Mapping[str, Mapping[str, Any]] | None = None
) -> Comparison:
    """The history with the lowest final validation loss, and what makes it so.

    The final loss is the geometric mean of the last tenth of the evaluations (five at least); losses are
    tied within two standard errors of their difference, or 1 %.

    Args:
        curves: two or more, by name.
        settings: hyper-parameters of each curve by name, such as ``{"a": {"lr_max": 0.1}}``.

    Raises:
        ValueError: fewer than two curves, settings for other names, or no finite validation loss at all.

    Source: arXiv:1803.09820, Sec. 5: one setting is compared at a time. Choice: the end of a run decides.
    """
    names = list(curves)
    if len(names) < 2:
        raise ValueError(f"a comparison needs at least 2 histories, got {len(names)}; give another")
    if settings is not None and set(settings) != set(names):
        raise ValueError(
            f"settings must be given for the same names as the curves {sorted(names)}, got "
            f"{sorted(settings)}; use {{}} for a curve without any"
        )
    scores = [_final(curves[name]) for name in names]
    ranking = rank(scores, tie=FLOOR)
    best = names[ranking.winner]
    tied = (best, *(names[i] for i in ranking.tied if i != ranking.winner))
    losses = {name: score.loss for name, score in zip(names, scores, strict=True)}
    differs = _differing(settings)
    pattern, why = _explained(settings or {}, losses, best, tied, differs)
    others = ", ".join(f"{name} {losses[name]:.4g}" for name in names if name not in tied)
    if len(tied) > 1:
        what = f"{' and '.join(tied)} end within noise of each other (validation loss {losses[best]:.4g})"
    else:
        what = f"{best} ends lowest, at a validation loss of {losses[best]:.4g}"
    reason = f"{what}{f', against {others}' if others else ''}; {why}"
    return Comparison(best, tied, losses, differs, pattern, reason)


def _final(curve: Curve) -> Score:
    """The final validation loss with its standard error; infinite for a run that ended without one."""
    known = curve.val_loss[measured(curve.val_loss)]
    if not len(known) or (not measured(curve.val_loss[-1:])[0] and np.isinf(curve.val_loss).any()):
        return Score(float("inf"), 0.0)
    last = np.log(known[-max(5, round(LAST * len(known))) :])
    spread = noise(known[-max(20, 2 * len(last)) :])
    return Score(float(np.exp(last.mean())), spread / float(np.sqrt(len(last))))


def _differing(settings: Mapping[str, Mapping[str, Any]] | None) -> tuple[str, ...]:
    each = list((settings or {}).values())
    keys = dict.fromkeys(key for one in each for key in one)
    return tuple(key for key in keys if any(one.get(key) != each[0].get(key) for one in each))


def _explained(
    settings: Mapping[str, Mapping[str, Any]],
    losses: Mapping[str, float],
    best: str,
    tied: tuple[str, ...],
    differs: tuple[str, ...],
) -> tuple[str, str]:
    """The pattern over the values of the one setting that differs, and a clause that says it."""
    if not differs:
        return "", "no setting that differs is known" if settings else "the settings are not known"
    if len(differs) > 1:
        return "", f"{', '.join(differs)} differ at once, so which of them explains it cannot be told apart"
    if len(tied) == len(losses):
        return "none", f"{differs[0]} makes no difference beyond the noise"
    name = differs[0]
    values = {key: one.get(name) for key, one in settings.items()}
    numbers = {key: float(v) for key, v in values.items() if isinstance(v, int | float)}
    if len(numbers) < len(values) or len(set(numbers.values())) < 2:
        return "", f"{name} alone differs ({values[best]} is best), so it may be why: a run each is no proof"
    return _pattern(name, numbers, losses, tied)


def _pattern(
    name: str, numbers: Mapping[str, float], losses: Mapping[str, float], tied: tuple[str, ...]
) -> tuple[str, str]:
    good = [numbers[key] for key in tied]
    low, high = min(numbers.values()), max(numbers.values())
    at = f"{good[0]:g}" if len(good) == 1 else f"{min(good):g} to {max(good):g}"
    if low in good and high in good:
        return "", f"{name} alone differs, but the best values ({at}) lie at both ends: no pattern"
    if low not in good and high not in good:
        return "interior", f"{name} alone differs and is best inside its range, at {at}"
    ordered = [losses[key] for key in sorted(numbers, key=lambda key: numbers[key])]
    side = "larger" if high in good else "smaller"
    steady = ordered == sorted(ordered, reverse=high in good)
    beyond = f", so try beyond {high if side == 'larger' else low:g}" if steady and len(numbers) > 2 else ""
    return side, f"{name} alone differs: {side} is better (best at {at}){beyond}"
