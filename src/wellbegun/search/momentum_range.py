"""A range test over momentum: why there is no such tool (Sec. 4.3, Fig. 7b)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import course
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.search.learning_rate import round_to
from wellbegun.search.paired import SEEDS, bands, known, rank_correlation, with_seeds
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import EVALUATIONS, STOP_AT, Setting

LOW, HIGH = 0.7, 1.0
SAFE = 20.0  # the constant rate is this far below the edge that was seen at momentum 0.9
LAST = 0.02  # share of the test that is left out: momentum is almost 1 there
AGREE = 0.03  # of momentum: minima of both tests this close are one
ALIKE = 0.9  # rank correlation of momentum and accuracy from which on they rise together


def momentum_range(setting: Setting, lr: float, weight_decay: float) -> Plan[Finding]:
    """The demonstration that a momentum range test finds no optimum; it chooses nothing.

    At a constant learning rate momentum rises in a straight line from 0.7 to 1, and in a second test it takes
    the same values backwards. A test that measured momentum would find the same value both ways.

    Args:
        lr: constant and safe, as momentum close to 1 multiplies every step.

    Source: arXiv:1803.09820, Sec. 4.3, Fig. 7b. Choice: the test backwards; the report has only the one
    upwards.
    """
    length = setting.ramp_iterations
    ways = (LinearRamp(LOW, HIGH, length), LinearRamp(HIGH, LOW, length))
    specs = [setting.spec(length, Constant(lr), way, weight_decay, EVALUATIONS) for way in ways]
    asked = with_seeds([spec.but(limit=STOP_AT) for spec in specs], setting)
    runs = yield Batch.of("momentum range", asked)
    rising, falling = runs[:SEEDS], runs[SEEDS:]
    up, down = _read(rising), _read(falling)
    groups = {"rising 0.7 to 1": rising, "the same values backwards": falling}
    return Finding(
        "momentum range", None, _reason(up, down, lr), tuple(runs),
        details={
            "rising": up, "backwards": down, "lr": lr,
            "labels": {
                run.key: f"{label}, seed {run.spec.seed}" for label, group in groups.items() for run in group
            },
            "table": {
                "columns": ["Momentum", "Lowest val. loss", "at momentum", "Rank correlation with momentum"],
                "rows": [
                    [name, *map(_or_dash, (one["lowest_loss"], one["lowest_at"], one["correlation"]))]
                    for name, one in zip(groups, (up, down), strict=True)
                ],
            },
            "figure": bands(groups, "momentum", "rising 0.7 to 1"),
        },
        section="4.3",
    )  # fmt: skip


def safe_rate(edge: float) -> float:
    """A constant rate that stays below the edge up to a momentum of 1 - 0.1 / SAFE.

    lr / (1 - momentum) is what a weight moves by in the long run; the edge was seen at momentum 0.9.
    """
    return round_to(edge / SAFE, 1)


def _read(runs: Sequence[Run]) -> dict[str, Any]:
    """What a reader of the test would look for: where the loss is lowest, and what rises with momentum."""
    rows = min(len(run.curve) for run in runs)
    whole = runs[0].spec.iterations
    done, momentum = runs[0].curve.iteration[:rows], runs[0].curve.momentum[:rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.exp(np.mean([np.log(run.curve.val_loss[:rows]) for run in runs], axis=0))
    path = course(losses)
    used = np.flatnonzero((done > 0) & (done <= (1 - LAST) * whole))
    path, at, done = path[used], momentum[used], done[used]
    best = int(np.argmin(path))
    quarters = [done <= share * whole for share in (0.25, 0.5, 0.75)]
    accuracy = np.mean([run.curve.val_accuracy[:rows] for run in runs], axis=0)[used]
    signal = accuracy if np.isfinite(accuracy).any() else -path
    return {
        "lowest_at": float(at[best]), "lowest_loss": known(float(np.exp(path[best]))),
        "loss": known(float(np.exp(path[-1]))), "last_momentum": float(at[-1]),
        "quarters": [known(float(np.exp(path[part].min()))) if part.any() else None for part in quarters],
        "falls_to_the_end": bool(all(path[-1] < path[part].min() for part in quarters if part.any())),
        "correlation": known(rank_correlation(at, signal)),
        "with_accuracy": bool(np.isfinite(accuracy).any()), "diverged": sum(run.diverged for run in runs),
    }  # fmt: skip


def _reason(up: dict[str, Any], down: dict[str, Any], lr: float) -> str:
    signal = "validation accuracy" if up["with_accuracy"] else "the falling validation loss"
    quarters = ", ".join("–" if loss is None else f"{loss:.4g}" for loss in up["quarters"])
    parts = [
        f"While momentum rises from {LOW:g} to {HIGH:g} at a constant learning rate of {lr:g}, validation "
        f"loss goes down to {up['lowest_loss']:.4g} at momentum {up['lowest_at']:.3f} (lowest in the first "
        f"quarter, half and three quarters: {quarters})"
        + (f", and {signal} rises with it (rank correlation {up['correlation']:.2f})." if _rises(up) else ".")
    ]
    if up["falls_to_the_end"]:
        parts.append("There is no minimum inside that could be an optimum: the last value is the best.")
    elif abs(up["lowest_at"] - down["lowest_at"]) <= AGREE:
        parts.append(
            f"Backwards it is lowest at {down['lowest_at']:.3f} as well: against the report, both ways "
            "agree. Separate runs are the better evidence: a momentum that moves acts on what comes after."
        )
        return " ".join(parts)
    else:
        parts.append(
            f"From there on it goes to {_or_dash(up['loss'])}: training breaks down, which is an edge of "
            "this rate and no optimum."
        )
    parts.append(
        f"The same values backwards are best at momentum {down['lowest_at']:.3f} with a loss of "
        f"{_or_dash(down['lowest_loss'])}: what lowers the loss is mostly that training goes on, whichever "
        "way momentum moves. So momentum is chosen from separate runs, and there is no tool for this test."
    )
    return " ".join(parts)


def _rises(found: dict[str, Any]) -> bool:
    return found["correlation"] is not None and found["correlation"] > ALIKE


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
