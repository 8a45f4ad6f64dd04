"""Weight decay from a snapshot: one run at a middle value, continued with several (Fig. 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from wellbegun.curve import Curve, Run
from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.errors import Refused
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.search.learning_rate import GENTLE, HEADROOM, MARGIN, round_to
from wellbegun.search.plan import Batch, Cost, Finding, Plan
from wellbegun.search.setting import Setting
from wellbegun.search.weight_decay import FURTHER, Table, filled, settled
from wellbegun.spec import RunSpec

STEP = "weight decay from a snapshot"
KINDS = ("ramp", "constant")
BEGIN, END = 0.5, 0.8  # of a range test: where the snapshot is taken, and where the continuations end
LEG_EVALUATIONS = 10  # per leg at a constant rate
FEWEST_LEGS = 4  # that a run at a constant rate may take to its plateau, however short the final run
SETTLED = 0.25  # of the run so far must be level before it counts as a plateau
LEARNT = 0.8  # of the untrained network's loss: what is level above that has not begun to learn
SHARE = 0.25  # continuations at a constant rate are so long, of the run up to the snapshot
LOWER, LOWERED = 2.0, 2  # a rate at which the parent fails is divided by this, so many times
LEVEL = ("plateau", "overfitting")  # a rise of the validation loss comes after its plateau, not before


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state to continue from, and the continuation that only goes on as before."""

    parents: tuple[Run, ...]  # one run in legs, each the continuation of the one before
    rest: RunSpec  # with the parent's weight decay
    why: str  # half a sentence: where the snapshot was taken
    keep: bool = False  # the ends of the continuations, too

    @property
    def at(self) -> int:
        """Updates done up to the snapshot."""
        return sum(run.iterations for run in self.parents)

    def question(self, decays: Sequence[float]) -> Batch:
        """The continuations with some decays."""
        kept = (self.rest.iterations,) if self.keep else ()
        return Batch.of(STEP, [self.rest.but(weight_decay=value) for value in decays], keep=kept)


