"""Owner: which process made a file, and does it still live?"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from every other: process ids are used again, start times on one host are not."""

    host: str  # name and, on Linux, namespace of process ids: containers may share a name
    process: int
    started: str  # opaque; "" where the system does not tell

    @classmethod
    def me(cls) -> Owner:
        """This process."""
        return _owner(os.getpid())

    @classmethod
    def of_name(cls, name: str) -> Owner | None:
        """The owner in a file name that begins with ``Owner.name`` and ``~``; None for any other name."""
        parts = name.split("~")
        if len(parts) < 4 or not parts[1].isdigit():
            return None
        return cls(unquote(parts[0]), int(parts[1]), unquote(parts[2]))

    @property
    def name(self) -> str:
        """A piece of a file name."""
        return "~".join((quote(self.host, safe=""), str(self.process), quote(self.started, safe="")))

    def alive(self) -> bool | None:
        """Does the process still run? None when this cannot be found out from here."""
        if self.host != _host():
            return None
        if self.process == os.getpid():
            return self.started == Owner.me().started
        started = _started(self.process)
        return None if started is None else bool(started) and started == self.started

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


@cache
def _owner(process: int) -> Owner:
    return Owner(_host(), process, _started(process) or "")


@cache
def _host() -> str:
    name = socket.gethostname()
    if sys.platform == "linux":
        try:
            return f"{name} {(_PROC / 'self/ns/pid').readlink()}"
        except OSError:
            pass
    return name


@cache
def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """When a process of this host started; "" if there is none (or a zombie); None if that cannot be told."""
    if sys.platform == "win32":
        return None
    if sys.platform == "linux" and (_PROC / "self/stat").exists():
        return _started_linux(process)
    command = ["ps", "-o", "lstart=", "-p", str(process)]
    same = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}  # so that every process reads the same words
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=same).stdout.strip()
    except OSError:
        return None


def _started_linux(process: int) -> str | None:
    try:
        stat = (_PROC / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None if _hidden(process) else ""
    # The program's name stands in parentheses and may hold any sign; then state (3rd), start (22nd field).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{_boot()} {fields[19]}"


def _hidden(process: int) -> bool:
    """Is there such a process, of another user, on a system that does not show those (hidepid)?"""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return False
