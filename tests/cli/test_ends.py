"""How a command ends: exit codes, messages, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wellbegun.errors import Refused, StoreError, TaskError, TrainingFailed


def raises(error: BaseException) -> Callable[..., Any]:
    def work(*_: Any, **__: Any) -> Any:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            TaskError("labels must be in range, got 11; use 0 to 9"),
            2,
            "Error: labels must be in range, got 11",
        ),
        (StoreError("the store is newer"), 2, "Error: the store is newer"),
        (ValueError("epochs must be positive"), 2, "Error: epochs must be positive"),
        (PermissionError(13, "Permission denied", "runs"), 2, "Permission denied"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (ModuleNotFoundError("No module named 'pooch'", name="pooch"), 2, "No module named 'pooch'"),
        (TrainingFailed("a worker ended"), 1, "Error: a worker ended"),
        (
            Refused("all ramps diverged", (None,)),
            1,
            "No recommendation: all ramps diverged\n1 run measured so far",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_a_user_can_cause_ends_in_a_sentence(
    call: Any, fake: Any, error: Exception, code: int, said: str
) -> None:
    fake.work = raises(error)
    result = call("tune", "digits", "--json")
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_debug_shows_the_traceback_too_and_ends_alike(call: Any, fake: Any) -> None:
    fake.work = raises(TaskError("a rule"))
    result = call("tune", "digits", "--debug")
    assert result.exit_code == 2
    assert "Traceback (most recent call last)" in result.stderr
    assert "Error: a rule" in result.stderr


def test_an_error_of_our_own_is_not_hidden(call: Any, fake: Any) -> None:
    fake.work = raises(KeyError("a bug"))
    assert isinstance(call("tune", "digits").exception, KeyError)


def test_ctrl_c_says_that_the_job_goes_on(call: Any, fake: Any) -> None:
    fake.work = raises(KeyboardInterrupt())
    result = call("tune", "digits")
    assert result.exit_code == 130
    assert "wellbegun-digits/runs" in result.stderr
    assert "the same command goes on where it stopped" in result.stderr


def test_a_reader_that_has_gone_is_no_error() -> None:
    """As in ``wellbegun reproduce list | head -1``."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "wellbegun", "reproduce", "list"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 1  # as of every click program


def test_a_job_that_fails_at_once_leaves_no_empty_folder(call: Any, fake: Any, tmp_path: Path) -> None:
    fake.work = raises(TaskError("a rule"))
    call("tune", "digits")
    call("tune", "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_no_half_of_a_result(
    call: Any, fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["wellbegun.report.html"], "write", raises(OSError(28, "No space left")))
    assert call("tune", "digits").exit_code == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


OWN_CODE = "def outer(x):\n    return inner(x)\n\ndef inner(x):\n    import json\n    return json.loads(x)\n"


def test_a_failed_run_shows_the_users_own_lines(call: Any, fake: Any, tmp_path: Path) -> None:
    module = tmp_path / "own.py"
    module.write_text(OWN_CODE)
    scope: dict[str, Any] = {}
    exec(compile(OWN_CODE, str(module), "exec"), scope)

    def work(**_: Any) -> Any:
        try:
            scope["outer"]("{")
        except ValueError as error:
            raise TrainingFailed("the run stopped: Expecting property name") from error

    fake.work = work
    result = call("train", "digits", "--lr-max", "0.1")
    assert result.exit_code == 1
    assert f'File "{module}", line 2, in outer\n    return inner(x)' in result.stderr
    assert f'File "{module}", line 6, in inner' in result.stderr
    assert "json/decoder.py" not in result.stderr
    assert "Error: the run stopped: Expecting property name" in result.stderr


def test_a_failed_run_of_a_worker_shows_them_too(call: Any, fake: Any, tmp_path: Path) -> None:
    text = f'Traceback (most recent call last):\n  File "{os.__file__}", line 1, in x\n    y\n'
    text += '  File "/home/me/own.py", line 3, in forward\n    return x @ self.w\nRuntimeError: shapes\n'
    error = TrainingFailed("the run stopped: shapes")
    error.__cause__ = RuntimeError("shapes")
    error.add_note(f"In the worker:\n{text}")
    fake.work = raises(error)
    told = call("tune", "digits").stderr
    assert 'File "/home/me/own.py", line 3, in forward\n    return x @ self.w\nError: the run stopped' in told
    assert os.__file__ not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tune"], "a task is needed"),
        (["tune", "missing"], "got 'missing'"),
        (["tune", "digits", "--epochs", "0"], "--epochs"),
        (["tune", "digits", "--epochs", "nan"], "finite"),
        (["tune", "digits", "--batch-size", "0"], "--batch-size"),
        (["tune", "digits", "--optimizer", "adam"], "adamw"),
        (["tune", "digits", "--workers", "-1"], "--workers"),
        (["train", "digits"], "--lr-max"),
        (["train", "digits", "--lr-max", "-1"], "--lr-max"),
        (["train", "digits", "--lr-max", "1", "--momentum", "0.8,0.9"], "try 0.9,0.8"),
        (["train", "digits", "--lr-max", "1", "--momentum", "1"], "below 1, got '1'"),
        (["train", "digits", "--lr-max", "1", "--momentum", "a,b"], "got 'a,b'"),
        (["search", "dropout", "digits"], "momentum"),
        (["range-test", "digits", "--kind", "cubic"], "exponential"),
        (["range-test", "digits", "--iterations", "1"], "--iterations"),
        (["nonsense"], "No such command"),
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_before_anything_runs(
    call: Any, fake: Any, tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert fake.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(call: Any, fake: Any, tmp_path: Path) -> None:
    (tmp_path / "wellbegun-digits").write_text("mine")
    assert call("tune", "digits").exit_code == 2
    assert (tmp_path / "wellbegun-digits").read_text() == "mine"
    assert fake.asked == []


def test_a_folder_that_cannot_be_made_is_told_with_the_way_out(call: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call("tune", "digits", "--out", str(tmp_path / "file" / "below"))
    assert result.exit_code == 2 and "Not a directory" in result.stderr
    assert "one that can be made" in result.stderr and "choose another with --out" in result.stderr
