"""RunStore: finished runs by key, each in a folder that is published whole by one rename.

format                        version of this layout
KEY/run.json                  a finished run: never changed, only removed
snapshots/KEY/ITERATION.pt    opaque bytes of a trainer's state; may exist before the run does
live/KEY.json                 the latest evaluation of a run in training
leases/KEY                    who trains it (lease.py)
aside/KEY-...                 folders that could not be read
tmp/OWNER~...                 what a living process is just writing
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wellbegun.curve import Run
from wellbegun.errors import StoreError
from wellbegun.runs.disk import disk_errors, put, sync_folder, write_durably
from wellbegun.runs.owner import Owner

FORMAT = 1
"""Version of the layout. Raise it when an older wellbegun could not read what this one writes."""
FOREIGN_SECONDS = 86_400.0
"""Age at which a temporary folder of another host (its processes cannot be looked up) counts as left over."""

_KEY = re.compile(r"[0-9a-f]{24}")
_log = logging.getLogger("wellbegun")


class RunStore:
    """Finished runs by key. Opening it writes nothing, so a read-only store can be read."""

    def __init__(self, root: Path) -> None:
        """Open the store in the folder ``root``, which the first write creates.

        Raises:
            StoreError: ``root`` is no folder, cannot be read, or was written by a newer version.
        """
        self.root = Path(root)
        self.told: list[str] = []  # what was found damaged, in sentences
        self._prepared = False
        self._check_format()

    def has(self, key: str) -> bool:
        """Is there a finished run of this key that can be read?"""
        return self.find(key) is not None

    def read(self, key: str) -> Run:
        """The run of this key, with ``replayed`` set.

        Raises:
            StoreError: there is none, or it cannot be read.
        """
        run = self.find(key)
        if run is None:
            raise StoreError(
                f"a run must be in the store to be read: {self.root} has no run {key}; see its keys"
            )
        return run

    def find(self, key: str) -> Run | None:
        """The run of this key with ``replayed`` set, or None; a damaged one is set aside, told, and missing.

        Raises:
            StoreError: no permission, or an undamaged run that this version does not understand.
        """
        folder = self._folder(key)
        try:
            with disk_errors(folder, "read"):
                text = _text(folder)
            if text is None:
                return None
            values = _checked(key, text)
        except _DamagedError as damage:
            self._set_aside(folder, str(damage))
            return None
        try:
            return dataclasses.replace(Run.from_json(values), replayed=True)
        except (KeyError, TypeError, ValueError) as error:
            problem = f"run {key} in {self.root} is undamaged, but not understood: {error!r}"
            raise StoreError(
                f"{problem}; it comes from another version: update wellbegun, or remove the run"
            ) from error

    def keys(self) -> list[str]:
        """The keys of all published runs, sorted; a damaged one is still among them until it is read."""
        with disk_errors(self.root, "read"):
            names = [path.name for path in self.root.iterdir()] if self.root.exists() else []
        return sorted(name for name in names if _KEY.fullmatch(name))

    def publish(self, run: Run) -> None:
        """Make a finished run readable, whole or not at all; of two runs of one key the first one stays.

        Raises:
            StoreError: the disk is full or the folder not writable; nothing is left behind.
        """
        folder = self._folder(run.key)
        with self._temporary() as aside:
            new = aside / run.key
            with disk_errors(folder):
                new.mkdir()
                write_durably(new / "run.json", _packed(run))
                sync_folder(new)
                # A rename never replaces a folder that is not empty, so the first publication wins. A damaged
                # one is set aside by find; should that fail, the second rename says why.
                if not _renamed(new, folder) and self.find(run.key) is None:
                    new.rename(folder)
                sync_folder(self.root)
        self.forget_live(run.key)

    def remove(self, key: str) -> None:
        """Remove a run and its snapshots.

        Raises:
            StoreError: there is neither, or they cannot be removed.
        """
        parts = [part for part in (self._folder(key), self._snapshots(key)) if part.exists()]
        if not parts:
            raise StoreError(
                f"a run must be in the store to be removed: {self.root} has no run {key}; see its keys"
            )
        with self._temporary() as aside:
            for number, part in enumerate(parts):
                with disk_errors(part, "remove"):
                    part.rename(aside / str(number))
                    sync_folder(part.parent)
        self.forget_live(key)

    def save_snapshot(self, key: str, iteration: int, data: bytes) -> None:
        """Keep a trainer's state after ``iteration`` updates, whole or not at all; its run may be missing.

        Raises:
            StoreError: the disk is full or the folder not writable; nothing is left behind.
        """
        target = self._snapshot(key, iteration)
        with self._temporary() as aside, disk_errors(target):
            if not target.parent.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                sync_folder(self.root)
                sync_folder(target.parent.parent)
            put(target, data, aside / target.name, durable=True)

    def load_snapshot(self, key: str, iteration: int) -> bytes | None:
        """The bytes that ``save_snapshot`` kept, or None."""
        path = self._snapshot(key, iteration)
        with disk_errors(path, "read"):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def report(self, key: str, row: Mapping[str, float]) -> None:
        """Show the latest evaluation of a run in training, in place of the one before."""
        self._prepare()
        target = self._live(key)
        text = json.dumps({name: float(value) for name, value in row.items()})
        with disk_errors(target):
            target.parent.mkdir(exist_ok=True)
            put(target, text.encode(), self.root / "tmp" / _temporary_name(), durable=False)

    def live(self, key: str) -> dict[str, float] | None:
        """The latest evaluation of a run in training, or None; a published run is not in training."""
        path = self._live(key)
        if self._folder(key).exists():
            return None
        try:
            values = json.loads(path.read_bytes())
        except (OSError, ValueError):  # a display only: a lost row is replaced by the next one
            return None
        return values if isinstance(values, dict) else None

    def forget_live(self, key: str) -> None:
        """Take back what ``report`` showed: the run is no longer in training."""
        with disk_errors(self._live(key), "remove"):
            self._live(key).unlink(missing_ok=True)

    def _folder(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"a key is 24 hexadecimal digits, got {key!r}; see RunSpec.key")
        return self.root / key

    def _snapshots(self, key: str) -> Path:
        return self.root / "snapshots" / self._folder(key).name

    def _snapshot(self, key: str, iteration: int) -> Path:
        if iteration < 0:
            raise ValueError(f"a snapshot's iteration is at least 0, got {iteration}; count the updates done")
        return self._snapshots(key) / f"{iteration:d}.pt"

    def _live(self, key: str) -> Path:
        return self.root / "live" / f"{self._folder(key).name}.json"

    def _check_format(self) -> None:
        path = self.root / "format"
        with disk_errors(path, "read"):
            try:
                text = path.read_text(encoding="utf-8", errors="replace").strip()
            except FileNotFoundError:
                return
        if not text.isdigit():
            raise StoreError(
                f"a store's format must be a number, got {text[:40]!r} in {path}; use another folder"
            )
        if int(text) > FORMAT:
            versions = f"{self.root} has format {text}, this wellbegun understands up to {FORMAT}"
            raise StoreError(
                f"a store must not be newer than its reader: {versions}; update it or use another folder"
            )

    def _prepare(self) -> None:
        """Before the first write: make the root, note the format, clear away what dead processes left."""
        if self._prepared:
            return
        path = self.root / "format"
        with disk_errors(self.root):
            (self.root / "tmp").mkdir(parents=True, exist_ok=True)
            self._clear_temporary()
            if not path.exists():
                aside = self.root / "tmp" / _temporary_name()
                put(path, f"{FORMAT}\n".encode(), aside, durable=True)
        self._prepared = True

    def _clear_temporary(self) -> None:
        for path in (self.root / "tmp").iterdir():
            owner = Owner.of_name(path.name)
            alive = owner.alive() if owner else None
            with suppress(FileNotFoundError):
                old = time.time() - path.stat().st_mtime > FOREIGN_SECONDS
                if (alive is None and old) or alive is False:
                    _delete(path)

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A folder on the store's file system that is gone after the block."""
        self._prepare()
        folder = self.root / "tmp" / _temporary_name()
        with disk_errors(folder):
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # what stays is cleared by a later process

    def _set_aside(self, folder: Path, damage: str) -> None:
        kept = self.root / "aside" / f"{folder.name}-{uuid.uuid4().hex[:8]}"
        told = f"the run folder {folder} is damaged: {damage}"
        try:
            kept.parent.mkdir(exist_ok=True)
            folder.rename(kept)
        except FileNotFoundError:
            return  # another process was faster
        except OSError as error:
            told = f"{told}; it stays where it is ({error.strerror}) and counts as missing"
        else:
            told = f"{told}; it was set aside as {kept} and counts as missing"
        if told not in self.told:
            self.told.append(told)
            _log.warning(told)


