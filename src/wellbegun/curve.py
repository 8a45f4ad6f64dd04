"""Curve: what was measured in one run; Run: a spec, its curve and how it ended; the mean over repeats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellbegun.schedules._base import Floats
from wellbegun.spec import RunSpec

FINISHED, DIVERGED, TOO_LARGE = "finished", "diverged", "out of memory"
LR_ESTIMATE = "lr_estimate"  # metric of a run with ``spec.estimate``
SPREAD, ERROR = "val_loss_std", "val_loss_error"
"""Metrics of a curve that is a mean over repeats: their standard deviation, the mean's standard error."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A training history: one row per evaluation, columns of equal length, NaN where nothing was measured."""

    iteration: NDArray[np.int64]  # updates done before the measurement; increasing
    lr: Floats  # of the last update done (at iteration 0: of the first to come)
    momentum: Floats  # likewise
    train_loss: Floats  # nats per example, mean over the updates since the row before
    val_loss: Floats  # nats per example, on the fixed validation subset
    val_accuracy: Floats  # fraction in [0, 1]
    metrics: Mapping[str, Floats] = field(default_factory=dict)  # further validation metrics by name

    def __post_init__(self) -> None:
        rows = len(self.iteration)
        for name, column in self.columns().items():
            if len(column) != rows:
                raise ValueError(
                    f"every column needs {rows} rows like 'iteration', got {len(column)} in {name!r}"
                )
        if rows and not np.all(np.diff(self.iteration) > 0):
            raise ValueError(
                "iterations must increase from row to row; sort the history and drop repeated rows"
            )

    def __len__(self) -> int:
        return len(self.iteration)

    def __repr__(self) -> str:
        if not len(self):
            return "Curve(no rows)"
        last = f"val_loss {self.val_loss[-1]:.4g} at iteration {self.iteration[-1]}"
        return f"Curve({len(self)} rows, {last}{', ' if self.metrics else ''}{', '.join(self.metrics)})"

    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns by name, further metrics included."""
        names = ("iteration", "lr", "momentum", "train_loss", "val_loss", "val_accuracy")
        return {**{name: getattr(self, name) for name in names}, **self.metrics}

    def rows(self, start: int, stop: int) -> Curve:
        """The rows start to stop - 1 as a curve."""
        return self.map(lambda column: column[start:stop])

    def map(self, change: Any) -> Curve:
        """The curve with ``change`` applied to every column."""
        columns = {name: change(column) for name, column in self.columns().items()}
        return Curve.of(columns)

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[float] | NDArray[Any]]) -> Curve:
        """A curve from columns by name; missing ones are NaN, unknown ones become metrics.

        ``iteration`` is required.
        """
        iteration = np.asarray(columns["iteration"], dtype=np.int64)
        known = ("lr", "momentum", "train_loss", "val_loss", "val_accuracy")
        empty = np.full(len(iteration), np.nan)
        arrays = {
            name: np.asarray(column, dtype=np.float64)
            for name, column in columns.items()
            if name != "iteration"
        }
        extra = {name: column for name, column in arrays.items() if name not in known}
        lr, momentum, train_loss, val_loss, val_accuracy = (arrays.get(name, empty) for name in known)
        return cls(iteration, lr, momentum, train_loss, val_loss, val_accuracy, extra)

    def to_json(self) -> dict[str, list[Any]]:
        """Columns as lists: null for NaN, "inf" and "-inf" as words."""
        return {name: [_json_number(v) for v in column.tolist()] for name, column in self.columns().items()}

    @classmethod
    def from_json(cls, columns: Mapping[str, Sequence[Any]]) -> Curve:
        """The curve that ``to_json`` wrote."""
        return cls.of(
            {name: [math.nan if v is None else float(v) for v in column] for name, column in columns.items()}
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One run that came to an end: what was asked, what was measured, how it ended, what it cost."""

    spec: RunSpec
    curve: Curve
    ended: str  # "finished" or "diverged"; of a measured run also "out of memory"
    iterations: int  # updates done
    seconds: float  # wall-clock, training and evaluation
    eval_seconds: float = 0.0  # the share of evaluation
    test: Mapping[str, float] = field(default_factory=dict)  # test_loss, test_accuracy, ... when asked for
    epochs: float = math.nan  # passes over the training data
    replayed: bool = False  # read from a store, not trained now; not stored
    repeats: tuple[Run, ...] = field(default=(), repr=False)  # the runs whose mean this one is; not stored

    @property
    def key(self) -> str:
        return self.spec.key

    @property
    def singles(self) -> tuple[Run, ...]:
        """The runs that were trained: itself, or the repeats whose mean it is."""
        return self.repeats or (self,)

    @property
    def diverged(self) -> bool:
        return self.ended == DIVERGED

    def to_json(self) -> dict[str, Any]:
        return {
            "spec": self.spec.to_json(),
            "curve": self.curve.to_json(),
            "ended": self.ended,
            "iterations": self.iterations,
            "seconds": self.seconds,
            "eval_seconds": self.eval_seconds,
            "test": {name: _json_number(value) for name, value in self.test.items()},
            "epochs": _json_number(self.epochs),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Run:
        return cls(
            spec=RunSpec.from_json(values["spec"]),
            curve=Curve.from_json(values["curve"]),
            ended=values["ended"],
            iterations=values["iterations"],
            seconds=values["seconds"],
            eval_seconds=values["eval_seconds"],
            test={name: math.nan if v is None else float(v) for name, v in values["test"].items()},
            epochs=math.nan if values["epochs"] is None else float(values["epochs"]),
        )


def mean(curves: Sequence[Curve]) -> tuple[Curve, Curve]:
    """Mean and standard deviation of repeats, row by row, over the rows that all of them reached.

    Raises:
        ValueError: no curve, other metrics, or evaluations at different iterations.
    """
    if not curves:
        raise ValueError("a mean needs at least one curve, got none")
    rows = min(len(curve) for curve in curves)
    first = curves[0].rows(0, rows)
    if any(not np.array_equal(curve.iteration[:rows], first.iteration) for curve in curves):
        raise ValueError("repeats must be evaluated at the same iterations; these are not")
    for curve in curves:
        if set(curve.metrics) != set(first.metrics):
            got = f"{sorted(first.metrics)} and {sorted(curve.metrics)}"
            raise ValueError(f"repeats must measure the same metrics, got {got}; leave out what differs")
    stacks = {name: np.stack([curve.columns()[name][:rows] for curve in curves]) for name in first.columns()}
    means = {name: stack.mean(axis=0) for name, stack in stacks.items()} | {"iteration": first.iteration}
    ddof = min(1, len(curves) - 1)
    spreads = {name: stack.std(axis=0, ddof=ddof) for name, stack in stacks.items()} | {
        "iteration": first.iteration
    }
    return Curve.of(means), Curve.of(spreads)


def _json_number(value: float) -> Any:
    if isinstance(value, int) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)
