"""measure(): the only loop over iterations. It trains, evaluates, records, and stops at divergence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from time import perf_counter, process_time
from typing import Any

import numpy as np

from wellbegun.curve import DIVERGED, FINISHED, Curve, Run
from wellbegun.schedules._base import Floats, Schedule
from wellbegun.spec import RunSpec
from wellbegun.training.trainer import Trainer

SMOOTHED, SWING = 3, 6
"""Evaluations in a median, as one bad one alone is noise; as many in a row are no swing of the momentum."""
LEARNT, LEARNT_IN_RAMP, UNTRAINED, EXPLODED = 0.8, 0.95, 0.98, 10.0
"""Multiples of the first val_loss: learnt below 0.8, as if untrained from 0.98, exploded past 10."""


def measure(
    trainer: Trainer,
    spec: RunSpec,
    *,
    report: Callable[[Mapping[str, float]], None] | None = None,
    keep: Mapping[int, Callable[[dict[str, Any]], None]] | None = None,
) -> Run:
    """Train as the spec says and return what was measured.

    Evaluates at iteration 0, every ``eval_every`` iterations and after the last. The run ends early, with
    every row that was measured, when it has diverged:

    - val_loss or any training loss is not finite;
    - val_loss > 10 x the one at iteration 0;
    - the median of the last 3 val_losses >= 0.98 x the one at iteration 0, after a median of 3 was <= 0.8 x
      of it: the network had learnt and is no better than untrained again. Neither of these while the median
      of the last 3 training losses is below 0.8 x of it: then it overfits, which is no divergence;
    - with ``spec.limit``: the median of the last 3 val_losses > limit x the lowest median of 3 so far, or the
      last 6 all >= 0.98 x the one at iteration 0, after a median of 3 was <= 0.95 x of it.

    The rules that compare need a first (or best) val_loss above 0: they skip losses that may be negative.
    Those that compare with iteration 0 are skipped in a continuation, too: it begins with a trained network.

    A measured run (``spec.host``) has the seconds of its updates so far, evaluations left out, as a metric,
    and the processor's seconds: far fewer than seconds x threads on a CPU say that others used it, too.

    Args:
        report: called with each row after its evaluation.
        keep: ``keep[i]`` is called with the trainer's state after i updates: a snapshot.

    Raises:
        ValueError: a snapshot is asked for outside of the run.
    """
    keep = keep or {}
    if outside := [i for i in keep if not 0 <= i <= spec.iterations]:
        raise ValueError(
            f"snapshots must lie in 0..{spec.iterations}, got {sorted(outside)}; lengthen the "
            "run or ask earlier"
        )
    start = perf_counter()
    rates, momenta = _values(spec.lr, spec.iterations), _values(spec.momentum, spec.iterations)
    log = _Log(trainer, rates, momenta, report, spec)
    evaluations = {*range(0, spec.iterations, spec.eval_every), spec.iterations}
    done, losses = 0, np.empty(0)
    for stop in sorted(evaluations | set(keep)):
        if stop > done:
            losses = np.concatenate((losses, trainer.steps(rates[done:stop], momenta[done:stop])))
            done = stop
        if stop in evaluations:
            log.evaluate(done, losses)
            losses = np.empty(0)
            if log.diverged():
                break
        if stop in keep:
            keep[stop](trainer.state_dict())
    ended = DIVERGED if log.diverged() else FINISHED
    test = log.timed(trainer.test) if spec.test and ended == FINISHED else {}
    return Run(
        spec=spec, curve=log.curve(), ended=ended, iterations=done, seconds=perf_counter() - start,
        eval_seconds=log.seconds, test=test, epochs=done * spec.batch_size / trainer.samples,
    )  # fmt: skip


def has_diverged(
    train_loss: Floats, val_loss: Floats, limit: float | None = None, continued: bool = False
) -> bool:
    """Whether a run with these losses (one per evaluation so far) has diverged, by the rules of ``measure``.

    Args:
        train_loss: NaN at iteration 0, where nothing was trained yet.
        continued: the first row is no untrained network but that of a snapshot.
    """
    if not np.isfinite(val_loss).all() or not np.isfinite(train_loss[1:]).all():
        return True
    first = 0.0 if continued else float(val_loss[0])
    learning = len(val_loss) > 1 and float(np.median(train_loss[1:][-SMOOTHED:])) < LEARNT * first
    if first > 0 and val_loss[-1] > EXPLODED * first and not learning:
        return True
    if len(val_loss) < SMOOTHED:
        return False
    medians = np.median(np.lib.stride_tricks.sliding_window_view(val_loss, SMOOTHED), axis=1)
    best, last = float(medians.min()), float(medians[-1])
    if first > 0 and best <= LEARNT * first and last >= UNTRAINED * first and not learning:
        return True
    if limit is None:
        return False
    dead = len(val_loss) > SWING and bool((val_loss[-SWING:] >= UNTRAINED * first).all())
    return best > 0 and (last > limit * best or (first > 0 and best <= LEARNT_IN_RAMP * first and dead))


class _Log:
    """The rows measured so far, and the seconds that evaluations took."""

    def __init__(
        self,
        trainer: Trainer,
        lr: Floats,
        momentum: Floats,
        report: Callable[[Mapping[str, float]], None] | None,
        spec: RunSpec,
    ) -> None:
        self._trainer, self._lr, self._momentum, self._report = trainer, lr, momentum, report
        self._begun = (perf_counter(), process_time()) if spec.host is not None else None
        self._limit, self._continued = spec.limit, spec.start is not None
        self._rows: list[dict[str, float]] = []
        self.seconds = self.processor = 0.0  # of evaluations

    def timed(self, evaluate: Callable[[], Mapping[str, float]]) -> Mapping[str, float]:
        start, busy = perf_counter(), process_time()
        values = evaluate()
        self.seconds += perf_counter() - start
        self.processor += process_time() - busy
        return values

    def evaluate(self, done: int, losses: Floats) -> None:
        last = max(done - 1, 0)
        row = {
            "iteration": done,
            "lr": float(self._lr[last]),
            "momentum": float(self._momentum[last]),
            "train_loss": float(np.mean(losses)) if len(losses) else math.nan,
            **self._clocks(),
            **self.timed(self._trainer.evaluate),
        }
        self._rows.append(row)
        if self._report is not None:
            self._report(row)

    def _clocks(self) -> dict[str, float]:
        if self._begun is None:
            return {}
        wall, busy = self._begun
        return {
            "seconds": perf_counter() - wall - self.seconds,
            "processor_seconds": process_time() - busy - self.processor,
        }

    def diverged(self) -> bool:
        curve = self.curve()
        return has_diverged(curve.train_loss, curve.val_loss, self._limit, self._continued)

    def curve(self) -> Curve:
        return Curve.of({name: [row[name] for row in self._rows] for name in self._rows[0]})


def _values(schedule: Schedule, iterations: int) -> Floats:
    values = np.asarray(schedule(np.arange(iterations)), dtype=np.float64)
    return np.broadcast_to(values, iterations).copy()
