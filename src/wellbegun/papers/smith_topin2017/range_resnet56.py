"""Figures 2b and 4a: a range test up to a learning rate of 3 that stays stable to its end."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr, loss_at, lowest
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS, TOP = 20_000, 3.0
NAME = "range to 3"


def _stable(found: Results) -> tuple[bool, str]:
    edge, low, end = breakdown_lr(found[NAME]), lowest(found[NAME]), loss_at(found[NAME], 1.0)
    return edge >= 1.0, f"breaks down at {edge:.2f}; lowest loss {low:.3f}, at the end {end:.3f}"


EXHIBIT = Exhibit(
    id="smith_topin2017-range-resnet56",
    paper=PAPER,
    label="Figures 2b and 4a",
    says="The test loss stays low up to very large learning rates: a sign of super-convergence.",
    kind="range test",
    task=TASK,
    network="resnet56",
    lines=(line(NAME, ITERATIONS, LinearRamp(3e-4, TOP, ITERATIONS)),),
    claims=(
        Claim(
            id="sc-fig2b-flat-resnet56",
            says="no breakdown below a learning rate of 1",
            section="4",
            needs=(NAME,),
            check=_stable,
        ),
    ),
    assumptions=ASSUMED,
    repeats=1,
    evaluations=100,
    cut=1 / 50,
    cut_batch=1 / 8,
)
