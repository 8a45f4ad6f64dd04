"""A command line whose training is faked; the rest is real."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

import wellbegun.report
from wellbegun.cli import main
from wellbegun.curve import Curve, Run
from wellbegun.errors import TaskError
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.search.plan import Finding
from wellbegun.search.recommendation import Recommendation
from wellbegun.spec import RunSpec

SPEC = RunSpec(
    task="digits-1", iterations=100, batch_size=64, lr=OneCycle.of(0.5, 100),
    momentum=MomentumCycle(0.95, 0.85, 45),
)  # fmt: skip
NAN = float("nan")


def run_of(spec: RunSpec = SPEC, ended: str = "finished") -> Run:
    columns = {"iteration": [0, 50, 100], "train_loss": [NAN, 1.0, 0.25], "val_loss": [2.3, 1.1, 0.375],
               "lr": [0.05, 0.5, 0.00005], "val_accuracy": [0.1, 0.7, 0.875]}  # fmt: skip
    return Run(
        spec=spec, curve=Curve.of(columns), ended=ended, iterations=100, seconds=2.5, epochs=4.5,
        test={"test_accuracy": 0.8125},
    )  # fmt: skip


FINDING = Finding(
    "momentum", {"max": 0.95, "min": 0.85}, "0.95 has the lowest loss: 0.375.", (run_of(),), (0.9, 0.95)
)
FOUND = Recommendation(
    task_name="digits", optimizer="nesterov", lr_max=0.5, lr_min=0.05, momentum_max=0.95, momentum_min=0.85,
    weight_decay=0.0003, batch_size=64, iterations=100, stepsize=45, epochs=4.5, findings=(FINDING,),
    intervals={"lr_max": (0.25, 0.75)}, final=run_of(SPEC.but(seed=1)), notes=("[a note]",),
)  # fmt: skip


class Fake(ModuleType):
    """Stands for wellbegun.tune: notes what it is asked, answers with ``results`` or as ``work`` says."""

    def __init__(self) -> None:
        super().__init__("wellbegun.tune")
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.work: Callable[..., Any] | None = None
        self.results = {"tune": FOUND, "range_test": FINDING, "search_for": FINDING, "train": run_of()}

    def __getattr__(self, name: str) -> Any:
        if name not in ("tune", "range_test", "search_for", "train"):
            raise AttributeError(name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            self.asked.append((name, arguments, keywords))
            return self.work(**keywords) if self.work else self.results[name]

        return call


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    """A folder of its own, and neither training nor data nor figures."""

    def load(text: str | None, *, data: str | None, model: str | None, data_dir: Path | None) -> Any:
        if text == "missing":
            raise TaskError("a task must exist, got 'missing'; name another")
        return SimpleNamespace(name=text or "my data", asked=(text, data, model, data_dir))

    def write(found: Recommendation, path: Path) -> Path:
        path.write_text("<html>", encoding="utf-8")
        return path

    def write_finding(_: Finding, path: Path, *, task_name: str) -> Path:
        path.write_text(task_name, encoding="utf-8")
        return path

    def write_runs(runs: list[Run], path: Path, *, title: str) -> Path:
        path.write_text(f"{len(runs)} {title}", encoding="utf-8")
        return path

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WELLBEGUN_DATA", raising=False)
    tasks, html, module = ModuleType("wellbegun.zoo.tasks"), ModuleType("wellbegun.report.html"), Fake()
    tasks.load, html.write, html.write_runs = load, write, write_runs  # type: ignore[attr-defined]
    html.write_finding = write_finding  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wellbegun.tune", module)
    monkeypatch.setitem(sys.modules, "wellbegun.zoo.tasks", tasks)
    monkeypatch.setitem(sys.modules, "wellbegun.report.html", html)
    monkeypatch.setattr(wellbegun.report, "html", html, raising=False)
    return module


@pytest.fixture
def call() -> Callable[..., Result]:
    """Calls the command line as the script does."""

    def run(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(main, arguments, prog_name="wellbegun", **more)

    return run


@pytest.fixture
def only_object() -> Callable[[Result], Any]:
    """Reads standard output as one JSON object of the strict kind, after a good end."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    def read(result: Result) -> Any:
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout, parse_constant=refuse)

    return read
