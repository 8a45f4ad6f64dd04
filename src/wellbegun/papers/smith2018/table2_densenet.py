"""Table 2, rows 8 to 14: the densenet on CIFAR-10, steps against 1cycle."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, larger_spread, ordered
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, PAPER, TASK, line, steps
from wellbegun.papers.smith2018._table2 import universal
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

STEPPED = {
    "step 100": (9_765, (4882, 7323, 8544, 9154), (91.3, 0.2), "08"),
    "step 200": (19_531, (9765, 14_647, 17_089, 18_310), (92.1, 0.2), "09"),
    "step 400": (39_062, (19_531, 29_296, 34_178, 36_619), (92.7, 0.2), "10"),
}
CYCLED = {
    "1cycle 50": (4_882, 2148, (91.7, 0.3)),
    "1cycle 75": (7_324, 3320, (92.1, 0.2)),
    "1cycle 100": (9_765, 4394, (92.2, 0.2)),
    "1cycle 150": (14_648, 6835, (92.8, 0.1)),
}
DEEPER = "1cycle 50, momentum to 0.8"


def _as_good(found: Results) -> tuple[bool, str]:
    long, steps_ = found["1cycle 150"], found["step 400"]
    return abs(long.accuracy - steps_.accuracy) <= larger_spread(long, steps_), f"{long}, {steps_}"


EXHIBIT = Exhibit(
    id="smith2018-table2-densenet",
    paper=PAPER,
    label="Table 2, rows 8 to 14",
    says="Densenet: 1cycle gets better from 50 to 150 epochs, and is then as good as 400 of steps.",
    kind="training",
    task=TASK,
    network="densenet40",
    lines=(
        *(
            line(
                name,
                iterations,
                steps(drops),
                0.9,
                1e-4,
                f"dap-table2-row{row}-r1",
                published=published,
                fraction=0.999,
            )
            for name, (iterations, drops, published, row) in STEPPED.items()
        ),
        *(
            line(
                name,
                iterations,
                OneCycle(0.1, 4.0, stepsize, iterations),
                CyclicalMomentum(0.9, 0.85, stepsize),
                1e-6,
                f"dap-table2-row{row}-r1",
                published=published,
                fraction=0.999,
            )
            for row, (name, (iterations, stepsize, published)) in enumerate(CYCLED.items(), start=11)
        ),
        line(
            DEEPER,
            4_882,
            OneCycle(0.1, 4.0, 2148, 4_882),
            CyclicalMomentum(0.9, 0.8, 2148),
            1e-6,
            fraction=0.999,
        ),
    ),
    claims=(
        Claim(
            id="dap-table2-densenet",
            says="1cycle of 150 epochs equals steps of 400",
            section="5.2",
            needs=("1cycle 150", "step 400"),
            check=_as_good,
            survives_cut=False,
        ),
        Claim(
            id="dap-table2-densenet-length",
            says="1cycle does not get worse with length",
            section="5.2",
            needs=tuple(CYCLED),
            check=lambda found: ordered(found, tuple(CYCLED)),
            survives_cut=False,
        ),
        universal("densenet", tuple(STEPPED), tuple(CYCLED), "1cycle trains the densenet faster"),
    ),
    assumptions=(
        *ASSUMED,
        CYCLED_ASSUMED,
        "momentum from 0.9 to 0.85 as in the table; the log of 50 epochs falls to 0.8, shown as a line too",
    ),
    **{**CUT, "cut": 1 / 200},
)
