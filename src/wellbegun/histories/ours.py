"""Our own runs: a run.json of a store, the folder of one run, or a whole store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellbegun.curve import Curve
from wellbegun.errors import UnreadableHistory
from wellbegun.histories import words
from wellbegun.histories._base import History
from wellbegun.histories.records import load

FILE = "run.json"
SETTINGS = (
    "weight_decay",
    "batch_size",
    "optimizer",
    "iterations",
    "seed",
)  # of a spec, beside its schedules


def read(path: Path) -> History:
    """The curve of a stored run.

    Raises:
        UnreadableHistory: the file is no run of ours, or a damaged one.
    """
    value = load(path)
    key = str(value.get("key", "")) if isinstance(value, dict) else ""
    spec = value.get("spec") if isinstance(value, dict) else None
    settings = {name: spec[name] for name in SETTINGS if name in spec} if isinstance(spec, dict) else {}
    return of_curve(_curve(value, path), path, key, settings)


def of_curve(curve: Curve, path: Path, key: str, settings: Mapping[str, Any]) -> History:
    """The history of a run that is read already."""
    names = ("lr", "momentum", "train_loss", "val_loss", "val_accuracy")
    known = [name for name in names if not _empty(curve, name)]
    return History(
        path=path, format="wellbegun", run=key[:8], curve=curve, rows=len(curve),
        missing=words.missing(curve), settings=settings,
        columns={name: name for name in ("iteration", *known)},
    )  # fmt: skip


def files(folder: Path) -> list[Path]:
    """The runs in a folder: its own, those of a store, or those in the store of a job; in a fixed order."""
    if (folder / FILE).is_file():
        return [folder / FILE]
    place = folder / "runs" if (folder / "runs").is_dir() else folder
    return sorted(place.glob(f"*/{FILE}"))


def _curve(value: Any, path: Path) -> Curve:
    try:
        curve = Curve.from_json(value["curve"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableHistory(
            f"a run of ours holds its curve by columns, {path} does not: {error!r}; name another file"
        ) from None
    if len(curve) == 0 or all(_empty(curve, name) for name in ("train_loss", "val_loss", "val_accuracy")):
        raise UnreadableHistory(f"a history needs a loss or an accuracy, the run in {path} has none")
    return curve


def _empty(curve: Curve, name: str) -> bool:
    column = curve.columns()[name]
    return bool((column != column).all())
