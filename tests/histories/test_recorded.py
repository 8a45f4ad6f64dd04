"""Histories that the real tools wrote are read as what the recording script was given to log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.histories.read import read_histories, read_history

FIXTURES = Path(__file__).parent / "fixtures"
RECORDED = {
    "lightning/metrics.csv": ("csv", "Lightning", "iteration"),
    "lightning/tensorboard": ("tensorboard", "", "iteration"),
    "keras/training.log": ("csv", "Keras", "epoch"),
    "keras/history.json": ("json", "Keras", "row"),
    "fastai/history.csv": ("csv", "fastai", "epoch"),
    "transformers/trainer_state.json": ("hf_trainer", "transformers", "iteration"),
    "summarywriter/events.out.tfevents.1.host.1.0": ("tensorboard", "", "iteration"),
    "wandb/history.csv": ("csv", "Weights & Biases", "iteration"),
    "plain/log.csv": ("csv", "", "iteration"),
    "plain/log.jsonl": ("jsonl", "", "iteration"),
    "plain/train.log": ("text", "", "iteration"),
    "caffe/lenet.log": ("caffe", "Caffe", "iteration"),
    "caffe/googlenet_resumed.log": ("caffe", "Caffe", "iteration"),
}
every_recording = pytest.mark.parametrize("name", RECORDED)


def logged(name):
    """What the tool was given, by meaning, from the sidecar of the recording script."""
    path = FIXTURES / name
    own = path.with_name(f"{path.stem}.expected.json")
    text = (own if own.exists() else path.parent / "expected.json").read_text(encoding="utf-8")
    if name.endswith("tensorboard"):
        text = (path.parent / "expected.json").read_text(encoding="utf-8")
    return {meaning: np.array(pairs).reshape(-1, 2) for meaning, pairs in json.loads(text).items()}


def means(pairs, grid):
    """The mean of the values after the row before and up to each row, written without any cleverness."""
    result, before = [], -1
    for end in grid:
        inside = [value for at, value in pairs if before < at <= end]
        result.append(np.mean(inside) if inside else np.nan)
        before = end
    return np.array(result)


@every_recording
def test_format_writer_and_axis_are_recognised(name):
    history = read_history(FIXTURES / name)
    assert (history.format, history.writer, history.axis) == RECORDED[name]


@every_recording
def test_evaluations_are_those_that_were_logged(name):
    curve, seen = read_history(FIXTURES / name).curve, logged(name)
    np.testing.assert_array_equal(curve.iteration, seen["val_loss"][:, 0])
    np.testing.assert_allclose(curve.val_loss, seen["val_loss"][:, 1], rtol=1e-6)
    if "val_accuracy" in seen:
        np.testing.assert_allclose(curve.val_accuracy, seen["val_accuracy"][:, 1], rtol=1e-6)


@every_recording
def test_training_loss_is_the_mean_since_the_evaluation_before(name):
    curve, seen = read_history(FIXTURES / name).curve, logged(name)
    np.testing.assert_allclose(curve.train_loss, means(seen["train_loss"], curve.iteration), rtol=1e-5)


@every_recording
def test_the_learning_rate_is_the_last_one_logged(name):
    curve, seen = read_history(FIXTURES / name).curve, logged(name)
    if "lr" not in seen:
        assert np.isnan(curve.lr).all()
        return
    if name.startswith("lightning"):  # logged every 5 updates
        assert np.abs(curve.lr[:, None] - seen["lr"][:, 1]).min(axis=1).max() < 1e-7
        return
    rates = [seen["lr"][seen["lr"][:, 0] <= at][-1:, 1] for at in curve.iteration]
    np.testing.assert_allclose(curve.lr, [r[0] if len(r) else np.nan for r in rates], rtol=1e-6)


@every_recording
def test_the_mapping_is_told_and_can_be_given_back(name):
    history = read_history(FIXTURES / name)
    asked = {meaning: column for meaning, column in history.columns.items() if meaning != "row"}
    again = read_history(FIXTURES / name, asked)
    assert again.columns == history.columns
    np.testing.assert_array_equal(again.curve.val_loss, history.curve.val_loss)


@every_recording
def test_every_recording_can_be_diagnosed(name):
    assert diagnose(read_history(FIXTURES / name).curve).overall


def test_a_chart_of_weights_and_biases_holds_a_history_for_each_run():
    seen = json.loads((FIXTURES / "wandb/chart.expected.json").read_text(encoding="utf-8"))
    found = {history.run: history for history in read_histories(FIXTURES / "wandb/chart.csv")}
    assert list(found) == list(seen)
    for run, pairs in seen.items():
        np.testing.assert_array_equal(found[run].curve.iteration, [at for at, _ in pairs])
        np.testing.assert_allclose(found[run].curve.val_loss, [value for _, value in pairs], rtol=1e-9)
        assert found[run].columns["val_loss"] == "val/loss"
        assert any("no training loss" in text for text in found[run].missing)


def test_one_of_several_runs_is_named_and_none_is_guessed():
    assert read_history(FIXTURES / "wandb/chart.csv", run="brisk-hill-2").run == "brisk-hill-2"
    with pytest.raises(ValueError, match=r"has 2: calm-lake-1, brisk-hill-2"):
        read_history(FIXTURES / "wandb/chart.csv")


def test_the_several_heads_and_the_resume_of_a_caffe_log_are_told():
    history = read_history(FIXTURES / "caffe/googlenet_resumed.log")
    assert history.columns["val_loss"] == "Test loss3/loss3"
    assert history.columns["val_accuracy"] == "Test loss3/top-1"
    told = " ".join(history.notes)
    assert "Test loss1/loss1 (weight 0.3)" in told and "go back from 400 to 300" in told
    other = read_history(FIXTURES / "caffe/googlenet_resumed.log", {"val_loss": "Test loss1/loss1"})
    np.testing.assert_allclose(other.curve.val_loss, 2 * history.curve.val_loss, rtol=1e-5)


def test_folders_of_the_tools_are_read_too(tmp_path):
    state = (FIXTURES / "transformers/trainer_state.json").read_text(encoding="utf-8")
    for step in (20, 100):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state, encoding="utf-8")
    assert read_history(tmp_path).format == "hf_trainer"
    assert read_history(FIXTURES / "lightning").format == "tensorboard"  # its folder lies below
    assert len(read_histories(FIXTURES)) == 2