def snapshot(
    setting: Setting,
    top: float,
    momentum: tuple[float, float],
    centre: float,
    values: Sequence[float] = (),
    kind: str = KINDS[0],
    lr: float | None = None,
) -> Plan[Finding]:
    """The weight decay, from continuations of one run that differ in nothing else.

    The run is made once, with the grid's middle value; then the same grid, the same steps past its edge or
    between the best two, and the same ties as in the search over whole range tests. All continuations begin
    with the same weights and see the same data in the same order, so that a bump is common to all: they are
    compared to their end. A value that beats the middle must beat it from other snapshots, too.

    Args:
        top: where the ramps of the learning rate end.
        momentum: (max, min); falling while the rate rises, the larger one at a constant rate.
        centre: the parent's decay, and the grid's middle.
        values: candidates instead of the grid, compared without a step further.
        kind: "ramp": the parent is the first half of a range test, its continuations go on with the ramp;
            "constant": both at one rate, the parent until its validation loss is level.
        lr: that rate; by default ``top`` / (HEADROOM MARGIN GENTLE).

    Raises:
        Refused: the parent diverges at every rate, or comes to no plateau within the length of the final run.

    Source: arXiv:1803.09820, Sec. 4.4, Fig. 12a (constant), 12b (ramp). Choice: ramp by default, as a plateau
    takes longer than whole range tests; where snapshots are taken, and how long continuations are.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    steady = kind == "constant"
    if steady:
        lr = lr or round_to(top / (HEADROOM * MARGIN * GENTLE), 1)
        first = yield from _level(setting, lr, momentum[0], centre)
    else:
        first = yield from _halfway(setting, top, momentum, centre)
    table = yield from filled(centre, values, first.question, calm=False)
    best, shots = table.chosen(), [first]
    if best != table.centre and steady:
        shots += _later(first, table.runs[table.centre])
    elif best != table.centre:
        shots += yield from _halfway_again(setting, first, FURTHER)
    asked = [spec for shot in shots[1:] for spec in shot.question((best, table.centre))]
    again = (yield Batch.of(STEP, asked)) if asked else []
    return _finding(table, shots, list(zip(again[::2], again[1::2], strict=True)))


def _halfway(setting: Setting, top: float, momentum: tuple[float, float], decay: float) -> Plan[Snapshot]:
    """Half a range test; lower where it diverges before that."""
    failed: list[Run] = []
    for _ in range(1 + LOWERED):
        whole = setting.ramp(top, setting.falling(*momentum), decay)
        at, end = (_row(whole, share * whole.iterations) for share in (BEGIN, END))
        parent = whole.but(iterations=at)
        (run,) = yield Batch.of(STEP, [parent], keep=(at,))
        if not run.diverged:
            rest = parent.but(
                iterations=end - at, start=(run.key, at), lr=_tail(whole.lr, at, end),
                momentum=_tail(whole.momentum, at, end),
            )  # fmt: skip
            why = (
                f"half a range test at weight decay {decay:g}, up to a learning rate of {whole.lr(at):.2g}, "
                f"continued to {whole.lr(end):.2g}"
            )
            return Snapshot((run,), rest, why)
        failed.append(run)
        top /= LOWER
    raise Refused(
        f"half a range test must not diverge before its snapshot, but {len(failed)} did, down to one that "
        f"ends at a learning rate of {top * LOWER:.2g}; run 'search weight-decay', or give a smaller range",
        tuple(failed),
    )


def _halfway_again(setting: Setting, first: Snapshot, times: int) -> Plan[list[Snapshot]]:
    """The same half of a range test with other seeds, as far as they do not diverge."""
    at = first.at
    specs = [first.parents[0].spec.but(seed=setting.seed + number) for number in range(1, 1 + times)]
    runs = yield Batch.of(STEP, specs, keep=(at,))
    return [
        Snapshot((run,), first.rest.but(seed=run.spec.seed, start=(run.key, at)), first.why)
        for run in runs
        if not run.diverged
    ]


def _level(setting: Setting, lr: float, momentum: float, decay: float) -> Plan[Snapshot]:
    """A run at one rate, leg by leg, until the diagnosis finds its validation loss level."""
    leg, failed = setting.ramp_iterations, []
    most = max(FEWEST_LEGS, setting.iterations // leg)
    for _ in range(1 + LOWERED):
        spec = setting.spec(leg, Constant(lr), Constant(momentum), decay, LEG_EVALUATIONS)
        legs: list[Run] = []
        while len(legs) < most:
            asked = spec.but(start=(legs[-1].key, leg)) if legs else spec
            legs += yield Batch.of(STEP, [asked], keep=(leg,))
            state = _state(legs)
            if state:
                break
        if state in LEVEL:
            return _from_level(tuple(legs), lr, decay, state)
        failed += legs
        if not state:
            break
        lr = round_to(lr / LOWER, 1)
    said = (
        f"unstable down to a learning rate of {lr * LOWER:.2g}" if state else f"still descending at {lr:.2g}"
    )
    raise Refused(
        f"a snapshot is taken where the validation loss is level, but after {leg * len(legs)} iterations "
        f"at weight decay {decay:g} it is {said}; take half a range test instead (kind 'ramp')",
        tuple(failed),
    )


def _state(legs: Sequence[Run]) -> str:
    """What a run at one rate ends in, where that says that more legs are of no use; "" otherwise."""
    if legs[-1].diverged:
        return "diverged"
    curve = joined(legs)
    if not curve.val_loss[-1] < LEARNT * curve.val_loss[0]:
        return ""
    clue = diagnose(curve).clues[-1:]
    long = bool(clue) and clue[0].end - clue[0].start >= SETTLED * float(curve.iteration[-1])
    return clue[0].label if long and clue[0].label != "descending" else ""


def _from_level(legs: tuple[Run, ...], lr: float, decay: float, state: str) -> Snapshot:
    leg, done = legs[-1].spec.iterations, sum(run.iterations for run in legs)
    spec = legs[-1].spec
    rest = spec.but(start=(legs[-1].key, leg), iterations=_row(spec, max(leg, SHARE * done)))
    seen = "is level" if state == "plateau" else "rises again after its plateau"
    why = (
        f"a run at weight decay {decay:g} and a constant learning rate of {lr:g}, whose validation loss "
        f"{seen} after {done} iterations"
    )
    return Snapshot(legs, rest, why, keep=True)


def _later(first: Snapshot, middle: Run) -> list[Snapshot]:
    """The end of the continuation with the middle value: from there on it sees other data."""
    if middle.diverged:
        return []
    rest = first.rest.but(start=(middle.key, middle.iterations))
    return [Snapshot((*first.parents, middle), rest, first.why)]


def _row(spec: RunSpec, iterations: float) -> int:
    """The evaluation next to so many iterations, not the first."""
    return spec.eval_every * max(1, round(iterations / spec.eval_every))


def _tail(whole: Any, begin: int, end: int) -> LinearRamp:
    """The values of a straight line from one update on to another."""
    return LinearRamp(float(whole(begin)), float(whole(end - 1)), end - begin)


def joined(legs: Sequence[Run]) -> Curve:
    """The curve of a run that was made in legs; a leg's first row is the last of the one before."""
    done, columns = 0, [dict(legs[0].curve.columns())]
    for before, leg in pairwise(legs):
        done += before.spec.iterations
        rows = {name: column[1:] for name, column in leg.curve.columns().items()}
        columns.append({**rows, "iteration": rows["iteration"] + done})
    return Curve.of({name: np.concatenate([part[name] for part in columns]) for name in columns[0]})


