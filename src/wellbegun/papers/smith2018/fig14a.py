"""Figure 14a: range tests of LeNet with constant and with falling momentum."""

from wellbegun.papers.exhibit import Claim, Exhibit, Line, Results
from wellbegun.papers.measures import lowest, width
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 2_000
CONSTANT, FALLING = "momentum 0.9", "momentum 0.95 to 0.8"


def _line(name: str, momentum: Schedule, source: str) -> Line:
    return Line(
        name=name,
        iterations=ITERATIONS,
        batch_size=512,
        lr=LinearRamp(0.001, 0.04, ITERATIONS),
        momentum=momentum,
        weight_decay=5e-4,
        sources=(source,),
    )


def _flatter(found: Results) -> tuple[bool, str]:
    wide, low = ([f(found[n]) for n in (FALLING, CONSTANT)] for f in (lambda r: width(r, 1.1), lowest))
    told = f"width {wide[0]:.4f} against {wide[1]:.4f}, lowest loss {low[0]:.4f} against {low[1]:.4f}"
    return wide[0] > wide[1] and low[0] <= low[1], told


EXHIBIT = Exhibit(
    id="smith2018-fig14a",
    paper="1803.09820",
    label="Figure 14a",
    says="On MNIST falling momentum gives a flatter loss over a longer range of learning rates.",
    kind="momentum search",
    task="mnist",
    network="lenet",
    lines=(
        _line(CONSTANT, Constant(0.9), "dap-fig14a-r1"),
        _line(FALLING, LinearRamp(0.95, 0.8, ITERATIONS), "dap-fig14a-r2"),
    ),
    claims=(
        Claim(
            id="dap-fig14a-flatter",
            says="a wider range within 10 % of the lowest, which is no higher",
            section="5.3",
            needs=(CONSTANT, FALLING),
            check=_flatter,
        ),
    ),
    assumptions=("batch 512 and 2,000 iterations, which the report does not say",),
    repeats=4,
    evaluations=80,
)
