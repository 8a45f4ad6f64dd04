"""Figure 5a: the learning rate estimated from the weights of every update."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, LONG, NETWORK, PAPER, TASK, cycle, line
from wellbegun.schedules.constant import Constant

ITERATIONS = 300
HELD, CYCLED = "constant LR 0.1", "CLR 0.1-3"
ESTIMATE_ASSUMED = (
    "sums over the weights alone, as in Eq. 8; the author's scripts add the running averages of batch norm"
)


def _large(found: Results) -> tuple[bool, str]:
    curve = found[CYCLED].runs[0].curve
    middle = float(np.median(curve.metrics["lr_estimate"][curve.iteration >= ITERATIONS / 3]))
    return 1.0 <= middle <= 8.0, f"median of the estimate from iteration 100 on: {middle:.2f}"


EXHIBIT = Exhibit(
    id="smith_topin2017-fig5a",
    paper=PAPER,
    label="Figure 5a",
    says="Estimated from every update of the first 300, the best rate is 2 to 4.",
    kind="lr estimate",
    task=TASK,
    network=NETWORK,
    lines=(
        line(HELD, ITERATIONS, Constant(0.1), None, "sc-fig5a-r1", fraction=LONG, estimate=1),
        line(CYCLED, ITERATIONS, cycle(3.0, 5000), None, "sc-fig5a-r2", estimate=1),
    ),
    claims=(
        Claim(
            id="sc-fig5a-every-iteration",
            says="the estimate lies between 2 and 4, within a factor of 2",
            section="5",
            needs=(CYCLED,),
            check=_large,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, ESTIMATE_ASSUMED),
    **{**CUT, "cut": 1.0, "samples": 500},
)
