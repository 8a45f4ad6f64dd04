"""The picture of one run's losses."""

from __future__ import annotations

import numpy as np
import pytest

from wellbegun.curve import Curve
from wellbegun.report.figures.training import plot_training


@pytest.mark.parametrize(("lowest", "shown"), [(0.4, 0.4), (1e-6, 0.5 / 3)])
def test_a_training_loss_lowers_the_axis_by_half_a_decade_at_most(lowest, shown):
    rows = np.arange(20)
    falls = 2.0 * (lowest / 2.0) ** (rows / 19)
    curve = Curve.of({"iteration": rows, "val_loss": np.linspace(2.0, 0.5, 20), "train_loss": falls})
    bottom, top = plot_training(curve).get_ylim()
    assert 0.5 * shown < bottom < shown and 2.0 < top < 3.0
