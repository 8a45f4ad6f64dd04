"""Writing that a reader sees whole or not at all, and a disk's refusals told as StoreError."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wellbegun.errors import StoreError


@contextmanager
def disk_errors(path: Path, doing: str = "write") -> Iterator[None]:
    """Tell an OSError inside the block as a StoreError with the path and the reason.

    Raises:
        StoreError: the disk is full, the folder is not writable, the root is no folder, ...
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        way_out = "free some space, check the permissions, or use another folder as the store"
        raise StoreError(f"the store must be able to {doing} {path}, got {reason!r}; {way_out}") from error


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file that survives a power cut once this returns; the file's folder is not synced yet."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut (POSIX; elsewhere the system does it by itself)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put(target: Path, data: bytes, aside: Path, *, durable: bool) -> None:
    """Put ``data`` at ``target`` by one rename, from the new file ``aside`` on the same file system."""
    try:
        if durable:
            write_durably(aside, data)
        else:
            aside.write_bytes(data)
        aside.replace(target)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    if durable:
        sync_folder(target.parent)
