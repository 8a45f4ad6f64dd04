"""What a user can cause ends in a sentence and an exit code: 2 bad input, 1 a failed job, 130 stopped."""

from __future__ import annotations

import errno
import re
import sysconfig
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from wellbegun.errors import Refused, TrainingFailed, WellbegunError
from wellbegun.report.words import count

BAD_INPUT, FAILED, STOPPED = 2, 1, 130
TRACEBACK = "Traceback (most recent call last):"
FRAME = re.compile(r'^(  File "(.+?)", line .*\n(?:    .*\n)*)', re.MULTILINE)


@dataclass
class Job:
    """What the handler of errors must know of the command that runs."""

    debug: bool = False  # show tracebacks
    begun: float = field(default_factory=time.time)  # seconds since the epoch
    store: Path | None = None  # where finished runs are kept, once the command has a store


@contextmanager
def told(job: Job) -> Iterator[None]:
    """Turn what the user can cause into a message on standard error; our own errors keep their traceback."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise  # click knows what to do with them, with a closed pipe (``| head``) too
    except KeyboardInterrupt:
        kept = (
            f" Finished runs are kept in {job.store}: the same command goes on where it stopped."
            if job.store
            else ""
        )
        click.echo(f"\nStopped.{kept}", err=True)
        raise click.exceptions.Exit(STOPPED) from None
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        if job.debug:
            traceback.print_exception(error)
        click.echo(message(error), err=True)
        raise click.exceptions.Exit(code) from None


def exit_code(error: Exception) -> int | None:
    """The exit code for what a user can cause; None for an error of our own."""
    if isinstance(error, (TrainingFailed, Refused)):
        return FAILED
    if isinstance(error, OSError):
        return FAILED if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) else BAD_INPUT
    if isinstance(error, ModuleNotFoundError):  # an optional library is for the user to install
        return None if (error.name or "").startswith("wellbegun") else BAD_INPUT
    if isinstance(error, (WellbegunError, ValueError)):
        return BAD_INPUT
    return None


def message(error: Exception) -> str:
    """The sentence to show, after the last lines of the user's own traceback where there is one."""
    text = str(error) or type(error).__name__
    if isinstance(error, Refused):
        measured = f"\n{count(len(error.runs), 'run')} measured so far." if error.runs else ""
        return f"No recommendation: {text}{measured}"
    if isinstance(error, TrainingFailed) and (lines := users_lines(error)):
        return f"{lines}\nError: {text}"
    return f"Error: {text}"


def users_lines(error: TrainingFailed, most: int = 3) -> str:
    """The end of a failed run's traceback in the user's own code, libraries left out; "" without any."""
    if error.__cause__ is None:
        return ""
    notes = [
        note for note in getattr(error, "__notes__", []) if TRACEBACK in note
    ]  # a worker's comes as text
    text = notes[-1] if notes else "".join(traceback.format_exception(error.__cause__))
    frames = FRAME.findall(text.rsplit(TRACEBACK, 1)[-1])
    own = [frame for frame, filename in frames if not _is_library(filename)]
    return "\n".join(["Traceback (your code):", *(frame.rstrip() for frame in own[-most:])]) if own else ""


def _is_library(filename: str) -> bool:
    paths = sysconfig.get_paths()
    places = [str(Path(__file__).parents[1]), paths["stdlib"], paths["purelib"], paths["platlib"]]
    return filename.startswith("<frozen") or any(filename.startswith(place) for place in places)
