"""``wellbegun range-test``: where the learning rate may lie."""

from __future__ import annotations

from typing import Any

import click

from wellbegun.cli.folder import as_json
from wellbegun.cli.jobs import ready
from wellbegun.cli.options import NOT_NEGATIVE, POSITIVE, Asked, Finite, training_options
from wellbegun.cli.tables import print_curve, print_finding, screen


@click.command("range-test")
@training_options
@click.option(
    "--lr-min", type=NOT_NEGATIVE, help="Where the ramp begins; found by a coarse ramp if not given."
)
@click.option("--lr-max", type=POSITIVE, help="Where it ends; found by a coarse ramp if not given.")
@click.option("--iterations", type=click.IntRange(min=10), help="Length of the ramp.")
@click.option("--kind", type=click.Choice(["linear", "exponential"]), default="linear", show_default=True)
@click.option("--momentum", type=Finite(min=0, max=1, max_open=True), default=0.9, show_default=True)
@click.option("--weight-decay", type=NOT_NEGATIVE, help="A middle value for the task if not given.")
@click.option(
    "--estimate", type=click.IntRange(min=0), default=1, show_default=True,
    help="Updates between two looks of the Hessian-free LR estimate; 0 for none.",
)  # fmt: skip
def range_test(asked: Asked, **ramp: Any) -> None:
    """Find the learning rate's range in one short run.

    The learning rate rises from --lr-min to --lr-max while the network trains. The validation loss falls,
    levels out, and rises again where training becomes unstable: lr_max is read off before that.
    """
    from wellbegun.report import html
    from wellbegun.tune import range_test as work

    with ready(asked) as job:
        finding = work(job.task, **ramp, **job.keywords)
        page = html.write_finding(finding, job.folder.path / "range-test.html", task_name=job.task.name)
    if asked.as_object:
        click.echo(as_json({**finding.to_json(), "store": job.folder.runs, "report": page}))
        return
    if finding.runs:
        print_curve(finding.runs[-1], screen(), over_lr=True)
    print_finding(finding, [("report", str(page)), ("runs", str(job.folder.runs))])
