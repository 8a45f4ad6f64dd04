"""``wellbegun train``: one run with settings that are known."""

from __future__ import annotations

from typing import Any

import click

from wellbegun.cli.failure import FAILED
from wellbegun.cli.folder import as_json
from wellbegun.cli.jobs import ready
from wellbegun.cli.options import NOT_NEGATIVE, POSITIVE, Asked, momentum_option, training_options
from wellbegun.cli.tables import print_run


@click.command("train")
@training_options
@click.option("--lr-max", type=POSITIVE, required=True, help="The highest learning rate of the cycle.")
@click.option("--lr-min", type=NOT_NEGATIVE, help="The first one; lr_max/10 if not given.")
@momentum_option("It cycles against the rate.", "0.95,0.85")
@click.option("--weight-decay", type=NOT_NEGATIVE, default=0.0, show_default=True)
@click.option(
    "--schedule", default="one_cycle", show_default=True, help="A kind that `wellbegun schedule` draws."
)
def train(asked: Asked, **settings: Any) -> None:
    """Train once with 1cycle and settings you know."""
    from wellbegun.tune import train as work

    with ready(asked) as job:
        run = work(job.task, **settings, **job.keywords)
    if asked.as_object:
        click.echo(as_json({"key": run.key, **run.to_json(), "store": job.folder.runs}))
    else:
        print_run(run, [("runs", str(job.folder.runs))])
    if run.diverged:
        click.get_current_context().exit(FAILED)
