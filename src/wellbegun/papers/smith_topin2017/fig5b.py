"""Figure 5b: the learning rate estimated from the weights of every tenth update."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Result, Results
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, LONG, NETWORK, PAPER, TASK, cycle, line
from wellbegun.papers.smith_topin2017.fig5a import ESTIMATE_ASSUMED
from wellbegun.schedules._base import Floats
from wellbegun.schedules.constant import Constant

ITERATIONS = 10_000
HELD, SCRIPT, CYCLED = "constant LR 0.1", "constant LR 0.35", "CLR 0.1-3"


def _estimate(result: Result, start: float, stop: float) -> Floats:
    """The estimate over this part of the run."""
    curve = result.runs[0].curve
    share = curve.iteration / curve.iteration[-1]
    values: Floats = curve.metrics["lr_estimate"][(share >= start) & (share <= stop)]
    return values


def _course(found: Results, held: str) -> tuple[bool, str]:
    spike, late = (
        float(_estimate(found[held], 0, 0.1).max()),
        float(np.median(_estimate(found[held], 0.5, 1))),
    )
    middle = float(np.median(_estimate(found[CYCLED], 1 / 3, 2 / 3)))
    last = float(_estimate(found[CYCLED], 0, 1)[-1])
    holds = 2 <= spike <= 4 and 0.1 <= late <= 0.4 and middle > 1 and 0.25 <= last <= 1
    return holds, f"constant: spike {spike:.2f}, late {late:.2f}; cycle: middle {middle:.2f}, end {last:.2f}"


EXHIBIT = Exhibit(
    id="smith_topin2017-fig5b",
    paper=PAPER,
    label="Figure 5b",
    says="Estimated from every tenth update, the best rate falls to 0.2 if held, and stays high in a cycle.",
    kind="lr estimate",
    task=TASK,
    network=NETWORK,
    lines=(
        line(HELD, ITERATIONS, Constant(0.1), None, "sc-fig5b-r1", fraction=LONG, estimate=10),
        line(SCRIPT, ITERATIONS, Constant(0.35), fraction=LONG, estimate=10),
        line(CYCLED, ITERATIONS, cycle(3.0, 5000), None, "sc-fig5b-r2", estimate=10),
    ),
    claims=(
        Claim(
            id="sc-fig5b-every-ten",
            says="held at 0.1 it spikes to 3 and falls to 0.2; in the cycle it stays high and ends near 0.5",
            section="5",
            needs=(HELD, CYCLED),
            check=lambda found: _course(found, HELD),
            survives_cut=False,
        ),
        Claim(
            id="sc-fig5b-every-ten-script",
            says="the same with the constant rate of the author's script, 0.35",
            section="5",
            needs=(SCRIPT, CYCLED),
            check=lambda found: _course(found, SCRIPT),
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, ESTIMATE_ASSUMED, "the constant rate is 0.1 in the text, 0.35 in the script"),
    **CUT,
)
