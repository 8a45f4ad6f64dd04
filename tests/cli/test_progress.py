"""How a job shows itself, and the small parts: charts, JSON, files, the help."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from wellbegun import spec as spec_module
from wellbegun.cli import options, progress
from wellbegun.cli.chart import chart, marks
from wellbegun.cli.folder import as_json, aside
from wellbegun.cli.tables import room
from wellbegun.runs.progress import Progress

NAN = float("nan")


def some(**changes: Any) -> Progress:
    values = {
        "step": "momentum", "runs_done": 1, "runs_planned": 4, "iterations_done": 150,
        "iterations_planned": 1500, "seconds": 65.0, "seconds_left": 600.0, "curve": (50, 1.0, 1.125),
        "message": None,
    }  # fmt: skip
    return Progress(**{**values, **changes})


def test_lines_come_per_run_and_finding_not_per_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.Lines()
    for runs, message in [
        (0, None),
        (0, None),
        (0, None),
        (1, None),
        (1, None),
        (1, "0.95 wins."),
        (1, None),
    ]:
        lines(some(runs_done=runs, message=message))
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.split(",")[0] for line in told.err.splitlines()] == [
        "momentum: 0 of 4 runs", "momentum: 1 of 4 runs", "found: 0.95 wins.",
    ]  # fmt: skip


def test_a_line_says_all_that_is_known() -> None:
    said = progress.line(some())
    for part in ("1 of 4 runs", "150 of 1,500 iterations", "1 min 5 s", "about 10 min left", "val_loss 1.12"):
        assert part in said
    assert "left" not in progress.line(some(seconds_left=None))
    assert "train_loss" not in progress.line(some(curve=(0, NAN, 2.3)))


TERMINAL = """
import sys, time
from wellbegun.cli.progress import watching
from wellbegun.runs.progress import Progress
with watching(quiet=False) as watch:
    watch(Progress("momentum", 1, 4, 150, 1500, 65.0, 600.0, (50, 1.0, 1.125), "0.95 wins."))
    watch(Progress("momentum", 2, 4, 150, 1500, 65.0, 600.0, (50, 1.0, 1.125)))
    time.sleep(0.6)
print("done")
"""


def test_a_terminal_gets_a_live_display() -> None:
    ours, theirs = pty.openpty()
    source = Path(spec_module.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source), "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", TERMINAL], stderr=theirs, stdout=subprocess.PIPE, text=True, timeout=60,
        env={**environment, "COLUMNS": "100"}, check=True,
    )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.stdout == "done\n"
    for part in ("0.95 wins.", "2 of 4 runs", "10 %", "val_loss 1.12", "\x1b["):
        assert part in shown


@pytest.mark.parametrize("braille", [True, False])
def test_a_chart_has_a_dot_for_every_point_and_the_ends_of_both_axes(braille: bool) -> None:
    lines = chart([0, 1, 2, 3], [1.0, NAN, 2.0, 5.0], width=10, height=4, braille=braille)
    assert len(lines) == 5
    assert lines[0].startswith("5 |")
    assert lines[3].startswith("1 |")
    assert lines[4].split() == ["0", "3"]
    dots = sum(
        (ord(c) - 0x2800).bit_count() if ord(c) >= 0x2800 else c == "*" for line in lines[:4] for c in line
    )
    assert dots == 3
    assert chart([], []) == ["(nothing to draw)"]


def test_spans_too_short_for_their_name_have_a_letter_and_a_legend() -> None:
    drawing = chart([0, 1], [1.0, 2.0], width=30, height=2, braille=False)
    spans = [
        ("descending", 0.0, 0.5),
        ("plateau", 0.5, 0.7),
        ("overfitting", 0.7, 0.9),
        ("plateau", 0.9, 1.0),
    ]
    strip, legend = marks(spans, 0.0, 1.0, drawing, 30)
    margin = drawing[0].find("|") + 2
    assert strip[margin:] == "|descending----|p----|o----|p-"
    assert legend.strip() == "p plateau, o overfitting"
    assert marks(spans[:1], 0.0, 1.0, drawing, 30) == [strip[: margin + 15]]


@pytest.mark.parametrize(("columns", "width"), [(200, 64), (50, 38), (10, 16)])
def test_a_chart_fits_the_terminal(columns: int, width: int) -> None:
    assert room(Console(width=columns, file=io.StringIO()))["width"] == width


def test_json_is_valid_whatever_is_in_it() -> None:
    value = {
        "a": NAN,
        "b": [float("inf"), -float("inf")],
        "c": np.float64(0.5),
        "d": np.arange(2),
        "e": Path("x"),
    }
    assert json.loads(as_json(value)) == {"a": None, "b": ["inf", "-inf"], "c": 0.5, "d": [0, 1], "e": "x"}


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(KeyError), aside(target) as path:
        path.write_text("half")
        raise KeyError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_lists_in_the_help_are_those_of_the_spec() -> None:
    assert options.OPTIMIZERS == spec_module.OPTIMIZERS
    assert ("auto", *spec_module.PRECISIONS) == options.PRECISIONS


def test_the_help_groups_the_commands_and_shows_examples(call: Any) -> None:
    said = call("--help").stdout
    assert (
        said.index("The main job")
        < said.index("tune")
        < said.index("One step of it alone")
        < said.index("search")
    )
    assert "wellbegun tune digits" in said
    assert call("--version").stdout.startswith("wellbegun 0.")
