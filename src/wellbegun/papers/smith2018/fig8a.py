"""Figure 8a: ResNet-56 with 1cycle and momentum held, falling or rising."""

from wellbegun.papers.checks import not_below
from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import final_loss
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS, STEPSIZE = 20_000, 9_000
CYCLE = OneCycle(0.1, 1.0, STEPSIZE, ITERATIONS)
HELD, DOWN, UP, ONLY = "constant 0.9", "0.95 to 0.85", "0.9 to 1.0", "0.95 to 0.85, never back"


def _lowest(found: Results) -> tuple[bool, str]:
    loss = {name: final_loss(found[name]) for name in (HELD, DOWN, UP)}
    told = ", ".join(f"{name}: final loss {value:.4f}" for name, value in loss.items())
    return loss[DOWN] < min(loss[HELD], loss[UP]), told


EXHIBIT = Exhibit(
    id="smith2018-fig8a",
    paper=PAPER,
    label="Figure 8a",
    says="With 1cycle momentum that falls while the rate rises gives the lowest test loss.",
    kind="momentum search",
    task=TASK,
    network=NETWORK,
    lines=(
        line(HELD, ITERATIONS, CYCLE, 0.9, 1e-4, "dap-fig8a-r1"),
        line(DOWN, ITERATIONS, CYCLE, CyclicalMomentum(0.95, 0.85, STEPSIZE), 1e-4, "dap-fig8a-r2"),
        line(UP, ITERATIONS, CYCLE, CyclicalMomentum(0.9, 1.0, STEPSIZE), 1e-4, "dap-fig8a-r3"),
        line(ONLY, ITERATIONS, CYCLE, LinearRamp(0.95, 0.85, ITERATIONS), 1e-4),
    ),
    claims=(
        Claim(
            id="dap-fig8a-decreasing-best",
            says="falling momentum ends with a lower loss than constant or rising momentum",
            section="4.3",
            needs=(HELD, DOWN, UP),
            check=_lowest,
            survives_cut=False,
        ),
        Claim(
            id="dap-cycle-vs-decrease",
            says="momentum that comes back ends no lower than momentum that only falls",
            section="4.3",
            needs=(DOWN, ONLY),
            check=not_below(DOWN, ONLY),
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        CYCLED_ASSUMED,
        "batch 512 and weight decay 1e-4, which the text does not say; the job list has 5e-5 and 1e-4",
        "the last rate is 1e-4 by the law of the logs, 0.001 in the text",
        "momentum that only falls: from 0.95 to 0.85 over the whole run; the report shows no such run",
    ),
    **{**CUT, "cut": 1 / 80},
)
