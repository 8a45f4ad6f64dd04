"""Any regularizer that the model factory takes, searched like weight decay: dropout first (Sec. 4.4)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.ranking import same_phase
from wellbegun.errors import Refused, TaskError
from wellbegun.search.learning_rate import bounds_of, round_to
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting
from wellbegun.search.weight_decay import FURTHER, TINY, _Table
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

    As for weight decay: the best value wins only if it beats the task's own with further seeds too; a tie
    stays at the task's own value, or the one nearest to it. Where the best lies between two others, one more
    value is tried, halfway to the better of them.

    Args:
        top: where the ramps of the learning rate end.
        momentum: (max, min), falling while the rate rises.
        factor: name of a number that the model factory takes.
        values: candidates; by default 0, 0.1, 0.25 and 0.5 for a ratio.

    Raises:
        TaskError: the factory takes no such number.
        ValueError: values that cannot be.
        Refused: the factor changes nothing.

    Source: arXiv:1803.09820, Sec. 4.4: the form of regularization does not matter for the search.
    Choice: the values; the task's own value as the one to beat.
    """
    asked = candidates(setting, factor, values)
    base = setting.ramp(top, setting.falling(*momentum), weight_decay)
    own = min(asked, key=lambda value: abs(value - dict(setting.factors)[factor]))
    table = _Table(max(own, TINY), {})
    title = f"regularizer {factor}"
    table.add(asked, (yield Batch.of(title, [with_factor(base, factor, value) for value in asked])))
    _check_effect(table, factor)
    halfway = _between(table) if not values else None
    if halfway is not None:
        table.add((halfway,), (yield Batch.of(title, [with_factor(base, factor, halfway)])))
    best = _nearest(table, own)
    if best == own:
        return _finding(table, factor, own, ())
    seeds = range(setting.seed + 1, setting.seed + 1 + FURTHER)
    pairs = [with_factor(base, factor, value).but(seed=seed) for seed in seeds for value in (best, own)]
    runs = yield Batch.of(title, pairs)
    return _finding(table, factor, own, list(zip(runs[::2], runs[1::2], strict=True)))


def _check_effect(table: _Table, factor: str) -> None:
    losses = [run.curve.val_loss for run in table.runs.values()]
    if all(
        len(loss) == len(losses[0]) and np.array_equal(loss, losses[0], equal_nan=True) for loss in losses
    ):
        tried = ", ".join(f"{value:g}" for value in table.values)
        raise Refused(
            f"a regularizer must change the training, got the same curve with {factor} = {tried}; "
            "let the network use it",
            tuple(table.runs.values()),
        )


def _nearest(table: _Table, own: float) -> float:
    """The value nearest to the task's own, of those that cannot be told from the best and those between."""
    low, high = table.tied()
    return min((value for value in table.values if low <= value <= high), key=lambda value: abs(value - own))


def _between(table: _Table) -> float | None:
    """Halfway between the best value and the better of its neighbours, where it has two and no tie."""
    values, ranking = table.values, table.ranking()
    at = ranking.winner
    if ranking.is_tie or at in (0, len(values) - 1):
        return None
    losses = [score.loss for score in table.scores()]
    middle = round_to((values[at] + values[at - 1 if losses[at - 1] <= losses[at + 1] else at + 1]) / 2, 2)
    return None if middle in table.runs else middle


def _wins(challenger: Run, own: Run) -> bool:
    """Whether the first ramp is better by more than the noise."""
    ranking = same_phase([challenger.curve, own.curve])[1]
    return ranking.winner == 0 and not ranking.is_tie


def _finding(table: _Table, factor: str, own: float, repeats: Sequence[tuple[Run, Run]]) -> Finding:
    best = _nearest(table, own)
    wins = sum(_wins(*pair) for pair in repeats)
    choice = best if wins == len(repeats) else own
    low, high = table.tied()
    low, high = min(low, choice), max(high, choice)
    labels = {run.key: f"{value:g}" for value, run in table.runs.items()}
    labels |= {
        run.key: f"{dict(run.spec.factory_args)[factor]:g}, seed {run.spec.seed}"
        for pair in repeats for run in pair
    }  # fmt: skip
    runs = (*table.runs.values(), *(run for pair in repeats for run in pair))
    scores = zip(table.values, table.scores(), strict=True)
    return Finding(
        "regularizer", {factor: choice}, _reason(table, factor, own, choice, (wins, len(repeats))), runs,
        (low, high) if low < high else None,
        details={
            "factor": factor, "own": own, "labels": labels,
            "scores": {f"{value:g}": score.to_json() for value, score in scores},
            "bounds": {key: bound.to_json() for key, bound in bounds_of(runs).items()},
            "winner": table.runs[choice].key,
        },
        section="4.4",
    )  # fmt: skip


def _reason(table: _Table, factor: str, own: float, choice: float, wins: tuple[int, int]) -> str:
    losses = ", ".join(f"{value:g}: {s}" for value, s in zip(table.values, table.scores(), strict=True))
    (low, high), best = table.tied(), _nearest(table, own)
    parts = [
        "Validation loss of range tests over the same iterations, before they become unstable, with "
        f"{factor} {losses}."
    ]
    if table.ranking().is_tie:
        parts.append(f"From {low:g} to {high:g} they cannot be told apart by their noise.")
    else:
        parts.append(f"{low:g} is lowest by more than the noise.")
    if wins[1]:
        luck = "" if choice == best else ", so this was luck"
        parts.append(
            f"{best:g} beats the task's own {own:g} with {wins[0]} of {wins[1]} further seeds{luck}."
        )
    if choice == own:
        parts.append(f"{own:g} is the task's own value, or the nearest to it, and stays.")
    elif choice in (table.values[0], table.values[-1]) and not table.ranking().is_tie:
        parts.append(f"{choice:g} is the end of the values tried: the best may lie beyond.")
    run = table.runs[table.values[0]]
    if run.epochs < FEW_EPOCHS and not any(one.repeats for one in table.runs.values()):
        parts.append(
            f"A range test of {run.epochs:.2g} epochs shows every sample too few times to overfit, so what a "
            "regularizer does late in a long training is not in these numbers."
        )
    return " ".join(parts)
