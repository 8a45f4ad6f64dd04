"""The picture of a schedule shows every update, on axes of its own or on those it is given."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from wellbegun.report.figures.schedule import plot_schedule
from wellbegun.schedules.cyclical import OneCycle
from wellbegun.schedules.decay import MultiStep
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp


def test_every_update_is_drawn():
    cycle = OneCycle(0.1, 1.0, 4500, 10_000)
    (line,) = plot_schedule(cycle, 10_000).lines
    x, y = (np.asarray(column, dtype=float) for column in line.get_data())
    assert np.array_equal(x, np.arange(10_000)) and np.array_equal(y, cycle(np.arange(10_000)))
    assert y.max() == y[4500] == 1.0


def test_it_draws_on_the_axes_it_is_given():
    given = Figure().subplots()
    assert plot_schedule(LinearRamp(0.0, 1.0, 10), 10, given) is given and len(given.lines) == 1


def test_a_new_figure_belongs_to_no_window():
    figure = plot_schedule(LinearRamp(0.0, 1.0, 10), 10).get_figure()
    assert figure is not None and figure.canvas.manager is None


@pytest.mark.parametrize(
    ("schedule", "scale"),
    [
        (ExponentialRamp(1e-6, 10.0, 100), "log"),
        (LinearRamp(0.0, 3.0, 100), "linear"),
        (OneCycle.of(1.0, 100), "linear"),
    ],
)
def test_the_value_axis_is_logarithmic_where_values_grow_by_factors(schedule, scale):
    ax = plot_schedule(schedule, 100)
    assert ax.get_yscale() == scale and ax.get_xscale() == "linear"
    assert ax.get_xlabel() == "iteration" and ax.get_xlim() == (0, 99)


@pytest.mark.parametrize("iterations", [1, 2, 500])
def test_it_can_be_saved_at_any_length(iterations):
    buffer = io.BytesIO()
    for schedule in (ExponentialRamp(1e-6, 10.0, iterations), MultiStep(0.1, 0.1, (250, 375))):
        plot_schedule(schedule, iterations).get_figure(root=True).savefig(buffer, format="png")
    assert buffer.getvalue().startswith(b"\x89PNG")


def test_a_run_needs_an_iteration():
    with pytest.raises(ValueError, match="at least 1 iteration, got 0"):
        plot_schedule(LinearRamp(0.0, 1.0, 10), 0)
