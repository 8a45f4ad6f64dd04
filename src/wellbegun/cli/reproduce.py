"""``wellbegun reproduce``: the papers' figures and tables, replayed and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wellbegun.cli.folder import as_json, aside
from wellbegun.cli.jobs import memory_kept
from wellbegun.cli.options import Finite, output_options

if TYPE_CHECKING:
    from wellbegun.papers.exhibit import Exhibit, Scale
    from wellbegun.papers.results import Archive

SCALES: tuple[Scale, ...] = ("paper", "cpu")
VARIANTS = ("applied", "not-applied")

results_option = click.option(
    "--results", type=click.Path(path_type=Path, file_okay=False), default=Path("results"),
    show_default=True, help="Folder of the measured results.",
)  # fmt: skip


@click.group("reproduce")
def reproduce() -> None:
    """Replay the papers' figures and tables, and check what the papers say of them."""


@reproduce.command("list")
@results_option
@output_options
def list_command(results: Path, as_object: bool) -> None:
    """Name every exhibit, and what of it has been measured."""
    from wellbegun.papers.collection import exhibits

    rows = [_row(exhibit, _archive(results)) for exhibit in exhibits().values()]
    if as_object:
        click.echo(as_json({"exhibits": rows}))
        return
    for row in rows:
        measured = row["measured"]
        told = ", ".join(f"{scale}: {count} of {row['runs']} runs" for scale, count in measured.items())
        if not row["runs"]:
            click.echo(f"{row['id']:32} {row['label']}; {row['kind']}, nothing to run")
            continue
        click.echo(f"{row['id']:32} {row['label']}; {row['network']} on {row['dataset']}; {told}")


@reproduce.command("show")
@click.argument("name")
@results_option
@output_options
def show(name: str, results: Path, as_object: bool) -> None:
    """Show one exhibit: its runs, the published and the measured numbers, the claims."""
    from wellbegun.papers.collection import named
    from wellbegun.papers.document import section

    exhibit = named(name)
    if as_object:
        click.echo(as_json(_row(exhibit, _archive(results))))
        return
    click.echo(f"{exhibit.label}: {exhibit.says}")
    for line in exhibit.lines:
        published = f", published {line.published.accuracy} %" if line.published else ""
        what = f"{line.iterations} updates of {line.batch_size}, decay {line.weight_decay:g}"
        kept = f", measured as {line.kept[1]} of {line.kept[0]}" if line.kept else ""
        click.echo(f"  {line.name}: {what}{published}{kept}")
    if not exhibit.lines:
        click.echo("nothing to run")
        return
    page = section(exhibit, _archive(results))
    click.echo("\n" + "\n".join(page[2:]) if page else "nothing of it has been measured yet")


@reproduce.command("run")
@click.argument("name")
@click.option("--scale", type=click.Choice(SCALES), default="cpu", show_default=True)
@click.option("--variant", type=click.Choice(VARIANTS), default="applied", show_default=True,
              help="Whether momentum that the text says was cycled is cycled.")  # fmt: skip
@click.option("--repeats", type=click.IntRange(min=1), help="At most so many per line.")
@click.option("--line", "lines", multiple=True, help="Only this line; may be given several times.")
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="WELLBEGUN_DATA", show_envvar=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes; 0 trains in this one.")
@click.option("--store", type=click.Path(path_type=Path), help="Where runs are kept while they are trained.")
@click.option("--yes", is_flag=True, help="Do not ask, however long it takes.")
@results_option
@output_options
def run(
    name: str, scale: Any, variant: str, repeats: int | None, lines: tuple[str, ...], data_dir: Path | None,
    device: str, workers: int, store: Path | None, yes: bool, results: Path, as_object: bool,
) -> None:  # fmt: skip
    """Train what is missing of an exhibit, and add it to the results as it ends."""
    memory_kept()
    from wellbegun.papers import replay
    from wellbegun.papers.collection import named
    from wellbegun.report.words import seconds

    exhibit, archive = named(name), _archive(results)
    kind = variant.replace("-", " ")
    options: dict[str, Any] = {"data_dir": data_dir, "device": device}
    missing = replay.missing(
        exhibit, archive, scale=scale, variant=kind, repeats=repeats, lines=lines, **options
    )
    updates = sum(one.spec.iterations for one in missing)
    if missing and not yes:
        cost = seconds(replay.seconds(exhibit, missing, **options))
        told = f"{len(missing)} runs, {updates} updates, about {cost} on this machine"
        click.confirm(f"{exhibit.label}: {told}. Go on?", abort=True, err=True)
    done = 0
    options |= {"workers": workers, "store": store}
    for one, ended in replay.replay(
        exhibit, archive, scale=scale, variant=kind, repeats=repeats, lines=lines, **options
    ):
        done += 1
        accuracy = 100 * ended.test.get("test_accuracy", 0.0)
        click.echo(
            f"{done} of {len(missing)}: {one.line.name}, repeat {one.repeat}: {accuracy:.2f} %", err=True
        )
    if as_object:
        click.echo(as_json(_row(exhibit, archive)))
    else:
        click.echo(f"{exhibit.id}: {done} runs measured now; see wellbegun reproduce show {exhibit.id}")


