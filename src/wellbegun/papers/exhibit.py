"""Exhibit: one figure or table as data; Claim: what the paper says of it, as something to check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from wellbegun.curve import Run
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant

Scale = Literal["paper", "cpu"]
LEARNED = 3.0  # times as often right as the untrained network: from there on a run shows something
NOTHING = 1.5  # and up to there it has learned nothing
APPLIED, NOT_APPLIED = "applied", "not applied"
"""Whether a momentum that the text says was cycled is cycled, or held at its first value.

The patch printed in the 2018 report sits in Caffe's plain SGD, while its CIFAR runs name the Nesterov solver:
it may never have acted. An exhibit with cycled momentum can be replayed both ways.
"""


@dataclass(frozen=True, slots=True)
class Published:
    """A number of the paper."""

    accuracy: float  # percent
    spread: float | None = None  # standard deviation over repeats, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve of a figure, or one row of a table: a run, but for its repeats."""

    name: str
    iterations: int  # updates at the paper's scale
    batch_size: int
    lr: Schedule
    momentum: Schedule
    weight_decay: float
    published: Published | None = None
    optimizer: str = "papers_nesterov"
    factory_args: tuple[tuple[str, str | int | float], ...] = ()  # of the network, beyond the task's own
    train_samples: int | None = None  # a reduced training set; None: all of it
    network: str = ""  # another one than the exhibit's
    estimate: int = 0  # updates between two looks of the LR estimate; 0 makes none
    after: str = ""  # the line at whose end this one goes on, with a clock of its own
    sources: tuple[str, ...] = ()  # ids of the runs that it replays, in our facts about the papers
    kept: tuple[str, str] | None = None  # exhibit and line under which the same run is measured; None: here
    held: tuple[str, str] | None = None  # the same of the run with momentum held, for a line that is kept

    @property
    def cycles_momentum(self) -> bool:
        return not isinstance(self.momentum, Constant)

    def uncycled(self) -> Line:
        """The same line with momentum held at its first value."""
        return replace(self, momentum=Constant(float(self.momentum(0))))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a claim comes to on what was measured."""

    word: Literal["holds", "fails", "not measured", "out of reach"]
    numbers: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The repeats of one line."""

    line: Line
    runs: tuple[Run, ...]

    @property
    def accuracies(self) -> list[float]:
        """Percent correct on the whole test set after the last update; 0 for a run that diverged."""
        return [0.0 if run.diverged else 100 * run.test["test_accuracy"] for run in self.runs]

    @property
    def accuracy(self) -> float:
        """Mean over repeats, percent; NaN where there are none."""
        return float(np.mean(self.accuracies)) if self.runs else float("nan")

    @property
    def spread(self) -> float:
        """Standard deviation over repeats; NaN for one, and where one failed: a failure is no noise."""
        return float("nan") if self.failed or len(self.runs) < 2 else float(np.std(self.accuracies, ddof=1))

    @property
    def learned(self) -> bool:
        """Whether any repeat was ever right much more often than it was untrained."""
        return any(_gain(run) > LEARNED for run in self.runs)

    @property
    def failed(self) -> list[Run]:
        """The repeats that diverged, or learned nothing."""
        return [run for run in self.runs if _failed(run)]

    @property
    def failures(self) -> str:
        """How many repeats failed, and how; empty where none did."""
        diverged = sum(run.diverged for run in self.runs)
        counts = {"diverged": diverged, "learned nothing": len(self.failed) - diverged}
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)

    @property
    def trained(self) -> Result:
        """Without the repeats that failed."""
        return replace(self, runs=tuple(run for run in self.runs if not _failed(run)))

    def __str__(self) -> str:
        spread = f" +- {self.spread:.2f}" if np.isfinite(self.spread) else ""
        return f"{self.line.name} {self.accuracy:.2f}{spread}"


def _gain(run: Run) -> float:
    """How many times as often a run was ever right as at its beginning; NaN where that was not measured."""
    right = run.curve.val_accuracy
    return float(np.nanmax(right) / right[0]) if right[0] > 0 else float("nan")


def _failed(run: Run) -> bool:
    return run.diverged or (run.spec.start is None and _gain(run) < NOTHING)


