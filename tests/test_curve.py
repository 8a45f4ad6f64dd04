"""Curve and Run: JSON there and back, rows, the mean over repeats; checked by hand-made numbers."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellbegun.curve import Curve, Run, mean
from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec

COLUMNS = ("lr", "momentum", "train_loss", "val_loss", "val_accuracy")
SPEC = RunSpec(task="t", iterations=10, batch_size=4, lr=Constant(0.1), momentum=Constant(0.9))


@st.composite
def curves(draw: st.DrawFn, rows: st.SearchStrategy[int] | None = None) -> Curve:
    count = draw(rows if rows is not None else st.integers(0, 6))
    steps = draw(st.lists(st.integers(1, 1000), min_size=count, max_size=count))
    column = st.lists(st.floats(), min_size=count, max_size=count)
    names = [*COLUMNS, *draw(st.lists(st.sampled_from(("top5", "f1")), unique=True))]
    return Curve.of({"iteration": np.cumsum([0, *steps])[1:], **{name: draw(column) for name in names}})


def same(one: Curve, other: Curve) -> bool:
    a, b = one.columns(), other.columns()
    return a.keys() == b.keys() and all(np.array_equal(a[n], b[n], equal_nan=n != "iteration") for n in a)


@settings(deadline=None)
@given(curve=curves())
def test_json_gives_the_same_curve_back(curve: Curve) -> None:
    assert same(Curve.from_json(json.loads(json.dumps(curve.to_json(), allow_nan=False))), curve)


@settings(deadline=None)
@given(
    curve=curves(),
    ended=st.sampled_from(("finished", "diverged")),
    test=st.dictionaries(st.text(max_size=5), st.floats()),
    epochs=st.floats(),
)
def test_json_gives_the_same_run_back(
    curve: Curve, ended: str, test: dict[str, float], epochs: float
) -> None:
    run = Run(spec=SPEC, curve=curve, ended=ended, iterations=7, seconds=1.5, test=test, epochs=epochs)
    again = Run.from_json(json.loads(json.dumps(run.to_json(), allow_nan=False)))
    assert again.spec == SPEC and again.key == SPEC.key and same(again.curve, curve)
    assert (again.ended, again.diverged, again.iterations) == (ended, ended == "diverged", 7)
    assert (again.seconds, again.eval_seconds, again.replayed) == (1.5, 0.0, False)
    np.testing.assert_equal({**again.test, "epochs": again.epochs}, {**test, "epochs": epochs})


def test_whether_a_run_was_replayed_is_not_stored() -> None:
    empty = Curve.of({"iteration": []})
    run = Run(spec=SPEC, curve=empty, ended="finished", iterations=0, seconds=0.0, replayed=True)
    assert not Run.from_json(run.to_json()).replayed


def test_missing_columns_are_nan_and_unknown_ones_are_metrics() -> None:
    curve = Curve.of({"iteration": [0, 5], "val_loss": [2, 1], "top5": [0.5, 0.75]})
    assert len(curve) == 2 and np.isnan(curve.lr).all() and np.isnan(curve.train_loss).all()
    assert curve.val_loss.tolist() == [2.0, 1.0] and curve.val_loss.dtype == np.float64
    assert {name: column.tolist() for name, column in curve.metrics.items()} == {"top5": [0.5, 0.75]}
    assert curve.iteration.dtype == np.int64


@settings(deadline=None)
@given(curve=curves(), data=st.data())
def test_rows_cut_every_column(curve: Curve, data: st.DataObject) -> None:
    stop = data.draw(st.integers(0, len(curve)))
    start = data.draw(st.integers(0, stop))
    part = curve.rows(start, stop)
    assert len(part) == stop - start
    for name, column in curve.columns().items():
        np.testing.assert_array_equal(part.columns()[name], column[start:stop])


def test_columns_of_unequal_length_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="needs 2 rows like 'iteration', got 3 in 'val_loss'"):
        Curve.of({"iteration": [0, 1], "val_loss": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="got 1 in 'top5'"):
        Curve.of({"iteration": [0, 1], "top5": [1.0]})


@pytest.mark.parametrize("iteration", [[0, 2, 2], [3, 1]])
def test_iterations_that_do_not_increase_are_refused(iteration: list[int]) -> None:
    with pytest.raises(ValueError, match="must increase"):
        Curve.of({"iteration": iteration})


def test_the_mean_and_the_sample_deviation_of_repeats() -> None:
    repeats = [
        Curve.of({"iteration": [0, 10], "val_loss": [v, 2 * v], "top5": [v, v]}) for v in (1.0, 2.0, 6.0)
    ]
    middle, spread = mean(repeats)
    assert middle.iteration.tolist() == spread.iteration.tolist() == [0, 10]
    assert middle.val_loss.tolist() == [3.0, 6.0] and middle.metrics["top5"].tolist() == [3.0, 3.0]
    np.testing.assert_allclose(
        spread.val_loss, [math.sqrt(7), 2 * math.sqrt(7)], rtol=1e-15
    )  # (4 + 1 + 9) / 2


def test_the_mean_covers_the_rows_that_all_repeats_reached() -> None:
    long = Curve.of({"iteration": [0, 10, 20], "val_loss": [3.0, 2.0, 1.0]})
    short = Curve.of({"iteration": [0, 10], "val_loss": [5.0, 4.0]})
    middle, _ = mean([long, short])
    assert middle.iteration.tolist() == [0, 10] and middle.val_loss.tolist() == [4.0, 3.0]


def test_one_repeat_is_its_own_mean_without_spread() -> None:
    curve = Curve.of({"iteration": [0, 4], "val_loss": [2.0, 1.0]})
    middle, spread = mean([curve])
    assert middle.val_loss.tolist() == [2.0, 1.0] and spread.val_loss.tolist() == [0.0, 0.0]


@settings(deadline=None)
@given(curve=curves(rows=st.integers(1, 5)), copies=st.integers(2, 4))
def test_the_mean_of_copies_is_the_curve(curve: Curve, copies: int) -> None:
    finite = curve.map(lambda column: np.nan_to_num(column, posinf=1.0, neginf=-1.0).clip(-1e6, 10**6))
    middle, spread = mean([finite] * copies)
    for name, column in finite.columns().items():
        np.testing.assert_allclose(middle.columns()[name], column, rtol=1e-12)
        if name != "iteration":
            np.testing.assert_allclose(spread.columns()[name], 0.0, atol=1e-9)


def test_repeats_that_cannot_be_averaged_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one curve, got none"):
        mean([])
    with pytest.raises(ValueError, match="same iterations"):
        mean([Curve.of({"iteration": [0, 1]}), Curve.of({"iteration": [0, 2]})])
    one, other = ({"iteration": [0], name: [0.5]} for name in ("top5", "top3"))
    with pytest.raises(ValueError, match=r"same metrics, got \['top5'\] and \['top3'\]"):
        mean([Curve.of(one), Curve.of(other)])


def test_what_is_printed_fits_on_a_line():
    curve = Curve.of({"iteration": [0, 10], "val_loss": [2.0, 0.12345], "top5": [0.1, 0.2]})
    assert repr(curve) == "Curve(2 rows, val_loss 0.1235 at iteration 10, top5)"
    assert repr(Curve.of({"iteration": []})) == "Curve(no rows)"
