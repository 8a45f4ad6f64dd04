"""Which format a file has, by what is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from wellbegun.errors import UnreadableHistory
from wellbegun.histories import caffe, csv_table, hf_trainer, ours, tensorboard, text_log
from wellbegun.histories._text import HEAD, encoding, head

FORMATS = ("csv", "jsonl", "json", "tensorboard", "hf_trainer", "caffe", "text", "wellbegun")
_JSON = re.compile(r"\{|\[\s*\{")  # lines of a log may begin with a bracket too
_IN_FOLDERS = "run.json, trainer_state.json, event files of TensorBoard, metrics.csv"


def format_of(path: Path) -> tuple[str, Path]:
    """The format of what a user named, one of FORMATS, and the file or folder to read.

    Raises:
        UnreadableHistory: nothing is there, it is empty, or it is no training history.
    """
    if not path.exists():
        raise UnreadableHistory(f"a file to read must exist, got {path}; is the name right?")
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise UnreadableHistory(
            f"a history is a file or a folder, {path} is neither; copy it to a file first"
        )
    start = head(path)
    if not start.strip():
        raise UnreadableHistory(f"a history needs rows, {path} is empty; was it written at all?")
    if tensorboard.looks_like(start):
        return "tensorboard", path
    if encoding(start) == "utf-8-sig" and b"\0" in start:
        raise UnreadableHistory(
            f"a history is text or an event file of TensorBoard, {path} is binary: it begins with "
            f"{start[:8]!r}; name another file"
        )
    form = _of_text(start.decode(encoding(start), errors="replace"), whole=len(start) < HEAD)
    if form is None:
        shown = start[:60].decode("utf-8", errors="replace").splitlines()[:1]
        raise UnreadableHistory(
            f"a history has columns of numbers, or lines with a loss; {path} begins with {shown}; "
            f"if you know better, name the format with --format: {', '.join(FORMATS)}"
        )
    return form, path


def _of_folder(folder: Path) -> tuple[str, Path]:
    if ours.files(folder):
        return "wellbegun", folder
    if (state := hf_trainer.newest(folder)) is not None:
        return "hf_trainer", state
    if tensorboard.files(folder):
        return "tensorboard", folder
    if (folder / "metrics.csv").is_file():
        return "csv", folder / "metrics.csv"
    raise UnreadableHistory(
        f"a folder must hold one of {_IN_FOLDERS}; {folder} holds none; name a file in it"
    )


def _of_text(start: str, *, whole: bool) -> str | None:
    """The format of a text that begins like this; None where it is none of ours."""
    bare = start.lstrip("\ufeff \t\r\n")
    if _JSON.match(bare) and (form := _of_json(bare)):
        return form
    if caffe.looks_like(start):
        return "caffe"
    if not whole:  # the last line is cut off
        start = start[: start.rfind("\n") + 1] or start
    if csv_table.looks_like(start):
        return "csv"
    return "text" if text_log.looks_like(start) else None


def _of_json(start: str) -> str | None:
    first, _, rest = start.partition("\n")
    if start.startswith("{"):
        try:
            if isinstance(json.loads(first), dict) and (not rest.strip() or rest.lstrip().startswith("{")):
                return _of_object(first) if not rest.strip() else "jsonl"
        except (ValueError, RecursionError):
            pass
    if start.startswith("{'"):
        return None  # a dictionary as Python prints it
    return _of_object(start) if start.startswith("{") else "json"


def _of_object(start: str) -> str:
    """What a single JSON object is, by the names in it."""
    if '"log_history"' in start:
        return "hf_trainer"
    if '"curve"' in start and '"spec"' in start:
        return "wellbegun"
    return "json"
