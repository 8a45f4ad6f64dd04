"""One cycle against a stepped rate in as many updates: Figure 1a cut to what a CPU can train."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK, cycle, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE
from wellbegun.schedules.decay import MultiStep

STEPS = MultiStep(0.35, 0.1, (6250, 8750))
CYCLED, STEPPED = "resnet-56, CLR 0.1-3", "resnet-56, LR 0.35"
CYCLED20, STEPPED20 = "resnet-20, CLR 0.1-3", "resnet-20, LR 0.35"

EXHIBIT = Exhibit(
    id="smith_topin2017-equal-iterations",
    paper=PAPER,
    label="Figures 1a and 6b at equal length",
    says="In 10,000 updates one cycle ends above a stepped rate.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE, as_=CYCLED),
        line(STEPPED, 10_000, STEPS),
        line(CYCLED20, 10_000, cycle(3.0, 5000), network="resnet20"),
        line(STEPPED20, 10_000, STEPS, network="resnet20"),
    ),
    claims=(
        Claim(
            id="sc-fig1a-superconvergence-equal-resnet56",
            says="ResNet-56: the cycle ends above the stepped rate",
            section="1",
            needs=(CYCLED, STEPPED),
            check=above(CYCLED, STEPPED),
        ),
        Claim(
            id="sc-fig1a-superconvergence-equal-resnet20",
            says="ResNet-20: the cycle ends above the stepped rate",
            section="6.1",
            needs=(CYCLED20, STEPPED20),
            check=above(CYCLED20, STEPPED20),
        ),
    ),
    assumptions=(*ASSUMED, "a comparison of ours: steps at the same shares of the run as in the paper"),
    **CUT,
)
