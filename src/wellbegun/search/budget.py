"""A budget for the whole checklist: what fits into it, told beforehand, and the final run from what is left.

Costs follow from stored runs alone, a measured one first, so that a stopped job goes on with the same plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wellbegun.curve import Run
from wellbegun.errors import Refused
from wellbegun.search import throughput
from wellbegun.search.plan import Batch, Cost, Finding, Plan
from wellbegun.search.setting import EVAL_SHARE, FINAL_EVALUATIONS, Setting

STEP = "budget"
UNITS = {"s": ("seconds", 1.0), "min": ("seconds", 60.0), "h": ("seconds", 3600.0), "ep": ("epochs", 1.0),
         "it": ("iterations", 1.0)}  # fmt: skip
PROBE = 24  # updates of the measured run
SEARCH = 0.55  # largest share of the budget that goes to the search
LOOK = 190  # updates of the coarse look, its repeats included
CYCLES = 8  # short cycles that look on where training forgives large rates, about
RAMP = (40, 300)  # shortest and longest ramp
RAMPS = {"momentum": 4, "weight decay": 5, "usual settings": 3}  # of a step, about
ENOUGH = 30  # updates of a final run that is worth the name
CLOSING = 4.0  # seconds to draw the report


@dataclass(frozen=True, slots=True)
class Budget:
    """How much the whole job may cost."""

    amount: float
    unit: str  # "seconds", "epochs" or "iterations"
    text: str  # as it was given

    @classmethod
    def parse(cls, text: str) -> Budget:
        """``10min``, ``90s``, ``1.5h``, ``5ep`` or ``2000it``.

        Raises:
            ValueError: it is none of these, or not above 0.
        """
        found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-z]+)\s*", text.lower())
        if not found or found[2] not in UNITS or not float(found[1]) > 0:
            raise ValueError(
                f"a budget is a positive number with a unit of {', '.join(UNITS)}, got {text!r}; try 10min"
            )
        unit, factor = UNITS[found[2]]
        return cls(float(found[1]) * factor, unit, text.strip())

    def spent(self, cost: Cost) -> float:
        """That cost in the budget's unit."""
        return float(getattr(cost, self.unit))


@dataclass(frozen=True, slots=True)
class Course:
    """Which steps of the checklist are run, and with how many range tests."""

    momentum: bool = True
    weight_decay: bool = True
    seeds: int = 3  # further range tests for lr_max; 0 takes it from the coarse look
    usual: bool = True  # the comparison with the usual settings

    def ramps(self) -> int:
        """Linear ramps, and cycles as long as one, that the steps need, about."""
        steps = RAMPS["momentum"] * self.momentum + RAMPS["weight decay"] * self.weight_decay
        steps += RAMPS["usual settings"] * self.usual
        return steps + self.seeds + (self.seeds > 0 and not self.weight_decay)

    def left_out(self) -> tuple[str, ...]:
        """What a reader misses, in words."""
        missing = [("the momentum search (0.95 to 0.85 taken)", self.momentum)]
        missing.append(("the weight-decay search (the middle of its grid taken)", self.weight_decay))
        missing.append(("the comparison with the usual settings", self.usual))
        words = [name for name, there in missing if not there]
        if self.seeds == 0:
            return (*words, "all linear range tests (lr_max from the coarse look alone)")
        few = f"{FULL.seeds - self.seeds} of {FULL.seeds} further seeds of the range test"
        return (*words, few) if self.seeds < FULL.seeds else tuple(words)


FULL = Course()
COURSES = (
    FULL,
    Course(usual=False),
    Course(momentum=False, usual=False),
    Course(False, False, usual=False),
    Course(False, False, 2, usual=False),
    Course(False, False, 0, usual=False),
)
"""From the whole checklist to the least, in the order in which steps are given up."""


@dataclass(frozen=True)
class Fit:
    """A course that fits, its setting, and how the final run's length follows from what is left."""

    budget: Budget
    course: Course
    setting: Setting
    finding: Finding
    probe: Run | None  # None where nothing has to be measured

    def final_iterations(self, runs: Sequence[Run]) -> int:
        """Updates that the rest of the budget pays for, the final evaluation and the report included.

        Args:
            runs: everything that was trained so far.
        """
        left = self.budget.amount - self.budget.spent(Cost.of(runs))
        if self.probe is None:
            per_update = _per_update(self.budget, self.setting)
            return max(ENOUGH, int(left / per_update))
        last = {name: float(column[-1]) for name, column in self.probe.curve.metrics.items()}
        left -= last.get("begun", 0.0) + (len(runs) + 1) * last.get("build", 0.0) + CLOSING
        speed = _Speed.of([run for run in runs if not run.spec.host], self.setting.validation)
        return max(ENOUGH, speed.updates(left, self.setting))


