"""What tune and the single steps ask, print and write."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PROGRESS = {
    "step": "momentum", "runs_done": 1, "runs_planned": 4, "iterations_done": 150, "iterations_planned": 1500,
    "seconds": 65.0, "seconds_left": 600.0, "curve": (50, 1.0, 1.125), "message": None,
}  # fmt: skip


def test_tune_prints_values_reasons_result_cost_and_places(call: Any, fake: Any) -> None:
    result = call("tune", "digits")
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    for expected in (
        "lr_max 0.5 as good: 0.25 to 0.75", "lr_min 0.05", "momentum 0.95 down to 0.85", "weight_decay 3e-4",
        "0.95 has the lowest loss: 0.375.", "val_loss 0.375, val_accuracy 87.5 %, test_accuracy 81.2 %",
        "200 iterations, 9 epochs, 5.0 s", "wellbegun-digits/report.html", "wellbegun-digits/snippet.py",
        "[a note]",
    ):  # fmt: skip
        assert expected in words


def test_tune_writes_its_folder_and_nothing_else(call: Any, fake: Any, tmp_path: Path) -> None:
    assert call("tune", "digits").exit_code == 0
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    names = ("recommendation.json", "report.html", "snippet.py")
    assert written == [f"wellbegun-digits/{name}" for name in names]
    kept = json.loads((tmp_path / "wellbegun-digits/recommendation.json").read_text())
    assert kept["lr_max"] == 0.5
    assert kept["asked"]["task"] == "digits"
    compile((tmp_path / "wellbegun-digits/snippet.py").read_text(), "snippet.py", "exec")


def test_tune_prints_one_json_object_and_nothing_else(call: Any, only_object: Any, fake: Any) -> None:
    def work(*, watch: Callable[[Any], None], **_: Any) -> Any:
        watch(SimpleNamespace(**PROGRESS))
        return fake.results["tune"]

    fake.work = work
    result = call("tune", "digits", "--json")
    found = only_object(result)
    assert found["lr_max"] == 0.5
    assert found["momentum"] == {"max": 0.95, "min": 0.85}
    assert found["intervals"] == {"lr_max": [0.25, 0.75]}
    assert found["final"]["test_accuracy"] == 0.8125
    assert found["final"]["diverged"] is False
    assert found["report"] == "wellbegun-digits/report.html"
    assert {"lr_min", "weight_decay", "batch_size", "iterations", "stepsize", "findings", "cost"} <= set(
        found
    )
    assert "1 of 4 runs" in result.stderr


def test_tune_hands_on_what_was_asked(call: Any, fake: Any, tmp_path: Path) -> None:
    arguments = (
        "--epochs 3 --batch-size 32 --optimizer adamw --seed 7 --workers 2 --device cpu --precision fp32"
    )
    assert (
        call("tune", "digits", *arguments.split(), "--all-data", "--no-final", "--out", "here").exit_code == 0
    )
    ((name, (task,), keywords),) = fake.asked
    assert name == "tune"
    assert task.asked == ("digits", None, None, None)
    assert callable(keywords.pop("watch"))
    assert 0 < keywords.pop("begun") <= time.time()
    assert keywords == {
        "epochs": 3.0, "batch_size": 32, "budget": None, "also": (), "optimizer": "adamw", "seed": 7,
        "workers": 2, "device": "cpu", "precision": "fp32", "all_data": True, "repeats": False,
        "final": False, "store": Path("here/runs"),
    }  # fmt: skip


def test_tune_takes_data_without_a_task(call: Any, fake: Any, tmp_path: Path) -> None:
    result = call("tune", "--data", "npz:a.npz", "--model", "mlp", "--data-dir", "there", "--quiet")
    assert result.exit_code == 0, result.output
    assert fake.asked[0][1][0].asked == (None, "npz:a.npz", "mlp", Path("there"))
    assert fake.asked[0][2]["watch"] is None
    assert result.stderr == ""
    kept = json.loads((tmp_path / "wellbegun-my-data/recommendation.json").read_text())
    assert kept["asked"]["data"] == f"npz:{tmp_path / 'a.npz'}"  # works from another folder too


def test_the_data_folder_comes_from_the_environment(call: Any, fake: Any) -> None:
    assert call("tune", "digits", env={"WELLBEGUN_DATA": "elsewhere"}).exit_code == 0
    assert fake.asked[0][1][0].asked[3] == Path("elsewhere")


def test_range_test_shows_the_curve_and_the_reason(call: Any, fake: Any) -> None:
    result = call("range-test", "digits", "--lr-max", "3", "--iterations", "90", "--kind", "exponential")
    assert result.exit_code == 0, result.output
    assert "val_loss over lr" in result.stdout
    assert "0.95 has the lowest loss" in result.stdout
    ((name, _, keywords),) = fake.asked
    assert name == "range_test"
    expected = {"lr_min": None, "lr_max": 3.0, "iterations": 90, "kind": "exponential", "momentum": 0.9}
    assert {key: keywords[key] for key in expected} == expected


def test_search_asks_for_one_setting(call: Any, only_object: Any, fake: Any) -> None:
    found = only_object(call("search", "weight-decay", "digits", "--values", "1e-3,3e-3", "--json"))
    assert found["choice"] == {"max": 0.95, "min": 0.85}
    assert Path(found["report"]).name == "weight-decay.html" and Path(found["report"]).exists()
    ((name, (_, what), keywords),) = fake.asked
    assert (name, what) == ("search_for", "weight-decay")
    assert keywords["values"] == (1e-3, 3e-3) and keywords["factor"] == ""
    assert keywords["kind"] == "" and keywords["compare"] is False
    only_object(
        call("search", "weight-decay-snapshot", "digits", "--kind", "constant", "--compare", "--json")
    )
    assert fake.asked[1][2]["kind"] == "constant" and fake.asked[1][2]["compare"] is True


@pytest.mark.parametrize("values", ["a", "1,1", "-1", "nan", ","])
def test_values_are_different_numbers(call: Any, fake: Any, values: str) -> None:
    result = call("search", "momentum", "digits", "--values", values)
    assert result.exit_code == 2 and f"got '{values}'" in result.output
    assert not fake.asked


def test_the_list_of_searches_is_that_of_the_package() -> None:
    from wellbegun.cli.search import SEARCHES
    from wellbegun.search import alone

    assert set(SEARCHES) == set(alone.SEARCHES)


def test_further_steps_and_a_budget_are_handed_on_and_asked_again_by_report(call: Any, fake: Any) -> None:
    from wellbegun.cli.tune import ALSO
    from wellbegun.search import recipe

    assert ALSO == recipe.ALSO
    options = ("--also", "length", "--also", "batch-size", "--budget", "5ep", "--quiet")
    assert call("tune", "digits", *options).exit_code == 0
    assert call("report", "wellbegun-digits").exit_code == 0
    for _, _, keywords in fake.asked:
        assert keywords["also"] == ("length", "batch-size") and keywords["budget"] == "5ep"


def test_train_prints_the_run_and_ends_with_1_when_it_diverged(call: Any, fake: Any) -> None:
    result = call("train", "digits", "--lr-max", "0.5", "--momentum", "0.9")
    assert result.exit_code == 0
    assert "val_loss 0.375" in result.stdout
    assert fake.asked[0][2]["momentum"] == (0.9, 0.9)
    fake.results["train"] = dataclasses.replace(fake.results["train"], ended="diverged")
    result = call("train", "digits", "--lr-max", "50")
    assert result.exit_code == 1
    assert "diverged after 100 iterations" in result.stdout


def test_train_writes_nan_as_null(call: Any, only_object: Any, fake: Any) -> None:
    found = only_object(call("train", "digits", "--lr-max", "0.5", "--json"))
    assert found["curve"]["train_loss"] == [None, 1.0, 0.25]
    assert found["key"] == fake.results["train"].key
