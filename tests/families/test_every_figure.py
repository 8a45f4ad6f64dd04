"""Every figure draws the values it is given, on the axes it is given, and leaves no trace."""

import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import wellbegun.report.figures as family
from wellbegun.curve import Curve, Run
from wellbegun.diagnosis._base import LABELS, Clue
from wellbegun.report.figures.accuracy import plot_accuracy
from wellbegun.report.figures.bands import plot_bands
from wellbegun.report.figures.candidates import plot_candidates
from wellbegun.report.figures.curves import plot_curves
from wellbegun.report.figures.equal_time import plot_equal_time
from wellbegun.report.figures.length import plot_length
from wellbegun.report.figures.lr_estimate import plot_lr_estimate
from wellbegun.report.figures.lr_momentum import plot_lr_momentum
from wellbegun.report.figures.measured_lr import plot_measured_lr
from wellbegun.report.figures.published import plot_published
from wellbegun.report.figures.ramp_speed import plot_ramp_speed
from wellbegun.report.figures.range_test import plot_range_test
from wellbegun.report.figures.schedule import plot_schedule
from wellbegun.report.figures.snapshot import plot_snapshot
from wellbegun.report.figures.svg import to_svg
from wellbegun.report.figures.training import plot_training
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.spec import RunSpec

ROWS = 12


def ramp(seed=0, loss=None):
    spec = RunSpec(
        task="t",
        iterations=110,
        batch_size=8,
        lr=LinearRamp(0.01, 1.1, 110),
        momentum=Constant(0.9),
        eval_every=10,
        seed=seed,
    )
    x = np.linspace(0, 1, ROWS)
    loss = 2.3 - 3.2 * x + 3 * x**2 + 0.1 * seed if loss is None else loss
    curve = Curve.of(
        {
            "iteration": np.arange(ROWS) * 10,
            "lr": 0.01 + 1.09 * x,
            "momentum": np.full(ROWS, 0.9),
            "train_loss": np.r_[np.nan, 0.9 * loss[1:]],
            "val_loss": loss,
            "val_accuracy": np.exp(-loss),
        }
    )
    return Run(spec=spec, curve=curve, ended="finished", iterations=110, seconds=1.0)


