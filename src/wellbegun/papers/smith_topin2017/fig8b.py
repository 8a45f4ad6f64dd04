"""Figure 8b: one cycle against a stepped rate with Nesterov momentum."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith_topin2017._resnet import (
    ASSUMED,
    CUT,
    LONG,
    NETWORK,
    PAPER,
    STEPS,
    TASK,
    cycle,
    line,
)

CYCLED, USUAL = "CLR 0.1-3, Nesterov", "LR 0.35, Nesterov"


def _cycle_passes(found: Results) -> tuple[bool, str]:
    return found[CYCLED].accuracy > 91, str(found[CYCLED])


EXHIBIT = Exhibit(
    id="smith_topin2017-fig8b",
    paper=PAPER,
    label="Figure 8b",
    says="With Nesterov momentum one cycle beats the stepped rate too.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        line(CYCLED, 10_000, cycle(3.0, 5000), 92.1, "sc-fig8b-r1", optimizer="papers_nesterov"),
        line(
            USUAL,
            80_000,
            STEPS,
            90.9,
            "sc-fig8b-r2",
            fraction=LONG,
            optimizer="papers_nesterov",
        ),
    ),
    claims=(
        Claim(
            id="sc-fig8b-nesterov",
            says="one cycle ends above the stepped rate",
            section="A.2",
            needs=(CYCLED, USUAL),
            check=above(CYCLED, USUAL),
            survives_cut=False,
        ),
        Claim(
            id="sc-adaptive-with-clr-nesterov",
            says="one cycle with Nesterov momentum passes 91 %",
            section="6.1",
            needs=(CYCLED,),
            check=_cycle_passes,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "steps at 50,000 and 70,000 as in the log; the text says that it was stopped early at 65,000",
    ),
    **CUT,
)
