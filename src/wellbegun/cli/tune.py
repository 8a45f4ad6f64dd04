"""``wellbegun tune``: the whole checklist, the final run, and everything written about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from wellbegun.cli.failure import Job
from wellbegun.cli.folder import Folder, as_json, aside
from wellbegun.cli.jobs import ready
from wellbegun.cli.options import Asked, training_options
from wellbegun.cli.tables import print_recommendation

if TYPE_CHECKING:
    from wellbegun.search.recommendation import Recommendation

ALSO = ("batch-size", "length")  # search/recipe.py has them too, but loads numpy; a test compares them


@click.command("tune")
@training_options
@click.option("--no-final", is_flag=True, help="Stop before the final run.")
@click.option(
    "--budget", metavar="N(s|min|h|ep|it)", help="What all of it together may cost: 10min, 5ep, 2000it."
)
@click.option(
    "--also", type=click.Choice(ALSO), multiple=True, help="A further step; may be given several times."
)
def tune(asked: Asked, no_final: bool, budget: str | None, also: tuple[str, ...]) -> None:
    """Find all settings, train with them, write a report.

    TASK is a name such as digits, or MODULE:NAME of a Task in Python code; with --data it may be left out.
    Finished runs are kept in the folder and never repeated.
    """
    from wellbegun.tune import tune as work

    with ready(asked) as job:
        begun = click.get_current_context().ensure_object(Job).begun
        found = work(job.task, final=not no_final, budget=budget, also=also, begun=begun, **job.keywords)
        write(found, job.folder, asked, {"final": not no_final, "budget": budget, "also": also})
    show(found, job.folder, asked.as_object)


def write(found: Recommendation, folder: Folder, asked: Asked, more: Mapping[str, Any]) -> None:
    """Write report, snippet and recommendation, the latter last: it says that the job has come to its end.

    Args:
        more: what was asked beside the options that all training commands take.
    """
    from wellbegun.report import html
    from wellbegun.report.snippet import snippet

    html.write(found, folder.report)
    with aside(folder.snippet) as path:
        path.write_text(snippet(found), encoding="utf-8")
    with aside(folder.recommendation) as path:
        whole = {**found.to_json(), "asked": {**asked.to_json(), **more}}
        path.write_text(as_json(whole, indent=2), encoding="utf-8")


def show(found: Recommendation, folder: Folder, as_object: bool) -> None:
    """Print the recommendation and where it was written."""
    places = [("report", folder.report), ("snippet", folder.snippet), ("runs", folder.runs)]
    if as_object:
        click.echo(as_json({**found.to_json(), **dict(places)}))
    else:
        print_recommendation(found, [(name, str(path)) for name, path in places])