RUN = ramp()
WATCHED = Curve.of({**RUN.curve.columns(), "lr_estimate": np.linspace(0.1, 2, ROWS)})
HOLES = ramp(loss=np.r_[2.3, np.nan, 1.9, 1.7, 1.6, 1.5, 1.6, 9.0, np.inf, np.nan, np.nan, np.inf])
CLUES = [Clue(label, 20 * i, 20 * i + 20, np.nan, np.nan, "seen") for i, label in enumerate(LABELS)]
BOUNDS = {"extremum": 0.6, "interval": [0.5, 0.8], "edge": 0.9, "lr_max": 0.6, "lr_min": 0.06}
TIMED = {
    "seconds": 10.0,
    "candidates": [
        {
            "name": f"{size}", "chosen": size == 64, "seconds": [0.0, 3.0, 6.0, 10.1],
            "accuracy": [None, 0.5, 0.8, 0.9], "accuracy_std": [None, 0.02, 0.01, 0.01],
            "loss": [2.3, 1.0, None, 0.4], "loss_std": [0.1, 0.05, None, 0.01],
        }
        for size in (32, 64, 128)
    ],
}  # fmt: skip
CYCLE, MOMENTUM = OneCycle.of(0.5, 110), MomentumCycle(0.95, 0.85, 50)
FAN = {
    "snapshot": 50,
    "parent": {"weight_decay": 1e-3, "iteration": [0, 25, 50], "val_loss": [2.3, 1.2, 0.9]},
    "continuations": [
        {"weight_decay": 1e-2, "chosen": False, "iteration": [50, 75, 100], "val_loss": [0.9, 1.1, 1.2]},
        {"weight_decay": 3e-3, "chosen": True, "iteration": [50, 75, 100], "val_loss": [0.9, 0.8, 0.7]},
    ],
}
BROKEN_FAN = {**FAN, "continuations": [{**FAN["continuations"][0], "val_loss": [0.9, None, "inf"]}]}
BAND = {"low": 0.05, "middle": 0.06, "high": 0.08}
LENGTH = {
    "points": [{"epochs": n, "val_loss": [0.4 / n, 0.42 / n]} for n in (1, 2, 4)],
    "law": {"epochs": [1, 4, 16, 32], "low": [0.4, 0.1, 0.04, 0.03], "middle": [0.41, 0.11, 0.06, 0.05],
            "high": [0.42, 0.12, 0.08, 0.08]},
    "marks": {name: {"epochs": n, **BAND} for name, n in (("half", 8), ("recommended", 16), ("twice", 32))},
}  # fmt: skip
BANDS = {
    "xlabel": "momentum", "ylabel": "validation loss",
    "lines": [
        {"label": f"a line {i}$", "won": i == 1, "x": [0.7, 0.8, 0.9], "y": [2.0, 1.5 - 0.1 * i, 1.0],
         "low": [1.9, 1.4 - 0.1 * i, 0.9], "high": [2.1, 1.6, 1.1]}
        for i in range(5)
    ],
}  # fmt: skip
TICKS = BANDS | {
    "ticks": ["1e-4", "1e-3", "0.01"],
    "lines": [{**one, "x": [0, 1, 2]} for one in BANDS["lines"]],
}
CURVES = {
    "xlabel": "iteration", "ylabel": "test accuracy, %", "loss": False,
    "lines": [
        {"label": f"line {i}$", "x": [0, 50, 100 * (i + 1)], "y": [10.0, 80.0, 90.0 + i],
         "low": [9.0, 79.0, 89.0], "high": [11.0, 81.0, 93.0]}
        for i in range(3)
    ],
}  # fmt: skip
PUBLISHED = {
    "xlabel": "test accuracy, %", "ylabel": "run",
    "rows": [
        {"label": "a$", "measured": [91.2, 0.1], "published": [91.5, 0.2]},
        {"label": "b", "measured": [90.0, None], "published": None},
        {"label": "c", "measured": [92.1, None], "published": [92.0, None]},
    ],
}  # fmt: skip
MEMBERS = {
    "accuracy": lambda ax: plot_accuracy(RUN.curve, ax, clues=CLUES),
    "bands": lambda ax: plot_bands(BANDS, ax),
    "candidates": lambda ax: plot_candidates([RUN, ramp(1)], ax, labels={RUN.key: "$a"}, winner=RUN.key),
    "curves": lambda ax: plot_curves(CURVES, ax),
    "equal_time": lambda ax: plot_equal_time(TIMED, ax),
    "lr_estimate": lambda ax: plot_lr_estimate(WATCHED, ax, lr_max=0.6),
    "length": lambda ax: plot_length(LENGTH, ax),
    "lr_momentum": lambda ax: plot_lr_momentum(CYCLE, MOMENTUM, 110, ax),
    "measured_lr": lambda ax: plot_measured_lr(RUN.curve, ax, clues=CLUES),
    "published": lambda ax: plot_published(PUBLISHED, ax),
    "ramp_speed": lambda ax: plot_ramp_speed(
        {"stepsize": [8, 16, 32], "failed": [3, 1, 0], "seeds": 3, "shortest": 32}, ax
    ),
    "range_test": lambda ax: plot_range_test(RUN.curve, ax, bounds=BOUNDS, clues=CLUES),
    "snapshot": lambda ax: plot_snapshot(FAN, ax),
    "schedule": lambda ax: plot_schedule(CYCLE, 110, ax),
    "training": lambda ax: plot_training(RUN.curve, ax, clues=CLUES),
}
WITH_HOLES = {
    "accuracy": lambda ax: plot_accuracy(HOLES.curve, ax),
    "candidates": lambda ax: plot_candidates([HOLES, RUN], ax, winner=HOLES.key),
    "snapshot": lambda ax: plot_snapshot(BROKEN_FAN, ax),
    "range_test": lambda ax: plot_range_test(HOLES.curve, ax, bounds={"edge": None}),
    "training": lambda ax: plot_training(HOLES.curve, ax),
}
every_member = pytest.mark.parametrize("draw", MEMBERS.values(), ids=MEMBERS)


def lines_of(figure):
    return [line for ax in figure.axes for line in ax.get_lines()]


def test_the_list_is_the_family():
    files = {path.stem for path in Path(family.__path__[0]).glob("[a-z]*.py")}
    assert files - {"svg"} == set(MEMBERS)


