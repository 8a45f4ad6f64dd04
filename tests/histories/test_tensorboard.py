"""Event files: folders of several runs, the two sides of one run, damaged ends, no library."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from wellbegun.errors import UnreadableHistory
from wellbegun.histories.read import read_histories, read_history

FIXTURES = Path(__file__).parent / "fixtures"
VALUES = [float(v) for v in np.float32(2.0) * np.float32(0.5) ** np.arange(10, dtype=np.float32)]


def write(folder, tags, *, start=0, values=VALUES, suffix=""):
    """Write one event file with the library's own writer, every tag with the same values."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder), filename_suffix=suffix)
    for step, value in enumerate(values, start):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag in tags])
        writer.add_event(Event(wall_time=step, step=step, summary=summary))
    writer.close()


def test_folders_called_train_and_validation_are_two_sides_of_one_run(tmp_path):
    write(tmp_path / "train", ["epoch_loss", "epoch_learning_rate"])
    write(tmp_path / "validation", ["epoch_loss", "epoch_accuracy"])
    found = read_history(tmp_path)
    assert found.columns == {
        "val_loss": "validation/epoch_loss", "val_accuracy": "validation/epoch_accuracy",
        "train_loss": "train/epoch_loss", "lr": "train/epoch_learning_rate",
    }  # fmt: skip
    assert found.curve.val_loss.tolist() == VALUES and found.curve.train_loss.tolist() == VALUES
    assert found.axis == "epoch"


def test_other_folders_are_runs_of_their_own(tmp_path):
    write(tmp_path / "b", ["val_loss"])
    write(tmp_path / "a", ["val_loss"], values=VALUES[:5])
    assert [(h.run, len(h.curve)) for h in read_histories(tmp_path)] == [("a", 5), ("b", 10)]


def test_files_of_one_folder_go_on_where_the_one_before_was_stopped(tmp_path):
    write(tmp_path, ["val_loss"], suffix=".1")
    (first,) = tmp_path.iterdir()
    first.rename(tmp_path / "events.out.tfevents.0")
    write(tmp_path, ["val_loss"], start=6, values=[7.0] * 6, suffix=".2")
    found = read_history(tmp_path)
    assert found.curve.val_loss.tolist() == VALUES[:6] + [7.0] * 6
    assert any("go back from 9 to 6" in note for note in found.notes)


def test_a_file_that_is_cut_off_is_read_to_its_end(tmp_path):
    (source,) = (FIXTURES / "summarywriter").glob("events*")
    whole, data = read_history(source), source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(data[: len(data) // 2])
    half = read_history(path)
    assert 0 < len(half.curve) < len(whole.curve)
    assert half.curve.val_loss.tolist() == whole.curve.val_loss[: len(half.curve)].tolist()


def test_files_without_scalars_are_refused(tmp_path):
    write(tmp_path, [], values=[])
    with pytest.raises(UnreadableHistory, match="must hold scalars"):
        read_history(tmp_path)


def test_without_the_library_the_way_out_is_told(tmp_path, monkeypatch):
    name = "tensorboard.backend.event_processing.event_file_loader"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'wellbegun\[tensorboard\]'"):
        read_history(FIXTURES / "summarywriter")
