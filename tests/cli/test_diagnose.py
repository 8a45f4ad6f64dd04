"""``wellbegun diagnose``: from a file to sentences, one JSON object, a picture, a page; and its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wellbegun.cli import diagnose as command
from wellbegun.diagnosis._base import LABELS, VERDICTS

FIXTURES = Path(__file__).resolve().parents[1] / "histories" / "fixtures"
CLUE = {"label", "from", "to", "lr_from", "lr_to", "evidence", "advice", "section"}


@pytest.fixture
def overfitted(tmp_path: Path) -> Path:
    """Validation loss falls for 20 rows and rises for 20, training loss falls all the way."""
    t = np.arange(40)
    val = np.where(t < 20, 2.0 * 0.9**t, 2.0 * 0.9**20 * 1.04 ** (t - 20))
    rows = [
        f"{10 * i},{0.1},{2.0 * 0.9**i:.6f},{v:.6f}" for i, v in zip(t.tolist(), val.tolist(), strict=True)
    ]
    path = tmp_path / "run[1].csv"
    path.write_text("\n".join(["step,lr,train_loss,val_loss", *rows]), encoding="utf-8")
    return path


def test_what_was_read_the_clues_and_the_verdict_are_printed(call: Any, overfitted: Path) -> None:
    result = call("diagnose", str(overfitted))
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "run[1].csv: csv" in text
    assert "iteration = step, val_loss = val_loss, train_loss = train_loss, lr = lr" in text
    assert "iteration 200 to 390, lr 0.1: validation loss rises from" in text
    assert "-> regularize more" in text and "(Sec. 3.3)" in text and "verdict overfitting" in text
    assert "|descending" in text and "|overfitting" in text


def test_json_is_one_object_as_the_design_has_it(call: Any, only_object: Any, overfitted: Path) -> None:
    found = only_object(call("diagnose", str(overfitted), "--json"))
    assert found["overall"] == "overfitting" and found["file"] == str(overfitted) and found["format"] == "csv"
    assert [set(clue) for clue in found["clues"]] == [CLUE] * len(found["clues"])
    assert [clue["label"] for clue in found["clues"]] == ["descending", "overfitting"]
    assert (found["clues"][1]["from"], found["clues"][1]["to"], found["clues"][1]["lr_to"]) == (200, 390, 0.1)
    assert found["columns"] == {
        "iteration": "step",
        "val_loss": "val_loss",
        "train_loss": "train_loss",
        "lr": "lr",
    }


def test_several_files_are_a_list(call: Any, only_object: Any, overfitted: Path) -> None:
    names = [str(overfitted), str(FIXTURES / "wandb" / "chart.csv")]
    found = only_object(call("diagnose", *names, "--json"))["histories"]
    assert [history["run"] for history in found] == ["", "calm-lake-1", "brisk-hill-2"]
    assert all(history["overall"] in VERDICTS for history in found)
    result = call("diagnose", *names)
    assert result.stdout.count("verdict") == 3 and "chart.csv: brisk-hill-2" in result.stdout


@pytest.mark.parametrize("end", [".svg", ".png", ".pdf"])
def test_a_picture_is_drawn_and_nothing_else_is_left(call: Any, overfitted: Path, end: str) -> None:
    place = overfitted.parent / f"picture{end}"
    result = call("diagnose", str(overfitted), "--plot", str(place))
    assert result.exit_code == 0 and f"plot: {place}".replace("\n", "") in result.stdout.replace("\n", "")
    start = place.read_bytes()[:5]
    assert start == {".svg": b"<?xml", ".png": b"\x89PNG\r", ".pdf": b"%PDF-"}[end]
    assert {path.name for path in overfitted.parent.iterdir()} == {place.name, overfitted.name}
    if end == ".svg":
        text = place.read_text(encoding="utf-8")
        assert (
            "overfitting</text>" in text and "prefers-color-scheme: dark" in text and "learning rate" in text
        )


def test_a_page_holds_everything_and_needs_nothing(call: Any, overfitted: Path) -> None:
    place = overfitted.parent / "page.html"
    call("diagnose", str(overfitted), str(FIXTURES / "keras" / "training.log"), "--html", str(place))
    text = place.read_text(encoding="utf-8")
    assert "2 training histories" in text and "run[1].csv" in text and "epochs stand in their place" in text
    assert (
        text.count("<svg") == 4 and "overfitting" in text and "lr 0.1" in text and "Regularize more" in text
    )
    assert "<script" not in text and "src=" not in text


def test_only_accuracy_and_only_training_are_said_to_be_so(
    call: Any, only_object: Any, tmp_path: Path
) -> None:
    accuracy, training = tmp_path / "acc.csv", tmp_path / "train.csv"
    accuracy.write_text("epoch,val_acc\n" + "".join(f"{i},{1 - 0.9 * 0.8**i}\n" for i in range(12)))
    training.write_text("step,loss\n" + "".join(f"{i},{2 * 0.8**i}\n" for i in range(12)))
    found = only_object(call("diagnose", str(accuracy), "--json"))
    assert found["judged"] == "validation error rate" and "error rate falls" in found["clues"][0]["evidence"]
    assert found["overall"] == "underfitting" and "validation loss" not in json.dumps(found["clues"])
    found = only_object(call("diagnose", str(training), "--json"))
    assert found["overall"] == "unclear" and "only the training loss" in found["reason"]
    assert "validation" not in json.dumps(found["clues"])


def test_columns_and_format_can_be_named(call: Any, only_object: Any, overfitted: Path) -> None:
    asked = ["--column", "val_loss=train_loss", "--column", "train_loss=", "--format", "csv"]
    found = only_object(call("diagnose", str(overfitted), "--json", *asked))
    assert found["columns"] == {"iteration": "step", "val_loss": "train_loss", "lr": "lr"}


def test_a_run_of_ours_is_named_by_the_beginning_of_its_key(
    call: Any, only_object: Any, tmp_path: Path
) -> None:
    from wellbegun.runs.store import RunStore

    from .conftest import run_of  # type: ignore[import-not-found]

    RunStore(tmp_path / "runs").publish(run_of())
    found = only_object(call("diagnose", run_of().key[:6], "--store", str(tmp_path), "--json"))
    assert found["format"] == "wellbegun" and found["run"] == run_of().key[:8]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.csv"], "a file to read must exist, got missing.csv"),
        ([], "FILE"),
        (["x", "--column", "val_loss"], "--column is MEANING=NAME"),
        (["x", "--plot", "picture.gif"], "--plot draws .svg, .png, .pdf, got picture.gif"),
        (["x", "--format", "excel"], "excel"),
    ],
)
def test_bad_input_is_refused_with_exit_code_two(call: Any, arguments: list[str], said: str) -> None:
    result = call("diagnose", *arguments)
    assert result.exit_code == 2 and said in result.stderr and "Traceback" not in result.output


def test_an_unreadable_file_is_bad_input(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("step,val_loss\n1,0.5\n2,abc\n")
    result = call("diagnose", str(path))
    assert result.exit_code == 2 and f"line 3 of {path} has 'abc'" in result.stderr


def test_the_lists_that_the_command_repeats_are_those_of_the_parts() -> None:
    from wellbegun.histories.detect import FORMATS
    from wellbegun.report.pictures import SUFFIXES

    assert command.FORMATS == FORMATS and command.PICTURES == SUFFIXES
    assert set(command.COLOURS) == set(LABELS)


@pytest.fixture
def three(tmp_path: Path) -> list[str]:
    """Histories that end at 0.5, 0.4 and 0.6, with a largest lr of 0.1, 0.2 and 0.3."""
    paths = []
    for name, end, lr in (("a", 0.5, 0.1), ("b", 0.4, 0.2), ("c", 0.6, 0.3)):
        losses = end + 1.5 * 0.8 ** np.arange(40)
        rows = [f"{10 * i},{lr},{v:.6f},{v:.6f}" for i, v in enumerate(losses.tolist())]
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text("\n".join(["step,lr,train_loss,val_loss", *rows]), encoding="utf-8")
    return [str(path) for path in paths]


def test_several_are_compared_by_the_setting_that_differs(call: Any, only_object: Any, three: Any) -> None:
    found = only_object(call("diagnose", *three, "--json"))["comparison"]
    assert (found["best"], found["tied"], found["differs"]) == ("b.csv", ["b.csv"], ["lr_max"])
    assert found["pattern"] == "interior" and "lr_max alone differs and is best inside" in found["reason"]
    assert found["losses"]["a.csv"] == pytest.approx(0.5, rel=0.01)
    text = " ".join(call("diagnose", *three).stdout.split())
    assert "compared: b.csv ends lowest" in text


def test_a_setting_that_no_file_tells_can_be_given(
    call: Any, only_object: Any, three: Any, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    given = ("--setting", "weight_decay=1e-3,1e-4,1e-5", "--html", str(page))
    found = only_object(call("diagnose", *three, *given, "--json"))["comparison"]
    assert found["differs"] == ["lr_max", "weight_decay"] and "cannot be told apart" in found["reason"]
    assert "b.csv ends lowest" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "words"),
    [("wd=1,2", "a value for each of the 3 histories, got 2 of 'wd'"), ("wd", "NAME=A,B,..., such as")],
)
def test_a_setting_without_a_value_per_history_is_refused(
    call: Any, three: Any, given: str, words: str
) -> None:
    result = call("diagnose", *three, "--setting", given)
    assert result.exit_code == 2 and words in " ".join(result.stderr.split())


@pytest.mark.parametrize(("top", "possible"), [(3.0, True), (0.5, False)])
def test_a_level_ramp_is_tested_for_super_convergence(
    call: Any, only_object: Any, tmp_path: Path, top: float, possible: bool
) -> None:
    losses = 0.5 + 1.5 * 0.7 ** np.arange(40)
    rows = [f"{10 * i},{top * (i + 1) / 40:.4f},{v - 0.3:.6f},{v:.6f}" for i, v in enumerate(losses.tolist())]
    path = tmp_path / "ramp.csv"
    path.write_text("\n".join(["step,lr,train_loss,val_loss", *rows]), encoding="utf-8")
    found = only_object(call("diagnose", str(path), "--json"))
    assert found["super_convergence"]["possible"] is possible
    assert found["super_convergence"]["level_to"] == pytest.approx(top)
    assert found["generalization_error"] == pytest.approx(0.3, abs=1e-3)
    text = " ".join(call("diagnose", str(path)).stdout.split())
    assert ("super-convergence is possible" in text) is possible and "ends at 0.3" in text


def test_a_run_that_is_no_ramp_is_not_tested_for_it(call: Any, only_object: Any, overfitted: Path) -> None:
    assert only_object(call("diagnose", str(overfitted), "--json"))["super_convergence"] is None


@pytest.mark.parametrize("option", ["--html", "--plot"])
def test_a_folder_that_is_not_there_is_named(call: Any, overfitted: Path, option: str) -> None:
    result = call("diagnose", str(overfitted), option, str(overfitted.parent / "nowhere" / "x.svg"))
    assert result.exit_code == 2 and "must exist; make it first" in " ".join(result.stderr.split())
