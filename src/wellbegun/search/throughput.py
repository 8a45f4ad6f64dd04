"""How long an update takes and what it needs of memory, for several batch sizes, on this machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wellbegun.curve import TOO_LARGE, Run
from wellbegun.errors import Refused
from wellbegun.schedules.constant import Constant
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

ROUNDS = 3  # over all sizes, so that a load that comes and goes meets all of them
ROWS = 4  # evaluations of a probe; what lies before the first is warm-up
CALIBRATION, FEWEST, MOST = 8, 4, 64  # batches of the task's own size in a first probe; its updates
SHARE, SHORTEST, LONGEST = 0.01, 0.4, 5.0  # of a final run; seconds of a probe
FITS = 0.8  # of the device's memory that a size may be expected to need


@dataclass(frozen=True, slots=True)
class Speed:
    """What one batch size costs."""

    seconds: float  # per update, the median over the rounds
    spread: float  # standard deviation of log(seconds) over the rounds
    memory: float  # bytes that an update needs; NaN where nobody said


@dataclass(frozen=True, slots=True)
class Throughput:
    """The speeds by batch size, and what could not be measured."""

    speeds: Mapping[int, Speed]  # smallest batch first
    left_out: Mapping[int, str]  # batch size -> why it does not fit
    runs: tuple[Run, ...]


def throughput(setting: Setting, sizes: Sequence[int], step: str = "throughput") -> Plan[Throughput]:
    """Seconds per update and memory of every batch size, from measured runs that have the device alone.

    A short probe of each, the smallest first, says how many updates take equally long; then come ``ROUNDS``
    rounds over all sizes. A probe's seconds per update are the slope of its seconds from its first
    evaluation to its last, so that warming up does not count; a size's are the median over the rounds.
    A size that runs out of memory, or would by what the smaller ones needed, is left out with all larger.

    Raises:
        Refused: not one size can be measured.

    Source: arXiv:1803.09820, Sec. 4.2 compares at equal run time. Choice: how it is measured; the learning
    rate of a probe is 0, since what an update costs does not depend on what it learns.
    """
    found: dict[int, list[Run]] = {}
    left_out: dict[int, str] = {}
    ended: list[Run] = []
    for size in sorted(set(sizes)):
        needs = _expected({known: runs[0] for known, runs in found.items()}, size)
        if left_out or (setting.memory and needs > FITS * setting.memory):
            left_out[size] = (
                f"it would need about {needs / 2**20:.3g} MiB" if not left_out else "it is larger"
            )
            continue
        updates = min(max(round(CALIBRATION * setting.batch_size / size), FEWEST), MOST)
        (run,) = yield Batch.of(step, [probe(setting, size, updates, 0)])
        if run.ended == TOO_LARGE:
            left_out[size] = "it does not fit into memory"
            ended.append(run)
        else:
            found[size] = [run]
    if not found:
        raise Refused(f"a batch size must fit into memory, got {', '.join(map(str, left_out))}", tuple(ended))
    first = {size: slope(runs[0]) for size, runs in found.items()}
    seconds = min(max(SHARE * final_seconds(setting, first), SHORTEST), LONGEST)
    for number in range(1, ROUNDS + 1):
        for size, runs in found.items():
            updates = max(FEWEST, round(seconds / first[size]))
            runs += yield Batch.of(step, [probe(setting, size, updates, number)])
    speeds = {size: _speed(runs) for size, runs in found.items()}
    every = (run for runs in found.values() for run in runs)
    return Throughput(speeds, left_out, (*every, *ended))


def probe(setting: Setting, size: int, updates: int, number: int) -> RunSpec:
    """A measured run of about so many updates that learns nothing."""
    every = max(1, math.ceil(updates / ROWS))
    still = Constant(0.0)
    spec = replace(setting, batch_size=size).spec(ROWS * every, still, Constant(0.9), 0.0, ROWS)
    samples = 64 if setting.validation > 64 else None  # evaluations are not what is measured
    return spec.but(eval_samples=samples, seed=setting.seed + number, host=setting.host)


def slope(run: Run) -> float:
    """Seconds per update of a probe after its warm-up.

    Raises:
        Refused: it ended too early to be measured.
    """
    iteration = run.curve.iteration
    if len(iteration) < 3:
        raise Refused(
            f"a probe of {run.spec.iterations} updates that change nothing must come to its end, got "
            f"{run.iterations} updates; is the untrained network's loss finite?",
            (run,),
        )
    seconds = run.curve.metrics["seconds"]
    return float((seconds[-1] - seconds[1]) / (iteration[-1] - iteration[1]))


def final_seconds(setting: Setting, seconds: Mapping[int, float]) -> float:
    """The seconds of the task's final run, updates alone, by the size nearest to its own."""
    near = min(seconds, key=lambda size: abs(math.log(size / setting.batch_size)))
    return setting.iterations * setting.batch_size * seconds[near] / near


def _speed(runs: Sequence[Run]) -> Speed:
    slopes = np.array([slope(run) for run in runs[1:]])
    memory = [_memory(run) for run in runs]
    return Speed(float(np.median(slopes)), float(np.std(np.log(slopes), ddof=1)), float(np.max(memory)))


def _memory(run: Run) -> float:
    column = run.curve.metrics.get("memory_bytes", np.array([np.nan]))
    known = column[np.isfinite(column)]
    return float(known.max()) if len(known) else math.nan


def _expected(probes: Mapping[int, Run], size: int) -> float:
    """Bytes that a larger size will need: a straight line through the two largest known; 0 if unknown."""
    known = [(other, _memory(run)) for other, run in probes.items() if math.isfinite(_memory(run))]
    if len(known) < 2:
        return 0.0
    (small, less), (large, more) = known[-2:]
    return more + (more - less) / (large - small) * (size - large)
