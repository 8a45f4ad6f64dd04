"""The same exhibit at another length: every time constant of its schedules shrinks with it."""

from __future__ import annotations

from dataclasses import replace

from wellbegun.papers.exhibit import Line
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.kinds import from_json, to_json

LENGTHS = ("stepsize", "iterations", "milestones")  # in iterations
SHORTEST = 30  # updates
NORM = ("statistics", "fraction", "gpus", "test_batch")
"""Arguments of batch norm that a cut drops, so that the engine re-estimates statistics: a GPU's share of a
small batch has none worth the name, nor has a running average over so few updates."""


def shortened(line: Line, share: float, batch: float = 1.0) -> Line:
    """The line with its run and both schedules cut to this share of their length; rates stay as they are.

    Args:
        batch: share of the batch size that is kept.
    """
    if share == 1 and batch == 1:
        return line
    kept = tuple((name, value) for name, value in line.factory_args if name not in NORM)
    line = replace(line, batch_size=max(1, round(batch * line.batch_size)), factory_args=kept)
    if share == 1:
        return line
    iterations = max(SHORTEST, round(share * line.iterations))
    share = iterations / line.iterations
    lr, momentum = (_shrunk(schedule, share) for schedule in (line.lr, line.momentum))
    return replace(line, iterations=iterations, lr=lr, momentum=momentum)


def _shrunk(schedule: Schedule, share: float) -> Schedule:
    values = to_json(schedule)
    for name, value in values.items():
        if name in LENGTHS:
            many = isinstance(value, list | tuple)
            values[name] = [round(share * v) for v in value] if many else max(1, round(share * value))
    if values["kind"] == "inv":
        values["gamma"] /= share  # so that the end is the same
    if values["kind"] in ("exp", "exp_range"):
        values["gamma"] **= 1 / share
    if values["kind"] == "one_cycle" and 2 * values["stepsize"] >= values["iterations"]:
        values["stepsize"] = (values["iterations"] - 1) // 2
    return from_json(values)
