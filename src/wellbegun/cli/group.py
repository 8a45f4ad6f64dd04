"""The command ``wellbegun``: its commands in groups, and the place where errors become sentences."""

from __future__ import annotations

import io
import sys
from typing import Any

import click

from wellbegun import __version__
from wellbegun.cli.diagnose import diagnose
from wellbegun.cli.failure import Job, told
from wellbegun.cli.range_test import range_test
from wellbegun.cli.report import report
from wellbegun.cli.reproduce import reproduce
from wellbegun.cli.runs import runs
from wellbegun.cli.schedule import schedule
from wellbegun.cli.search import search
from wellbegun.cli.train import train
from wellbegun.cli.tune import tune

GROUPS = (
    ("The main job", (tune,)),
    ("One step of it alone", (range_test, search, train, schedule)),
    ("Read training curves", (diagnose,)),
    ("What was done", (runs, report)),
    ("The papers", (reproduce,)),
)

EXAMPLES = """\b
Examples:
  wellbegun tune digits                            about a minute, nothing to download
  wellbegun tune my_module:task --epochs 20        your own task, from Python code
  wellbegun tune --data npz:scans.npz              arrays in a file
  wellbegun tune --data folder:photos --model resnet20
  wellbegun range-test digits --kind exponential   the learning rate alone
  wellbegun schedule one_cycle --lr-max 0.5 --iterations 2000 --plot cycle.svg
  wellbegun diagnose metrics.csv                   what any training history says

A stopped job goes on where it stopped when it is called again in the same way.
"""


class Commands(click.Group):
    """A group whose help lists the commands by purpose, and whose errors end in a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        with told(ctx.ensure_object(Job)):
            return super().invoke(ctx)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(len(command.name or "") for _, commands in GROUPS for command in commands)
        for title, commands in GROUPS:
            with formatter.section(title):
                rows = [((c.name or "").ljust(width), c.get_short_help_str(80)) for c in commands]
                formatter.write_dl(rows)

    def list_commands(self, _: click.Context) -> list[str]:
        return [command.name or "" for _, commands in GROUPS for command in commands]


@click.group(
    cls=Commands,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="wellbegun", message="%(prog)s %(version)s")
def main() -> None:
    """Find out how to train a network from a few short runs: learning rate, momentum, weight decay."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark


for _, members in GROUPS:
    for member in members:
        main.add_command(member)
