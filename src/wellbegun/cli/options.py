"""The options that several commands share, and what the user asked with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from wellbegun.cli.failure import Job

# spec.py has these lists too, but loads numpy; a test compares them
OPTIMIZERS = (
    "nesterov", "sgd", "papers_nesterov", "papers_sgd", "adamw",
    "caffe_adagrad", "caffe_adadelta", "caffe_adam", "caffe_rmsprop",
)  # fmt: skip
PRECISIONS = ("auto", "fp32", "bf16", "fp64")

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The shared options of a training command, as the user gave them."""

    task: str | None
    data: str | None
    model: str | None
    data_dir: Path | None
    epochs: float | None
    batch_size: int | None
    optimizer: str | None
    seed: int
    out: Path | None
    workers: int
    device: str
    precision: str
    all_data: bool
    repeats: bool
    as_object: bool
    quiet: bool

    def keywords(self) -> dict[str, Any]:
        """What the functions of tune.py take by the same names."""
        names = (
            "epochs",
            "batch_size",
            "optimizer",
            "seed",
            "workers",
            "device",
            "precision",
            "all_data",
            "repeats",
        )
        return {name: getattr(self, name) for name in names}

    def to_json(self) -> dict[str, Any]:
        """What decides the result, so that the same job can be asked again from anywhere."""
        values = dataclasses.asdict(self)
        for name in ("out", "as_object", "quiet", "workers"):
            del values[name]
        kind, _, place = (self.data or "").partition(":")
        values["data"] = f"{kind}:{Path(place).absolute()}" if place else self.data
        values["data_dir"] = str(self.data_dir.absolute()) if self.data_dir else None
        return values


class Finite(click.FloatRange):
    """A floating-point number that is neither NaN nor infinite, within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if number != number or number in (float("inf"), float("-inf")):
            self.fail(f"it must be a finite number, got {value}", param, ctx)
        return number


def ends(_: click.Context, __: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Momentum as one number, or two with a comma between, the larger first: ``0.9`` means ``0.9,0.9``."""
    if value is None:
        return None
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(0 <= number < 1 for number in numbers):
        rule = "momentum is one number or MAX,MIN, each at least 0 and below 1"
        raise click.BadParameter(f"{rule}, got {value!r}; try 0.95,0.85")
    if numbers[0] < numbers[-1]:
        swapped = f"{numbers[1]:g},{numbers[0]:g}"
        raise click.BadParameter(f"the larger number comes first, got {value!r}; try {swapped}")
    return numbers[0], numbers[-1]


def numbers(_: click.Context, __: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Numbers with commas between, none of them negative or twice."""
    if value is None:
        return ()
    try:
        found = tuple(float(part) for part in value.split(","))
    except ValueError:
        found = ()
    if not found or len(set(found)) < len(found) or not all(0 <= n < float("inf") for n in found):
        raise click.BadParameter(f"it takes different numbers >= 0 with commas, got {value!r}; try 0.9,0.95")
    return found


def momentum_option(help_text: str, default: str | None = None) -> Callable[[Command], Command]:
    """``--momentum MAX,MIN``, given to the command as a pair."""
    shown = default is not None
    return click.option(
        "--momentum", metavar="MAX,MIN", callback=ends, default=default, show_default=shown, help=help_text
    )


POSITIVE = Finite(min=0, min_open=True)
NOT_NEGATIVE = Finite(min=0)


def _debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Job).debug = True


OUTPUT = (
    click.option(
        "--json", "as_object", is_flag=True, help="Print one JSON object on standard output, nothing else."
    ),
    click.option("--debug", is_flag=True, expose_value=False, callback=_debug, help="Show tracebacks."),
)

TRAINING = (
    click.argument("task", required=False),
    click.option("--data", metavar="ADDRESS", help="mnist, cifar10, digits, npz:FILE or folder:DIR."),
    click.option("--model", metavar="NAME", help="A network by name, such as lenet or resnet20."),
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        envvar="WELLBEGUN_DATA",
        show_envvar=True,
        help="Where named data sets lie.",
    ),
    click.option("--epochs", type=POSITIVE, help="Length of the final run; the task's own if not given."),
    click.option(
        "--batch-size", type=click.IntRange(min=1), help="Samples per update; the task's own if not given."
    ),
    click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="The task's own if not given."),
    click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and data order."
    ),
    click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the results  [./wellbegun-<task>]",
    ),
    click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes; 0 trains in this one."),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps."),
    click.option("--precision", type=click.Choice(PRECISIONS), default="auto", show_default=True),
    click.option("--all-data", is_flag=True, help="The final run trains on the validation data too."),
    click.option(
        "--repeats",
        is_flag=True,
        help="Every short run four times, with other batch sizes and initialisations, read as their mean.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
)


def output_options(command: Command) -> Command:
    """Add ``--json`` (as ``as_object``) and ``--debug``."""
    return _with(OUTPUT, command)


def training_options(command: Callable[..., Any]) -> Command:
    """Add everything a training command takes; the command gets it as its first argument, an ``Asked``."""

    @wraps(command)
    def collected(**values: Any) -> Any:
        asked = Asked(**{field.name: values.pop(field.name) for field in dataclasses.fields(Asked)})
        if asked.task is None and asked.data is None:
            raise click.UsageError(
                "a task is needed: a name such as digits, MODULE:NAME, or --data; got neither"
            )
        return command(asked, **values)

    return _with((*TRAINING, *OUTPUT), collected)


def _with(options: tuple[Command, ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
