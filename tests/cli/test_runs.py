"""``wellbegun runs`` and ``wellbegun report`` on real stores."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wellbegun.curve import Run
from wellbegun.errors import StoreError
from wellbegun.runs.store import RunStore
from wellbegun.schedules.constant import Constant


@pytest.fixture
def kept(fake: Any, tmp_path: Path) -> Iterator[list[Run]]:
    """Two runs in the store of ./wellbegun-digits."""
    store, run = RunStore(tmp_path / "wellbegun-digits/runs"), fake.results["train"]
    runs = [run, dataclasses.replace(run, spec=run.spec.but(lr=Constant(0.1)))]
    for run in runs:
        store.publish(run)
    yield runs


def test_runs_are_listed_from_the_only_folder(call: Any, only_object: Any, kept: list[Run]) -> None:
    result = call("runs", "list")
    assert result.exit_code == 0, result.output
    assert all(run.key[:8] in result.stdout for run in kept)
    assert "2 runs, 5.0 s of training, in wellbegun-digits/runs" in result.stdout
    found = only_object(call("runs", "list", "--in", "wellbegun-digits", "--json"))
    assert {run["key"] for run in found["runs"]} == {run.key for run in kept}
    assert found["runs"][0]["val_loss"] == 0.375


def test_a_run_is_shown_by_the_beginning_of_its_key(call: Any, only_object: Any, kept: list[Run]) -> None:
    result = call("runs", "show", kept[1].key[:10])
    assert result.exit_code == 0, result.output
    assert kept[1].key in result.stdout
    assert "batch_size     64" in result.stdout
    assert only_object(call("runs", "show", kept[1].key, "--json"))["spec"]["lr"]["value"] == 0.1
    refused = call("runs", "show", "")
    assert refused.exit_code == 2
    assert "is that of 2" in refused.stderr


def test_runs_are_removed_when_that_was_meant(
    call: Any, only_object: Any, kept: list[Run], tmp_path: Path
) -> None:
    store = RunStore(tmp_path / "wellbegun-digits/runs")
    assert call("runs", "remove", kept[0].key[:8], input="n\n").exit_code == 0
    assert len(store.keys()) == 2
    assert call("runs", "remove", kept[0].key[:8], input="y\n").exit_code == 0
    assert store.keys() == [kept[1].key]
    assert call("runs", "remove").exit_code == 2
    assert only_object(call("runs", "remove", "--all", "--yes", "--json"))["removed"] == [kept[1].key]
    assert store.keys() == []


def test_runs_need_one_folder(call: Any, fake: Any, tmp_path: Path) -> None:
    result = call("runs", "list")
    assert result.exit_code == 2
    assert "found none" in result.stderr
    for name in ("a", "b"):
        (tmp_path / f"wellbegun-{name}/runs").mkdir(parents=True)
    assert "found wellbegun-a, wellbegun-b" in call("runs", "list").stderr
    assert call("runs", "list", "--in", "nowhere").exit_code == 2


def test_report_asks_for_the_same_job_and_trains_nothing(call: Any, fake: Any, tmp_path: Path) -> None:
    assert call("tune", "digits", "--epochs", "3", "--seed", "4", "--no-final", "--quiet").exit_code == 0
    report = tmp_path / "wellbegun-digits/report.html"
    report.unlink()
    result = call("report", "wellbegun-digits")
    assert result.exit_code == 0, result.output
    assert report.exists()
    first, second = (keywords for _, _, keywords in fake.asked)
    executor = second.pop("executor")
    assert {name: value for name, value in first.items() if name not in ("watch", "begun")} == second
    with pytest.raises(StoreError, match="finished runs only"):
        executor.submit(print)
    assert call("report", "wellbegun-digits").exit_code == 0  # its own recommendation.json will do too


def test_report_without_a_recommendation_shows_the_single_runs(
    call: Any, only_object: Any, kept: list[Run], tmp_path: Path
) -> None:
    assert only_object(call("report", "wellbegun-digits", "--json"))["runs"] == sorted(
        run.key for run in kept
    )
    assert (tmp_path / "wellbegun-digits/report.html").read_text().startswith("2 Runs")
    (tmp_path / "empty").mkdir()
    assert call("report", "empty").exit_code == 2
    (tmp_path / "wellbegun-digits/recommendation.json").write_text("{")
    damaged = call("report", "wellbegun-digits")
    assert damaged.exit_code == 2
    assert "cannot be read" in damaged.stderr
