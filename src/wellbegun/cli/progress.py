"""How a long job shows itself: live on a terminal, in plain lines elsewhere, always on standard error."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from wellbegun.report.words import count, number
from wellbegun.report.words import seconds as in_words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from wellbegun.runs.progress import Progress

Watch = Callable[["Progress"], None]


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watch | None]:
    """What to hand to ``watch=``; None where the user wants to see nothing."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _live() as watch:
            yield watch
    else:
        yield Lines()


class Lines:
    """A line for every run that has ended and every sentence of a finding; nothing per evaluation."""

    def __init__(self) -> None:
        self._seen = ("", 0)

    def __call__(self, progress: Progress) -> None:
        if progress.message:
            click.echo(f"found: {progress.message}", err=True)
        now = (progress.step, progress.runs_done)
        if now != self._seen and not progress.message:
            self._seen = now
            click.echo(line(progress), err=True)


def line(progress: Progress) -> str:
    """One line with everything that a Progress says."""
    done = f"{progress.runs_done} of {count(progress.runs_planned, 'run')}"
    iterations = f"{progress.iterations_done:,} of {progress.iterations_planned:,} iterations"
    parts = [done, iterations, in_words(progress.seconds), left(progress), losses(progress)]
    return f"{progress.step}: {', '.join(part for part in parts if part)}"


def left(progress: Progress) -> str:
    """The time left in words, or nothing where it is not known."""
    return "" if progress.seconds_left is None else f"about {in_words(progress.seconds_left)} left"


def losses(progress: Progress) -> str:
    """The latest evaluation of the current run, or nothing before the first."""
    if progress.curve is None:
        return ""
    iteration, train_loss, val_loss = progress.curve
    seen = f"train_loss {number(train_loss)}, " if math.isfinite(train_loss) else ""
    return f"at iteration {iteration:,} {seen}val_loss {number(val_loss)}"


@contextmanager
def _live() -> Iterator[Watch]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=sys.stderr, highlight=False)
    started, latest = time.monotonic(), [None]  # type: tuple[float, list[Progress | None]]

    def draw() -> (
        RenderableType
    ):  # called by rich four times a second, so that the clock moves between evaluations
        return _picture(latest[0], time.monotonic() - started)

    with Live(get_renderable=draw, console=console, transient=True, refresh_per_second=4) as display:

        def watch(progress: Progress) -> None:
            latest[0] = progress
            if progress.message:
                display.console.print(Text.assemble(("found: ", "green"), progress.message))

        yield watch


def _picture(progress: Progress | None, seconds: float) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    if progress is None:
        return Text(f"getting ready, {in_words(seconds)}", style="dim")
    bar = ProgressBar(total=max(1, progress.iterations_planned), completed=progress.iterations_done, width=30)
    share = min(1.0, progress.iterations_done / max(1, progress.iterations_planned))
    grid = Table.grid(padding=(0, 2))
    runs = f"{progress.runs_done} of {count(progress.runs_planned, 'run')}"
    clock = ", ".join(part for part in (in_words(seconds), left(progress)) if part)
    grid.add_row(Text(progress.step, style="bold"), runs, bar, f"{100 * share:.0f} %", clock)
    return Group(grid, Text(losses(progress), style="dim"))