@reproduce.command("queue")
@click.option("--minutes", type=Finite(min=0, min_open=True), required=True, help="How long it may take.")
@click.option("--scale", type=click.Choice(SCALES), default="paper", show_default=True)
@click.option("--only", multiple=True, metavar="ID", help="Only this exhibit; may be given several times.")
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="WELLBEGUN_DATA", show_envvar=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--store", type=click.Path(path_type=Path), help="Where runs are kept while they are trained.")
@results_option
@output_options
def queue(
    minutes: float,
    scale: Any,
    only: tuple[str, ...],
    data_dir: Path | None,
    device: str,
    store: Path | None,
    results: Path,
    as_object: bool,
) -> None:
    """Measure what is missing and fits into a time: for a GPU that is lent for some minutes.

    ImageNet, which cannot be fetched, is left out unless an exhibit of it is named.
    """
    memory_kept()
    from wellbegun.papers import replay
    from wellbegun.papers.collection import exhibits, named

    chosen = [named(name) for name in only] or [
        exhibit for exhibit in exhibits().values() if exhibit.lines and exhibit.task != "imagenet"
    ]  # fmt: skip
    options: dict[str, Any] = {"data_dir": data_dir, "device": device, "store": store}
    added = []
    for exhibit, one, run in replay.queue(chosen, _archive(results), minutes=minutes, scale=scale, **options):
        told = f"{exhibit.id}, {one.line.name}, repeat {one.repeat}"
        added.append(told)
        click.echo(f"{told}: {100 * run.test.get('test_accuracy', 0.0):.2f} %", err=True)
    click.echo(as_json({"measured": added}) if as_object else f"{len(added)} runs measured now")


@reproduce.command("report")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("docs/reproduction.md"),
              show_default=True)  # fmt: skip
@results_option
@output_options
def report(out: Path, results: Path, as_object: bool) -> None:
    """Write the page about everything that was measured, and its pictures into a folder beside it.

    Pictures of exhibits that are measured no longer go away.
    """
    from wellbegun.papers.collection import exhibits
    from wellbegun.papers.document import document
    from wellbegun.papers.pictures import pictures

    folder = out.with_suffix("")
    stale = {path for name in exhibits() for path in folder.glob(f"{name}-*.svg")}
    files = {folder / name: text for name, text in pictures(exhibits().values(), _archive(results)).items()}
    files[out] = document(exhibits().values(), _archive(results), pictures=folder.name)
    for place, text in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        with aside(place) as path:
            path.write_text(text, encoding="utf-8")
    for path in stale - files.keys():
        path.unlink()
    click.echo(as_json({"report": out}) if as_object else f"report  {out}")


def _archive(results: Path) -> Archive:
    from wellbegun.papers.results import Archive

    return Archive(results)


def _row(exhibit: Exhibit, archive: Archive) -> dict[str, Any]:
    """An exhibit as JSON."""
    found = {scale: archive.results(exhibit, scale) for scale in SCALES}
    measured = {scale: sum(len(result.runs) for result in found[scale].values()) for scale in SCALES}
    verdicts = {
        scale: {claim.id: claim.verdict(found[scale], scale).word for claim in exhibit.claims}
        for scale in SCALES
    }
    return {
        "id": exhibit.id, "label": exhibit.label, "kind": exhibit.kind, "dataset": exhibit.task,
        "network": exhibit.network, "runs": len(exhibit.lines) * exhibit.repeats,
        "claims": [claim.id for claim in exhibit.claims], "measured": measured, "verdicts": verdicts,
    }  # fmt: skip
