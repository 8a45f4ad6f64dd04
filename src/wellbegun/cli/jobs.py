"""What every training command does before and around its work: the task, the folder, the display."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from wellbegun.cli.failure import Job
from wellbegun.cli.folder import Folder
from wellbegun.cli.options import Asked
from wellbegun.cli.progress import watching

if TYPE_CHECKING:
    from wellbegun.training.task import Task


@dataclass(frozen=True)
class Ready:
    """A job that can start: the task, where its results go, and the keywords of the functions in tune.py."""

    task: Task
    folder: Folder
    keywords: dict[str, Any]


@contextmanager
def ready(asked: Asked) -> Iterator[Ready]:
    """Load the task, open the folder, show progress, tell the handler of errors where finished runs are."""
    task = loaded(asked)
    folder = Folder.of(task.name, asked.out)
    with folder.opened():
        if job := click.get_current_context().find_object(Job):
            job.store = folder.runs
        with watching(quiet=asked.quiet) as watch:
            yield Ready(task, folder, {**asked.keywords(), "store": folder.runs, "watch": watch})


def loaded(asked: Asked) -> Task:
    """The task that the user named."""
    memory_kept()
    from wellbegun.zoo.tasks import load

    return load(asked.task, data=asked.data, model=asked.model, data_dir=asked.data_dir)


def memory_kept() -> None:
    """Freed memory stays here; before torch takes any, and in a process of our own only."""
    from wellbegun.runs.executors.process_pool import keep_memory

    keep_memory()