@dataclass(frozen=True, slots=True)
class _Speed:
    """Seconds per update and per evaluated sample, from runs of one batch size."""

    update: float
    evaluated: float

    @classmethod
    def of(cls, runs: Sequence[Run], validation: int) -> _Speed:
        training = sum(run.seconds - run.eval_seconds for run in runs)
        samples = sum(len(run.curve) * (run.spec.eval_samples or validation) for run in runs)
        evaluation = sum(run.eval_seconds for run in runs)
        return cls(training / sum(run.iterations for run in runs), evaluation / max(1, samples))

    def updates(self, seconds: float, setting: Setting) -> int:
        """The length of a final run that takes so many seconds, evaluations and the test included.

        It evaluates ``FINAL_EVALUATIONS`` times, on all validation data or as many samples as the share of
        evaluation allows.
        """
        left = seconds - self.evaluated * setting.test_samples
        whole = (FINAL_EVALUATIONS + 1) * setting.validation
        share = EVAL_SHARE * setting.batch_size  # samples evaluated per update, at most
        capped = (left - self.evaluated * whole) / self.update
        return int(capped if share * capped >= whole else left / (self.update + self.evaluated * share))


def fit(setting: Setting, budget: Budget) -> Plan[Fit]:
    """The largest course whose search takes at most about half of the budget.

    Raises:
        Refused: not even the least course leaves a final run.
    """
    probe = None
    if budget.unit == "seconds":
        (probe,) = yield Batch.of(STEP, [throughput.probe(setting, setting.batch_size, PROBE, 0)])
        if not len(probe.curve):
            raise Refused(f"a batch must fit into memory to be measured, {probe.ended}; take a smaller one")
    total = _updates(budget, setting, probe)
    for course in COURSES:
        ramp = min(RAMP[1], max(RAMP[0], round(0.07 * total * (1 - SEARCH))))
        looked = LOOK + (CYCLES * ramp if setting.forgiving else 0)
        search = looked + course.ramps() * ramp
        if search <= SEARCH * total:
            break
    final = round(total - search)
    if final < ENOUGH:
        least = looked + ENOUGH
        raise Refused(
            f"a budget must pay for at least about {least} updates, got {budget.text}, which pays for "
            f"{total:.0f}; raise it", (probe,) if probe else (),
        )  # fmt: skip
    epochs = final * setting.batch_size / setting.samples
    planned = replace(setting, length=ramp, total=final, epochs=epochs)
    finding = Finding(
        STEP, None, _told(budget, course, total, search, final), (probe,) if probe else (),
        details={"search": search, "final": final, "left_out": list(course.left_out())},
    )  # fmt: skip
    return Fit(budget, course, planned, finding, probe)


def _updates(budget: Budget, setting: Setting, probe: Run | None) -> float:
    """How many updates the budget pays for, as far as it can be known beforehand."""
    if probe is None:
        return budget.amount / _per_update(budget, setting)
    last = {name: float(column[-1]) for name, column in probe.curve.metrics.items()}
    left = budget.amount - last.get("begun", 0.0) - CLOSING - 8 * last.get("build", 0.0)
    return max(0.0, left / (1.1 * throughput.slope(probe)))  # a tenth for evaluations


def _per_update(budget: Budget, setting: Setting) -> float:
    return 1.0 if budget.unit == "iterations" else setting.batch_size / setting.samples


def _told(budget: Budget, course: Course, total: float, search: float, final: float) -> str:
    parts = ["the coarse look", *(["four momentum ramps"] if course.momentum else [])]
    parts += ["about five weight-decay ramps"] if course.weight_decay else []
    parts += [f"{course.seeds} further range tests"] if course.seeds else []
    parts += ["a few short cycles"] if course.usual else []
    missing = course.left_out()
    left = f" Left out: {'; '.join(missing)}." if missing else " Nothing is left out."
    return (
        f"{budget.text} pays for about {total:.0f} updates: {search:.0f} for {', '.join(parts)}, and about "
        f"{final:.0f} for the final run, whose length is set last, from what is left.{left}"
    )


def reckoning(plan: Fit, runs: Sequence[Run]) -> str:
    """The sentence about what was kept, once everything has run."""
    budget, spent = plan.budget, plan.budget.spent(Cost.of(runs))
    if plan.probe is not None:
        last = {name: float(column[-1]) for name, column in plan.probe.curve.metrics.items()}
        spent += last.get("begun", 0.0) + len(runs) * last.get("build", 0.0)
    missing = "; ".join(plan.course.left_out()) or "nothing"
    unit = "s" if budget.unit == "seconds" else budget.unit
    return (
        f"Of the budget of {budget.text}, {spent / budget.amount:.0%} was spent ({spent:.4g} {unit}"
        f"{', start included, the report not' if plan.probe else ''}); left out: {missing}."
    )
