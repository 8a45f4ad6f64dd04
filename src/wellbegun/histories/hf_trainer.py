"""trainer_state.json, which the Trainer of transformers leaves in its output folder and every checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wellbegun.errors import UnreadableHistory
from wellbegun.histories import records
from wellbegun.histories.gather import Table

FILE = "trainer_state.json"
_SUMMARY = "train_runtime"  # in the entry that sums up the whole run, whose train_loss is no measurement


def read(path: Path) -> Table:
    """The table in ``log_history``, without the entry that sums up the run.

    Raises:
        UnreadableHistory: no JSON, or no log_history with entries.
    """
    value = records.load(path)
    entries = value.get("log_history") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not any(isinstance(entry, dict) for entry in entries):
        raise UnreadableHistory(
            f"{FILE} has its history in 'log_history', a list of objects; {path} has none there"
        )
    table = records.of_value(path, [entry for entry in entries if not _is_summary(entry)])
    table.writer = "transformers"
    return table


def newest(folder: Path) -> Path | None:
    """The file of a run's folder: its own, else that of the last checkpoint; None where there is neither."""
    if (folder / FILE).is_file():
        return folder / FILE
    found = sorted(folder.glob(f"checkpoint-*/{FILE}"), key=_iteration)
    return found[-1] if found else None


def _iteration(path: Path) -> int:
    number = path.parent.name.removeprefix("checkpoint-")
    return int(number) if number.isdecimal() and number.isascii() else -1


def _is_summary(entry: Any) -> bool:
    return isinstance(entry, dict) and _SUMMARY in entry
