"""Weight decay: a grid of magnitudes, then the exponent bisected.

Each magnitude is an lr range test with falling momentum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wellbegun.curve import Run
from wellbegun.diagnosis.ranking import Ranking, Score, same_phase
from wellbegun.search.learning_rate import bounds_of, round_to
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import Setting

PLAIN, NORMALISED, DECOUPLED = 0.25, 1.25, 0.2  # shrinkage of a free weight over the whole run, mid grid
SHORTEST, FEWER = 12.0, 3  # epochs below which the shrinkage falls, and with which power of them
TINY = 1e-12  # stands for a decay of 0 on a logarithmic scale
STEPS = 2  # times the grid is extrapolated at the most
FURTHER = 2  # seeds that a value must win with as well before it displaces the grid's middle


def middle(setting: Setting, lr_max: float, momentum: tuple[float, float]) -> float:
    """The middle of the grid: the decay that shrinks a free weight by exp(-SHRINKAGE) over the final run.

    So longer runs (more data, more epochs) and networks that bear larger rates get smaller decays, as the
    report finds, and a loss multiplied by c, whose rates are c times smaller, gets decays c times larger, as
    algebra demands.

    Source: the report's values: LeNet 0.24, cifar3 0.7; with batch norm, resnet-56 13, wide resnet 3 (Tables
    1, 2).
    Choice: 0.25 without and 1.25 with normalisation layers, 0.2 for adamw; the grid spans a factor of 100
    around it. Twice as much with normalisation layers was worse in three of four short trainings
    (benchmarks/README.md, quality), and a final run mends too little of it, not too much. Below 12 epochs,
    the report's shortest training, the shrinkage falls: what is seen so few times is hardly learnt by heart,
    and decay only holds the network back. It falls with the third power of the epochs, but only with the
    first for adamw and with normalisation layers, where decay keeps weights small, and so the steps long.
    """
    shrinkage = NORMALISED if setting.normalised else PLAIN
    if setting.optimizer == "adamw":
        shrinkage = DECOUPLED
    power = 1 if setting.adaptive or setting.normalised else FEWER
    shrinkage *= min(1.0, setting.epochs / SHORTEST) ** power
    return round_to(shrinkage / setting.shrinkage(lr_max, momentum), 1)


def grid(centre: float) -> tuple[float, ...]:
    """Three magnitudes around the middle, largest first, one significant figure each."""
    return tuple(round_to(centre * factor, 1) for factor in (10.0, 1.0, 0.1))


@dataclass
class Table:
    """Decays tried so far with their runs and scores, largest decay first."""

    centre: float
    runs: dict[float, Run]
    calm: bool = True  # compared before any run becomes unstable; for runs whose rate rises
    given: bool = False  # the values are the caller's

    def add(self, values: Sequence[float], runs: Sequence[Run]) -> None:
        self.runs.update(zip(values, runs, strict=True))
        self.runs = dict(sorted(self.runs.items(), reverse=True))

    @property
    def values(self) -> list[float]:
        return list(self.runs)

    def scores(self) -> tuple[Score, ...]:
        return self._compared()[0]

    def ranking(self) -> Ranking:
        """The ranking of all ramps.

        More decay never makes a ramp stable, so one that broke down although a larger decay did not had bad
        luck, and luck says nothing: it counts as a tie.
        """
        scores, ranking = self._compared()
        sound = [math.isfinite(score.loss) for score in scores]
        luckless = [i for i, good in enumerate(sound) if not good and any(sound[:i])]
        return Ranking(ranking.winner, tuple(sorted({*ranking.tied, *luckless})))

    def _compared(self) -> tuple[tuple[Score, ...], Ranking]:
        return same_phase([run.curve for run in self.runs.values()], calm=self.calm)

    def chosen(self) -> float:
        """The value nearest to the grid's middle, of the tied ones and those between them."""
        low, high = self.tied()
        between = [value for value in self.values if low <= value <= high]
        return min(between, key=lambda value: abs(math.log(max(value, TINY) / self.centre)))

    def tied(self) -> tuple[float, float]:
        """The smallest and the largest value that cannot be told from the best."""
        tied = [self.values[i] for i in self.ranking().tied]
        return min(tied), max(tied)

    def to_json(self) -> dict[str, dict[str, float | None]]:
        """Decay -> score."""
        return {f"{value:g}": s.to_json() for value, s in zip(self.values, self.scores(), strict=True)}

    def next(self) -> float | None:
        """The decay that would tell most: past the edge of the grid, or between the best two."""
        values, ranking = self.values, self.ranking()
        if ranking.is_tie:
            return None
        at = ranking.winner
        if at in (0, len(values) - 1):
            return round_to(values[at] * (10.0 if at == 0 else 0.1), 1)
        losses = [s.loss for s in self.scores()]
        neighbour = at - 1 if losses[at - 1] <= losses[at + 1] else at + 1
        between = round_to(math.sqrt(values[at] * values[neighbour]), 1)
        return None if between in self.runs else between


