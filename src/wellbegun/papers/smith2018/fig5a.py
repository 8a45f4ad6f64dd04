"""Figure 5a: super-convergence, as the 2017 paper has it."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, LONG, NETWORK, TASK, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE, USUAL
from wellbegun.schedules.decay import MultiStep

STEPS = MultiStep(0.1, 0.1, (50_000, 70_000))
STEPPED = "LR 0.1, 80,000"

EXHIBIT = Exhibit(
    id="smith2018-fig5a",
    paper="1803.09820",
    label="Figure 5a",
    says="10,000 updates with a learning rate of up to 3 beat 80,000 of a stepped schedule.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE, "dap-fig5a-r1"),
        line(STEPPED, 80_000, STEPS, 91.2, "dap-fig5a-r2", fraction=LONG),
        borrowed(TABLE1, USUAL),
    ),
    claims=(
        Claim(
            id="dap-fig5a-superconvergence",
            says="the cycle ends above the steps from 0.1",
            section="4.1",
            needs=(HEADLINE, STEPPED),
            check=above(HEADLINE, STEPPED),
            survives_cut=False,
        ),
        Claim(
            id="dap-fig5a-superconvergence-035",
            says="the cycle ends above the steps from 0.35",
            section="4.1",
            needs=(HEADLINE, USUAL),
            check=above(HEADLINE, USUAL),
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "the steps begin at 0.1 in the text, at 0.35 in the 2017 paper and its log: both"),
    **CUT,
)
