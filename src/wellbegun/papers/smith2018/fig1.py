"""Figures 1a and 1b: what a range test's test loss shows that accuracy and training loss hide."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import bump
from wellbegun.papers.smith2018._report import ASSUMED, CUT, NETWORK, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.search.paired import rank_correlation

ITERATIONS, TOP = 40_000, 0.5
NAME, LOW, HIGH = "range to 0.5", 0.003, 0.12
"""The window of rates 0.01 to 0.04, its edges wider by a factor of 3."""


def _hidden(found: Results) -> tuple[bool, str]:
    rise, at = bump(found[NAME])
    curve = found[NAME].runs[0].curve
    inside = (curve.lr >= LOW) & (curve.lr <= HIGH)
    columns = (curve.val_accuracy, curve.train_loss)
    accuracy, training = (rank_correlation(curve.lr[inside], values[inside]) for values in columns)
    told = f"test loss rises {100 * rise:.1f} % from {at:.3f} on; with the rate accuracy {accuracy:+.2f}, "
    return rise >= 0.02 and LOW <= at <= HIGH and accuracy >= 0 > training, (
        f"{told}training loss {training:+.2f}"
    )


def _later_minimum(found: Results) -> tuple[bool, str]:
    rise, at = bump(found[NAME])
    curve = found[NAME].runs[0].curve
    lowest = float(curve.lr[int(np.nanargmin(curve.val_loss))])
    return rise > 0 and lowest >= 3 * at, f"minimum at {at:.3f}, a lower one at {lowest:.3f}"


def _clearer(found: Results) -> tuple[bool, str]:
    curve = found[NAME].runs[0].curve
    inside = (curve.lr >= LOW) & (curve.lr <= HIGH)
    ratios = []
    for values in (curve.val_loss, curve.val_loss - curve.train_loss):
        part = values[inside]
        noise = float(np.nanstd(np.diff(part))) / np.sqrt(2)
        ratios.append(float(np.nanmax(part) - part[0]) / noise)
    return ratios[0] > ratios[1], f"rise over noise: test loss {ratios[0]:.1f}, gap {ratios[1]:.1f}"


EXHIBIT = Exhibit(
    id="smith2018-fig1",
    paper=PAPER,
    label="Figures 1a and 1b",
    says="In a range test the test loss shows overfitting at small rates that accuracy does not show.",
    kind="range test",
    task=TASK,
    network=NETWORK,
    lines=(
        line(
            NAME,
            ITERATIONS,
            LinearRamp(1e-4 * TOP, TOP, ITERATIONS),
            0.9,
            1e-4,
            "dap-fig1a-r1",
            "dap-fig1b-r1",
        ),
    ),
    claims=(
        Claim(
            id="dap-remark1",
            says="near rates of 0.01 to 0.04 test loss rises while accuracy rises and training loss falls",
            section="3",
            needs=(NAME,),
            check=_hidden,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig1-gap-less-clear",
            says="the generalization gap shows the same less clearly",
            section="3",
            needs=(NAME,),
            check=_clearer,
            survives_cut=False,
        ),
        Claim(
            id="dap-small-lr-overfits",
            says="the early minimum is followed by a lower one at three times its rate or more",
            section="3 and 4.1",
            needs=(NAME,),
            check=_later_minimum,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "rates from 0 to 0.5 in 40,000 updates of 512, momentum 0.9 and weight decay 1e-4, all of them open",
    ),
    **{**CUT, "cut": 1 / 150},
)
