"""``wellbegun runs``: what is in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wellbegun.cli.folder import as_json
from wellbegun.cli.options import output_options
from wellbegun.cli.tables import print_run, results, screen
from wellbegun.report.words import anything, count, number, percent, seconds

if TYPE_CHECKING:
    from wellbegun.curve import Run
    from wellbegun.runs.store import RunStore

IN = click.option(
    "--in", "folder", type=click.Path(path_type=Path), help="Folder of a job  [the only ./wellbegun-*]"
)  # fmt: skip


@click.group("runs")
def runs() -> None:
    """List, show or remove the runs that are kept."""


@runs.command("list")
@IN
@output_options
def list_command(folder: Path | None, as_object: bool) -> None:
    """List the finished runs, the oldest first."""
    store, place = opened(folder)
    keys = sorted(store.keys(), key=lambda key: (place / key).stat().st_mtime)  # in the order they were made
    found = [run for run in map(store.find, keys) if run is not None]
    if as_object:
        click.echo(as_json({"store": place, "runs": [_summary(run) for run in found]}))
        return
    _table(found)
    click.echo(
        f"{count(len(found), 'run')}, {seconds(sum(run.seconds for run in found))} of training, in {place}"
    )


@runs.command("show")
@click.argument("key")
@IN
@output_options
def show_command(key: str, folder: Path | None, as_object: bool) -> None:
    """Show one run: what was asked, its curve, how it ended. The first digits of KEY are enough."""
    store, place = opened(folder)
    run = store.read(full(store, key, place))
    if as_object:
        click.echo(as_json({"key": run.key, **run.to_json()}))
        return
    for name, value in run.spec.to_json().items():
        click.echo(f"{name:<14} {anything(value)}")
    print_run(run, [])


@runs.command("remove")
@click.argument("keys", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Remove every run.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@IN
@output_options
def remove_command(
    keys: tuple[str, ...], everything: bool, yes: bool, folder: Path | None, as_object: bool
) -> None:
    """Remove runs; they are trained again when a job needs them."""
    store, place = opened(folder)
    if bool(keys) == everything:
        raise click.UsageError("name the KEYS of the runs to remove, or give --all: one of the two")
    chosen = store.keys() if everything else sorted({full(store, key, place) for key in keys})
    if (
        chosen
        and not yes
        and not click.confirm(f"Remove {count(len(chosen), 'run')} from {place}?", err=True)
    ):
        chosen = []
    for key in chosen:
        store.remove(key)
    click.echo(
        as_json({"store": place, "removed": chosen}) if as_object else f"{count(len(chosen), 'run')} removed"
    )


def opened(folder: Path | None) -> tuple[RunStore, Path]:
    """The store of a job's folder, or the folder itself where it is a store."""
    from wellbegun.runs.store import RunStore

    if folder is None:
        here = sorted(Path().glob("wellbegun-*/runs"))
        if len(here) != 1:
            names = ", ".join(str(path.parent) for path in here) or "none"
            raise click.UsageError(
                f"one folder ./wellbegun-* is needed here, found {names}; name one with --in"
            )
        place = here[0]
    else:
        place = folder / "runs" if (folder / "runs").is_dir() else folder
    if not place.is_dir():
        raise click.UsageError(f"the folder of the runs must exist, got {place}; name another with --in")
    return RunStore(place), place


def full(store: RunStore, start: str, place: Path) -> str:
    """The one key that begins like this."""
    kept = store.keys()
    found = [key for key in kept if key.startswith(start)]
    if len(found) != 1:
        raise click.UsageError(
            f"KEY must be the beginning of one run in {place}, {start!r} is that of {len(found)}"
        )
    return found[0]


def _summary(run: Run) -> dict[str, Any]:
    spec = run.spec.to_json()
    asked = ("task", "lr", "momentum", "weight_decay", "batch_size", "optimizer", "seed")
    ended = {"ended": run.ended, "iterations": run.iterations, "seconds": run.seconds, **results(run)}
    return {"key": run.key, **{name: spec[name] for name in asked}, **ended}


def _table(found: list[Run]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in (
        "key",
        "kind",
        "lr",
        "momentum",
        "decay",
        "iterations",
        "ended",
        "val_loss",
        "accuracy",
        "seconds",
    ):
        table.add_column(name)
    for run in found:
        seen, spec = results(run), run.spec.to_json()
        accuracy = percent(seen["val_accuracy"]) if "val_accuracy" in seen else ""
        asked = (
            spec["lr"]["kind"],
            _rates(spec["lr"]),
            _rates(spec["momentum"]),
            number(run.spec.weight_decay),
        )
        ended = (number(run.iterations), run.ended, anything(seen.get("val_loss", "")), accuracy)
        table.add_row(run.key[:8], *asked, *ended, f"{run.seconds:.1f}")
    console = screen()
    if not console.is_terminal:
        console.width = 160  # one line per run, for other programs
    console.print(table)


def _rates(schedule: dict[str, Any]) -> str:
    """The two ends of a schedule, or what numbers it has: 0.1; 0.03 to 0.3."""
    return " to ".join(number(value) for value in schedule.values() if isinstance(value, float))
