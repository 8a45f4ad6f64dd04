"""Measured results as small files, one per run: ``FOLDER/EXHIBIT/SCALE/VARIANT/LINE-rN.json``.

They are found by these names, whatever the package's version was, so that no machine repeats what another has
finished; the spec inside says exactly what was trained.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellbegun.curve import Run
from wellbegun.papers.exhibit import APPLIED, Exhibit, Line, Result, Scale

DIGITS = 5  # significant, of every number of a curve


@dataclass(frozen=True)
class Archive:
    """The folder of results that is committed with the package's sources."""

    root: Path

    def path(self, exhibit: Exhibit, line: Line, repeat: int, scale: Scale, variant: str = APPLIED) -> Path:
        """Where one repeat lies: at the line's home."""
        home, called, kind = exhibit.home(line, variant)
        name = re.sub(r"[^A-Za-z0-9.]+", "-", called).strip("-")
        return self.root / home / scale / kind.replace(" ", "-") / f"{name}-r{repeat}.json"

    def has(self, exhibit: Exhibit, line: Line, repeat: int, scale: Scale, variant: str = APPLIED) -> bool:
        """Whether that repeat was measured."""
        return self.path(exhibit, line, repeat, scale, variant).exists()

    def find(
        self, exhibit: Exhibit, line: Line, repeat: int, scale: Scale, variant: str = APPLIED
    ) -> Run | None:
        """That repeat, or None where it was not measured."""
        path = self.path(exhibit, line, repeat, scale, variant)
        if not path.exists():
            return None
        return Run.from_json(json.loads(path.read_text(encoding="utf-8"))["run"])

    def facts(self, exhibit: Exhibit, scale: Scale, variant: str = APPLIED) -> list[dict[str, Any]]:
        """Device, versions and date of every measured run."""
        found = []
        for line in exhibit.lines:
            for repeat in range(exhibit.repeats):
                path = self.path(exhibit, line, repeat, scale, variant)
                if path.exists():
                    found.append(json.loads(path.read_text(encoding="utf-8"))["facts"])
        return found

    def add(
        self, exhibit: Exhibit, line: Line, repeat: int, scale: Scale, variant: str, run: Run,
        facts: dict[str, Any],
    ) -> None:  # fmt: skip
        """Write one result, whole or not at all."""
        path = self.path(exhibit, line, repeat, scale, variant)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        text = json.dumps({"facts": facts, "run": _rounded(run.to_json())}, separators=(",", ":"))
        aside.write_text(text + "\n", encoding="utf-8")
        aside.replace(path)

    def results(self, exhibit: Exhibit, scale: Scale, variant: str = APPLIED) -> dict[str, Result]:
        """Line name -> the repeats that were measured, of those lines that have any."""
        found = {}
        for line in exhibit.lines:
            runs = [self.find(exhibit, line, r, scale, variant) for r in range(exhibit.repeats)]
            there = tuple(run for run in runs if run is not None)
            if there:
                found[line.name] = Result(line, there)
        return found


def _rounded(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _rounded(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    return float(f"{values:.{DIGITS}g}") if isinstance(values, float) else values
