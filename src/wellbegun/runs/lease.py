"""Leases: at most one process trains a run at a time, and a dead one never blocks it.

A lease is one file, created exclusively, that names its owner: host, process id, start time of the process.
A dead owner's lease is *succeeded*, never moved or deleted by a taker: every lease has a random token, its
successor's file is named after that token, and creating it exclusively is what taking over means. So of two
takers one wins; one that acts on an old sight of the folder creates a file that nobody follows, and gives up.

    leases/KEY              owner A, token a   (A died)
    leases/KEY.a            owner B, token b   (the holder: the end of the chain)
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from wellbegun.runs.disk import disk_errors
from wellbegun.runs.owner import Owner

HEARTBEAT_SECONDS = 15.0
"""How often a holder touches its lease."""
STALE_SECONDS = 120.0
"""Age of the last touch at which an owner that cannot be looked up (another host) counts as dead. Clocks of
hosts that share a store should agree within a minute; else a run may be trained twice (the first is kept)."""
UNWRITTEN_SECONDS = 10.0
"""Age at which a lease without content counts as dead: its owner ended between creating and writing it."""

_log = logging.getLogger("wellbegun")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One lease file as read."""

    path: Path
    owner: Owner | None  # None: not (yet) written
    token: str
    age: float  # seconds since the last touch

    @property
    def stale(self) -> bool:
        if self.owner is None:
            return self.age > UNWRITTEN_SECONDS
        alive = self.owner.alive()
        return self.age > STALE_SECONDS if alive is None else not alive


@dataclass(eq=False)
class Lease:
    """The right to train one run, kept alive by a thread until ``release``."""

    chain: tuple[Path, ...]  # from the first lease of the key to ours
    successor: Path  # exists once another process took us for dead
    _released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread(target=self._beat, name="wellbegun-lease", daemon=True).start()

    def _beat(self) -> None:
        while not self._released.wait(HEARTBEAT_SECONDS):
            with suppress(OSError):
                os.utime(self.chain[-1])

    def release(self) -> None:
        """Give the lease back; the dead ones that it succeeded go with it, the first one first."""
        self._released.set()
        with disk_errors(self.chain[-1], "remove"):
            if not self.successor.exists():  # else the chain is another's now
                for path in self.chain:
                    _unlink(path)


def acquire(root: Path, key: str) -> Lease | None:
    """The lease of a run, or None while a living process holds it.

    Raises:
        StoreError: the folder of leases cannot be written.
    """
    folder = root / "leases"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            entries = _chain(folder, key)
            if entries and not entries[-1].stale:
                return None
            path = folder / (f"{key}.{entries[-1].token}" if entries else key)
            token = _create(path)
            if token is None:
                continue  # somebody was faster: look again
            if entries and not _still(entries[0]):
                _unlink(path)  # the chain we wanted to lengthen was given back meanwhile
                continue
            if entries:
                dead = entries[-1].owner or "a process"
                _log.info("run %s: took over the lease of %s, which ended without giving it back", key, dead)
            return Lease((*(entry.path for entry in entries), path), folder / f"{key}.{token}")


def held(root: Path, key: str) -> bool:
    """Does a living process hold the lease of this run?"""
    with disk_errors(root / "leases", "read"):
        entries = _chain(root / "leases", key)
    return bool(entries) and not entries[-1].stale


@contextmanager
def lease(root: Path, key: str) -> Iterator[bool]:
    """Hold the lease of a run inside the block; False (and nothing held) where another process holds it."""
    mine = acquire(root, key)
    try:
        yield mine is not None
    finally:
        if mine is not None:
            mine.release()


def _chain(folder: Path, key: str) -> list[_Entry]:
    """The leases of a key, from the first to the current one; dead are all but perhaps the last."""
    entries: list[_Entry] = []
    name = key
    while (entry := _read(folder / name)) is not None:
        entries.append(entry)
        if not entry.stale:
            break
        name = f"{key}.{entry.token}"
    return entries


def _read(path: Path) -> _Entry | None:
    try:
        stat = path.stat()
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    age = time.time() - stat.st_mtime
    try:
        values = json.loads(text)
        owner = Owner(host=values["host"], process=values["process"], started=values["started"])
        return _Entry(path, owner, values["token"], age)
    except (ValueError, KeyError, TypeError):
        return _Entry(path, None, f"unwritten-{stat.st_ino}-{stat.st_mtime_ns}", age)


def _still(entry: _Entry) -> bool:
    now = _read(entry.path)
    return now is not None and now.token == entry.token


def _create(path: Path) -> str | None:
    """Create a lease file of this process; its token, or None if there is a file already."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return None
    me, token = Owner.me(), uuid.uuid4().hex
    values = {"host": me.host, "process": me.process, "started": me.started, "token": token}
    try:
        os.write(handle, json.dumps(values).encode())
    except BaseException:
        _unlink(path)
        raise
    finally:
        os.close(handle)
    return token


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
