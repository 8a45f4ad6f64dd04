"""The cycle's smallest rate by the third rule: the largest of a few that begins to converge (Sec. 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import LEARNED
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.errors import Refused
from wellbegun.schedules.constant import Constant
from wellbegun.search.learning_rate import round_to
from wellbegun.search.paired import SEEDS, bands, known, with_seeds
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import EVALUATIONS, Setting

DIVISORS = (3.0, 5.0, 10.0, 20.0, 50.0)  # of lr_max
ONE_CYCLE, SEVERAL = (10.0, 20.0), (3.0, 4.0)  # divisors of the first two rules


@dataclass(frozen=True, slots=True)
class Start:
    """One starting rate, its runs, and what speaks against it."""

    lr: float
    runs: tuple[Run, ...]
    faults: tuple[str, ...]  # one per run; "" where the run begins well

    @property
    def label(self) -> str:
        return f"lr {self.lr:g}"

    @property
    def is_good(self) -> bool:
        return not any(self.faults)

    def loss(self) -> float:
        """Mean over the seeds of the smoothed validation loss at the end, geometric; NaN where one broke."""
        if any(run.diverged for run in self.runs):
            return float("nan")
        return float(np.exp(np.mean([course(run.curve.val_loss)[-1] for run in self.runs])))

    def verdict(self) -> str:
        bad = [fault for fault in self.faults if fault]
        if not bad:
            return "begins well"
        kinds = " or ".join(dict.fromkeys(bad))
        return kinds if len(bad) == len(self.runs) else f"{kinds} with {len(bad)} of {len(self.runs)} seeds"


def lr_min(
    setting: Setting, lr_max: float, momentum: float, weight_decay: float, values: Sequence[float] = ()
) -> Plan[Finding]:
    """The rate at which the cycle begins, from short runs at constant rates.

    The largest rate at which the loss falls by 5 % with every seed and the diagnosis sees neither overfitting
    nor instability. The first two rules stand beside it.

    Args:
        lr_max: safe, found by range tests.
        momentum: the cycle's largest, with which it begins.
        values: rates to try; by default lr_max / 3, 5, 10, 20 and 50.

    Raises:
        Refused: no rate begins well.

    Source: arXiv:1803.09820, Sec. 4.1: the third of three rules. Choice: runs as long as a range test, three
    seeds, all of which must agree; the report reads one curve each by eye.
    """
    rates = sorted(values or (round_to(lr_max / divisor, 2) for divisor in DIVISORS), reverse=True)
    length = setting.ramp_iterations
    specs = [
        setting.spec(length, Constant(rate), Constant(momentum), weight_decay, EVALUATIONS) for rate in rates
    ]
    runs = yield Batch.of("smallest learning rate", with_seeds(specs, setting))
    groups = [tuple(runs[i * SEEDS : (i + 1) * SEEDS]) for i in range(len(rates))]
    starts = [Start(rate, group, tuple(map(fault, group))) for rate, group in zip(rates, groups, strict=True)]
    good = [start for start in starts if start.is_good]
    if not good:
        said = "; ".join(f"{start.lr:g}: {start.verdict()}" for start in starts)
        raise Refused(
            f"a starting rate must begin to converge with every seed, none of these does: {said}; "
            "give other rates, or a longer run (more epochs)",
            tuple(runs),
        )
    return _finding(starts, good[0], lr_max)


def fault(run: Run) -> str:
    """What speaks against a run's rate as the beginning of a cycle; "" if nothing does."""
    if run.diverged:
        return "diverges"
    labels = [clue.label for clue in diagnose(run.curve).clues]
    if "instability" in labels:
        return "unstable"
    path = course(run.curve.val_loss)
    if not path.min() < np.log(LEARNED * run.curve.val_loss[0]):
        return "does not begin to converge"
    for label, word in (("overfitting", "overfits early"), ("rising_both", "both losses rise")):
        if label in labels:
            return word
    return ""


def _finding(starts: Sequence[Start], chosen: Start, lr_max: float) -> Finding:
    runs = tuple(run for start in starts for run in start.runs)
    return Finding(
        "smallest learning rate", {"lr_min": chosen.lr}, _reason(starts, chosen, lr_max), runs,
        details={
            "scores": {start.label: _row(start) for start in starts}, "lr_max": lr_max,
            "rules": {
                "one cycle": [lr_max / divisor for divisor in ONE_CYCLE],
                "several cycles": [lr_max / divisor for divisor in SEVERAL],
            },
            "labels": {
                run.key: f"{start.label}, seed {run.spec.seed}" for start in starts for run in start.runs
            },
            "table": {
                "columns": ["Constant rate", "Val. loss at the end", "What the runs show"],
                "rows": [
                    [start.label, "–" if np.isnan(start.loss()) else f"{start.loss():.4g}", start.verdict()]
                    for start in starts
                ],
                "won": chosen.label,
            },
            "figure": bands({start.label: start.runs for start in starts}, "iteration", chosen.label),
        },
        section="4.1",
    )  # fmt: skip


def _row(start: Start) -> dict[str, Any]:
    return {"lr": start.lr, "loss": known(start.loss()), "good": start.is_good, "verdict": start.verdict()}


def _reason(starts: Sequence[Start], chosen: Start, lr_max: float) -> str:
    length, seeds = starts[0].runs[0].spec.iterations, len(starts[0].runs)
    said = ", ".join(
        f"{start.lr:g}: {start.verdict()}" + (f" ({start.loss():.4g})" if np.isfinite(start.loss()) else "")
        for start in starts
    )
    larger = [start for start in starts if start.lr > chosen.lr]
    largest = (
        f"{chosen.lr:g} is the largest that begins well"
        if larger
        else f"{chosen.lr:g}, the largest of them, begins well: even larger ones may"
    )
    one, several = [f"{lr_max / d:.2g}" for d in ONE_CYCLE], [f"{lr_max / d:.2g}" for d in SEVERAL]
    return (
        f"Runs of {length} iterations at constant rates, {seeds} seeds each, with the validation loss at "
        f"their end: {said}. {largest}; lr_max is {lr_max:g}. The first two rules: a tenth to a twentieth of "
        f"lr_max for one cycle ({one[0]} to {one[1]}), a third or a quarter for several ({several[0]} or "
        f"{several[1]})."
    )
