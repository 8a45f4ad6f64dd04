"""Figure 4b: ResNet-50 on ImageNet underfits with one weight decay and overfits with another."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import overall, shows
from wellbegun.papers.smith2018._imagenet import ASSUMED, CUT, PAPER, TASK, line
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

ITERATIONS, STEPSIZE = 200_000, 95_000
USUAL, TINY = "WD 1e-4, LR 0.1", "WD 1e-7, cycled"


def _two_failures(found: Results) -> tuple[bool, str]:
    under, over = overall(found[USUAL], "underfitting"), shows(found[TINY], "overfitting")
    return under and over, f"underfitting with 1e-4: {under}; overfitting with 1e-7: {over}"


EXHIBIT = Exhibit(
    id="smith2018-fig4b",
    paper=PAPER,
    label="Figure 4b",
    says="A rate of 0.1 with a weight decay of 1e-4 underfits; 1e-7 overfits.",
    kind="training",
    task=TASK,
    network="resnet50",
    lines=(
        line(USUAL, ITERATIONS, Constant(0.1), 0.9, 1e-4, "dap-fig4b-r1"),
        line(
            TINY,
            ITERATIONS,
            OneCycle(0.05, 1.0, STEPSIZE, ITERATIONS),
            CyclicalMomentum(0.95, 0.85, STEPSIZE),
            1e-7,
            "dap-fig4b-r2",
        ),
    ),
    claims=(
        Claim(
            id="dap-fig4b-two-failures",
            says="the first run shows underfitting, the second overfitting",
            section="3.3",
            needs=(USUAL, TINY),
            check=_two_failures,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "length and stepsize of Figure 16a; a constant rate as the caption says, the log is the stepped run "
        "of Figure 16a",
    ),
    **CUT,
)
