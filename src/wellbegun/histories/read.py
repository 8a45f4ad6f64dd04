"""read_history(path): any training history as a curve, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wellbegun.errors import UnreadableHistory
from wellbegun.histories import caffe, csv_table, hf_trainer, ours, records, tensorboard, text_log
from wellbegun.histories._base import History, Raw
from wellbegun.histories.assemble import assemble
from wellbegun.histories.detect import FORMATS, format_of
from wellbegun.histories.gather import gather

_TABLES = {
    "csv": csv_table.read,
    "jsonl": records.read_lines,
    "json": records.read_whole,
    "hf_trainer": hf_trainer.read,
    "text": text_log.read,
}
_LOGS = {"caffe": caffe.read, "tensorboard": tensorboard.read}


def read_history(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    file_format: str | None = None,
    run: str = "",
) -> History:
    """The training history in a file or folder, its format found by what is in it.

    Understood are CSV, JSON and JSON lines (of Lightning, Keras, fastai, Weights & Biases or your own),
    TensorBoard's event files, trainer_state.json of transformers, the log of ``caffe train``, lines such as
    "step 300: loss=0.5", each of them packed with gzip too, and runs of our own store.

    Args:
        columns: meaning -> name of a column, where the guess is wrong; "" leaves the meaning out.
        file_format: one of FORMATS, where the look into the file is wrong.
        run: which one, where there are several.

    Raises:
        UnreadableHistory: there is no history, it breaks a rule, or there are several and ``run`` names none.
        ModuleNotFoundError: an event file, and ``tensorboard`` is not installed.
    """
    found = read_histories(path, columns, file_format=file_format)
    chosen = [history for history in found if history.run == run] if run else list(found)
    if len(chosen) != 1:
        names = ", ".join(history.run for history in found)
        raise UnreadableHistory(
            f"one history is read at a time, {path} has {len(found)}: {names}; "
            f"name one with run=..., got {run!r}"
        )
    return chosen[0]


def read_histories(
    path: str | Path, columns: Mapping[str, str] | None = None, *, file_format: str | None = None
) -> tuple[History, ...]:
    """All histories in a file or folder, in the order in which they stand there; see ``read_history``."""
    path, asked = Path(path), dict(columns or {})
    if file_format is not None and file_format not in FORMATS:
        raise ValueError(f"a format is one of {', '.join(FORMATS)}; got {file_format!r}")
    try:
        form, place = (file_format, path) if file_format else format_of(path)
        if form == "wellbegun":
            found = [ours.read(file) for file in (ours.files(place) if place.is_dir() else [place])]
        else:
            found = _made(_raw(form, place, asked), place, form)
    except (UnicodeError, MemoryError) as error:
        raise UnreadableHistory(f"a history is text, {path} cannot be read as such: {error}") from None
    if not found:
        raise UnreadableHistory(f"a folder of runs must hold finished ones, {path} has none")
    return tuple(replace(history, path=path) for history in found) if len(found) == 1 else tuple(found)


def _raw(form: str, place: Path, asked: Mapping[str, str]) -> list[Raw]:
    if form in _TABLES:
        return gather(_TABLES[form](place), asked)
    return _LOGS[form](place, asked)


def _made(raws: list[Raw], place: Path, form: str) -> list[History]:
    """The histories of all runs that have values; where no run has any, the first one's error."""
    keep = "first" if form == "caffe" else "last"
    found, errors = [], []
    for raw in raws:
        try:
            found.append(assemble(raw, place, form, keep=keep))
        except UnreadableHistory as error:
            errors.append(error)
    if not found and errors:
        raise errors[0]
    return found
