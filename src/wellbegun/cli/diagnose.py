"""``wellbegun diagnose``: what training histories say, whoever wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wellbegun.cli.chart import chart, marks
from wellbegun.cli.folder import as_json, aside
from wellbegun.cli.options import output_options
from wellbegun.cli.tables import escaped, room, screen, two_columns
from wellbegun.report.words import anything, count, number, span

if TYPE_CHECKING:
    from rich.console import Console

    from wellbegun.diagnosis._base import Clue
    from wellbegun.diagnosis.compare import Comparison
    from wellbegun.histories._base import History
    from wellbegun.report.reading import Reading

# histories/ and report/ have these lists too, but load numpy and matplotlib; a test compares them
FORMATS = ("csv", "jsonl", "json", "tensorboard", "hf_trainer", "caffe", "text", "wellbegun")
PICTURES = (".svg", ".png", ".pdf")
COLOURS = {"descending": "dim", "plateau": "green", "overfitting": "yellow", "instability": "red",
           "rising_both": "magenta"}  # fmt: skip
_POINTS = 500  # drawn in the terminal


@click.command("diagnose")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--column", "columns", metavar="MEANING=NAME", multiple=True,
    help="Which column is the val_loss, train_loss, lr, iteration, ...; MEANING= leaves it out.",
)  # fmt: skip
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="Where a look at FILE is misled.")
@click.option(
    "--store", "--in", "store", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of our own runs; FILE is then the beginning of a run's KEY.",
)  # fmt: skip
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw into FILE.svg, .png or .pdf."
)
@click.option(
    "--setting", "settings", metavar="NAME=A,B,...", multiple=True,
    help="What differs between several FILEs, such as weight_decay=1e-3,1e-4.",
)  # fmt: skip
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with everything.")
@output_options
def diagnose(
    files: tuple[str, ...],
    columns: tuple[str, ...],
    file_format: str | None,
    store: Path | None,
    plot: Path | None,
    html: Path | None,
    settings: tuple[str, ...],
    as_object: bool,
) -> None:
    """Say what training curves show, and what to change.

    FILE is a training history in any usual form: CSV, JSON or JSON lines (of Lightning, Keras, fastai,
    Weights & Biases or your own), event files of TensorBoard or their folder, trainer_state.json, a Caffe
    log, lines with losses, or the folder of a run of ours; packed with gzip or not. Several are compared.
    """
    if plot is not None and plot.suffix.lower() not in PICTURES:
        raise click.UsageError(
            f"--plot draws {', '.join(PICTURES)}, got {plot.name}; change the end of its name"
        )
    for place in (plot, html):
        if place is not None and not place.parent.is_dir():
            raise click.UsageError(f"the folder of {place} must exist; make it first, or name another one")
    asked = dict(_pair(text) for text in columns)
    from wellbegun.report.reading import compared, read_aloud

    readings = [read_aloud(h) for name in files for h in _histories(name, asked, file_format, store)]
    found = compared(readings, dict(_values(text) for text in settings))
    _write(readings, found, plot, html)
    written = {"plot": plot, "html": html}
    if as_object:
        click.echo(as_json(_object(readings, found, {name: path for name, path in written.items() if path})))
    else:
        _show(readings, found, {name: path for name, path in written.items() if path})


def _pair(text: str) -> tuple[str, str]:
    meaning, sign, name = text.partition("=")
    if not sign:
        raise click.UsageError(f"--column is MEANING=NAME, such as val_loss=my_loss; got {text!r}")
    return meaning.strip(), name


def _values(text: str) -> tuple[str, list[float | str]]:
    name, sign, values = text.partition("=")
    if not sign:
        raise click.UsageError(f"--setting is NAME=A,B,..., such as weight_decay=1e-3,1e-4; got {text!r}")
    return name.strip(), [_number_or_word(value.strip()) for value in values.split(",")]


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _histories(
    name: str, asked: dict[str, str], file_format: str | None, store: Path | None
) -> tuple[History, ...]:
    from wellbegun.histories.read import read_histories

    if store is None:
        return read_histories(name, asked, file_format=file_format)
    from wellbegun.cli.runs import full, opened

    runs, place = opened(store)
    return read_histories(place / full(runs, name, place), file_format="wellbegun")


def _object(readings: list[Reading], found: Comparison | None, written: dict[str, Path]) -> dict[str, Any]:
    """One history by itself; several under ``histories``, with their ``comparison``."""
    if len(readings) == 1:
        return {**readings[0].to_json(), **written}
    return {
        "histories": [reading.to_json() for reading in readings],
        "comparison": found.to_json() if found else None,
        **written,
    }


def _write(readings: list[Reading], found: Comparison | None, plot: Path | None, html: Path | None) -> None:
    if plot is not None:
        from wellbegun.report.pictures import save

        with aside(plot) as path:
            save(readings, path, plot.suffix.lower())
    if html is not None:
        from wellbegun.report import html as page

        several = count(len(readings), "training history", "training histories")
        title = readings[0].title if len(readings) == 1 else several
        page.write_readings(readings, html, title=title, comparison=found)


def _show(readings: list[Reading], found: Comparison | None, written: dict[str, Path]) -> None:
    console = screen()
    for place, reading in enumerate(readings):
        if place:
            console.print()
        _show_one(reading, console)
    if found is not None:
        console.print(f"\n[bold]compared[/bold]: {escaped(found.reason)}")
    for name, path in written.items():
        console.print(f"{name}: {path}", markup=False)


def _show_one(reading: Reading, console: Console) -> None:
    """What was read, the curve over its clues, the clues in words, the verdict."""
    history, found = reading.history, reading.diagnosis
    console.print(f"[bold]{escaped(reading.title)}[/bold]: {escaped(history.source)}")
    table = two_columns()
    table.add_row("read as", escaped(", ".join(f"{m} = {n}" for m, n in history.columns.items())))
    if history.others:
        shown = ", ".join(history.others[:8]) + (", ..." if len(history.others) > 8 else "")
        table.add_row("not read", escaped(shown))
    table.add_row("rows", f"{count(history.rows, 'value')}, {count(len(history.curve), 'row')} of the curve")
    for word, texts in (("missing", history.missing), ("note", history.notes)):
        for text in texts:
            table.add_row(word, escaped(text))
    console.print(table, "")
    _draw(reading, console)
    table = two_columns()
    for clue in found.clues:
        label = f"[{COLOURS[clue.label]}]{clue.label.replace('_', ' ')}[/]"
        table.add_row(label, escaped(_line(clue, history.axis)))
    if (gap := reading.generalization_error) is not None:
        table.add_row("gap", f"validation loss minus training loss ends at {number(gap)}")
    if (ramp := reading.super_convergence) is not None:
        table.add_row("ramp", escaped(ramp.reason))
    table.add_row("[bold]verdict[/bold]", f"[bold]{found.overall}[/bold]: {escaped(found.reason)}")
    console.print("", table)


def _draw(reading: Reading, console: Console) -> None:
    """The judged curve, and under it a line that shows which clue holds where."""
    import numpy as np

    curve, history = reading.curve, reading.history
    rows = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), _POINTS)).round().astype(int))
    positive = curve.val_loss[np.isfinite(curve.val_loss) & (curve.val_loss > 0)]
    log = len(positive) > 0 and float(positive.max()) > 8 * float(positive.min())
    x, y = curve.iteration[rows].tolist(), curve.val_loss[rows].tolist()
    scale = ", log scale" if log else ""
    console.print(f"{history.judged} over {history.axis}s{scale}", style="dim")
    place = room(console)
    drawing = chart(x, y, **place, log_y=log, x_ends=(x[0], x[-1]))
    spans = [(clue.label.replace("_", " "), clue.start, clue.end) for clue in reading.diagnosis.clues]
    console.print("\n".join([*drawing, *marks(spans, x[0], x[-1], drawing, place["width"])]), markup=False)


def _line(clue: Clue, axis: str) -> str:
    """One clue: where, at which rates, what is seen, what to do."""
    where = f"{axis} {number(clue.start)} to {number(clue.end)}"
    known = clue.lr_start == clue.lr_start and clue.lr_end == clue.lr_end
    rates = f", lr {_rates(clue.lr_start, clue.lr_end)}" if known else ""
    advice = f" -> {clue.advice}" if clue.advice else ""
    section = f" (Sec. {clue.section})" if clue.section else ""
    return f"{where}{rates}: {clue.evidence}{advice}{section}"


def _rates(first: float, last: float) -> str:
    return anything([first, last]) if first != last else span(first, last)
