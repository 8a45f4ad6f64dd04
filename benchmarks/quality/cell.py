"""A cell: task x contestant x search seed, played, its winners trained again, kept as one small file."""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.quality.arena import Arena, Setup, result
from benchmarks.quality.contestants import ABLATED, CONTESTANTS, Contestant, Point
from benchmarks.quality.tasks import TASKS

import wellbegun

RECIPE = ("search", "diagnosis", "schedules", "tune.py")
"""Parts of the package whose code decides what tune recommends."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One file of results."""

    task: str
    contestant: str
    seed: int

    @property
    def path(self) -> str:
        return f"{self.task}/{self.contestant}-{self.seed}.json"

    @property
    def who(self) -> Contestant:
        return {**CONTESTANTS, **ABLATED}[self.contestant]


def cells(
    tasks: Sequence[str] = (), contestants: Sequence[str] = (), seeds: Sequence[int] = ()
) -> list[Cell]:
    """The chosen cells (no choice: all but the ablations), cheap contestants first, then seed by seed."""
    found = [
        Cell(task, name, seed)
        for name in (contestants or CONTESTANTS)
        for task in (tasks or TASKS)
        for seed in range({**CONTESTANTS, **ABLATED}[name].seeds)
        if not seeds or seed in seeds
    ]
    return sorted(found, key=lambda cell: (cell.who.rank, cell.seed))


def play(cell: Cell, store: Path, quick: bool) -> Record:
    """Search, then train every distinct winner again with seeds that no search has seen."""
    task = TASKS[cell.task].task(quick)
    with Arena.of(task, cell.seed, store, quick) as arena:
        points = cell.who.play(arena)
        known: dict[str, Record] = {}
        rows = [_point(arena, point, known) for point in points]
        setting = arena.setting
    return {
        "task": cell.task, "contestant": cell.contestant, "seed": cell.seed, "fingerprint": setting.task,
        "iterations": setting.iterations, "batch_size": setting.batch_size, "epochs": setting.epochs,
        "samples": setting.samples, "device": setting.device, "precision": setting.precision,
        "python": platform.python_version(), "torch": version("torch"),
        "recipe": recipe() if cell.contestant.startswith("tune") else None, "points": rows,
    }  # fmt: skip


def _point(arena: Arena, point: Point, known: dict[str, Record]) -> Record:
    """One point for JSON; the same configuration is trained again once."""
    row: Record = {
        "trials": point.trials, "restarts": point.restarts, "final": point.final,
        "search": point.spent.to_json(), **point.details,
    }  # fmt: skip
    if point.setup is None:
        return row | {"setup": None, "retrained": []}
    setup = point.setup.to_json()
    text = json.dumps(setup, sort_keys=True)
    if text not in known:
        known[text] = _again(arena, point.setup)
    return row | {"setup": setup} | known[text]


def _again(arena: Arena, setup: Setup) -> Record:
    """The configuration with every fresh seed, and what one such run costs."""
    runs = arena.train(
        "retraining", [arena.spec(setup, seed, arena.setting.has_test) for seed in arena.fresh]
    )
    return {"retrained": [result(run) for run in runs], "cost": arena.spent(runs).to_json()}


def recipe() -> str:
    """12 hex digits that change with the code of the recipe, not with its comments."""
    root = Path(wellbegun.__file__).parent
    digest = hashlib.sha256()
    for name in RECIPE:
        for path in sorted((root / name).rglob("*.py")) if (root / name).is_dir() else [root / name]:
            digest.update(ast.dump(_bare(ast.parse(path.read_text(encoding="utf-8")))).encode())
    return digest.hexdigest()[:12]


def _bare(tree: ast.Module) -> ast.Module:
    """The code without docstrings and other words that stand alone."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def write(record: Record, folder: Path, cell: Cell) -> None:
    """The file of a cell, whole or not at all."""
    path = folder / cell.path
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)


def read(folder: Path) -> Iterator[Record]:
    """Every cell that is there."""
    for path in sorted(folder.glob("*/*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))
