"""``wellbegun search``: one setting alone."""

from __future__ import annotations

import click

from wellbegun.cli.folder import as_json
from wellbegun.cli.jobs import ready
from wellbegun.cli.options import Asked, training_options
from wellbegun.cli.tables import print_finding


@click.command("search")
@click.argument("what", type=click.Choice(["momentum", "weight-decay"]))
@training_options
def search(asked: Asked, what: str) -> None:
    """Find momentum or weight decay alone.

    One short learning rate range test for each candidate: the lowest validation loss wins, and where the
    difference is within the noise the simpler value does.
    """
    from wellbegun.tune import search as work

    with ready(asked) as job:
        finding = work(job.task, what, **job.keywords)
    if asked.as_object:
        click.echo(as_json({**finding.to_json(), "store": job.folder.runs}))
    else:
        print_finding(finding, [("runs", str(job.folder.runs))])
