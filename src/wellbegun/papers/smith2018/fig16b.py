"""Figure 16b: Inception-ResNet-v2 on ImageNet, 20 epochs of 1cycle against the usual policy."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith2018._imagenet import ASSUMED, CUT, PAPER, TASK, USUAL, line
from wellbegun.papers.smith2018._table2 import universal
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

ITERATIONS, STEPSIZE = 220_000, 108_000
STEPPED, GOOD, SMALL, TEXT = (
    "standard step policy",
    "1cycle WD 3e-6",
    "1cycle WD 1e-6",
    "1cycle WD 3e-6, full momentum",
)
CYCLE, MOMENTUM = OneCycle(0.05, 1.0, STEPSIZE, ITERATIONS), CyclicalMomentum(0.95, 0.85, 1_080_000)


def _order(found: Results) -> tuple[bool, str]:
    good, small, stepped = (found[name] for name in (GOOD, SMALL, STEPPED))
    return good.accuracy > small.accuracy > stepped.accuracy, f"{good}, {small}, {stepped}"


def _fast(found: Results) -> tuple[bool, str]:
    short, long = found[GOOD], found[STEPPED]
    ratio = short.line.iterations / long.line.iterations
    return (
        ratio <= 0.25 and short.accuracy > long.accuracy,
        f"{short}, {long}, {100 * ratio:.0f} % of the updates",
    )


EXHIBIT = Exhibit(
    id="smith2018-fig16b",
    paper=PAPER,
    label="Figure 16b",
    says="20 epochs of 1cycle with a weight decay of 3e-6 beat 100 of steps.",
    kind="training",
    task=TASK,
    network="inception_resnet_v2",
    lines=(
        line(STEPPED, 1_600_000, USUAL, 0.9, 1e-4, "dap-fig16b-r1", accuracy=67.6, inception=True),
        line(GOOD, ITERATIONS, CYCLE, MOMENTUM, 3e-6, "dap-fig16b-r2", accuracy=74.0, inception=True),
        line(SMALL, ITERATIONS, CYCLE, MOMENTUM, 1e-6, "dap-fig16b-r3", inception=True),
        line(TEXT, ITERATIONS, CYCLE, CyclicalMomentum(0.95, 0.85, STEPSIZE), 3e-6, inception=True),
    ),
    claims=(
        Claim(
            id="dap-fig16b-inception",
            says="3e-6 ends above 1e-6, and that above the steps",
            section="5.5",
            needs=(GOOD, SMALL, STEPPED),
            check=_order,
            survives_cut=False,
        ),
        Claim(
            id="dap-imagenet-speed-inception",
            says="in a quarter of the updates or less, and more accurate",
            section="5.5",
            needs=(GOOD, STEPPED),
            check=_fast,
            survives_cut=False,
        ),
        universal("inception", (STEPPED,), (GOOD, SMALL), "1cycle trains Inception-ResNet-v2 faster"),
    ),
    assumptions=(
        *ASSUMED,
        "momentum's stepsize is 1,080,000 as in files and logs, so that it only falls to 0.93; the text's "
        "whole cycle is shown as a line too",
    ),
    **CUT,
)
