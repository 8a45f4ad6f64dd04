"""Repeats by the report's protocol: every short run four times, read as one (App. A.1)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from wellbegun.curve import DIVERGED, ERROR, FINISHED, SPREAD, Curve, Run, mean
from wellbegun.search.learning_rate import STEP as LOOK
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.setting import Setting
from wellbegun.spec import RunSpec

T = TypeVar("T")
WIDEST = 12  # samples: the batch sizes of the repeats lie in [B, B + WIDEST]
FILLERS = ("msra", "xavier")


def initialisations(factory: Callable[..., Any]) -> tuple[str, ...]:
    """The two initialisations of the report, where the model factory takes ``init``; else none."""
    try:
        takes = "init" in inspect.signature(factory).parameters
    except (TypeError, ValueError):
        takes = False
    return FILLERS if takes else ()


def variants(spec: RunSpec, setting: Setting) -> tuple[RunSpec, ...]:
    """Four specs that differ in what should not matter: batch size by a few samples, initialisation, seed.

    Two even and two odd batch sizes in [B, B + 12], each once with either initialisation where the task
    offers two, and with seeds of their own.

    Source: arXiv:1803.09820, App. A.1. Choice: which sizes; and the seeds, as our data order follows from
    them.
    """
    batch = spec.batch_size
    asked = (batch, batch + 3, batch + 8, batch + 11)  # with an even B: even, odd, even, odd; else odd first
    sizes = [size if size <= setting.samples else batch for size in asked]
    inits = setting.initialisations or ("",)
    return tuple(
        spec.but(
            batch_size=size, seed=spec.seed + 1000 * number,
            factory_args=(*spec.factory_args, ("init", inits[number // 2 % len(inits)])) if inits[0]
            else spec.factory_args,
        )
        for number, size in enumerate(sizes)
    )  # fmt: skip


def repeated(plan: Plan[T], setting: Setting) -> Plan[T]:
    """The same plan, every run of which is the mean of four.

    Full-length runs and continuations stay single, and so does the coarse look, which has seeds of its own.

    The answer to a spec is a run with that spec whose curve is the mean, with the standard deviation over
    the repeats and the mean's standard error as further metrics, and the four runs as its ``repeats``.
    """
    try:
        asked = next(plan)
        while True:
            look = getattr(asked, "title", "") == LOOK
            whole = setting.iterations
            single = [look or spec.iterations >= whole or spec.start is not None for spec in asked]
            groups = [
                (spec,) if alone else variants(spec, setting)
                for spec, alone in zip(asked, single, strict=True)
            ]
            batch = Batch.of(getattr(asked, "title", ""), [spec for group in groups for spec in group])
            batch.news, batch.keep = getattr(asked, "news", None), getattr(asked, "keep", ())
            runs = iter((yield batch))
            answers = []
            for spec, group in zip(asked, groups, strict=True):
                of_group = [next(runs) for _ in group]
                answers.append(of_group[0] if len(group) == 1 else merged(spec, of_group))
            asked = plan.send(answers)
    except StopIteration as stop:
        result: T = stop.value
        return result


def merged(spec: RunSpec, runs: Sequence[Run]) -> Run:
    """One run whose curve is the mean over repeats; it ends where the first of them diverged.

    The row after that end is infinite, so that whoever reads the curve sees the breakdown there.
    """
    curves = [run.curve for run in runs]
    rows = min(len(curve) for curve in curves)
    middle, spread = mean(curves)
    error = spread.val_loss / np.sqrt(len(runs))
    columns = {**middle.columns(), SPREAD: spread.val_loss, ERROR: error}
    longest = max(curves, key=len)
    broken = len(longest) > rows
    if broken:
        after = {name: column[rows : rows + 1] for name, column in longest.columns().items()}
        after |= {"val_loss": np.array([np.inf]), SPREAD: np.array([np.nan]), ERROR: np.array([np.nan])}
        columns = {name: np.concatenate([column, after[name]]) for name, column in columns.items()}
    return Run(
        spec=spec, curve=Curve.of(columns), ended=DIVERGED if broken or runs[0].diverged else FINISHED,
        iterations=sum(run.iterations for run in runs), seconds=sum(run.seconds for run in runs),
        eval_seconds=sum(run.eval_seconds for run in runs), epochs=sum(run.epochs for run in runs),
        replayed=all(run.replayed for run in runs), repeats=tuple(runs),
    )  # fmt: skip
