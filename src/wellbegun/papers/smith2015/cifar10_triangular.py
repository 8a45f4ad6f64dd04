"""Triangular learning rates on CIFAR-10: the recipe of the 2015 paper, which needs no more than this file."""

from wellbegun.papers.exhibit import Claim, Exhibit, Line, Results
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import Triangular, TriangularHalving

ITERATIONS, STEPSIZE = 20_000, 2_000
FIXED, CYCLED = "constant 0.001", "triangular2 0.001 to 0.006"


def _line(name: str, lr: Schedule) -> Line:
    return Line(
        name=name,
        iterations=ITERATIONS,
        batch_size=100,
        lr=lr,
        momentum=Constant(0.9),
        weight_decay=4e-3,
        optimizer="papers_sgd",
    )


def _better(found: Results) -> tuple[bool, str]:
    return found[CYCLED].accuracy > found[FIXED].accuracy, f"{found[CYCLED]}, {found[FIXED]}"


EXHIBIT = Exhibit(
    id="smith2015-cifar10-triangular",
    paper="1506.01186",
    label="Triangular policies on CIFAR-10",
    says="A learning rate that cycles between two bounds trains better than a constant one in the same time.",
    kind="training",
    task="cifar10",
    network="cifar3",
    lines=(
        _line(FIXED, Constant(0.001)),
        _line(CYCLED, TriangularHalving(0.001, 0.006, STEPSIZE)),
        _line("triangular 0.001 to 0.006", Triangular(0.001, 0.006, STEPSIZE)),
    ),
    claims=(
        Claim(
            id="clr-better",
            says="triangular2 ends above the constant rate",
            section="3",
            check=_better,
            needs=(FIXED, CYCLED),
        ),
    ),
    assumptions=("batch 100, momentum 0.9 and decay 0.004 of Caffe's example; 20,000 iterations",),
    repeats=1,
    evaluations=80,
)
