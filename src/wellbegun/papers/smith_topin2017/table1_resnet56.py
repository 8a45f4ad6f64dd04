"""Figure 1 and Table 1, rows 1 to 12: ResNet-56 with one triangle of several heights and lengths."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, PAPER, STEPS, TASK, cycle, line

HEADLINE, USUAL = "CLR 0.1-3, 10,000", "LR 0.35, 80,000"
HEIGHTS = {1.0: 91.3, 1.5: 90.9, 2.0: 91.7, 2.5: 92.3, 3.5: 92.1}
LENGTHS = {2000: 89.7, 4000: 91.1, 6000: 92.1, 8000: 91.7, 20_000: 92.7}


def _height(lr_max: float) -> str:
    return f"CLR 0.1-{lr_max:g}, 10,000"


def _length(iterations: int) -> str:
    return f"CLR 0.1-3, {iterations:,}"


def _headline(found: Results) -> tuple[bool, str]:
    one, other = found[HEADLINE], found[USUAL]
    best = max(100 * float(run.curve.val_accuracy.max()) for run in other.runs)
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
    network="resnet56",
    lines=(
        line(HEADLINE, 10_000, cycle(3.0, 5000), 92.4),
        *(line(_length(n), n, cycle(3.0, n // 2), accuracy) for n, accuracy in LENGTHS.items()),
        *(line(_height(lr), 10_000, cycle(lr, 5000), accuracy) for lr, accuracy in HEIGHTS.items()),
        line(USUAL, 80_000, STEPS, 91.2),
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
            id="sc-table1-max-lr",
            says="a maximum of 1 is too small, about 3 is best",
            section="5",
            needs=(HEADLINE, *(_height(lr) for lr in HEIGHTS)),
            check=_higher,
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    repeats=1,
    evaluations=100,
    cut=1 / 50,
    cut_batch=1 / 8,
)
