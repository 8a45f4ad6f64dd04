"""How long to train: a few short 1cycle runs, their law, and what half and twice the time would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.length_law import (
    SAME,
    Band,
    Law,
    fit,
    lengths_between,
    noise_between,
    speeds_up,
    to_json,
)
from wellbegun.errors import Refused
from wellbegun.search.learning_rate import GENTLE, MARGIN, round_to
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import EVAL_SHARE, Setting
from wellbegun.spec import RunSpec

STEP = "length"
SHARES = (1 / 16, 1 / 8, 1 / 4)  # of the final run
SHORTEST = 60  # iterations of the shortest run: a cycle of fewer is all warm-up
SEEDS = 2  # per length
LEARNT = 0.8  # of the untrained network's loss: runs that end above it follow no law yet
NOISY = 0.05  # seeds that differ by more ask for as many again
REACH = 4.0  # times the longest length measured: no law is trusted further
LOWER, LOWERED = 2.0, 2  # a rate at which a run diverges is divided by this, so many times
MARKS = ("half", "recommended", "twice")


@dataclass(frozen=True, slots=True)
class Common:
    """What all runs have in common."""

    lr_max: float
    momentum: tuple[float, float]
    weight_decay: float


def length(
    setting: Setting, edge: float, momentum: tuple[float, float], decay: float, values: Sequence[float] = ()
) -> Plan[Finding]:
    """How many epochs the final run should have, from 1cycle runs of a few short lengths.

    They differ in nothing but length and seed: two seeds or, where those differ by more than 5 %, four. The
    validation loss at their end gives a law (``length_law``), and the law a length from which twice the time
    lowers the loss by less than seeds differ, or 1 %: what is less than that cannot be seen in the one run
    that will be made. The price of half and of twice that time is told with intervals of 90 %, for the loss,
    and for accuracy by the same law of the error rate. The largest rate lies as far below the coarse edge as
    the main job's first guess; where a run diverges all are made again at half of it.

    Args:
        edge: learning rate at which a coarse ramp becomes unstable.
        momentum: (max, min) of the cycle.
        values: lengths in epochs instead of 1/16, 1/8 and 1/4 of the final run's.

    Raises:
        Refused: runs diverge at every rate, or end results that follow no law: too few, no fall, or a rise.

    Source: arXiv:1803.09820, Remark 4. Choice: everything but the aim, "as long as needed for the best
    result, but no longer"; at most 4 times the longest run, by default the task's own length, as little is
    known beyond.
    """
    epochs = tuple(sorted(values)) or _lengths(setting)
    common = Common(round_to(edge / MARGIN, 2), momentum, decay)
    failed: list[Run] = []
    for _ in range(1 + LOWERED):
        runs: list[Run] = []
        for seeds in (range(setting.seed + n, setting.seed + n + SEEDS) for n in (0, SEEDS)):
            asked = [_spec(setting, common, each, seed) for each in epochs for seed in seeds]
            runs += yield Batch.of(STEP, asked)
            broken = [run for run in runs if run.diverged]
            if broken or _noise(runs, failed) <= NOISY:
                break
        if not broken:
            return _finding(common, runs, failed)
        failed += runs
        common = replace(common, lr_max=round_to(common.lr_max / LOWER, 2))
    raise Refused(
        f"runs of every length must end well, but {len(broken)} of {len(runs)} diverged even with a largest "
        f"learning rate of {common.lr_max * LOWER:.2g}; run 'range-test' first, or give longer runs",
        tuple(failed),
    )


def _lengths(setting: Setting) -> tuple[float, ...]:
    """Shares of the final run, all longer by one factor where the shortest would be too short."""
    longer = max(1.0, SHORTEST / (SHARES[0] * replace(setting, all_data=False).iterations))
    return tuple(round_to(share * longer * setting.epochs, 3) for share in SHARES)


def _spec(setting: Setting, common: Common, epochs: float, seed: int) -> RunSpec:
    """A 1cycle run of that length, judged on all validation data, so that all are judged on the same."""
    of = replace(setting, epochs=epochs, all_data=False, has_test=False)
    spec = of.final(common.lr_max, common.momentum, common.weight_decay)
    every = max(spec.eval_every, round(setting.validation / (EVAL_SHARE * setting.batch_size)))
    return spec.but(seed=seed, eval_every=min(every, spec.iterations), eval_samples=None)


def predicted(law: Law, iterations: float) -> Band:
    """What one run of that length is expected to end at."""
    return law.at(iterations, one_run=True)


def _finding(common: Common, runs: Sequence[Run], failed: Sequence[Run]) -> Finding:
    losses = _ends(runs, "val_loss")
    try:
        _check_learnt(runs, losses)
        law = fit(losses)
    except Refused as refused:
        raise Refused(str(refused), (*failed, *runs)) from refused
    errors = _errors(runs)
    least = max(SAME, law.noise)
    candidates = lengths_between(min(losses), REACH * max(losses))
    enough = law.enough(candidates, least)
    per_epoch = runs[0].spec.iterations / _epochs(runs[0])
    epochs = round_to(enough.middle / per_epoch, 2)
    chosen = epochs * per_epoch
    marks = dict(zip(MARKS, (chosen / 2, chosen, 2 * chosen), strict=True))
    prices = {name: _price(law, errors, chosen, n, per_epoch) for name, n in marks.items()}
    found = {
        "least": least, "open": -law.change(chosen, 2 * chosen).middle >= least, "prices": prices,
        "failed": [sum(run.diverged for run in failed), len(failed)], "noise": law.noise,
        "floorless": law.floorless, "speeds_up": speeds_up(losses),
    }  # fmt: skip
    choice = {"epochs": epochs, "iterations": round(chosen), "lr_max": common.lr_max}
    choice["lr_constant"] = round_to(common.lr_max / GENTLE, 2)  # for who keeps a constant or stepped rate
    return Finding(
        STEP, choice, _reason(common, losses, per_epoch, found),
        (*failed, *runs),
        (round_to(enough.low / per_epoch, 2), round_to(enough.high / per_epoch, 2)),
        details={
            **found, "lr_max": common.lr_max, "weight_decay": common.weight_decay,
            "momentum": list(common.momentum), "labels": _labels(runs, failed),
            "scores": {_label(run): float(run.curve.val_loss[-1]) for run in runs},
            "figure": {**_figure(law, losses, marks, per_epoch), "instead": True},
        },
        section="4.2, Remark 4",
    )  # fmt: skip


def _check_learnt(runs: Sequence[Run], losses: Mapping[float, Sequence[float]]) -> None:
    shortest = min(losses)
    untrained, end = float(runs[0].curve.val_loss[0]), float(np.mean(losses[shortest]))
    if not end < LEARNT * untrained:
        raise Refused(
            f"the shortest runs must have begun to learn: below {LEARNT:.0%} of the untrained network's "
            f"{untrained:.4g}, got {end:.4g} after {shortest:g} iterations; give longer ones"
        )


def _noise(runs: Sequence[Run], failed: Sequence[Run]) -> float:
    try:
        return noise_between(_ends(runs, "val_loss"))
    except Refused as refused:
        raise Refused(str(refused), (*failed, *runs)) from refused


def _ends(runs: Sequence[Run], column: str) -> dict[float, list[float]]:
    """Iterations -> what was measured after the last update, one value per run and repeat."""
    ends: dict[float, list[float]] = {}
    for run in runs:
        for one in run.singles:
            ends.setdefault(float(run.spec.iterations), []).append(float(one.curve.columns()[column][-1]))
    return ends


def _errors(runs: Sequence[Run]) -> Law | None:
    """The law of the error rate; None where accuracy is not measured, perfect, or follows none."""
    ends = _ends(runs, "val_accuracy")
    try:
        return fit({n: [1 - accuracy for accuracy in each] for n, each in ends.items()})
    except Refused:
        return None


def _price(law: Law, errors: Law | None, chosen: float, n: float, per_epoch: float) -> dict[str, Any]:
    """What a run of n iterations should come to, and how that differs from the chosen length."""
    bands = {"val_loss": law.at(n, one_run=True), "val_loss_change": law.change(chosen, n)}
    if errors is not None:
        error = errors.at(n, one_run=True)
        bands["val_accuracy"] = Band(1 - error.high, 1 - error.middle, 1 - error.low)
        at, relative = errors.at(chosen).middle, errors.change(chosen, n)
        low, middle, high = (
            at * float(np.expm1(each)) for each in (relative.low, relative.middle, relative.high)
        )
        bands["val_accuracy_change"] = Band(-high, -middle, -low)
    return {"epochs": round_to(n / per_epoch, 3), "iterations": round(n), **to_json(bands)}


def _reason(
    common: Common, losses: Mapping[float, Sequence[float]], per_epoch: float, found: Mapping[str, Any]
) -> str:
    ends = ", ".join(
        f"{n / per_epoch:.3g}: {np.exp(np.mean(np.log(each))):.4g}" for n, each in losses.items()
    )
    prices = found["prices"]
    epochs, twice = prices["recommended"]["epochs"], prices["twice"]["val_loss_change"]
    gain = f"{-np.expm1(twice['middle']):.1%}"
    least = f"{found['least']:.1%}" + (
        ", by which seeds differ" if found["noise"] >= SAME else " (seeds differ by less)"
    )
    parts = [
        f"1cycle runs with lr_max {common.lr_max:g} end at a validation loss of, by epochs, {ends} (seeds "
        f"differ by {found['noise']:.1%})."
    ]
    diverged, tried = found["failed"]
    if tried:
        parts.append(f"Larger rates were given up: {diverged} of {tried} runs diverged there.")
    if found["open"]:
        parts.append(
            f"At {epochs:.3g} epochs, {REACH:g} times the longest of them, twice the time should still lower "
            f"it by {gain}, so longer is better; but no law from such short runs can be trusted further."
        )
    else:
        parts.append(f"From {epochs:.3g} epochs on, twice the time lowers it by less than {least}: {gain}.")
    if found["speeds_up"]:
        parts.append(
            "The loss falls faster from length to length, which no such law does: these runs are too short "
            "for it, and longer ones will gain more than it says."
        )
    parts.append(f"{_said('Half', prices['half'])} {_said('Twice', prices['twice'])}")
    return " ".join(parts)


def _said(name: str, price: Mapping[str, Any]) -> str:
    """The price of another length, as a sentence."""
    low, middle, high = (float(np.expm1(price["val_loss_change"][end])) for end in ("low", "middle", "high"))
    text = f"{name} the time: loss {middle:+.0%} ({low:+.0%} to {high:+.0%})"
    if "val_accuracy_change" in price:
        low, middle, high = (100 * price["val_accuracy_change"][end] for end in ("low", "middle", "high"))
        text += f", accuracy {middle:+.2g} points ({low:+.2g} to {high:+.2g})"
    return text + "."


def _label(run: Run) -> str:
    return f"{_epochs(run):.3g} epochs, seed {run.spec.seed}"


def _epochs(run: Run) -> float:
    """Of one run, where several are read as one: of the one with the batch size that was asked for."""
    return run.singles[0].epochs


def _labels(runs: Sequence[Run], failed: Sequence[Run]) -> dict[str, str]:
    lost = {run.key: f"given up, {_label(run)}, lr_max {_peak(run):.2g}" for run in failed}
    return lost | {run.key: _label(run) for run in runs}


def _peak(run: Run) -> float:
    return float(np.max(run.spec.lr(np.arange(run.spec.iterations))))


def _figure(
    law: Law, losses: Mapping[float, Sequence[float]], marks: Mapping[str, float], per_epoch: float
) -> dict[str, Any]:
    """The points, the law with its band, and the lengths that the reason speaks of."""
    lengths = lengths_between(min(losses), max(*losses, *marks.values()), 4)
    bands = [law.at(n) for n in lengths]
    return {
        "points": [{"epochs": n / per_epoch, "val_loss": list(each)} for n, each in losses.items()],
        "law": {
            "epochs": [n / per_epoch for n in lengths],
            **{end: [getattr(band, end) for band in bands] for end in ("low", "middle", "high")},
        },
        "marks": {
            name: {"epochs": n / per_epoch, **law.at(n, one_run=True).to_json()} for name, n in marks.items()
        },
    }  # fmt: skip
