"""``wellbegun report``: a report from the folder of a job; nothing is trained.

A finished `tune` left a recommendation.json, which says what was asked. The job is called again on its own
store with an executor that refuses to work: every question of the recipe is answered by a finished run, as
when a stopped job goes on, so the report says what the job would. Other folders give a page of their runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import click

from wellbegun.cli.folder import Folder, as_json
from wellbegun.cli.jobs import loaded
from wellbegun.cli.options import Asked, output_options
from wellbegun.cli.runs import opened
from wellbegun.cli.tune import show, write
from wellbegun.errors import StoreError
from wellbegun.report.words import count


class NoTraining(Executor):
    """An executor that runs nothing: what is not in the store is an error."""

    def submit(self, _: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        rule = "a report is made of finished runs only, and a run that this job needs is not in its folder"
        raise StoreError(
            f"{rule}: the task, its data or wellbegun changed since; call `wellbegun tune` again"
        )


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@output_options
def report(folder: Path, as_object: bool) -> None:
    """Write the report of a job again, from its folder.

    After `wellbegun tune` came to its end the whole report is written; else a page of the single runs.
    Nothing is trained.
    """
    place = Folder(folder)
    if not place.recommendation.exists():
        _report_runs(place, as_object)
        return
    asked, more = _asked(place)
    task = loaded(asked)
    from wellbegun.tune import tune

    keywords: dict[str, Any] = asked.keywords()
    found = tune(task, **more, store=place.runs, executor=NoTraining(), **keywords)
    write(found, place, asked, more)
    show(found, place, as_object)


def _report_runs(place: Folder, as_object: bool) -> None:
    from wellbegun.report import html

    store, where = opened(place.path)
    found = [run for run in map(store.find, store.keys()) if run is not None]
    if not found:
        raise click.UsageError(f"a report needs finished runs, {where} has none; name the folder of a job")
    html.write_runs(found, place.report, title=f"Runs in {place.path.name}")
    if as_object:
        click.echo(as_json({"report": place.report, "runs": [run.key for run in found]}))
    else:
        click.echo(f"{count(len(found), 'run')}, no recommendation yet: {place.report}")


def _asked(place: Folder) -> tuple[Asked, dict[str, Any]]:
    """What the job was asked, out of its recommendation.json."""
    rule = "a report needs the recommendation.json of a finished `wellbegun tune`"
    try:
        values = dict(json.loads(place.recommendation.read_text(encoding="utf-8"))["asked"])
        more = {"final": bool(values.pop("final")), "budget": values.pop("budget", None)}
        more["also"] = tuple(values.pop("also", ()))
        values.setdefault("repeats", False)  # jobs of older versions did not know it
        values["data_dir"] = Path(values["data_dir"]) if values["data_dir"] else None
        return Asked(**values, out=place.path, workers=0, as_object=False, quiet=True), more
    except (ValueError, KeyError, TypeError) as error:
        raise click.UsageError(f"{rule}, the one in {place.path} cannot be read: {error!r}") from None
