"""Replays an exhibit: its lines and repeats as runs, trained by the same engine as everything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice, product
from typing import Any, cast

from wellbegun.curve import Run
from wellbegun.job import Options, Work
from wellbegun.papers.exhibit import APPLIED, NOT_APPLIED, Exhibit, Line, Scale
from wellbegun.papers.results import Archive
from wellbegun.papers.scale import shortened
from wellbegun.schedules.constant import Constant
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.repeats import variants
from wellbegun.search.setting import Setting
from wellbegun.search.throughput import slope
from wellbegun.spec import RunSpec

PROBE = 12  # updates of the run that a cost is estimated from


@dataclass(frozen=True, slots=True)
class Wanted:
    """One repeat of one line that has not been measured."""

    line: Line  # at its scale and in its variant
    repeat: int
    spec: RunSpec
    before: tuple[RunSpec, ...] = ()  # the runs at whose ends it goes on, the first one first

    @property
    def images(self) -> int:
        """Over all its updates."""
        return self.spec.iterations * self.spec.batch_size


def task_of(exhibit: Exhibit, data_dir: Any = None, samples: int | None = None, network: str = "") -> Any:
    """The exhibit's task: trained on all training data, watched on the test set, as published.

    Args:
        samples: the first so many training samples alone; the data sets come in no particular order.
        network: another one than the exhibit's.
    """
    from wellbegun.zoo.tasks import load

    task = load(None, data=exhibit.task, model=network or exhibit.network, data_dir=data_dir)
    if task.test is not None:
        task = replace(task, validation=task.test)
    if samples is not None:
        inputs, targets = cast(tuple[Any, Any], task.train)
        task = replace(task, train=(inputs[:samples], targets[:samples]))
    return task


def at(exhibit: Exhibit, line: Line, scale: Scale) -> Line:
    """The line at that scale."""
    if scale == "paper":
        return line
    most = exhibit.cut_most or line.iterations
    return shortened(line, min(exhibit.cut, most / line.iterations), exhibit.cut_batch)


def wanted(
    exhibit: Exhibit, setting: Setting, archive: Archive, scale: Scale, variant: str, repeats: int,
    lines: Iterable[Line],
) -> list[Wanted]:  # fmt: skip
    """What is still to be measured of these lines, longest first, a first repeat before any second."""
    found: list[Wanted] = []
    for original in lines:
        line = at(exhibit, original if variant == APPLIED else original.uncycled(), scale)
        chains = _repeats(exhibit, original, setting, scale, variant)
        for repeat, (*before, spec) in enumerate(chains[:repeats]):
            if not archive.has(exhibit, original, repeat, scale, variant):
                found.append(Wanted(line, repeat, spec, tuple(before)))
    return sorted(found, key=lambda one: (one.repeat, -one.spec.iterations))


def _repeats(
    exhibit: Exhibit, line: Line, setting: Setting, scale: Scale, variant: str
) -> list[tuple[RunSpec, ...]]:
    """The repeats of a line, each behind the runs at whose ends it goes on."""
    cut = at(exhibit, line if variant == APPLIED else line.uncycled(), scale)
    specs = variants(_spec(exhibit, cut, setting, scale), setting)
    if not line.after:
        return [(spec,) for spec in specs]
    chains = _repeats(exhibit, exhibit.line(line.after), setting, scale, variant)
    return [
        (*chain, spec.but(start=(chain[-1].key, chain[-1].iterations)))
        for spec, chain in zip(specs, chains, strict=True)
    ]


def _spec(exhibit: Exhibit, line: Line, setting: Setting, scale: Scale) -> RunSpec:
    cut = scale == "cpu"
    often = exhibit.cut_evaluations or exhibit.evaluations if cut else exhibit.evaluations
    return RunSpec(
        task=setting.task, iterations=line.iterations, batch_size=line.batch_size, lr=line.lr,
        momentum=line.momentum, weight_decay=line.weight_decay, optimizer=line.optimizer,
        eval_every=max(1, line.iterations // often),
        eval_samples=exhibit.cut_samples if cut else exhibit.samples, test=True,
        device=setting.device, precision=setting.precision, factory_args=line.factory_args,
        estimate=line.estimate,
    )  # fmt: skip


def missing(
    exhibit: Exhibit, archive: Archive, *, scale: Scale, variant: str, repeats: int | None = None,
    lines: Sequence[str] = (), data_dir: Any = None, **options: Any,
) -> list[Wanted]:  # fmt: skip
    """What ``replay`` would train."""
    found: list[Wanted] = []
    asked = repeats or exhibit.repeats
    for (samples, network), some in _by_task(exhibit, archive, scale, variant, asked, lines).items():
        with Work.of(task_of(exhibit, data_dir, samples, network), Options(**options)) as work:
            found += wanted(exhibit, work.setting, archive, scale, variant, asked, some)
    return found


def _by_task(
    exhibit: Exhibit, archive: Archive, scale: Scale, variant: str, repeats: int, names: Sequence[str]
) -> dict[tuple[int | None, str], list[Line]]:
    """Size of the training set and network -> the lines that train on it and still miss a repeat."""
    found: dict[tuple[int | None, str], list[Line]] = {}
    for line in [exhibit.line(name) for name in names] or exhibit.lines:
        if not all(archive.has(exhibit, line, repeat, scale, variant) for repeat in range(repeats)):
            found.setdefault((line.train_samples, line.network), []).append(line)
    return found


def replay(
    exhibit: Exhibit, archive: Archive, *, scale: Scale = "paper", variant: str = APPLIED,
    repeats: int | None = None, lines: Sequence[str] = (), data_dir: Any = None,
    fits: Callable[[Wanted], bool] | None = None, **options: Any,
) -> Iterator[tuple[Wanted, Run]]:  # fmt: skip
    """Train what is missing, as many at a time as there are workers, and add each to the archive as it ends.

    Args:
        repeats: at most so many per line; None: as published.
        lines: names of the lines to replay; none: all.
        fits: asked before each run is begun whether it still may be; None: all may.
        options: see ``job.Options``.
    """
    asked, together = repeats or exhibit.repeats, max(1, options.get("workers", 0))
    for (samples, network), some in _by_task(exhibit, archive, scale, variant, asked, lines).items():
        with Work.of(task_of(exhibit, data_dir, samples, network), Options(**options)) as work:
            todo = iter(wanted(exhibit, work.setting, archive, scale, variant, asked, some))
            todo = (one for one in todo if fits is None or fits(one))
            while batch := list(islice(todo, together)):
                for spec in dict.fromkeys(spec for one in batch for spec in one.before):
                    work.drive(_batch([spec], keep=[spec.iterations]), {})
                runs = work.drive(_batch([one.spec for one in batch]), {})
                for one, run in zip(batch, runs, strict=True):
                    archive.add(
                        exhibit, exhibit.line(one.line.name), one.repeat, scale, variant, run, facts(run)
                    )
                    yield one, run


def seconds(exhibit: Exhibit, todo: Sequence[Wanted], **options: Any) -> float:
    """What these runs cost on this machine, one after the other; a few updates of each network are timed."""
    pace: dict[str, float] = {}
    total = 0.0
    for one in todo:
        if one.line.network not in pace:
            pace[one.line.network] = seconds_per_image(exhibit, one, **options)
        total += pace[one.line.network] * one.images
    return total


def seconds_per_image(exhibit: Exhibit, one: Wanted, data_dir: Any = None, **options: Any) -> float:
    """What an image of an update of this run costs on this machine, from a few updates."""
    with Work.of(task_of(exhibit, data_dir, network=one.line.network), Options(**options)) as work:
        line = replace(one.line, lr=Constant(1e-6), iterations=PROBE, estimate=0)
        spec = _spec(exhibit, line, work.setting, "paper")
        probe = spec.but(host=work.setting.host, eval_every=PROBE // 3, eval_samples=64, test=False)
        (run,) = work.drive(_batch([probe]), {})
    return slope(run) / line.batch_size


def _batch(specs: Sequence[RunSpec], keep: Sequence[int] = ()) -> Plan[Sequence[Run]]:
    return (yield Batch.of("replay", specs, keep))


def facts(run: Run) -> dict[str, Any]:
    """On what and when it was measured."""
    from wellbegun.training.engine.precision import machine

    return {
        **machine(run.spec.device), "precision": run.spec.precision, "wellbegun": version("wellbegun"),
        "date": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip


def queue(
    exhibits: Sequence[Exhibit], archive: Archive, *, minutes: float, scale: Scale = "paper",
    clock: Callable[[], float] = time.monotonic, **options: Any,
) -> Iterator[tuple[Exhibit, Wanted, Run]]:  # fmt: skip
    """Measure what is missing and fits into the minutes that are left, exhibit after exhibit.

    A first repeat of every line comes before any second one, momentum as the text has it before momentum that
    is not cycled. What an update costs is measured once per exhibit, and again from every run that has ended.
    """
    end = clock() + 60 * minutes
    rounds = range(max((exhibit.repeats for exhibit in exhibits), default=0))
    for repeat, variant, exhibit in product(rounds, (APPLIED, NOT_APPLIED), exhibits):
        if repeat >= exhibit.repeats or variant not in exhibit.variants:
            continue
        pace = _Pace(exhibit, end, clock, options)
        for one, run in replay(
            exhibit, archive, scale=scale, variant=variant, repeats=repeat + 1, fits=pace.fits, **options
        ):
            pace.seconds[one.line.network] = run.seconds / max(1, run.iterations * run.spec.batch_size)
            yield exhibit, one, run


@dataclass
class _Pace:
    """Whether a run of an exhibit will have ended in time."""

    exhibit: Exhibit
    end: float  # on the clock
    clock: Callable[[], float]
    options: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)  # network -> per image, as far as known

    def fits(self, one: Wanted) -> bool:
        if self.clock() >= self.end:
            return False
        network = one.line.network
        if network not in self.seconds:
            self.seconds[network] = seconds_per_image(self.exhibit, one, **self.options)
        return self.clock() + self.seconds[network] * one.images <= self.end
