"""Figure 7d: a stepped learning rate with constant and with cyclical momentum."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Line, Results
from wellbegun.papers.measures import final_loss
from wellbegun.papers.smith2018._cifar3 import NETWORK, PAPER, TASK
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import CyclicalMomentum
from wellbegun.schedules.decay import MultiStep

ITERATIONS = 20_000
CONSTANT, CYCLED = "constant 0.9", "cyclical 0.95 to 0.8"


def _line(name: str, momentum: Schedule, source: str) -> Line:
    steps = MultiStep(0.007, 0.316, (10_000, 15_000, 17_500, 19_000))
    return Line(
        name=name, iterations=ITERATIONS, batch_size=536, lr=steps, momentum=momentum, weight_decay=4e-3,
        sources=(source,),
    )  # fmt: skip


def _better(found: Results) -> tuple[bool, str]:
    constant, cycled = found[CONSTANT], found[CYCLED]
    told = f"final loss {final_loss(cycled):.4f} against {final_loss(constant):.4f}; {cycled}, {constant}"
    return final_loss(cycled) < final_loss(constant), told


def _flat(found: Results) -> tuple[bool, str]:
    slopes = []
    for name in (CYCLED, CONSTANT):
        curve = found[name].runs[0].curve
        x = curve.iteration / curve.iteration[-1]
        before = (x >= 0.4) & (x <= 0.5)
        slopes.append(float(np.polyfit(x[before], 100 * curve.val_accuracy[before], 1)[0]) / 10)
    return abs(slopes[0]) < slopes[1], f"points per tenth of the run: {slopes[0]:.2f} against {slopes[1]:.2f}"


EXHIBIT = Exhibit(
    id="smith2018-fig7d",
    paper=PAPER,
    label="Figure 7d",
    says="With a stepped rate cyclical momentum is better than constant 0.9, seen better in the loss.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        _line(CONSTANT, Constant(0.9), "dap-fig7d-r1"),
        _line(CYCLED, CyclicalMomentum(0.95, 0.8, 10_000), "dap-fig7d-r2"),
    ),
    claims=(
        Claim(
            id="dap-fig7d-cm-better",
            says="cyclical momentum ends with the lower loss",
            section="4.3",
            needs=(CONSTANT, CYCLED),
            check=_better,
        ),
        Claim(
            id="dap-fig7d-plateau",
            says="before the first drop accuracy is flat with cyclical momentum and still rises without",
            section="4.3",
            needs=(CONSTANT, CYCLED),
            check=_flat,
        ),
    ),
    repeats=1,
    evaluations=100,
)
