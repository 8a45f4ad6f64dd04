"""Sec. 5's checklist in order, and the Recommendation that comes out of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from wellbegun.curve import Run
from wellbegun.errors import Refused
from wellbegun.search import learning_rate, magnitude
from wellbegun.search.batch_size import batch_size
from wellbegun.search.budget import FULL, Budget, Course, fit, reckoning
from wellbegun.search.final_run import final_run
from wellbegun.search.first_ramps import blind, fitted
from wellbegun.search.learning_rate import HEADROOM, MARGIN, SLOWER
from wellbegun.search.length import length
from wellbegun.search.momentum import CANDIDATES, usual_cycle
from wellbegun.search.plan import Finding, Plan, announce, tallied
from wellbegun.search.ramp_speed import ramp_speed
from wellbegun.search.recommendation import Recommendation
from wellbegun.search.setting import COARSE_ITERATIONS, Setting
from wellbegun.search.usual import USUAL, Cycle, untuned, usual
from wellbegun.search.weight_decay import middle, weight_decay

ALSO = ("batch-size", "length")  # steps that are made when they are asked for


def planned(setting: Setting, final: bool = True) -> dict[str, tuple[int, int]]:
    """Step -> (runs, iterations) that the recipe expects to need.

    For a progress bar, before anything has run.
    """
    ramp = setting.ramp_iterations
    where = (
        {learning_rate.STEP: (1, COARSE_ITERATIONS), magnitude.STEP: (7, 7 * ramp)}
        if setting.forgiving
        else {learning_rate.STEP: (3, 2 * COARSE_ITERATIONS)}
    )
    steps = where | {
        "momentum": (len(CANDIDATES), len(CANDIDATES) * ramp),
        "weight decay": (4, 4 * ramp),
        "learning rate": (FULL.seeds, FULL.seeds * ramp),
        "usual settings": (2, 2 * ramp),
    }
    return steps | ({"final run": (1, setting.iterations)} if final else {})


def recipe(
    setting: Setting, *, final: bool = True, budget: Budget | None = None, also: Collection[str] = ()
) -> Plan[Recommendation]:
    """The checklist.

    Where to look, momentum, weight decay, the learning rate's bounds, then the final 1cycle run; where that
    one overfits, whole runs with more weight decay.

    Args:
        budget: what all of it together may cost; steps are left out until it fits, and the final run takes
            what is left.
        also: further steps, of ``ALSO``: "batch-size" before everything else, "length" before the final run.

    Raises:
        ValueError: an unknown further step, or one beside a budget, which plans its own.

    Source: arXiv:1803.09820, Sec. 5. Choice: the order (the report names learning rate, batch size, momentum,
    decay as a list, and its combined tests answer several at once); the batch size stays the task's unless
    its step is asked for.
    """
    if unknown := sorted(set(also) - set(ALSO)):
        raise ValueError(f"a further step is one of {', '.join(ALSO)}, got {', '.join(unknown)}")
    if budget is not None:
        if also:
            raise ValueError(
                f"a budget plans its own steps, got also {', '.join(also)}; leave one of them out"
            )
        return (yield from _budgeted(setting, budget, final))
    before: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    if "batch-size" in also:
        before, setting, notes = yield from _sized(setting)
    found = yield from _searched(setting, FULL)
    found = replace(found, findings=(*before, *found.findings), notes=(*notes, *found.notes))
    if "length" in also:
        found, setting = yield from _timed(setting, found)
    if not final:
        return found
    return (yield from announce(found.findings[-1], final_run(setting, found, correct=not setting.all_data)))


def _worth_it(setting: Setting, found: Recommendation) -> Plan[Recommendation]:
    """The recommendation beside the usual, untuned settings; those themselves where it is beaten."""
    pair = (found.momentum_max, found.momentum_min)
    safe = next((f.details.get("safe") for f in found.findings if f.name == "learning rate"), None)
    finding = yield from usual(setting, Cycle(found.lr_max, pair, found.weight_decay), safe)
    if finding is None:
        return found
    found = replace(found, findings=(*found.findings, finding))
    other = untuned(setting)
    if other is None or finding.choice != USUAL:
        return found
    note = "The usual, untuned settings did better in short runs than the tuned ones: they are recommended."
    return replace(
        found, lr_max=other.lr_max, lr_min=learning_rate.round_to(other.lr_max / 10, 2),
        momentum_max=other.momentum[0], momentum_min=other.momentum[1], weight_decay=other.weight_decay,
        stepsize=setting.cycle(other.lr_max).stepsize, intervals={}, notes=(*found.notes, note),
    )  # fmt: skip


def _sized(setting: Setting) -> Plan[tuple[tuple[Finding, ...], Setting, tuple[str, ...]]]:
    """The batch size first: the finding, the setting with it, and what a change of it means."""
    seen = yield from magnitude.look(setting)
    size = yield from announce(seen, batch_size(setting, seen.choice * HEADROOM, usual_cycle(setting)))
    if size.choice == setting.batch_size:
        return (size,), setting, ()
    epochs = learning_rate.round_to(size.details["final_epochs"], 3)
    note = (
        f"The batch size {size.choice} took the place of {setting.batch_size}, and {epochs:g} epochs that of "
        f"{setting.epochs:g}: as many as it does in the same time."
    )
    return (size,), replace(setting, batch_size=size.choice, epochs=epochs), (note,)


def _timed(setting: Setting, found: Recommendation) -> Plan[tuple[Recommendation, Setting]]:
    """The length of the final run from short ones; a note where they do not tell."""
    edge = found.lr_max * MARGIN
    pair = (found.momentum_max, found.momentum_min)
    try:
        plan = length(setting, edge, pair, found.weight_decay)
        time = yield from announce(found.findings[-1], plan)
    except Refused as refused:
        finding = Finding("length", None, str(refused), refused.runs, section="4.2")
        note = f"The length of the final run stays at {setting.epochs:g} epochs: {refused}."
        return replace(found, findings=(*found.findings, finding), notes=(*found.notes, note)), setting
    setting = replace(setting, epochs=time.choice["epochs"])
    return _lengthened(setting, replace(found, findings=(*found.findings, time))), setting


def _budgeted(setting: Setting, budget: Budget, final: bool) -> Plan[Recommendation]:
    """The steps that fit into a budget, and a final run that takes what is left of it."""
    runs: list[Run] = []
    plan = yield from tallied(fit(setting, budget), runs)
    searched = announce(plan.finding, _searched(plan.setting, plan.course))
    found = yield from tallied(searched, runs)
    updates = plan.final_iterations(list({run.key: run for run in runs}.values()))
    setting = replace(plan.setting, total=updates, epochs=updates * setting.batch_size / setting.samples)
    found = _lengthened(setting, replace(found, findings=(plan.finding, *found.findings)))
    if not final:
        return found
    found = yield from tallied(announce(found.findings[-1], final_run(setting, found, correct=False)), runs)
    once = list({run.key: run for run in runs}.values())
    return replace(found, notes=(*found.notes, reckoning(plan, once)))


def _searched(setting: Setting, course: Course) -> Plan[Recommendation]:
    """The steps of a course in order, and what they recommend."""
    seen = yield from magnitude.look(setting)
    findings, top, pair = [seen], seen.choice * HEADROOM, usual_cycle(setting)
    centre = middle(setting, seen.choice / MARGIN, pair)
    known: list[Run] = []
    others = replace(setting, seed=setting.seed + 1)  # ramps with further seeds say more of the edge
    if course.momentum:
        ramps = yield from announce(seen, fitted(setting, top, centre))
        moment, vain, top, others = ramps.finding, ramps.vain, ramps.top, ramps.next
        setting = replace(others, seed=setting.seed)
        if not setting.forgiving and blind(setting, moment.runs):
            try:
                return (yield from _sighted(setting, course, (*seen.runs, *vain, *moment.runs)))
            except Refused as refused:  # cycles learn no more: the edge at least is safe
                vain += refused.runs
        findings = [_with(seen, vain), moment]
        pair = (moment.choice["max"], moment.choice["min"])
        centre = middle(setting, top / HEADROOM / MARGIN, pair)
        chosen = setting.falling(*pair)
        known += [run for run in moment.runs if run.spec.momentum == chosen and _ends_at(run, top)]
    decay = centre
    if course.weight_decay:
        fade = yield from announce(findings[-1], weight_decay(others, top, pair, centre))
        findings, decay = [*findings, fade], fade.choice
        known += [run for run in fade.runs if run.spec.weight_decay <= decay]
    falling = setting.falling(*pair)
    if course.seeds:
        bounds = learning_rate.bounds(others, top, falling, decay, known, seeds=course.seeds)
        findings.append((yield from announce(findings[-1], bounds)))
    else:
        findings.append(learning_rate.guessed(seen, MARGIN))
    lr_max, notes = findings[-1].choice["lr_max"], tuple[str, ...]()
    if course.seeds and setting.cycle(lr_max).stepsize < setting.ramp_iterations:
        speed = yield from announce(findings[-1], _reachable(setting, lr_max, pair, decay))
        findings, lr_max, notes = [*findings, speed[0]], speed[1], speed[2]
    found = replace(_recommendation(setting, tuple(findings), lr_max, pair, decay), notes=notes)
    return (yield from announce(findings[-1], _worth_it(setting, found))) if course.usual else found


def _sighted(setting: Setting, course: Course, vain: tuple[Run, ...]) -> Plan[Recommendation]:
    """The same steps with short cycles to find the learning rate, after ramps that taught nothing."""
    found = yield from _searched(replace(setting, blind=True), course)
    first, *others = found.findings
    return replace(found, findings=(_with(first, vain), *others))


def _with(finding: Finding, vain: tuple[Run, ...]) -> Finding:
    """The finding with runs that it does not tell of, but that were paid for on its way; each once."""
    return replace(finding, runs=tuple({run.key: run for run in (*finding.runs, *vain)}.values()))


def _ends_at(run: Run, top: float) -> bool:
    return bool(np.isclose(run.spec.lr(run.spec.iterations), top, rtol=0.01))


def _reachable(
    setting: Setting, lr_max: float, pair: tuple[float, float], decay: float
) -> Plan[tuple[Finding, float, tuple[str, ...]]]:
    """A cycle that rises faster than the range tests did: whether it can reach lr_max, else how far.

    Returns:
        The finding, the rate that the cycle can reach, and a warning where that is a smaller one.
    """
    stepsize = setting.cycle(lr_max).stepsize
    try:
        finding = yield from ramp_speed(setting, lr_max, pair, decay)
        shortest = finding.choice["stepsize"]
    except Refused as refused:
        shortest = 2 * stepsize
        finding = Finding(
            "ramp speed", {"stepsize": None, "lr_max": lr_max}, f"{refused}", refused.runs, section="4.1"
        )
    if shortest <= stepsize:
        return finding, lr_max, ()
    lower = learning_rate.round_to(lr_max * (stepsize / shortest) ** SLOWER, 2)
    return finding, lower, (
        f"The cycle rises in {stepsize} iterations, too fast for lr_max = {lr_max:.2g}, which asks for "
        f"{shortest}: lr_max was lowered to {lower:.2g}. Training longer would allow more.",
    )  # fmt: skip


def _lengthened(setting: Setting, found: Recommendation) -> Recommendation:
    """The recommendation for a final run of the setting's length."""
    stepsize = setting.cycle(found.lr_max).stepsize
    return replace(found, iterations=setting.iterations, stepsize=stepsize, epochs=setting.epochs)


def _recommendation(
    setting: Setting, findings: tuple[Finding, ...], lr_max: float, pair: tuple[float, float], decay: float
) -> Recommendation:
    names = {"learning rate": "lr_max", "momentum": "momentum", "weight decay": "weight_decay"}
    intervals = {names[f.name]: f.interval for f in findings if f.interval is not None and f.name in names}
    spec = setting.final(lr_max, pair, decay)
    return Recommendation(
        task_name=setting.task_name, optimizer=setting.optimizer, lr_max=lr_max,
        lr_min=learning_rate.round_to(lr_max / 10, 2), momentum_max=pair[0], momentum_min=pair[1],
        weight_decay=decay, batch_size=setting.batch_size, iterations=spec.iterations,
        stepsize=setting.cycle(lr_max).stepsize, epochs=setting.epochs, findings=findings,
        intervals=intervals, multipliers=setting.multipliers,
        decay_bias_and_norm=setting.decay_bias_and_norm,
    )  # fmt: skip