@every_member
def test_it_draws_on_the_axes_given_and_gives_them_back(draw):
    ax = Figure().subplots()
    assert draw(ax) is ax
    assert ax.get_xlabel() and ax.get_ylabel() and lines_of(ax.get_figure())


@every_member
def test_without_axes_it_makes_a_figure_of_its_own(draw):
    assert draw(None).get_figure() is not None


@every_member
def test_it_loads_no_pyplot_changes_no_setting_and_writes_no_file(draw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, had = dict(matplotlib.rcParams), "matplotlib.pyplot" in sys.modules
    to_svg(draw(None).get_figure(), "name", "drawing")
    assert dict(matplotlib.rcParams) == before
    assert had or "matplotlib.pyplot" not in sys.modules
    assert list(tmp_path.iterdir()) == []


@every_member
@pytest.mark.parametrize("inches", [3.7, 7.0])
def test_no_text_leaves_the_figure_or_lies_on_another(draw, inches):
    figure = Figure(figsize=(inches, 3.3), layout="constrained")
    ax = draw(figure.subplots())
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    page = figure.bbox
    shown = [
        t for a in figure.axes for t in (*a.texts, *(a.get_legend().get_texts() if a.get_legend() else []))
    ]
    boxes = [t.get_window_extent(renderer) for t in shown if t.get_text()]
    assert all(b.x0 >= page.x0 - 1 and b.x1 <= page.x1 + 1 and b.y1 <= page.y1 + 1 for b in boxes), ax
    clashes = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if overlap(a, b) > 4]
    assert clashes == []


def overlap(a, b):
    """Square pixels that two boxes share."""
    return max(0, min(a.x1, b.x1) - max(a.x0, b.x0)) * max(0, min(a.y1, b.y1) - max(a.y0, b.y0))


@pytest.mark.parametrize("draw", WITH_HOLES.values(), ids=WITH_HOLES)
def test_what_was_not_measured_or_not_finite_is_left_out(draw):
    ax = draw(None)
    assert np.isfinite(ax.get_xlim()).all() and np.isfinite(ax.get_ylim()).all()
    assert "NaN" not in to_svg(ax.get_figure(), "holes", "drawing")


@pytest.mark.parametrize("draw", [plot_range_test, plot_training])
def test_losses_are_drawn_as_measured(draw):
    lines = lines_of(draw(RUN.curve).get_figure())
    for column in (RUN.curve.val_loss, RUN.curve.train_loss):
        assert any(np.array_equal(line.get_ydata(), column, equal_nan=True) for line in lines)


def test_a_range_test_marks_its_bounds_where_they_are():
    ax = plot_range_test(RUN.curve, bounds=BOUNDS)
    upright = [
        line.get_xdata()[0]
        for line in ax.get_lines()
        if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2
    ]
    assert upright == [0.6, 0.9]
    assert any(list(line.get_xdata()) == [0.5, 0.8] for line in ax.get_lines())
    assert {text.get_text() for text in ax.texts} == {"lr_max 0.6", "edge 0.9"}


def test_the_winner_is_the_boldest_and_every_value_is_named():
    runs = [ramp(seed) for seed in range(4)]
    ax = plot_candidates(runs, labels={run.key: f"value {run.spec.seed}" for run in runs}, winner=runs[2].key)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["value 0", "value 1", "value 2", "value 3"]
    widths = {line.get_label(): line.get_linewidth() for line in ax.get_lines()}
    assert all(widths["value 2"] > widths[f"value {i}"] for i in (0, 1, 3))


def test_of_many_runs_the_winner_alone_is_named_and_no_blow_up_squashes_the_rest():
    runs = [ramp(seed) for seed in range(22)]
    blown = ramp(22, loss=np.r_[2.3, np.full(ROWS - 1, 1e30)])
    ax = plot_candidates([*runs, blown], labels={run.key: "a" for run in runs}, winner=runs[2].key)
    named = [(text.get_text(), text.get_fontweight()) for text in ax.get_legend().get_texts()]
    assert sorted(named) == [("22 others", "normal"), ("a", "bold")]
    assert ax.get_ylim()[1] < 10


