"""Figure 7b: one cycle against a stepped rate on CIFAR-100."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, LONG, NETWORK, PAPER, STEPS, cycle, line

CYCLED, USUAL = "CLR 0.1-3", "LR 0.35"

EXHIBIT = Exhibit(
    id="smith_topin2017-fig7b",
    paper=PAPER,
    label="Figure 7b",
    says="On CIFAR-100 one cycle beats the stepped rate by 8.8 points.",
    kind="training",
    task="cifar100",
    network=NETWORK,
    lines=(
        line(CYCLED, 10_000, cycle(3.0, 5000), 68.6, "sc-fig7b-r1"),
        line(USUAL, 80_000, STEPS, 59.8, "sc-fig7b-r2", fraction=LONG),
    ),
    claims=(
        Claim(
            id="sc-fig7b-cifar100",
            says="the gain is 8.8 points, or 1.5 less",
            section="A.2",
            needs=(CYCLED, USUAL),
            check=above(CYCLED, USUAL, by=7.3),
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    **CUT,
)