def weight_decay(
    setting: Setting,
    top: float,
    momentum: tuple[float, float],
    centre: float,
    values: Sequence[float] = (),
) -> Plan[Finding]:
    """The weight decay, from range tests that differ in nothing else.

    They also show the learning rate's bounds.

    The grid's best value, then a step past its edge where it lies there, or between the best two. A tie goes
    to the value nearest to the grid's middle. A value that beats the middle must beat it with further seeds,
    too: near the edge two seeds differ by more than two decays.

    Args:
        top: where the ramps of the learning rate end.
        momentum: (max, min), falling while the rate rises.
        centre: the grid's middle.
        values: candidates instead of the grid, compared without a step further.

    Source: arXiv:1803.09820, Sec. 4.4 and Sec. 5, item 4; Fig. 9b, 10 for the combined test.
    """
    falling = setting.falling(*momentum)

    def question(asked: Sequence[float]) -> Batch:
        return Batch.of("weight decay", [setting.ramp(top, falling, value) for value in asked])

    table = yield from filled(centre, values, question)
    best = table.chosen()
    if best == table.centre:
        return _finding(table, ())
    seeds = range(setting.seed + 1, setting.seed + 1 + FURTHER)
    pairs = [spec.but(seed=seed) for seed in seeds for spec in question((best, table.centre))]
    runs = yield Batch.of("weight decay", pairs)
    return _finding(table, list(zip(runs[::2], runs[1::2], strict=True)))


def filled(
    centre: float, values: Sequence[float], question: Callable[[Sequence[float]], Batch], calm: bool = True
) -> Plan[Table]:
    """The table of a grid around ``centre`` and of the steps that follow from it; or of ``values`` alone.

    Args:
        values: candidates instead of the grid, compared without a step further; the centre is then theirs.
        question: the runs for some decays, in their order.
    """
    if values:
        centre = min(values, key=lambda value: abs(math.log(max(value, TINY) / centre)))
    table = Table(centre, {}, calm, bool(values))
    asked: tuple[float, ...] = tuple(values) or grid(centre)
    for _ in range(1 if values else 1 + STEPS):
        table.add(asked, (yield question(asked)))
        following = table.next()
        if following is None:
            break
        asked = (following,)
    return table


def wins(challenger: Run, middle: Run, calm: bool = True) -> bool:
    """Whether the first run is better by more than the noise."""
    ranking = same_phase([challenger.curve, middle.curve], calm=calm)[1]
    return ranking.winner == 0 and not ranking.is_tie


def _finding(table: Table, repeats: Sequence[tuple[Run, Run]]) -> Finding:
    """What the table says, unless further seeds, as (the best value's ramp, the middle's), deny it."""
    choice, interval, said = settled(table, repeats, "further seeds")
    labels = {run.key: f"{value:g}" for value, run in table.runs.items()}
    labels |= {run.key: f"{run.spec.weight_decay:g}, seed {run.spec.seed}" for p in repeats for run in p}
    runs = (*table.runs.values(), *(run for pair in repeats for run in pair))
    reason = (
        "Validation loss of range tests over the same iterations, before they become unstable, "
        f"at weight decay {said}"
    )
    return Finding(
        "weight decay", choice, reason, runs, interval,
        details={
            "scores": table.to_json(),
            "labels": labels,
            "bounds": {key: bound.to_json() for key, bound in bounds_of(runs).items()},
            "winner": table.runs[choice].key,
        },
        section="4.4",
    )  # fmt: skip


def settled(
    table: Table, repeats: Sequence[tuple[Run, Run]], others: str
) -> tuple[float, tuple[float, float] | None, str]:
    """The choice, the values that cannot be told from it, and the rest of a sentence that gives the losses.

    Args:
        repeats: runs of the best value and of the middle again; the best must win each time, or it was luck.
        others: what the repeats differ in, such as "further seeds".
    """
    best, centre = table.chosen(), table.centre
    won = sum(wins(*pair, calm=table.calm) for pair in repeats)
    choice = best if repeats and won == len(repeats) else centre
    low, high = table.tied()
    low, high = min(low, choice), max(high, choice)
    luck = ""
    if repeats:
        lost = "" if choice == best else ", so this was luck"
        luck = f"{best:g} beats {centre:g} with {won} of {len(repeats)} {others}{lost}."
    return choice, (low, high) if low < high else None, _reason(table, choice, luck)


def _reason(table: Table, choice: float, luck: str) -> str:
    losses = ", ".join(f"{value:g}: {s}" for value, s in zip(table.values, table.scores(), strict=True))
    (low, high), best, centre = table.tied(), table.chosen(), table.centre
    parts = [f"{losses}."]
    if table.ranking().is_tie:
        parts.append(f"From {low:g} to {high:g} they cannot be told apart by their noise.")
    else:
        parts.append(f"{best:g} is lowest by more than the noise.")
    parts += [luck] if luck else []
    if choice == centre and table.given:
        parts.append(f"{choice:g} is the value nearest to the one that the search would begin with.")
    elif choice == centre:
        parts.append(
            f"{choice:g} is the middle of the grid, which follows from the length of the run and its "
            "learning rate."
        )
    elif table.ranking().is_tie:
        parts.append(f"{choice:g} is nearest to the middle of the grid.")
    return " ".join(parts)
