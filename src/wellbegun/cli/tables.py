"""What a command prints at its end, as text that reads well on a terminal and in a file."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wellbegun.cli.chart import chart
from wellbegun.report.words import anything, count, number, percent, seconds, span

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from wellbegun.curve import Run
    from wellbegun.search.plan import Cost, Finding
    from wellbegun.search.recommendation import Recommendation

WIDTH, AXIS = 64, 12  # characters of a chart at most; what its axis takes beside it


def screen() -> Console:
    """Standard output; 100 columns where it is no terminal."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = 100
    return console


def print_recommendation(found: Recommendation, places: Sequence[tuple[str, str]]) -> None:
    """The values, one reason per finding, the final result, the cost, and where everything was written."""
    console = screen()
    console.print(f"\n[bold]{escaped(found.task_name)}[/bold]: how to train it", "\n")
    console.print(_values(found), "")
    console.print(_reasons(found.findings), "")
    ending = two_columns()
    if found.final is not None:
        ending.add_row("final run", _outcome(found.final, found.restarts))
    ending.add_row("cost", cost(found.cost))
    for name, place in places:
        ending.add_row(name, escaped(place))
    for note in found.notes:
        ending.add_row("note", escaped(note))
    console.print(ending)


def print_finding(finding: Finding, places: Sequence[tuple[str, str]]) -> None:
    """One finding: the choice, its interval, the reason, the cost."""
    console, grid = screen(), two_columns()
    grid.add_row(escaped(finding.name), f"[bold]{escaped(anything(finding.choice))}[/bold]")
    if finding.interval:
        grid.add_row("as good", span(*finding.interval))
    grid.add_row("why", escaped(_reason(finding)))
    grid.add_row("cost", cost(finding.cost))
    for name, place in places:
        grid.add_row(name, escaped(place))
    console.print(grid)


def print_run(run: Run, places: Sequence[tuple[str, str]]) -> None:
    """One run: a chart of its validation loss, how it ended, what it cost."""
    console, grid = screen(), two_columns()
    print_curve(run, console)
    grid.add_row("run", run.key)
    grid.add_row("ended", _outcome(run, 0))
    grid.add_row("cost", cost(run))
    for name, place in places:
        grid.add_row(name, escaped(place))
    console.print(grid)


def print_curve(run: Run, console: Console, *, over_lr: bool = False) -> None:
    """A chart of val_loss over the iterations, or over the learning rate of a range test."""
    x = run.curve.lr if over_lr else run.curve.iteration
    console.print(f"val_loss over {'lr' if over_lr else 'iterations'}", style="dim")
    drawing = chart(x.tolist(), run.curve.val_loss.tolist(), **room(console), log_x=over_lr)
    console.print("\n".join(drawing), markup=False)


def room(console: Console) -> dict[str, Any]:
    """How a chart is drawn there: whether braille characters can be shown, and how wide it may be."""
    braille = console.encoding.lower().startswith("utf") and sys.platform != "win32"
    return {"braille": braille, "width": max(16, min(WIDTH, console.width - AXIS))}


def cost(spent: Cost | Run) -> str:
    """What runs cost, in words."""
    parts = (count(spent.iterations, "iteration"), f"{number(spent.epochs)} epochs", seconds(spent.seconds))
    return ", ".join(parts)


def _values(found: Recommendation) -> Table:
    grid = two_columns()
    momentum = f"{number(found.momentum_max)} down to {number(found.momentum_min)} and back"
    length = f"{number(found.iterations)} ({number(found.epochs)} epochs), stepsize {number(found.stepsize)}"
    rows = (
        ("lr_max", number(found.lr_max)), ("lr_min", number(found.lr_min)), ("momentum", momentum),
        ("weight_decay", number(found.weight_decay)), ("batch_size", number(found.batch_size)),
        ("iterations", length), ("optimizer", found.optimizer),
    )  # fmt: skip
    for name, value in rows:
        ends = found.intervals.get(name)
        grid.add_row(name, f"[bold]{value}[/bold]" + (f"   as good: {span(*ends)}" if ends else ""))
    return grid


def _reasons(findings: Sequence[Finding]) -> Table:
    grid = two_columns()
    for finding in findings:
        grid.add_row(escaped(finding.name), escaped(_reason(finding)))
    return grid


def _reason(finding: Finding) -> str:
    return f"{finding.reason} (Sec. {finding.section})" if finding.section else finding.reason


def _outcome(run: Run, restarts: int) -> str:
    if run.diverged:
        return f"[bold red]diverged[/bold red] after {count(run.iterations, 'iteration')}"
    parts = [
        f"{name} {percent(value) if 'accuracy' in name else number(value)}"
        for name, value in results(run).items()
    ]
    if parts and run.spec.eval_samples is not None:
        parts.append(f"validation on {run.spec.eval_samples:,} samples")
    if restarts:
        parts.append(f"after {count(restarts, 'restart')} at a lower lr_max")
    return ", ".join(parts or [run.ended])


def results(run: Run) -> dict[str, float]:
    """The last validation and the test, where they were measured."""
    last = {name: float(column[-1]) for name, column in run.curve.columns().items() if len(column)}
    seen = {name: last.get(name, math.nan) for name in ("val_loss", "val_accuracy")}
    return {name: value for name, value in (seen | dict(run.test)).items() if not math.isnan(value)}


def two_columns() -> Table:
    """Two columns without lines: names and texts."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def escaped(text: str) -> str:
    """A text of the user's that rich shows as it is."""
    from rich.markup import escape

    return escape(text)