class _DamagedError(Exception):
    """What is wrong with a run folder."""


def _text(folder: Path) -> bytes | None:
    """The content of a folder's run.json, or None where there is no folder."""
    for _ in range(2):  # a folder without the file was published between the two looks, or is incomplete
        try:
            return (folder / "run.json").read_bytes()
        except (NotADirectoryError, IsADirectoryError):
            raise _DamagedError("it is not a folder with a file run.json") from None
        except FileNotFoundError:
            if not folder.exists():
                return None
    raise _DamagedError("run.json is missing")


def _packed(run: Run) -> bytes:
    values = run.to_json()
    return json.dumps({"key": run.key, "checksum": _checksum(values), **values}, indent=1).encode()


def _checked(key: str, text: bytes) -> dict[str, Any]:
    """The values of a run.json that is whole and belongs to this key."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise _DamagedError(f"run.json is no JSON ({error})") from None
    if not isinstance(values, dict):
        raise _DamagedError("run.json holds no object")
    if values.pop("key", None) != key:
        raise _DamagedError("run.json belongs to another key")
    if values.pop("checksum", None) != _checksum(values):
        raise _DamagedError("run.json differs from its checksum")
    return values


def _checksum(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _renamed(new: Path, folder: Path) -> bool:
    try:
        new.rename(folder)
    except OSError:
        if folder.exists():
            return False
        raise
    return True


def _temporary_name() -> str:
    return f"{Owner.me().name}~{uuid.uuid4().hex}"


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
