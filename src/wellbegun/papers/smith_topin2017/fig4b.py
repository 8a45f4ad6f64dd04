"""Figure 4b: the same range test of ResNet-20 and ResNet-110."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr
from wellbegun.papers.smith_topin2017._gap import gap_claims
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, PAPER, TASK, line, ramp

SHALLOW, DEEP = "resnet-20", "resnet-110"
RAMP = ramp(2.0, 80_000)


def _stable(found: Results) -> tuple[bool, str]:
    edge = breakdown_lr(found[SHALLOW])
    return edge >= 1.0, f"breaks down at {edge:.2f}"


EXHIBIT = Exhibit(
    id="smith_topin2017-fig4b",
    paper=PAPER,
    label="Figure 4b",
    says="The gap shrinks with a growing rate for a shallower and a deeper network too.",
    kind="range test",
    task=TASK,
    network="resnet20",
    lines=(
        line(SHALLOW, 80_000, RAMP, None, "sc-fig4b-r1"),
        line(DEEP, 80_000, RAMP, None, "sc-fig4b-r2", batch_size=800, network="resnet110"),
    ),
    claims=(
        *gap_claims("-resnet20", SHALLOW),
        *gap_claims("-resnet110", DEEP),
        Claim(
            id="sc-fig2b-flat-resnet20",
            says="ResNet-20: no breakdown below a learning rate of 1",
            section="4",
            needs=(SHALLOW,),
            check=_stable,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "rates from 0 to 2 in 80,000 updates as in the logs; text and caption differ, see Figure 4a",
        "tests by running averages as in the network file, though Figure 4a's logs test by the batch",
    ),
    **{**CUT, "cut": 1 / 100},
)
