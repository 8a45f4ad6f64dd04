"""Batch size: candidates compared in equal wall-clock time, each with its own learning rate (Sec. 4.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from wellbegun.curve import Run
from wellbegun.errors import Refused
from wellbegun.search import learning_rate
from wellbegun.search.equal_time import Entry, Terms, finding
from wellbegun.search.learning_rate import HEADROOM, edges_of
from wellbegun.search.plan import Batch, Finding, Plan
from wellbegun.search.setting import EVAL_SHARE, Setting
from wellbegun.search.throughput import Speed, final_seconds, throughput
from wellbegun.search.weight_decay import middle

STEP = "batch size"
DOWN, UP = 2, 2  # doublings below and above the task's own size
SEEDS = 2  # 1cycle runs of every candidate
RUNS = 1.0  # what all these runs cost together, in final runs of the task
LEAST = 100  # updates of the largest candidate: fewer rank nothing
PER_EPOCH = 20  # updates: the last short batch is dropped, at most one sample in 20 of an epoch
RAMPS = 2  # range tests with seeds of their own for the learning rate of every candidate
RAMP_SHORTEST, RAMP_LONGEST = 50, 100  # their updates
ATTEMPTS, SLOW_LONGEST = ((1.0, 1.0), (0.4, 3.0)), 300  # (share of the rates, times the updates) of a ramp
NARROW = 0.3  # an edge below this share of the ramp: once more with a narrower one
BACK_OFF = 2.0  # lr_max is divided by this, once, where a run diverged
EVALUATIONS = (6, 20)  # of a run, at least and at most


@dataclass
class _Candidate:
    """A batch size, what is known of it so far, and the setting of its runs."""

    size: int
    speed: Speed
    setting: Setting
    lr_max: float = 0.0
    edge: float = 0.0
    decay: float = 0.0
    ramps: list[Run] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    failed: list[Run] = field(default_factory=list)  # refused or diverged
    why: str = ""  # it is not compared


def batch_size(
    setting: Setting, top: float, momentum: tuple[float, float], values: Sequence[float] = ()
) -> Plan[Finding]:
    """The batch size that brings the best accuracy in the same time.

    Throughput and memory are measured; lr_max is found anew for each size; iterations follow from the
    measured speeds before any comparison begins; then every size trains with 1cycle, one run at a time, with
    several seeds, the sizes in turn. Accuracy decides. Sizes within the seeds' spread are a tie, which the
    task's own size wins, else the smallest.

    Args:
        top: where ramps of the learning rate end at the task's own batch size.
        momentum: (max, min) of the cycle, the same for all.
        values: the candidates; by default doublings around the task's own, as far as memory, the data and
            the length of the runs allow.

    Raises:
        ValueError: the values are no batch sizes of this data, or fewer than two.
        Refused: fewer than two sizes could be compared.

    Source: arXiv:1803.09820, Sec. 4.2, Fig. 6, Remark 4. Choice: runs that cost ``RUNS`` final runs
    together; weight decay the middle of the grid of each, which follows from its rate and iterations.
    """
    sizes = checked(setting, values) if values else doublings(setting)
    speeds = yield from throughput(setting, sizes, STEP)
    seconds = common_seconds(setting, speeds.speeds)
    candidates = _candidates(setting, speeds.speeds, seconds)
    yield from _rates(setting, candidates, top, momentum)
    yield from _compared([c for c in candidates if not c.why], momentum)
    sound = [c for c in candidates if not c.why]
    left_out = {**speeds.left_out, **{c.size: c.why for c in candidates if c.why}}
    spent = (*speeds.runs, *(run for c in candidates for run in (*c.ramps, *c.failed)))
    if len(sound) < 2:
        why = "; ".join(f"{size}: {reason}" for size, reason in left_out.items())
        raise Refused(
            f"a comparison needs at least 2 batch sizes that train, got {len(sound)} ({why}); try others",
            spent,
        )
    share = seconds / final_seconds(setting, {size: s.seconds for size, s in speeds.speeds.items()})
    entries = [Entry(c.size, c.speed, c.lr_max, c.edge, c.decay, c.ramps[-1], tuple(c.runs)) for c in sound]
    return finding(entries, setting, Terms(seconds, share, left_out, spent))


def checked(setting: Setting, values: Sequence[float]) -> list[int]:
    """The candidates that somebody asked for, smallest first.

    Raises:
        ValueError: fewer than two, or not whole numbers from 1 to the size of the training data.
    """
    if len(set(values)) < 2:
        raise ValueError(f"a comparison needs at least 2 batch sizes, got {list(values)}; add another")
    bad = [value for value in values if not float(value).is_integer() or not 1 <= value <= setting.samples]
    if bad:
        raise ValueError(
            f"batch sizes are whole numbers from 1 to the {setting.samples} training samples, got "
            f"{', '.join(f'{value:g}' for value in bad)}; leave them out"
        )
    return sorted({int(value) for value in values})


def doublings(setting: Setting) -> list[int]:
    """The task's own size, up to two halves and two doubles of it, as far as the data and the time allow.

    A larger one needs ``PER_EPOCH`` updates in an epoch, and ``LEAST`` in its share of the time if a sample
    takes as long in any batch.
    """
    own = setting.batch_size
    sizes = sorted({max(1, own // 2**n) for n in range(DOWN + 1)} | {own * 2**n for n in range(1, UP + 1)})
    while sizes[-1] > own:
        each = RUNS * setting.epochs * setting.samples / (SEEDS * len(sizes))  # samples of one run
        if sizes[-1] <= min(each / LEAST, setting.samples / PER_EPOCH):
            break
        sizes.pop()
    return sizes if len(sizes) > 1 else [own, 2 * own]


def common_seconds(setting: Setting, speeds: Mapping[int, Speed]) -> float:
    """The seconds of updates that every run gets: its share of ``RUNS``, or what ``LEAST`` updates take."""
    whole = final_seconds(setting, {size: speed.seconds for size, speed in speeds.items()})
    slowest = max(speed.seconds for speed in speeds.values())
    return max(RUNS * whole / (SEEDS * len(speeds)), LEAST * slowest)


def _candidates(setting: Setting, speeds: Mapping[int, Speed], seconds: float) -> list[_Candidate]:
    """Every size with its iterations, fixed before any comparison begins, and range tests of one length."""
    iterations = {size: max(3, round(seconds / speed.seconds)) for size, speed in speeds.items()}
    length = min(max(min(iterations.values()) // 2, RAMP_SHORTEST), RAMP_LONGEST)
    return [
        _Candidate(
            size, speed,
            replace(
                setting, batch_size=size, epochs=iterations[size] / (setting.samples // size), length=length,
                all_data=False, has_test=False,
            ),
        )
        for size, speed in speeds.items()
    ]  # fmt: skip


def _rates(
    setting: Setting, candidates: Sequence[_Candidate], top: float, momentum: tuple[float, float]
) -> Plan[None]:
    """lr_max of every candidate, that nearest to the task's own size first.

    All ramps begin with one speed, as a faster one is unstable earlier. A network that has learnt nothing
    before such a short ramp became unstable gets a slower one, and so do the sizes that follow.
    """
    attempts: Sequence[tuple[float, float]] = ATTEMPTS
    for candidate in sorted(candidates, key=lambda c: abs(math.log(c.size / setting.batch_size))):
        short = candidate.setting.ramp_iterations
        longest = max(short, min(candidate.setting.iterations, SLOW_LONGEST))
        for number, (share, factor) in enumerate(attempts):
            candidate.setting = replace(candidate.setting, length=min(round(factor * short), longest))
            try:
                yield from _rate(candidate, share * top, momentum)
            except Refused as refused:
                length = candidate.setting.length
                candidate.why = (
                    f"range tests of {length} updates cannot be read; more epochs make them longer"
                )
                candidate.failed += refused.runs
            else:
                candidate.why, attempts = "", attempts[number:]
                break


def _rate(candidate: _Candidate, top: float, momentum: tuple[float, float]) -> Plan[None]:
    """Wider ramps where none became unstable, narrower ones where most of them was lost."""
    setting = candidate.setting
    for _ in range(2):
        decay = middle(setting, top / HEADROOM / 2, momentum)
        bounds = learning_rate.bounds(setting, top, setting.falling(*momentum), decay, (), RAMPS)
        rate = yield from bounds
        candidate.ramps += rate.runs
        last = rate.runs[-1].spec
        end = float(last.lr(last.iterations))
        edges = list(edges_of(rate.runs, end).values())
        candidate.edge = float(np.exp(np.mean(np.log(edges))))
        candidate.decay, candidate.lr_max = decay, rate.choice["lr_max"]
        if candidate.edge > NARROW * end:
            break
        top = candidate.edge * HEADROOM


def _compared(candidates: Sequence[_Candidate], momentum: tuple[float, float]) -> Plan[None]:
    """The 1cycle runs; a size one of whose runs diverged gets another try at a smaller rate."""
    samples = min(c.setting.iterations * c.size for c in candidates) if candidates else 0
    yield from _in_turn(candidates, momentum, samples)
    again = [c for c in candidates if any(run.diverged for run in c.runs)]
    for candidate in again:
        candidate.failed += candidate.runs
        candidate.runs, candidate.lr_max = [], learning_rate.round_to(candidate.lr_max / BACK_OFF, 2)
    yield from _in_turn(again, momentum, samples)
    for candidate in again:
        if any(run.diverged for run in candidate.runs):
            candidate.failed += candidate.runs
            candidate.runs, candidate.why = [], "its runs diverged"


def _in_turn(candidates: Sequence[_Candidate], momentum: tuple[float, float], samples: int) -> Plan[None]:
    """One measured run after the other: seed by seed, all sizes.

    All are evaluated equally often and on the same samples.

    Args:
        samples: that the shortest of them trains on; evaluations follow from it.
    """
    for number in range(SEEDS):
        for candidate in candidates:
            setting = candidate.setting
            spec = setting.final(candidate.lr_max, momentum, candidate.decay)
            spec = spec.but(seed=setting.seed + number, host=setting.host, **_evaluations(setting, samples))
            candidate.runs += yield Batch.of(STEP, [spec])


def _evaluations(setting: Setting, samples: int) -> dict[str, int | None]:
    """On all validation data where that costs no more than ``EVAL_SHARE`` allows, else on a part."""
    fewest, most = EVALUATIONS
    affordable = EVAL_SHARE * samples
    rows = min(max(int(affordable / setting.validation), fewest), most)
    part = max(64, int(affordable / fewest))
    every = max(1, math.ceil(setting.iterations / rows))
    return {"eval_every": every, "eval_samples": part if part < setting.validation else None}
