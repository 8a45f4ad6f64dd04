"""Figure 12b: a weight decay found half-way in a range test of ResNet-56."""

from wellbegun.papers.checks import lowest_loss
from wellbegun.papers.exhibit import Claim, Exhibit
from wellbegun.papers.smith2018._report import ASSUMED, CUT, NETWORK, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp

HALF = 1_953
FIRST = "WD 1e-4 up to the snapshot"
DECAYS = {"then WD 1e-3": 1e-3, "then WD 3e-4": 3e-4, "then WD 1e-4": 1e-4}

EXHIBIT = Exhibit(
    id="smith2018-fig12b",
    paper=PAPER,
    label="Figure 12b",
    says="From half of a range test the best weight decay shows in its second half.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=(
        line(FIRST, HALF, LinearRamp(0.08, 0.44, HALF), 0.95, 1e-4),
        *(
            line(name, HALF, LinearRamp(0.44, 0.8, HALF), 0.95, decay, f"dap-fig12b-r{number}", after=FIRST)
            for number, (name, decay) in enumerate(DECAYS.items(), start=1)
        ),
    ),
    claims=(
        Claim(
            id="dap-fig12b-snapshot",
            says="1e-4 comes lowest after the snapshot",
            section="4.4",
            needs=tuple(DECAYS),
            check=lowest_loss(tuple(DECAYS), ("then WD 1e-4",)),
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "40 epochs, the snapshot half-way: the second half goes on from a rate of 0.44"),
    **{**CUT, "cut": 1 / 20},
)
