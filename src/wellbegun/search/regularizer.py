"""Any regularizer that the model factory takes, searched like weight decay: dropout first (Sec. 4.4)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.errors import Refused, TaskError
from wellbegun.search.learning_rate import bounds_of, round_to
from wellbegun.search.paired import (
    SEEDS,
    Paired,
    bands,
    check_learned,
    compare,
    known,
    listed,
    lowest_of,
    size,
    stable_to,
    with_seeds,
)  # fmt: skip
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

RATIOS = (0.0, 0.1, 0.25, 0.5)
RATIO_NAMES = ("drop", "ratio", "rate", "prob")
"""A name with one of these in it is that of a ratio in [0, 1)."""
FEW_EPOCHS = 3.0  # a ramp that sees every sample fewer times than this shows little of overfitting


def factors(factory: Callable[..., Any], given: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """The arguments of a model factory that are real numbers, with the value that the task gives them.

    Whole numbers other than 0 are sizes and counts, not amounts of regularization.

    Args:
        given: the task's own arguments for the factory.
    """
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    values = {one.name: one.default for one in parameters if one.default is not one.empty} | dict(given)
    return tuple(
        (name, float(value))
        for name, value in sorted(values.items())
        if isinstance(value, float) or (type(value) is int and value == 0)
    )


def candidates(setting: Setting, factor: str, values: Sequence[float]) -> tuple[float, ...]:
    """The values of a factor to try, smallest first; checked.

    Raises:
        TaskError: the factory takes no such number.
        ValueError: a ratio outside of [0, 1), no values for what is no ratio, or fewer than two.
    """
    if not factor:
        raise ValueError(
            "a regularizer needs the name of an argument of the model factory; give --factor dropout"
        )
    if factor not in dict(setting.factors):
        known = ", ".join(name for name, _ in setting.factors) or "none"
        raise TaskError(
            f"the model factory must take the factor as an argument with a real number as default, got "
            f"{factor!r}, it takes {known}; give it the argument {factor}: float = 0.0, used in the network"
        )
    is_ratio = any(word in factor for word in RATIO_NAMES)
    if not values and not is_ratio:
        raise ValueError(
            f"no values are known for {factor!r}, which is no ratio by its name; give --values A,B,..."
        )
    asked = tuple(sorted(set(values or RATIOS)))
    if is_ratio and not all(0 <= value < 1 for value in asked):
        raise ValueError(f"a ratio lies in [0, 1), got {', '.join(f'{v:g}' for v in asked)} for {factor}")
    if len(asked) < 2:
        raise ValueError(
            f"values are compared, so at least two are needed, got {asked[0]:g}; give --values A,B"
        )
    return asked


def with_factor(spec: RunSpec, factor: str, value: float) -> RunSpec:
    """The spec with that value of an argument of the model factory."""
    return spec.but(factory_args=tuple({**dict(spec.factory_args), factor: value}.items()))


def regularizer(
    setting: Setting,
    top: float,
    momentum: tuple[float, float],
    weight_decay: float,
    factor: str,
    values: Sequence[float] = (),
) -> Plan[Finding]:
    """The value of any regularizer, from range tests that differ in nothing else.

    The lowest loss of the ramps wins; a tie stays at the task's own value, or the one nearest to it. Where
    the best lies between two others, one more value is tried, halfway to the better of them.

    Args:
        top: where the ramps of the learning rate end.
        momentum: (max, min), falling while the rate rises.
        factor: name of a number that the model factory takes.
        values: candidates; by default 0, 0.1, 0.25 and 0.5 for a ratio.

    Raises:
        TaskError: the factory takes no such number.
        ValueError: values that cannot be.
        Refused: the factor changes nothing, or no ramp learned.

    Source: arXiv:1803.09820, Sec. 4.4: the form of regularization does not matter for the search.
    Choice: the values; three seeds and the lowest loss of the whole ramp, as a regularizer that is good at
    the end often slows the start (weight decay does not, and is compared row by row).
    """
    asked = candidates(setting, factor, values)
    base = setting.ramp(top, setting.falling(*momentum), weight_decay)
    ramps: dict[float, tuple[Run, ...]] = {}
    while True:
        specs = with_seeds([with_factor(base, factor, value) for value in asked], setting)
        runs = yield Batch.of(f"regularizer {factor}", specs)
        ramps |= {value: tuple(runs[i * SEEDS : (i + 1) * SEEDS]) for i, value in enumerate(asked)}
        ramps = dict(sorted(ramps.items()))
        _check(ramps, factor)
        lowest = compare([lowest_of(group) for group in ramps.values()])
        halfway = _between(list(ramps), lowest)
        if values or halfway is None or len(ramps) > len(RATIOS):
            return _finding(ramps, lowest, factor, dict(setting.factors)[factor])
        asked = (halfway,)


def _check(ramps: Mapping[float, Sequence[Run]], factor: str) -> None:
    """Whether there is anything to compare."""
    runs = tuple(run for group in ramps.values() for run in group)
    losses = [group[0].curve.val_loss for group in ramps.values()]
    if all(np.array_equal(loss, losses[0], equal_nan=True) for loss in losses):
        tried = ", ".join(f"{value:g}" for value in ramps)
        raise Refused(
            f"a regularizer must change the training, got the same curve with {factor} = {tried}; "
            "let the network use it",
            runs,
        )
    check_learned(runs)


def _between(values: Sequence[float], lowest: Paired) -> float | None:
    """Halfway between the best value and the better of its neighbours, where it has two and no tie."""
    ranking = lowest.ranking()
    at = ranking.winner
    if ranking.is_tie or at in (0, len(values) - 1):
        return None
    neighbour = at - 1 if lowest.means[at - 1] <= lowest.means[at + 1] else at + 1
    middle = round_to((values[at] + values[neighbour]) / 2, 2)
    return None if middle in values else middle


def _finding(ramps: Mapping[float, tuple[Run, ...]], lowest: Paired, factor: str, own: float) -> Finding:
    values, runs = list(ramps), tuple(run for group in ramps.values() for run in group)
    tied = [values[i] for i in lowest.ranking().tied]
    choice = min(tied, key=lambda value: abs(value - own))
    names = {value: f"{factor} {value:g}" for value in values}
    losses = dict(zip(values, np.exp(lowest.means), strict=True))
    ends = {value: stable_to(group) for value, group in ramps.items()}
    return Finding(
        "regularizer", {factor: choice}, _reason(runs, lowest, losses, (factor, own, choice)), runs,
        (tied[0], tied[-1]) if len(tied) > 1 else None,
        details={
            "factor": factor, "own": own, "tie": lowest.tie,
            "scores": {
                names[value]: {"loss": known(loss), "spread": lowest.deviation, "stable_to": ends[value]}
                for value, loss in losses.items()
            },
            "labels": {
                run.key: f"{names[value]}, seed {run.spec.seed}"
                for value, group in ramps.items() for run in group
            },
            "bounds": {key: bound.to_json() for key, bound in bounds_of(runs).items()},
            "table": {
                "columns": [factor.capitalize(), "Lowest val. loss", "Stable to lr"],
                "rows": [[f"{v:g}", f"{losses[v]:.4g}", f"{ends[v]:.3g}"] for v in values],
                "won": f"{choice:g}",
            },
            "figure": bands({names[v]: group for v, group in ramps.items()}, "learning rate", names[choice]),
        },
        section="4.4",
    )  # fmt: skip


def _reason(
    runs: Sequence[Run], lowest: Paired, losses: Mapping[float, float], chosen: tuple[str, float, float]
) -> str:
    factor, own, choice = chosen
    said = ", ".join(f"{value:g}: {loss:.4g}" for value, loss in losses.items())
    tied = [f"{list(losses)[i]:g}" for i in lowest.ranking().tied]
    parts = [f"Lowest validation loss of range tests, {lowest.seeds} seeds each, with {factor} {said}."]
    if lowest.ranking().is_tie:
        parts.append(
            f"{listed(tied)} cannot be told apart: differences below {size(lowest.tie)} are the spread of "
            f"the seeds. {choice:g} is {'' if choice == own else 'the nearest to '}the task's own value."
        )
    else:
        parts.append(f"{tied[0]} is lowest by more than the spread of the seeds ({size(lowest.tie)}).")
        if choice in (min(losses), max(losses)) and choice > 0:
            parts.append("It is the end of the values tried: the best may lie beyond.")
    epochs = max(run.epochs / max(1, len(run.repeats)) for run in runs)
    if epochs < FEW_EPOCHS:
        parts.append(
            f"A range test of {epochs:.2g} epochs shows every sample too few times to overfit, so what a "
            "regularizer does late in a long training is not in these numbers."
        )
    return " ".join(parts)
