"""Tables in all the shapes people write: what each column is taken for, and what is done with the rows."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from wellbegun.errors import UnreadableHistory
from wellbegun.histories import arrow, csv_table, track
from wellbegun.histories.columns import guess
from wellbegun.histories.read import read_histories, read_history

PAPER = Path(__file__).resolve().parents[2].parent / "shared" / "paper" / "curves"


@pytest.fixture
def write(tmp_path):
    def written(content, name="history.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def rows(values, header="step,train_loss,val_loss"):
    return "\n".join([header, *(",".join(map(str, row)) for row in values)]) + "\n"


TEN = [(10 * i, 1 / (i + 1), 1.5 / (i + 1)) for i in range(10)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # Lightning's CSVLogger with LearningRateMonitor
        (
            ["epoch", "lr-SGD", "lr-SGD-momentum", "step", "train_loss_epoch", "train_loss_step", "val_acc",
             "val_loss"],
            {"iteration": "step", "epoch": "epoch", "lr": "lr-SGD", "momentum": "lr-SGD-momentum",
             "train_loss": "train_loss_epoch", "val_loss": "val_loss", "val_accuracy": "val_acc"},
        ),
        # Keras: accuracy alone is training's
        (
            ["epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"],
            {"epoch": "epoch", "train_accuracy": "accuracy", "lr": "learning_rate", "train_loss": "loss",
             "val_accuracy": "val_accuracy", "val_loss": "val_loss"},
        ),
        # fastai: accuracy alone is validation's
        (
            ["epoch", "train_loss", "valid_loss", "accuracy", "time"],
            {"epoch": "epoch", "train_loss": "train_loss", "val_loss": "valid_loss",
             "val_accuracy": "accuracy"},
        ),
        (
            ["epoch", "train_loss", "valid_loss", "error_rate", "time"],
            {"epoch": "epoch", "train_loss": "train_loss", "val_loss": "valid_loss",
             "val_error": "error_rate"},
        ),
        # Weights & Biases: its own counter counts calls, the trainer's counts updates
        (
            ["_step", "_runtime", "trainer/global_step", "train/loss", "val/loss", "train/train_loss"],
            {"iteration": "trainer/global_step", "train_loss": "train/loss", "val_loss": "val/loss"},
        ),
        # transformers
        (
            ["step", "epoch", "loss", "grad_norm", "learning_rate", "eval_loss", "eval_runtime",
             "eval_steps_per_second", "eval_samples_per_second"],
            {"iteration": "step", "epoch": "epoch", "train_loss": "loss", "lr": "learning_rate",
             "val_loss": "eval_loss"},
        ),
        # the paper's logs: test sets stand in for validation, top-1 before top-5
        (
            ["iteration", "lr", "momentum", "train_loss", "train_loss_batch", "train_acc", "test_loss",
             "test_acc", "test_acc_top5"],
            {"iteration": "iteration", "lr": "lr", "momentum": "momentum", "train_loss": "train_loss",
             "train_accuracy": "train_acc", "val_loss": "test_loss", "val_accuracy": "test_acc"},
        ),
        (["Epoch", "trainLoss", "valLoss", "testLoss"], {"epoch": "Epoch", "train_loss": "trainLoss",
                                                        "val_loss": "valLoss"}),
        (["Iter", "Loss/train", "Loss/val", "best_val_loss", "val_loss_std"],
         {"iteration": "Iter", "train_loss": "Loss/train", "val_loss": "Loss/val"}),
    ],
)  # fmt: skip
def test_columns_are_taken_for_what_the_tools_mean(names, expected):
    assert {meaning: found[0] for meaning, found in guess(names).items()} == expected


def test_the_mapping_can_be_overruled(write):
    path = write(rows(TEN, "step,val_loss,other"))
    assert read_history(path).columns == {"iteration": "step", "val_loss": "val_loss"}
    found = read_history(path, {"val_loss": "OTHER", "train_loss": "val_loss"})
    assert found.columns == {"iteration": "step", "val_loss": "other", "train_loss": "val_loss"}
    assert found.curve.val_loss.tolist() == [row[2] for row in TEN]
    assert "iteration" not in read_history(path, {"iteration": ""}).columns
    with pytest.raises(UnreadableHistory, match=r"val_loss=nothing; there are: step, val_loss, other"):
        read_history(path, {"val_loss": "nothing"})
    with pytest.raises(ValueError, match=r"got 'loss'; write MEANING=NAME"):
        read_history(path, {"loss": "other"})


@pytest.mark.parametrize(
    "content",
    [
        rows(TEN),
        rows(TEN).replace(",", ";"),
        rows(TEN).replace(",", ";").replace(".", ","),  # as a German spreadsheet writes it
        rows(TEN).replace(",", "\t"),
        rows(TEN).replace(",", " "),
        "# " + rows(TEN),
        "# made by hand\n\n" + rows(TEN),
        rows(TEN).replace("\n", "\r\n"),
        rows(TEN).encode("utf-8-sig"),
        rows(TEN).encode("utf-16"),
        gzip.compress(rows(TEN).encode()),
        rows([(f'"{a}"', f'"{b}"', f'"{c}"') for a, b, c in TEN]),
        rows([(a, f"tensor({b})", f"tensor({c}; device='cuda:0')") for a, b, c in TEN])
        .replace(",", "|").replace(";", ","),
        "".join(json.dumps({"step": a, "train": {"loss": b}, "val": {"loss": c}}) + "\n" for a, b, c in TEN),
        json.dumps([{"step": a, "train_loss": b, "val_loss": c, "name": "x"} for a, b, c in TEN], indent=1),
        json.dumps({name: [r[i] for r in TEN] for i, name in enumerate(("step", "train_loss", "val_loss"))}),
        "".join(f"INFO step {a} train_loss: {b} | val_loss: {c}\n" for a, b, c in TEN),
        "".join(f"{{'step': {a}, 'loss': {b}, 'eval_loss': {c}}}\n" for a, b, c in TEN),
    ],
)  # fmt: skip
def test_one_table_in_many_dresses(write, content):
    curve = read_history(write(content, "any.name")).curve
    assert curve.iteration.tolist() == [row[0] for row in TEN]
    np.testing.assert_allclose(curve.train_loss, [row[1] for row in TEN], rtol=1e-12)
    np.testing.assert_allclose(curve.val_loss, [row[2] for row in TEN], rtol=1e-12)


def test_epochs_of_a_printed_log_are_found(write):
    lines = [f"Epoch {i}/9\n50/50 - 1s - loss: {1 / i:.6f} - val_loss: {2 / i:.6f}\n" for i in range(1, 10)]
    found = read_history(write("".join(lines), "out.txt"))
    assert (found.format, found.axis) == ("text", "epoch")
    assert found.curve.iteration.tolist() == list(range(1, 10))
    np.testing.assert_allclose(found.curve.val_loss, [2 / i for i in range(1, 10)], atol=1e-6)


@pytest.mark.parametrize(
    "line",
    ["Iter {} loss {} val_loss {}", "step {}: loss={}, val_loss={}.",
     "[step {}] Loss: {} Val Loss: {} (12:30:01)",
     "2026-01-01 00:00:00,123 INFO global_step={} train/loss={} val/loss={} lr=1e-3"],
)  # fmt: skip
def test_lines_as_people_print_them(write, line):
    found = read_history(write("".join(line.format(10 * i, 0.5 / i, 0.75 / i) + "\n" for i in range(1, 10))))
    assert (found.format, found.axis) == ("text", "iteration")
    assert found.curve.iteration.tolist() == [10 * i for i in range(1, 10)]
    np.testing.assert_allclose(found.curve.train_loss, [0.5 / i for i in range(1, 10)])
    np.testing.assert_allclose(found.curve.val_loss, [0.75 / i for i in range(1, 10)])


@pytest.mark.parametrize("first", [0, 1])
def test_steps_that_start_again_in_each_epoch_are_counted_through(write, first):
    values = [(e, s + first, 1.0, 2.0 if s == 19 else "") for e in range(5) for s in range(20)]
    found = read_history(write(rows(values, "epoch,step,loss,val_loss")))
    assert found.curve.iteration.tolist() == [20 * e + 19 + first for e in range(5)]
    assert any("'step' starts again in each epoch" in note for note in found.notes)


def test_shuffled_rows_are_sorted_and_repeated_ones_told(write):
    mixed = [TEN[i] for i in (3, 0, 7, 1, 9, 2, 5, 4, 8, 6)]
    found = read_history(write(rows([*mixed, (50, 0.5, 77.0)])))
    assert found.curve.iteration.tolist() == [row[0] for row in TEN]
    assert found.curve.val_loss[5] == 77.0  # the last one of the file
    assert any("sorted by iteration" in note for note in found.notes)
    assert any(
        "several values at one iteration, the last one kept (1 dropped)" in note for note in found.notes
    )


def test_a_resumed_run_drops_what_it_rewound_over(write):
    first = [(i, 1.0, 1.0) for i in range(0, 60, 10)]
    second = [(i, 0.5, 0.5) for i in range(30, 100, 10)]
    found = read_history(write(rows(first + second)))
    assert found.curve.iteration.tolist() == list(range(0, 100, 10))
    assert found.curve.val_loss.tolist() == [1.0] * 3 + [0.5] * 7
    assert any("go back from 50 to 30: read as a resumed run" in note for note in found.notes)


def test_training_rows_between_evaluations_are_averaged(write):
    lines = ["step,loss,val_loss"]
    lines += [f"{i},{i}.0," + (f"{i / 10}" if i % 10 == 0 else "") for i in range(1, 41)]
    curve = read_history(write("\n".join(lines))).curve
    assert curve.iteration.tolist() == [10, 20, 30, 40]
    assert curve.train_loss.tolist() == [5.5, 15.5, 25.5, 35.5]  # the means of 1..10, 11..20, ...


def test_without_validation_the_training_loss_is_binned(write):
    values = [(i, i + 1) for i in range(5000)]
    found = read_history(write(rows(values, "step,loss")))
    assert len(found.curve) == 1000 and np.isnan(found.curve.val_loss).all()
    assert found.curve.train_loss[:2].tolist() == [3.0, 8.0]  # the means of 1..5 and 6..10
    assert (
        found.judged == "training loss"
        and "nothing can be said about over- or underfitting" in found.missing[0]
    )


def test_only_accuracy_is_judged_by_its_error_rate(write):
    found = read_history(write(rows([(i, 50 + i, 40 + i) for i in range(12)], "epoch,acc,val_acc")))
    assert found.judged == "validation error rate" and found.axis == "epoch"
    np.testing.assert_allclose(found.curve.val_accuracy, [(40 + i) / 100 for i in range(12)])
    np.testing.assert_allclose(found.to_judge().val_loss, [(60 - i) / 100 for i in range(12)])
    np.testing.assert_allclose(found.to_judge().train_loss, [(50 - i) / 100 for i in range(12)])
    assert any("read as percent" in note for note in found.notes)
    assert any("error rate (1 - accuracy) is judged" in text for text in found.missing)


def test_error_rates_are_turned_into_accuracies(write):
    values = [(i, 1.0, 1.1, 0.5 - i / 100) for i in range(9)]
    found = read_history(write(rows(values, "epoch,train_loss,valid_loss,error_rate")))
    np.testing.assert_allclose(found.curve.val_accuracy, [0.5 + i / 100 for i in range(9)])


def test_a_loss_that_ends_in_nan_diverged_and_one_between_numbers_was_not_measured(write):
    diverged = [(i, 1.0, 1.0 if i < 6 else "nan") for i in range(9)]
    found = read_history(write(rows(diverged)))
    assert found.curve.val_loss.tolist() == [1.0] * 6 + [math.inf] * 3
    assert any("'val_loss' is NaN from 6 to the end: read as divergence" in note for note in found.notes)
    sparse = [(i, 1.0, 2.0 if i % 3 == 0 else "nan") for i in range(30)]
    assert read_history(write(rows(sparse))).curve.iteration.tolist() == list(range(0, 30, 3))


def test_divergence_after_the_last_evaluation_is_not_lost(write):
    values = [(i, 1.0 if i < 33 else "nan", 1.0 if i % 10 == 0 else "") for i in range(36)]
    curve = read_history(write(rows(values))).curve
    assert curve.iteration.tolist() == [0, 10, 20, 30, 35]
    assert math.isinf(curve.train_loss[-1]) and math.isnan(curve.val_loss[-1])


def test_fractions_of_epochs_become_thousandths(write):
    found = read_history(write(rows([(i / 4, 1.0, 2.0 + i) for i in range(9)], "epoch,loss,val_loss")))
    assert found.axis == "epoch/1000" and found.curve.iteration.tolist() == [250 * i for i in range(9)]


def test_a_row_without_a_step_stands_at_the_one_before(write):
    lines = [f"{i},{1 + i}.0,\n,,{2 + i}.0" for i in range(5)]
    found = read_history(write("step,loss,val_loss\n" + "\n".join(lines) + "\n"))
    assert found.curve.iteration.tolist() == list(range(5))
    assert any("5 rows without 'step' stand at that of the row before" in note for note in found.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (bytes(range(256)) * 4, "is binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is binary"),
        ("hello\nworld\n", "begins with"),
        ("step,val_loss\n", "a loss or an accuracy with values"),
        ("step,height\n1,2\n2,3\n", "these columns: step, height"),
        ("step,val_loss\n1,0.5\n2,0.4,7\n3,0.3\n", "line 3 of .* has 3"),
        ("step,val_loss\n1,0.5\n2,half\n3,0.3\n", "line 3 of .* has 'half'"),
        ("step,val_loss\n1,0.5\n2.5,0.4\n", "whole numbers from 0 on, line 3 of .* has 2.5"),
        ("step,val_loss\n1,0.5\n-2,0.4\n", "line 3 of .* has -2"),
        ('{"step": 1, "loss": 2}\n{"step": 2, "loss": \n{"step": 3, "loss": 2}\n', "line 2 of"),
        ('{"loss": [1, 2, 3', "one whole value"),
        ('{"log_history": []}', "log_history"),
        ("[1, 2, 3]", "these columns: .1, 2, 3"),
        ("[{}]", "these columns: none"),
        (gzip.compress(b"step,loss\n1,2\n" * 999)[:-20], "gzip file must be whole"),
        ("x,y\n1,2\n", "name one with --column val_loss=NAME"),
    ],
)
def test_what_is_no_history_is_refused_with_the_reason(write, content, said):
    with pytest.raises(UnreadableHistory, match=said):
        read_histories(write(content))


def test_a_missing_file_an_empty_folder_and_a_wrong_format_are_refused(tmp_path):
    with pytest.raises(UnreadableHistory, match="must exist"):
        read_history(tmp_path / "none.csv")
    with pytest.raises(UnreadableHistory, match=r"run.json, trainer_state.json, .* holds none"):
        read_history(tmp_path)
    with pytest.raises(ValueError, match="a format is one of csv, jsonl"):
        read_history(tmp_path, file_format="excel")


@pytest.mark.parametrize("tail", ["95,0.2", "95,0.2,"])
def test_a_last_line_that_is_cut_off_is_told(write, tail):
    found = read_history(write(rows(TEN) + tail))
    assert len(found.curve) == 10
    if tail.count(",") == 1:
        assert any("the last line (12) is cut off" in note for note in found.notes)


def test_a_header_in_between_is_passed_over(write):
    found = read_history(write(rows(TEN[:5]) + rows(TEN[5:])))
    assert len(found.curve) == 10 and any("header is repeated" in note for note in found.notes)


def test_a_table_without_a_header_is_read_by_place(write):
    path = write(rows(TEN).split("\n", 1)[1])
    found = read_history(path, {"iteration": "1", "val_loss": "3"})
    assert found.curve.val_loss.tolist() == [row[2] for row in TEN]
    with pytest.raises(UnreadableHistory, match="these columns: 1, 2, 3"):
        read_history(path)


def test_pyarrow_and_the_slow_reader_agree(write, monkeypatch):
    pytest.importorskip("pyarrow")
    random = np.random.default_rng(0)
    values = [
        (i, f"{random.random():.6f}", f"{random.random():.6f}" if i % 50 == 0 else "") for i in range(30_000)
    ]
    values[-1] = (29_999, "nan", "")
    path = write(rows(values))
    slow = read_history(path)
    monkeypatch.setattr(csv_table, "LARGE", 1)
    monkeypatch.setattr(csv_table, "_slowly", None)  # must not be needed
    fast = read_history(path)
    for name, column in slow.curve.columns().items():
        np.testing.assert_array_equal(column, fast.curve.columns()[name], err_msg=name)
    assert fast.notes == slow.notes


def test_what_pyarrow_refuses_is_read_slowly_without_losing_or_repeating_rows(write, monkeypatch):
    pytest.importorskip("pyarrow")
    values = [(i, 1.0, 2.0) for i in range(60_000)]
    values[55_000] = (55_000, "tensor(3.0)", 2.0)
    path = write(rows(values))
    slow = read_history(path)
    monkeypatch.setattr(csv_table, "LARGE", 1)
    monkeypatch.setattr(arrow, "_BLOCK", 2**16)
    fast = read_history(path)
    assert fast.rows == slow.rows == 60_000
    np.testing.assert_array_equal(fast.curve.train_loss, slow.curve.train_loss)


def test_too_many_values_are_averaged_in_blocks_that_may_straddle_an_evaluation(write, monkeypatch):
    monkeypatch.setattr(track, "KEPT", 1024)
    values = [(i, i, i if i % 1000 == 0 else "") for i in range(20_001)]
    found = read_history(write(rows(values)))
    assert found.curve.iteration.tolist() == list(range(0, 20_001, 1000))
    block = 20_001 / (1024 / 4)  # a quarter of what may be kept is left
    exact = [i - 499.5 for i in range(1000, 20_001, 1000)]
    np.testing.assert_allclose(found.curve.train_loss[1:], exact, atol=block)
    assert any("neighbours averaged" in note for note in found.notes)


def test_a_run_of_our_own_store(write, tmp_path):
    from wellbegun.curve import Curve, Run
    from wellbegun.runs.store import RunStore
    from wellbegun.schedules.constant import Constant
    from wellbegun.spec import RunSpec

    spec = RunSpec(task="t", iterations=9, batch_size=8, lr=Constant(0.1), momentum=Constant(0.9))
    curve = Curve.of({"iteration": range(10), "val_loss": [1 / (i + 1) for i in range(10)], "lr": [0.1] * 10})
    run = Run(spec=spec, curve=curve, ended="finished", iterations=9, seconds=1.0)
    RunStore(tmp_path / "job" / "runs").publish(run)
    for place in (tmp_path / "job", tmp_path / "job" / "runs", tmp_path / "job" / "runs" / run.key):
        found = read_history(place)
        assert (found.format, found.run) == ("wellbegun", run.key[:8])
        assert found.curve.val_loss.tolist() == curve.val_loss.tolist()


@pytest.mark.skipif(not PAPER.exists(), reason="the published logs lie beside the repository")
def test_the_authors_logs_are_read_with_the_right_columns():
    import csv

    for path in sorted(PAPER.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        tests = [line for line in lines if line["test_loss"]]
        found = read_history(path)
        expected = {"iteration": "iteration", "lr": "lr", "train_loss": "train_loss", "val_loss": "test_loss",
                    "val_accuracy": "test_acc", "train_accuracy": "train_acc"}  # fmt: skip
        if "momentum" in lines[0]:
            expected["momentum"] = "momentum"
        assert found.columns == expected, path.name
        assert found.curve.iteration.tolist() == [int(line["iteration"]) for line in tests], path.name
        assert found.curve.val_loss.tolist() == [float(line["test_loss"]) for line in tests], path.name
        rates = [(ours, line["lr"]) for ours, line in zip(found.curve.lr, tests, strict=True) if line["lr"]]
        assert all(ours == float(theirs) for ours, theirs in rates) and rates, path.name
