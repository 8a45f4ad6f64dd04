"""``wellbegun search``: one step of the checklist alone."""

from __future__ import annotations

import click

from wellbegun.cli.folder import as_json
from wellbegun.cli.jobs import ready
from wellbegun.cli.options import Asked, numbers, training_options
from wellbegun.cli.tables import print_finding

# search/alone.py has this list too, but loads numpy; a test compares them
SEARCHES = (
    "momentum", "momentum-cycle", "momentum-range", "weight-decay", "weight-decay-snapshot", "regularizer",
    "balance", "batch-size", "lr-min", "ramp-speed", "length",
)  # fmt: skip


@click.command("search")
@click.argument("what", type=click.Choice(SEARCHES))
@training_options
@click.option("--values", metavar="A,B,...", callback=numbers, help="Candidates instead of the step's own.")
@click.option(
    "--factor", metavar="NAME", default="", help="regularizer, balance: an argument of the model factory."
)
@click.option("--kind", type=click.Choice(("ramp", "constant")), help="weight-decay-snapshot: which parent.")
@click.option("--compare", is_flag=True, help="weight-decay-snapshot: make the whole grid, too.")
def search(
    asked: Asked, what: str, values: tuple[float, ...], factor: str, kind: str | None, compare: bool
) -> None:
    """Answer one question of the checklist alone.

    Short runs for each candidate; where a difference is within the noise, the finding says so and the simpler
    or cheaper value is taken. A page with the pictures is written beside the runs.
    """
    from wellbegun.report import html
    from wellbegun.tune import search_for

    with ready(asked) as job:
        finding = search_for(
            job.task, what, values=values, factor=factor, kind=kind or "", compare=compare, **job.keywords
        )
        page = html.write_finding(finding, job.folder.path / f"{what}.html", task_name=job.task.name)
    if asked.as_object:
        click.echo(as_json({**finding.to_json(), "store": job.folder.runs, "report": page}))
    else:
        print_finding(finding, [("report", str(page)), ("runs", str(job.folder.runs))])
