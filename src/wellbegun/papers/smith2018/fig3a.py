"""Figure 3a: too small a constant learning rate underfits."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import late_slope, loss_at, overall
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules.constant import Constant

ITERATIONS = 20_000
SMALL, GOOD = "LR 0.001", "LR 0.004"


def _underfits(found: Results) -> tuple[bool, str]:
    small, good = overall(found[SMALL], "underfitting"), overall(found[GOOD], "underfitting")
    return small and not good, f"underfitting: {SMALL} {small}, {GOOD} {good}"


def _better(found: Results) -> tuple[bool, str]:
    small, good = found[SMALL], found[GOOD]
    slopes = late_slope(small), late_slope(good)
    early = loss_at(small, 0.1), loss_at(good, 0.1)
    holds = good.accuracy > small.accuracy and slopes[0] < 0 and abs(slopes[1]) < abs(slopes[0])
    return holds and early[1] < early[0], (
        f"{small}, {good}; late slope per tenth {slopes[0]:.3f}, {slopes[1]:.3f}; loss at a tenth of the run "
        f"{early[0]:.3f}, {early[1]:.3f}"
    )


EXHIBIT = Exhibit(
    id="smith2018-fig3a",
    paper=PAPER,
    label="Figure 3a",
    says="A rate of 0.001 underfits, its test loss still falls at the end; with 0.004 it drops and is flat.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        line(SMALL, ITERATIONS, Constant(0.001), 0.9, 4e-3),
        line(GOOD, ITERATIONS, Constant(0.004), 0.9, 4e-3),
    ),
    claims=(
        Claim(
            id="dap-clue-underfit",
            says="0.001 gets the verdict underfitting and 0.004 does not",
            section="3.2",
            needs=(SMALL, GOOD),
            check=_underfits,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig3a-better-lr",
            says="0.004 drops faster, goes flat and ends better",
            section="3.2",
            needs=(SMALL, GOOD),
            check=_better,
        ),
    ),
    assumptions=(BATCH_ASSUMED, "20,000 iterations, which the report does not say"),
    repeats=1,
    evaluations=100,
)