def test_a_fan_begins_at_its_snapshot_and_the_chosen_is_the_boldest():
    ax = plot_snapshot(FAN)
    assert any(list(line.get_xdata()) == [50, 50] for line in ax.get_lines())
    widths = {line.get_label(): line.get_linewidth() for line in ax.get_lines()}
    assert widths["0.003"] > widths["0.01"]
    for part in (FAN["parent"], *FAN["continuations"]):
        assert any(list(line.get_ydata()) == part["val_loss"] for line in ax.get_lines())


def test_the_start_of_a_curve_does_not_lower_the_axis_of_accuracies():
    ax = plot_curves(CURVES)
    low, high = ax.get_ylim()
    assert 10 < low < 80 and high > 92.0
    assert [line.get_label() for line in ax.get_lines()] == [r"line 0\$", r"line 1\$", r"line 2\$"]


def test_published_numbers_stand_beside_the_measured_ones_first_row_on_top():
    ax = plot_published(PUBLISHED)
    points = {round(float(line.get_ydata()[0])): [] for line in ax.get_lines() if len(line.get_xdata()) == 1}
    for line in ax.get_lines():
        if line.get_marker() in ("o", "D"):
            points[round(float(line.get_ydata()[0]))].append(float(line.get_xdata()[0]))
    assert points == {0: [91.5, 91.2], 1: [90.0], 2: [92.0, 92.1]}
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert [text.get_text() for text in ax.get_yticklabels()] == [r"a\$", "b", "c"]


def test_lengths_are_drawn_where_they_were_measured():
    ax = plot_length(LENGTH)
    points = next(line for line in ax.get_lines() if line.get_label() == "measured")
    assert list(points.get_xdata()) == [1, 1, 2, 2, 4, 4]
    assert [text.get_text() for text in ax.texts] == ["16 epochs"]


def test_schedules_are_drawn_value_by_value():
    ax = plot_lr_momentum(CYCLE, MOMENTUM, 110)
    lr, momentum = lines_of(ax.get_figure())
    t = np.arange(110)
    np.testing.assert_array_equal(lr.get_xdata(), t)
    np.testing.assert_array_equal(lr.get_ydata(), CYCLE(t))
    np.testing.assert_array_equal(momentum.get_ydata(), MOMENTUM(t))


@pytest.mark.parametrize("values", [BANDS, TICKS], ids=["band", "ticks"])
def test_lines_are_drawn_where_they_are_with_their_spread(values):
    ax = plot_bands(values)
    drawn = {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}
    for one in values["lines"]:
        line = drawn[one["label"].replace("$", r"\$")]
        assert list(line.get_xdata()) == one["x"] and list(line.get_ydata()) == one["y"]
    spread = len(ax.containers) if "ticks" in values else len(ax.collections)
    assert spread == len(values["lines"])
    if "ticks" in values:
        assert [text.get_text() for text in ax.get_xticklabels()] == values["ticks"]


@pytest.mark.parametrize(
    ("rates", "scale"),
    [
        ([0.1, 0.2, 0.4], "linear"),
        ([1e-5, 1e-3, 0.1], "log"),
        ([0.0, 1e-3, 0.1], "linear"),
        ([0.1, 0.1, 0.1], "linear"),
    ],
)
def test_measured_rates_are_drawn_whole_on_the_scale_that_suits_them(rates, scale):
    ax = plot_measured_lr(Curve.of({"iteration": [0, 1, 2], "lr": rates}))
    assert ax.get_yscale() == scale
    assert ax.get_ylim()[0] < min(rates) and max(rates) < ax.get_ylim()[1]


def test_clues_are_shaded_from_their_start_to_their_end():
    ax = plot_training(RUN.curve, clues=CLUES)
    spans = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches)
    assert spans == [(20 * i, 20 * i + 20) for i in range(len(LABELS))]
    assert {text.get_text() for text in ax.texts} == {label.replace("_", " ") for label in LABELS}


def test_ids_of_two_drawings_never_meet_and_text_stays_text():
    one, two = (to_svg(plot_training(RUN.curve).get_figure(), name, "a < b") for name in ("one", "two"))
    assert "validation loss</text>" in one and 'aria-label="a &lt; b"' in one
    ids = [{part.split('"')[0] for part in text.split(' id="')[1:]} for text in (one, two)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
