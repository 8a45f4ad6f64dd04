"""Figure 16a: ResNet-50 on ImageNet, 20 epochs of 1cycle against the usual policy."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith2018._imagenet import ASSUMED, CUT, PAPER, TASK, USUAL, line
from wellbegun.papers.smith2018._table2 import universal
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

ITERATIONS, STEPSIZE = 200_000, 95_000
STEPPED, LARGE, SMALL, SMALLEST = "standard step policy", "1cycle WD 1e-5", "1cycle WD 3e-6", "1cycle WD 1e-6"
CYCLE, MOMENTUM = OneCycle(0.05, 1.0, STEPSIZE, ITERATIONS), CyclicalMomentum(0.95, 0.85, STEPSIZE)
EARLY = OneCycle(0.05, 1.0, 75_000, ITERATIONS), CyclicalMomentum(0.95, 0.85, 75_000)


def _fast(found: Results) -> tuple[bool, str]:
    short, long = found[SMALL], found[STEPPED]
    ratio = short.line.iterations / long.line.iterations
    return (
        ratio <= 0.25 and short.accuracy > long.accuracy,
        f"{short}, {long}, {100 * ratio:.0f} % of the updates",
    )


EXHIBIT = Exhibit(
    id="smith2018-fig16a",
    paper=PAPER,
    label="Figure 16a",
    says="20 epochs of 1cycle with a small weight decay are better than more than 100 of steps.",
    kind="training",
    task=TASK,
    network="resnet50",
    lines=(
        line(STEPPED, 1_600_000, USUAL, 0.9, 1e-4, "dap-fig16a-r1", accuracy=63.7),
        line(LARGE, ITERATIONS, CYCLE, MOMENTUM, 1e-5, "dap-fig16a-r2", accuracy=67.6),
        line(SMALL, ITERATIONS, CYCLE, MOMENTUM, 3e-6, "dap-fig16a-r3", accuracy=67.6),
        line(SMALLEST, ITERATIONS, *EARLY, 1e-6),
    ),
    claims=(
        Claim(
            id="dap-fig16a-resnet50",
            says="1cycle with 3e-6 ends above the steps",
            section="5.5",
            needs=(SMALL, STEPPED),
            check=above(SMALL, STEPPED),
            survives_cut=False,
        ),
        Claim(
            id="dap-imagenet-small-wd-underfits",
            says="1e-6 ends below 3e-6",
            section="5.5",
            needs=(SMALL, SMALLEST),
            check=above(SMALL, SMALLEST),
            survives_cut=False,
        ),
        Claim(
            id="dap-imagenet-speed-resnet50",
            says="in a quarter of the updates or less, and more accurate",
            section="5.5",
            needs=(SMALL, STEPPED),
            check=_fast,
            survives_cut=False,
        ),
        universal("resnet50", (STEPPED,), (LARGE, SMALL), "1cycle trains ResNet-50 faster"),
    ),
    assumptions=(
        *ASSUMED,
        "1,600,000 updates of steps as in the solver; the published number is of 130 epochs",
    ),
    **CUT,
)
