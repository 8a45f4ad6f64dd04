"""``wellbegun schedule``: numbers from the papers, drawings, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def test_schedule_prints_the_authors_cycle(call: Any, only_object: Any) -> None:
    # arXiv:1803.09820: up to the peak at S = 0.45 T, down towards 0, the rest at lr_min/1000
    found = only_object(call("schedule", "one_cycle", "--lr-max", "1", "--iterations", "1000", "--json"))
    points = dict(zip(found["points"]["iteration"], found["points"]["lr"], strict=True))
    assert points[0] == pytest.approx(0.1)
    assert points[450] == 1.0
    assert points[999] == pytest.approx(0.0001)


def test_schedule_draws_in_the_terminal_and_in_a_file(call: Any, tmp_path: Path) -> None:
    picture = tmp_path / "cycle.svg"
    arguments = ["--lr-max", "1", "--iterations", "1000", "--momentum", "0.95,0.85", "--plot", str(picture)]
    result = call("schedule", "one_cycle", *arguments)
    assert result.exit_code == 0, result.output
    assert "lr: first 0.1, highest 1 at 450" in result.stdout
    assert "momentum: first 0.95, highest 0.95 at 0, lowest 0.85 at 450, last 0.95" in result.stdout
    assert picture.read_text(encoding="utf-8").startswith("<?xml")
    assert [path.name for path in tmp_path.iterdir()] == ["cycle.svg"]


@pytest.mark.parametrize(
    ("kind", "more", "values"),
    [
        ("constant", [], {0: 0.5, 99: 0.5}),
        ("step", ["--stepsize", "40", "--set", "gamma=0.1"], {39: 0.5, 40: 0.05, 80: 0.005}),
        ("multi_step", ["--set", "milestones=10,30", "--set", "gamma=0.5"], {9: 0.5, 10: 0.25, 30: 0.125}),
        ("cosine", [], {0: 0.5, 99: 0.0}),
        ("linear_ramp", ["--lr-min", "0"], {0: 0.0, 99: 0.5}),
        ("triangular", ["--stepsize", "50", "--lr-min", "0.1"], {0: 0.1, 50: 0.5}),
        ("one_cycle", ["--stepsize", "20"], {0: 0.05, 20: 0.5, 60: 0.00005}),
        ("one_cycle_text", ["--set", "final=0"], {45: 0.5, 99: 0.0}),
    ],
)
def test_schedule_knows_every_kind_of_option(
    call: Any, only_object: Any, kind: str, more: list[str], values: dict[int, float]
) -> None:
    found = only_object(call("schedule", kind, "--lr-max", "0.5", "--iterations", "100", "--json", *more))
    assert found["points"]["iteration"] == list(range(100))
    for iteration, value in values.items():
        assert found["points"]["lr"][iteration] == pytest.approx(value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["foo", "--lr-max", "1", "--iterations", "9"], "one_cycle"),
        (["step", "--lr-max", "1", "--iterations", "9"], "--set gamma=... --stepsize N"),
        (["linear_ramp", "--lr-max", "1", "--iterations", "9"], "--lr-min"),
        (
            ["constant", "--lr-max", "1", "--iterations", "9", "--stepsize", "3"],
            "no stepsize, got --stepsize 3",
        ),
        (["constant", "--lr-max", "1", "--iterations", "9", "--momentum", "0.9,0.8"], "give one number"),
        (["one_cycle", "--lr-max", "1", "--iterations", "9", "--set", "gamma=1"], "got --set gamma=1"),
        (["one_cycle", "--lr-max", "1", "--iterations", "9", "--set", "stepsize=a"], "of type int"),
        (["one_cycle", "--lr-max", "1", "--iterations", "9", "--stepsize", "5"], "2 * stepsize < iterations"),
        (["one_cycle", "--lr-max", "1", "--iterations", "9", "--plot", "a.txt"], ".svg"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_schedule_refuses_with_the_way_out(call: Any, arguments: list[str], said: str) -> None:
    result = call("schedule", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
