"""Figure 1 and Table 1, rows 1 to 12: ResNet-56 with one triangle of several heights and lengths."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import best_test
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

HEADLINE, USUAL = "CLR 0.1-3, 10,000", "LR 0.35, 80,000"
HEIGHTS = {1.0: (91.3, "06"), 1.5: (90.9, "05"), 2.0: (91.7, "04"), 2.5: (92.3, "03"), 3.5: (92.1, "01")}
"""Maximum -> published accuracy, row of Table 1."""
LENGTHS = {
    2000: (89.7, 0.80, ("sc-table1-row12-r1", "sc-fig1b-r4")),
    4000: (91.1, 0.85, ("sc-table1-row11-r1",)),
    6000: (92.1, 0.90, ("sc-table1-row10-r1", "sc-fig1b-r3")),
    8000: (91.7, 0.93, ("sc-table1-row09-r1",)),
    20_000: (92.7, 0.97, ("sc-table1-row07-r1", "sc-fig1b-r1")),
}
"""Updates -> published accuracy, fraction of the moving average, where it is shown."""


def _height(lr_max: float) -> str:
    return f"CLR 0.1-{lr_max:g}, 10,000"


def _length(iterations: int) -> str:
    return f"CLR 0.1-3, {iterations:,}"


def _headline(found: Results) -> tuple[bool, str]:
    one, other = found[HEADLINE], found[USUAL]
    best = best_test(other)
    return one.accuracy > best, f"{one}, {other}, whose best test is {best:.2f}"


def _longer(found: Results) -> tuple[bool, str]:
    names = [_length(n) for n in (2000, 4000, 6000, 20_000)]
    accuracies = [found[name].accuracy for name in names]
    rises = accuracies[0] < accuracies[1] < accuracies[2] and accuracies[3] == max(accuracies)
    return rises, ", ".join(str(found[name]) for name in names)


def _higher(found: Results) -> tuple[bool, str]:
    by_height = {lr: found[_height(lr)].accuracy for lr in HEIGHTS} | {3.0: found[HEADLINE].accuracy}
    best = max(by_height, key=lambda lr: by_height[lr])
    low = max(by_height[1.0], by_height[1.5])
    told = ", ".join(f"{lr:g}: {value:.2f}" for lr, value in sorted(by_height.items()))
    return 2.5 <= best <= 3.5 and low < by_height[3.0] - 0.7, told


EXHIBIT = Exhibit(
    id="smith_topin2017-table1-resnet56",
    paper=PAPER,
    label="Figure 1, Table 1, rows 1 to 12",
    says="One cycle up to a learning rate of 3 beats eight times as many updates of a stepped rate.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        line(
            HEADLINE,
            10_000,
            cycle(3.0, 5000),
            92.4,
            "sc-fig1a-r1",
            "sc-fig1b-r2",
            "sc-table1-row02-r1",
            "sc-table1-row08-r1",
        ),
        *(
            line(_length(n), n, cycle(3.0, n // 2), accuracy, *sources, fraction=fraction)
            for n, (accuracy, fraction, sources) in LENGTHS.items()
        ),
        *(
            line(_height(lr), 10_000, cycle(lr, 5000), accuracy, f"sc-table1-row{row}-r1")
            for lr, (accuracy, row) in HEIGHTS.items()
        ),
        line(USUAL, 80_000, STEPS, 91.2, "sc-fig1a-r2", fraction=LONG),
    ),
    claims=(
        Claim(
            id="sc-fig1a-superconvergence",
            says="one cycle of 10,000 updates beats 80,000 of a stepped rate",
            section="1",
            needs=(HEADLINE, USUAL),
            check=_headline,
            survives_cut=False,
        ),
        Claim(
            id="sc-fig1b-length",
            says="accuracy grows with the length of the cycle",
            section="5",
            needs=tuple(_length(n) for n in (2000, 4000, 6000, 20_000)),
            check=_longer,
        ),
        Claim(
            id="sc-fig1b-length-standard",
            says="6,000 updates in one cycle beat the stepped rate",
            section="1",
            needs=(_length(6000), USUAL),
            check=above(_length(6000), USUAL),
            survives_cut=False,
        ),
        Claim(
            id="sc-table1-max-lr",
            says="a maximum of 1 is too small, about 3 is best",
            section="5",
            needs=(HEADLINE, *(_height(lr) for lr in HEIGHTS)),
            check=_higher,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "the fraction of the moving average follows the length as in Table 1; the script of Figure 1b has "
        "0.95 for all lengths",
    ),
    **CUT,
)