Results = Mapping[str, Result]
"""Line name -> its repeats, of those that were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the paper that can hold or fail."""

    id: str
    says: str  # in our words
    section: str
    needs: tuple[str, ...]  # names of the lines without which it cannot be checked
    check: Callable[[Results], tuple[bool, str]]  # -> does it hold, and the numbers
    survives_cut: bool = True  # still checked when the runs are cut to fit a CPU
    cause: str = ""  # why it fails at the published length: the paper, the author's files, or our code

    def verdict(self, results: Results, scale: Scale) -> Verdict:
        if not set(self.needs) <= set(results):
            return Verdict("not measured")
        if scale == "cpu" and not self.survives_cut:
            return Verdict("out of reach", "needs the length that was published")
        if scale == "cpu" and not any(results[name].learned for name in self.needs):
            return Verdict("out of reach", "cut so short, none of the networks has learned much")
        holds, numbers = self.check(results)
        return Verdict("holds" if holds else "fails", numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A figure or a table of a paper."""

    id: str  # paper and number: "smith2018-table2-mnist"
    paper: str  # arXiv number
    label: str  # "Table 2, rows 15 to 20"
    says: str  # what it shows, in our words
    kind: str  # "training", "range test", "momentum search", "weight decay search", ...
    task: str  # a named task; its network is the exhibit's
    network: str
    lines: tuple[Line, ...] = ()  # none: a schematic or an architecture table, nothing to run
    claims: tuple[Claim, ...] = ()
    assumptions: tuple[str, ...] = ()  # what the paper leaves open, and what was taken
    repeats: int = 4  # as published
    evaluations: int = 60  # along a run
    samples: int = 2000  # of the test set at each of them; the last one takes all
    cut: float = 1 / 8  # share of the iterations at cpu scale
    cut_most: int | None = None  # updates of a run at cpu scale; None: as many as ``cut`` leaves
    cut_batch: float = 1.0  # share of the batch size at cpu scale
    cut_evaluations: int | None = None  # along a run at cpu scale; None: as many
    cut_samples: int = 2000  # of the test set at each of them
    instead_of: str = ""  # the exhibit whose published numbers it reads otherwise

    def line(self, name: str) -> Line:
        """The line of that name.

        Raises:
            ValueError: there is none.
        """
        found = {line.name: line for line in self.lines}
        if name not in found:
            raise ValueError(f"{self.id} has the lines {', '.join(found)}, got {name!r}")
        return found[name]

    @property
    def cycles_momentum(self) -> bool:
        return any(line.cycles_momentum for line in self.lines)

    def home(self, line: Line, variant: str) -> tuple[str, str, str]:
        """Exhibit, line and reading of momentum under which a line is measured.

        A line whose momentum does not cycle is the same in both readings, and one with its momentum held may
        be a line of constant momentum.
        """
        home = line.kept or (self.id, line.name)
        if variant == APPLIED or not line.cycles_momentum:
            return *home, APPLIED
        held = line.held if line.kept else self.constant(line)
        return (*held, APPLIED) if held else (*home, variant)

    def constant(self, line: Line) -> tuple[str, str] | None:
        """Exhibit and line of constant momentum that is this line with its momentum held, if there is one."""
        wanted = _settings(line.uncycled())
        same = (other for other in self.lines if not other.cycles_momentum and _settings(other) == wanted)
        found = None if line.after else next(same, None)
        return None if found is None else found.kept or (self.id, found.name)

    @property
    def variants(self) -> tuple[str, ...]:
        """Both readings of a cycled momentum, where a line cycles it."""
        return (APPLIED, NOT_APPLIED) if self.cycles_momentum else (APPLIED,)


def borrowed(exhibit: Exhibit, name: str, *sources: str, as_: str = "") -> Line:
    """A line of another exhibit that this one shows too: it is measured once, and kept there.

    Args:
        sources: ids of the runs that it replays here.
        as_: its name here; its name there where none is given.
    """
    line = exhibit.line(name)
    held = line.held if line.kept else exhibit.constant(line)
    kept = line.kept or (exhibit.id, line.name)
    return replace(line, name=as_ or name, sources=sources, kept=kept, held=held)


def _settings(line: Line) -> Line:
    """What is trained, without what it is called and where it is found."""
    return replace(line, name="", published=None, sources=(), kept=None, held=None)


def ordered(results: Results, names: Sequence[str], *, within: float = 1.0) -> tuple[bool, str]:
    """Whether accuracy does not fall along these lines by more than ``within`` standard deviations.

    The deviation of a step is the larger spread of its two lines; where there is one run each it is 0.
    """
    pairs = [(results[one], results[other]) for one, other in pairwise(names)]
    holds = all(
        other.accuracy >= one.accuracy - within * larger_spread(one, other)
        for one, other in pairs
    )  # fmt: skip
    return holds, ", ".join(str(results[name]) for name in names)


def larger_spread(one: Result, other: Result) -> float:
    """The larger spread of the two, percent; 0 where neither has repeats."""
    spreads = [r.spread for r in (one, other) if np.isfinite(r.spread)]
    return max(spreads, default=0.0)
