"""``wellbegun schedule``: what a schedule looks like, before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wellbegun.cli.chart import chart
from wellbegun.cli.folder import as_json, aside
from wellbegun.cli.options import NOT_NEGATIVE, POSITIVE, momentum_option, output_options
from wellbegun.cli.tables import room, screen
from wellbegun.report.words import number

if TYPE_CHECKING:
    from wellbegun.schedules._base import Schedule

PICTURES = (".svg", ".png", ".pdf")
POINTS = 200  # drawn and printed; a schedule of fewer iterations shows every one


@click.command("schedule")
@click.argument("kind")
@click.option("--lr-max", type=POSITIVE, required=True, help="The highest learning rate.")
@click.option("--lr-min", type=NOT_NEGATIVE, help="The lowest one of the cycle; lr_max/10 if not given.")
@click.option("--iterations", type=click.IntRange(min=1), required=True, help="Updates of the whole run.")
@click.option(
    "--stepsize", type=click.IntRange(min=1), help="Half a cycle in iterations; 0.45 of the run for 1cycle."
)
@momentum_option("Momentum too: it falls to MIN while the rate rises, and comes back.")
@click.option(
    "--set", "others", metavar="NAME=VALUE", multiple=True, help="Any other number of the kind, as gamma=0.1."
)
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw into FILE.svg, .png or .pdf."
)
@output_options
def schedule(
    kind: str,
    iterations: int,
    momentum: tuple[float, float] | None,
    plot: Path | None,
    as_object: bool,
    **numbers: Any,
) -> None:
    """Draw a schedule and print its numbers.

    KIND is one_cycle, constant, step, inv, exp, cosine, triangular, linear_ramp and more; a wrong name
    lists all of them. --lr-max is the first value of those that only fall, and the last of the ramps.
    """
    if plot is not None and plot.suffix.lower() not in PICTURES:
        raise click.UsageError(
            f"--plot draws {', '.join(PICTURES)}, got {plot.name}; change the end of its name"
        )
    curves = {"lr": built(kind, iterations, numbers)}
    if momentum is not None:
        curves["momentum"] = _against(curves["lr"], iterations, *momentum)
    if plot is not None:
        _draw(curves, iterations, plot)
    if as_object:
        click.echo(as_json(_numbers(curves, iterations, plot)))
    else:
        _show(curves, iterations, plot)


def built(kind: str, iterations: int, numbers: dict[str, Any]) -> Schedule:
    """The schedule of that name, from the options the user gave.

    Raises:
        click.UsageError: there is no such kind, or it needs numbers that were not given.
    """
    from wellbegun.schedules.kinds import KINDS, from_json

    kinds = {name: cls for name, cls in KINDS.items() if "momentum" not in name}
    if kind not in kinds:
        raise click.UsageError(f"KIND must be one of {', '.join(kinds)}; got {kind!r}")
    fields = {field.name: str(field.type) for field in dataclasses.fields(kinds[kind])}
    others = dict(_other(text, fields, kind) for text in numbers["others"])
    given = {**_placed(kind, fields, iterations, numbers), **others}
    if hasattr(kinds[kind], "of") and "stepsize" not in given and others.keys() <= {"final"}:
        usual = kinds[kind].of(given["lr_max"], iterations, given["lr_min"])
        made: Schedule = dataclasses.replace(usual, **others)
        return made
    needed = [field.name for field in dataclasses.fields(kinds[kind]) if field.default is dataclasses.MISSING]
    if missing := [name for name in needed if name not in given]:
        ways = [f"--{name} N" if name == "stepsize" else f"--set {name}=..." for name in missing]
        raise click.UsageError(f"{kind} needs the numbers {', '.join(needed)}; give {' '.join(ways)} too")
    return from_json({"kind": kind, **given})


def _placed(kind: str, fields: dict[str, str], iterations: int, numbers: dict[str, Any]) -> dict[str, Any]:
    """The common options under the names that the fields of this kind have."""
    high, low, stepsize = numbers["lr_max"], numbers["lr_min"], numbers["stepsize"]
    if kind.endswith("ramp"):
        if low is None:
            raise click.UsageError(f"{kind} rises from --lr-min to --lr-max; give --lr-min too")
        values = {"start": low, "end": high}
    else:
        values = {"lr_max": high, "start": high, "value": high, "end": low or 0.0}
        values["lr_min"] = high / 10 if low is None else low
        values["final"] = values["lr_min"] / 1000
    values["iterations"] = iterations
    if stepsize is not None:
        if "stepsize" not in fields:
            raise click.UsageError(f"{kind} has no stepsize, got --stepsize {stepsize}; leave it out")
        values["stepsize"] = stepsize
    return {name: value for name, value in values.items() if name in fields}


def _other(text: str, fields: dict[str, str], kind: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    if name not in fields:
        raise click.UsageError(f"{kind} has the numbers {', '.join(fields)}; got --set {text}")
    try:
        if fields[name].startswith("tuple"):
            return name, tuple(int(part) for part in value.split(","))
        return name, {"int": int, "float": float}.get(fields[name], str)(value)
    except ValueError:
        raise click.UsageError(f"{name} of {kind} is of type {fields[name]}; got --set {text}") from None


def _against(lr: Schedule, iterations: int, maximum: float, minimum: float) -> Schedule:
    """Momentum that is lowest where the learning rate is highest; constant where both ends are the same."""
    import numpy as np

    from wellbegun.schedules.constant import Constant
    from wellbegun.schedules.cyclical import MomentumCycle

    if maximum == minimum:
        return Constant(maximum)
    stepsize = getattr(lr, "stepsize", None) if hasattr(lr, "lr_max") else None
    peak = int(stepsize or np.argmax(lr(np.arange(iterations))))
    if peak == 0:
        raise click.UsageError(
            "momentum falls while the learning rate rises, and this one never does; give one number"
        )
    return MomentumCycle(maximum, minimum, peak)


def _sampled(iterations: int, values: Sequence[float]) -> tuple[list[int], list[float]]:
    """Some POINTS evenly spread iterations, the highest and the lowest among them, with their values."""
    import numpy as np

    spread = np.linspace(0, iterations - 1, min(iterations, POINTS)).round().astype(int)
    where = np.union1d(spread, [np.argmax(values), np.argmin(values)]).tolist()
    return where, [values[i] for i in where]


def _numbers(curves: dict[str, Schedule], iterations: int, plot: Path | None) -> dict[str, Any]:
    from wellbegun.schedules.kinds import to_json

    forms = {name: to_json(curve) for name, curve in curves.items()}
    where, _ = _sampled(iterations, _all(curves["lr"], iterations))
    points = {"iteration": where, **{name: curve(where).tolist() for name, curve in curves.items()}}
    return {"iterations": iterations, "schedules": forms, "points": points, "plot": plot}


def _show(curves: dict[str, Schedule], iterations: int, plot: Path | None) -> None:
    console = screen()
    for name, curve in curves.items():
        values = _all(curve, iterations)
        extremes = (("highest", max(values)), ("lowest", min(values)))
        places = [f"{word} {number(value)} at {number(values.index(value))}" for word, value in extremes]
        parts = [f"first {number(values[0])}", *places, f"last {number(values[-1])}"]
        console.print(f"[bold]{name}[/bold]: {', '.join(parts)}")
        drawing = chart(*_sampled(iterations, values), **room(console))
        console.print("\n".join(drawing), markup=False)
    if plot is not None:
        console.print(f"picture: {plot}", markup=False)


def _all(curve: Schedule, iterations: int) -> list[float]:
    import numpy as np

    values: list[float] = curve(np.arange(iterations)).tolist()
    return values


def _draw(curves: dict[str, Schedule], iterations: int, plot: Path) -> None:
    from matplotlib.figure import Figure

    from wellbegun.report.figures.schedule import plot_schedule

    figure = Figure(figsize=(6.4, 2.4 * len(curves) + 0.4), layout="constrained")
    axes = figure.subplots(len(curves), squeeze=False)[:, 0]
    for ax, (name, curve) in zip(axes, curves.items(), strict=True):
        plot_schedule(curve, iterations, ax)
        ax.set_ylabel(name)
    with aside(plot) as path:
        figure.savefig(path, format=plot.suffix[1:].lower(), dpi=150)
