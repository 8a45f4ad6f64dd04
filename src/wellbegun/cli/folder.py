"""The folder of one task's results: ``runs/``, ``report.html``, ``recommendation.json``, ``snippet.py``."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a job keeps its runs and writes its results."""

    path: Path

    @classmethod
    def of(cls, task_name: str, out: Path | None) -> Folder:
        """The folder the user named, else ``wellbegun-<task>`` in the current one."""
        return cls(
            out or Path(f"wellbegun-{re.sub(r'[^A-Za-z0-9._-]+', '-', task_name).strip('-.') or 'task'}")
        )

    @property
    def runs(self) -> Path:
        """The store."""
        return self.path / "runs"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def recommendation(self) -> Path:
        return self.path / "recommendation.json"

    @property
    def snippet(self) -> Path:
        return self.path / "snippet.py"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Create the folder before anything is trained; a job that fails at once leaves no empty one behind.

        Raises:
            OSError: it cannot be created or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            told = OSError(
                f"the folder of the results must be one that can be made, got {self.path} "
                f"({error.strerror}); choose another with --out"
            )
            told.errno = error.errno  # a full disk is no bad input
            raise told from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise PermissionError(
                f"the folder of the results must be writable, got {self.path}; choose another with --out"
            )
        try:
            yield
        finally:
            for folder in (self.runs, self.path):
                with suppress(OSError):  # not empty, or not there
                    folder.rmdir()


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A path to write to; the file gets its own name by one rename, and only when all went well."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def as_json(value: Any, indent: int | None = None) -> str:
    """Valid JSON for anything our types hold: null for NaN, "inf" and "-inf" as words, paths as text."""
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers, and tensors
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
