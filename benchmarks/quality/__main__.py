"""The command line: run, list, table, time, short, fixed."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import benchmarks.quality
from benchmarks.quality import page, plot
from benchmarks.quality.arena import FRESH, Arena
from benchmarks.quality.cell import Cell, Record, cells, play, read, recipe, write
from benchmarks.quality.contestants import ABLATED, CONTESTANTS, UNTUNED, one_cycle
from benchmarks.quality.fixed import train
from benchmarks.quality.goals import verdicts
from benchmarks.quality.scores import last, scores
from benchmarks.quality.short import compare
from benchmarks.quality.tasks import TASKS

from wellbegun.runs.executors.process_pool import keep_memory

SECONDS = 45.0
"""Of a whole run of a task that has not been timed yet."""


def main() -> None:
    keep_memory()
    asked = parser().parse_args()
    asked.results = asked.results or (asked.store / "quick" if asked.quick else Path("results/quality"))
    asked.store = asked.store / ("quick-runs" if asked.quick else "runs")
    jobs = {"run": run, "list": show, "table": table, "time": clock, "short": short, "fixed": fixed}
    jobs[asked.what](asked)


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=benchmarks.quality.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    words.add_argument("what", choices=("run", "list", "table", "time", "short", "fixed"))
    words.add_argument("--task", nargs="+", choices=list(TASKS), default=[])
    words.add_argument("--contestant", nargs="+", choices=[*CONTESTANTS, *ABLATED], default=[])
    words.add_argument("--seed", nargs="+", type=int, default=[], help="search seeds: 0, 1, ...")
    words.add_argument("--settings", nargs="+", default=[], metavar="LR/HIGH/LOW/DECAY", help="for fixed")
    words.add_argument("--seeds", type=int, default=2, help="for fixed: how many")
    words.add_argument("--minutes", type=float, help="begin no cell that would take longer than what is left")
    words.add_argument("--store", type=Path, default=Path(".wellbegun/quality"), help="folder of the runs")
    words.add_argument("--results", type=Path, help="folder of the small files (results/quality)")
    words.add_argument("--page", type=Path, default=Path("docs/quality.md"), help="where table writes")
    words.add_argument(
        "--quick", action="store_true", help="a rehearsal of seconds per cell, kept in the store"
    )
    words.add_argument(
        "--renew", action="store_true", help="play cells of tune again whose recipe has changed"
    )
    return words


def run(asked: argparse.Namespace) -> None:
    """Play the cells that are missing, cheap ones first; one that does not fit in the time is left out."""
    begun, waiting = time.monotonic(), missing(asked)
    print(f"{len(waiting)} cells to play", flush=True)
    for cell in waiting:
        minutes = expected(cell, list(read(asked.results))) / 60
        spent = (time.monotonic() - begun) / 60
        if asked.minutes is not None and spent + minutes > asked.minutes:
            continue
        record = play(cell, asked.store, asked.quick)
        write(record, asked.results, cell)
        took = (time.monotonic() - begun) / 60 - spent
        print(f"{cell.path}: {said(record)} ({took:.1f} minutes, {minutes:.0f} expected)", flush=True)
    print(f"{len(missing(asked))} cells missing")


def missing(asked: argparse.Namespace) -> list[Cell]:
    """The cells asked for that have no file, or, on demand, one of another recipe."""
    chosen = cells(asked.task, asked.contestant, asked.seed or ([0] if asked.quick else []))
    code = recipe() if asked.renew else None
    there = [one for one in read(asked.results) if code is None or one["recipe"] in (None, code)]
    return page.absent(there, chosen)


def expected(cell: Cell, records: list[Record]) -> float:
    """Seconds that a cell will take, from the runs of its task so far."""
    points = [point for record in records if record["task"] == cell.task for point in record["points"]]
    seconds = [one["seconds"] for point in points for one in point["retrained"] if not one["failed"]]
    return cell.who.runs * (median(seconds) if seconds else SECONDS)


def said(record: Record) -> str:
    """The end of a cell in a few words."""
    point = record["points"][-1]
    ends = ", ".join("failed" if one["failed"] else f"{one['val_loss']:.4f}" for one in point["retrained"])
    found = {
        name: point[name]
        for name in ("lr_max", "momentum", "weight_decay", "restarts", "refused")
        if name in point
    }
    return f"{ends or 'no run'} {found}"


def show(asked: argparse.Namespace) -> None:
    """The missing cells, and how long they will take."""
    records, waiting = list(read(asked.results)), missing(asked)
    for cell in waiting:
        print(f"{cell.path}: {expected(cell, records) / 60:.0f} minutes")
    hours = sum(expected(cell, records) for cell in waiting) / 3600
    print(f"{len(waiting)} cells missing, about {hours:.1f} hours as fast as the last ones")


def table(asked: argparse.Namespace) -> None:
    """Write the page and its picture; print the goals."""
    records = list(read(asked.results))
    if not records:
        raise SystemExit(f"a table needs cells, got none under {asked.results}; run first")
    place = asked.results / "quality.md" if asked.quick else asked.page
    place.parent.mkdir(parents=True, exist_ok=True)
    found = scores([record for record in records if record["contestant"] in CONTESTANTS])
    plot.draw(found, place.with_suffix(".svg"))
    place.write_text(page.page(records, place.with_suffix(".svg").name), encoding="utf-8")
    for verdict in verdicts(last(found), UNTUNED):
        print(f"{verdict.word}: {verdict.goal}: {verdict.says}")
    print(f"{place} and {place.with_suffix('.svg').name} written")


def short(asked: argparse.Namespace) -> None:
    """Whether short cycles tell what whole runs do: the tuned settings beside the usual ones."""
    for line in compare(asked.task or list(TASKS), list(read(asked.results)), asked.store, asked.quick):
        print(line, flush=True)


def fixed(asked: argparse.Namespace) -> None:
    """Whole runs with settings of one's own."""
    names = asked.task or list(TASKS)
    for line in train(names, asked.settings, asked.seeds, asked.store, asked.quick):
        print(line, flush=True)


def clock(asked: argparse.Namespace) -> None:
    """How long a whole training of each task takes: from 30 updates, in seconds of the processor."""
    for name in asked.task or TASKS:
        with Arena.of(TASKS[name].task(asked.quick), 0, asked.store, asked.quick) as arena:
            setting = arena.setting
            setup = one_cycle(setting.iterations, arena.task.optimizer == "adamw")
            spec = arena.spec(setup, FRESH).but(
                iterations=30, eval_every=10, eval_samples=64, host=setting.host
            )
            (one,) = arena.train("time", [spec])
        columns = one.curve.columns()
        busy = float(columns["processor_seconds"][-1] - columns["processor_seconds"][1]) / 20
        wall = float(columns["seconds"][-1] - columns["seconds"][1]) / 20
        print(
            f"{name}: {setting.iterations} updates of {1e3 * busy:.1f} ms ({1e3 * wall:.1f} on the wall): "
            f"{busy * setting.iterations:.0f} s per training, {setting.parameters} parameters, "
            f"{setting.precision}",
            flush=True,
        )


if __name__ == "__main__":
    main()
