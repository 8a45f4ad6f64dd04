"""``wellbegun reproduce`` on an exhibit that is cut to a few updates of the digits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wellbegun.papers import collection, replay
from wellbegun.papers.exhibit import Claim, Exhibit, Line, Published
from wellbegun.papers.results import Archive
from wellbegun.runs.executors import process_pool
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle

TINY = Exhibit(
    id="tiny", paper="0000.00000", label="Table 0", says="A larger rate learns more in a few updates.",
    kind="training", task="digits", network="mlp", repeats=2, evaluations=4,
    lines=(
        Line(name="slow", iterations=24, batch_size=32, lr=Constant(1e-4), momentum=Constant(0.9),
             weight_decay=0.0, published=Published(10.0)),
        Line(name="fast", iterations=24, batch_size=32, lr=Constant(0.05),
             momentum=MomentumCycle(0.9, 0.8, 10), weight_decay=0.0, published=Published(90.0, 0.5)),
    ),
    claims=(
        Claim(id="tiny-fast", says="fast ends above slow", section="1", needs=("slow", "fast"),
              check=lambda found: (found["fast"].accuracy > found["slow"].accuracy, str(found["fast"]))),
    ),
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        collection, "exhibits", lambda: {"tiny": TINY, "drawn": replace(TINY, id="drawn", lines=())}
    )
    return tmp_path


def test_an_exhibit_is_measured_once_and_then_read(call: Callable[..., Any], tiny: Path) -> None:
    first = call("reproduce", "run", "tiny", "--scale", "paper", "--yes", "--device", "cpu")
    assert first.exit_code == 0, first.output
    assert "tiny: 4 runs measured now" in first.stdout and "fast, repeat 1" in first.stderr
    again = call("reproduce", "run", "tiny", "--scale", "paper", "--yes", "--device", "cpu")
    assert "tiny: 0 runs measured now" in again.stdout
    shown = call("reproduce", "show", "tiny").stdout
    assert "**holds** – fast ends above slow" in shown and "| fast | 90.0 ± 0.5 |" in shown
    rows = json.loads(call("reproduce", "list", "--json").stdout)["exhibits"]
    assert rows[0]["measured"] == {"paper": 4, "cpu": 0}
    assert rows[0]["verdicts"]["paper"] == {"tiny-fast": "holds"}


def test_trainings_keep_freed_memory(
    call: Callable[..., Any], tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []
    monkeypatch.setattr(process_pool, "keep_memory", lambda: kept.append(True))
    call("reproduce", "list")
    assert kept == []
    call("reproduce", "run", "tiny", "--scale", "paper", "--yes", "--line", "fast", "--device", "cpu")
    call("reproduce", "queue", "--minutes", "0.001", "--only", "tiny", "--device", "cpu")
    assert kept == [True, True]


def test_one_line_one_repeat_and_the_other_reading_of_momentum(call: Callable[..., Any], tiny: Path) -> None:
    options = ("--scale", "paper", "--yes", "--repeats", "1", "--line", "fast", "--device", "cpu")
    for variant in ("applied", "not-applied"):
        assert call("reproduce", "run", "tiny", *options, "--variant", variant).exit_code == 0
    archive = Archive(tiny / "results")
    one, other = (
        archive.find(TINY, TINY.line("fast"), 0, "paper", kind) for kind in ("applied", "not applied")
    )
    assert one is not None and other is not None
    assert one.spec.momentum == MomentumCycle(0.9, 0.8, 10) and other.spec.momentum == Constant(0.9)
    assert len(one.curve) == 5 and one.test["test_accuracy"] > 0.2


def test_the_cost_is_told_before_anything_runs(call: Callable[..., Any], tiny: Path) -> None:
    result = call("reproduce", "run", "tiny", "--scale", "paper", "--device", "cpu", input="n\n")
    assert result.exit_code == 1
    assert "4 runs, 96 updates, about" in result.stderr
    assert not (tiny / "results").exists()


def test_the_queue_stops_where_time_does(tiny: Path) -> None:
    clock = iter(range(0, 10_000, 25))
    done = list(
        replay.queue([TINY], Archive(tiny / "r"), minutes=1.0, clock=lambda: float(next(clock)), device="cpu")
    )
    assert 1 <= len(done) < 6
    rest = list(replay.queue([TINY], Archive(tiny / "r"), minutes=10, device="cpu"))
    every = [(one.repeat, one.line.name, one.line.cycles_momentum) for _, one, _ in (*done, *rest)]
    first = [(0, "fast", True), (0, "slow", False), (0, "fast", False)]
    assert sorted(every[:3]) == sorted(first)  # the same line with its momentum held comes last
    assert every[2] == first[2] and [(1, *rest) for _, *rest in every[:3]] == every[3:]


def test_as_many_runs_at_a_time_as_there_are_workers(tiny: Path) -> None:
    each = [one.line.name for one, _ in replay.replay(TINY, Archive(tiny / "r"), device="cpu", workers=2)]
    assert sorted(each) == ["fast", "fast", "slow", "slow"]


def test_a_sketch_has_nothing_to_run(call: Callable[..., Any], tiny: Path) -> None:
    listed = call("reproduce", "list").stdout.splitlines()
    assert listed[1].split(maxsplit=1) == ["drawn", "Table 0; training, nothing to run"]
    assert call("reproduce", "show", "drawn").stdout.endswith("\nnothing to run\n")
    assert "drawn: 0 runs measured now" in call("reproduce", "run", "drawn").stdout


def test_the_page_is_written_from_the_results(call: Callable[..., Any], tiny: Path) -> None:
    call("reproduce", "run", "tiny", "--scale", "cpu", "--yes", "--device", "cpu")
    assert call("reproduce", "report", "--out", "docs/page.md").exit_code == 0
    page = (tiny / "docs/page.md").read_text(encoding="utf-8")
    assert "## Table 0 (arXiv:0000.00000)" in page and "Scale cpu" in page
    assert "| [Table 0](#tiny) (arXiv:0000.00000) | cpu | applied |" in page
    assert "![Table 0](page/tiny-cpu.svg)" in page
    assert (tiny / "docs/page/tiny-cpu.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_picture_of_what_is_measured_no_longer_goes(call: Callable[..., Any], tiny: Path) -> None:
    call("reproduce", "run", "tiny", "--scale", "cpu", "--yes", "--device", "cpu")
    call("reproduce", "report", "--out", "docs/page.md")
    (tiny / "docs/page/mine.svg").write_text("<svg/>", encoding="utf-8")
    shutil.rmtree(tiny / "results")
    assert call("reproduce", "report", "--out", "docs/page.md").exit_code == 0
    assert [path.name for path in (tiny / "docs/page").iterdir()] == ["mine.svg"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("run", "fig99", "--yes"), "got 'fig99'"), (("run", "tiny", "--line", "x", "--yes"), "got 'x'"),
     (("queue", "--minutes", "0"), "--minutes"), (("show", "fig99"), "got 'fig99'")],
)  # fmt: skip
def test_what_is_unknown_is_refused(call: Callable[..., Any], tiny: Path, arguments: Any, said: str) -> None:
    result = call("reproduce", *arguments)
    assert result.exit_code == 2 and said in result.output