def _finding(table: Table, shots: Sequence[Snapshot], again: Sequence[tuple[Run, Run]]) -> Finding:
    first, tried = shots[0], list(table.runs.values())
    choice, interval, said = settled(table, again, "further snapshots")
    parents = list({run.key: run for shot in shots for run in shot.parents}.values())
    pairs = [run for pair in again for run in pair]
    runs = (*parents, *tried, *pairs)
    spent = Cost.of(runs).iterations
    alone = sum(first.at + run.iterations for run in tried) + sum(
        shot.at + run.iterations for shot, pair in zip(shots[1:], again, strict=True) for run in pair
    )
    several = len(first.parents) > 1
    labels = {run.key: f"parent, part {n}" if several else "parent" for n, run in enumerate(parents, 1)}
    labels |= {run.key: f"{run.spec.weight_decay:g} again" for run in pairs}
    labels |= {run.key: f"{value:g}" for value, run in table.runs.items()}
    return Finding(
        STEP, choice,
        f"Snapshot of {first.why}. Validation loss of the continuations over the same iterations, at weight "
        f"decay {said} {spent} iterations instead of {alone} for separate runs of that length "
        f"({spent / alone:.0%}).",
        runs, interval,
        details={
            "scores": table.to_json(), "labels": labels, "winner": table.runs[choice].key,
            "iterations": spent, "separate": alone, "share": spent / alone, "snapshot": first.at,
            "figure": {**_figure(first, table, choice), "instead": True},
        },
        section="4.4",
    )  # fmt: skip


def _figure(shot: Snapshot, table: Table, choice: float) -> dict[str, Any]:
    """The parent's curve and those of the continuations, on one clock."""
    return {
        "snapshot": shot.at,
        "parent": {"weight_decay": shot.rest.weight_decay, **_columns(joined(shot.parents), 0)},
        "continuations": [
            {"weight_decay": value, "chosen": value == choice, **_columns(run.curve, shot.at)}
            for value, run in table.runs.items()
        ],
    }


def _columns(curve: Curve, offset: int) -> dict[str, list[Any]]:
    columns = curve.to_json()
    return {"iteration": [row + offset for row in columns["iteration"]], "val_loss": columns["val_loss"]}


def compared(plan: Plan[Finding], grid: Plan[Finding]) -> Plan[Finding]:
    """The finding of ``plan``, with what the search over whole range tests says, and what each took."""
    found = yield from plan
    whole = yield from grid
    spent, full = found.cost.iterations, whole.cost.iterations
    low, high = whole.interval or (whole.choice, whole.choice)
    tie = "" if low == high else f" (as good: {low:g} to {high:g})"
    same = found.choice == whole.choice
    agree = "the same" if same else ("as good" if low <= found.choice <= high else "another")
    reason = (
        f"{found.reason} The whole grid of range tests chooses {whole.choice:g}{tie}, {agree}; its {full} "
        f"iterations compare with {spent} here ({spent / full:.0%})."
    )
    details = {**found.details, "grid": whole.to_json(), "agree": same, "share_of_grid": spent / full}
    return replace(found, reason=reason, details=details)
