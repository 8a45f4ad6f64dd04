"""Table 2, rows 1 to 7: the wide network on CIFAR-10, steps against 1cycle."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import level_after
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, PAPER, TASK, line, steps
from wellbegun.papers.smith2018._table2 import universal
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

STEPPED = {
    "step 100": (9_765, (4882, 7323, 8544, 9154), (86.7, 0.6)),
    "step 200": (19_531, (9765, 14_647, 17_089, 18_310), (88.7, 0.6)),
    "step 400": (39_062, (19_531, 29_296, 34_179, 36_620), (89.8, 0.4)),
    "step 800": (78_125, (39_062, 58_593, 68_359, 73_242), (90.3, 1.0)),
}
CYCLED = {
    "1cycle 25": (2_441, 1171, 0.5, (87.3, 0.8)),
    "1cycle 50": (4_882, 2246, 1.0, (91.3, 0.1)),
    "1cycle 100": (9_765, 4394, 1.0, (91.9, 0.2)),
}


def _level(found: Results) -> tuple[bool, str]:
    widths = {name: level_after(found[name], 2 * CYCLED[name][1]) for name in ("1cycle 50", "1cycle 100")}
    return max(widths.values()) < 1.0, ", ".join(f"{n}: {v:.2f} points" for n, v in widths.items())


EXHIBIT = Exhibit(
    id="smith2018-table2-wide",
    paper=PAPER,
    label="Table 2, rows 1 to 7",
    says="Wide network: 100 epochs of 1cycle beat 800 of steps.",
    kind="training",
    task=TASK,
    network="wide_resnet32",
    lines=(
        *(
            line(name, iterations, steps(drops), 0.9, 1e-4, f"dap-table2-row0{row}-r1", published=published)
            for row, (name, (iterations, drops, published)) in enumerate(STEPPED.items(), start=1)
        ),
        *(
            line(
                name,
                iterations,
                OneCycle(0.1, lr_max, stepsize, iterations),
                CyclicalMomentum(0.95, 0.85, stepsize),
                1e-4,
                f"dap-table2-row0{row}-r1",
                published=published,
            )
            for row, (name, (iterations, stepsize, lr_max, published)) in enumerate(CYCLED.items(), start=5)
        ),
    ),
    claims=(
        Claim(
            id="dap-table2-wide",
            says="1cycle of 100 epochs ends above steps of 800",
            section="5.1",
            needs=("1cycle 100", "step 800"),
            check=above("1cycle 100", "step 800"),
            survives_cut=False,
        ),
        Claim(
            id="dap-table2-wide-50",
            says="1cycle of 50 epochs ends above steps of 800",
            section="5.1",
            needs=("1cycle 50", "step 800"),
            check=above("1cycle 50", "step 800"),
            survives_cut=False,
        ),
        Claim(
            id="dap-1cycle-accuracy-plateau-wide",
            says="after the cycle accuracy is level within a point",
            section="4.1",
            needs=("1cycle 50", "1cycle 100"),
            check=_level,
            survives_cut=False,
        ),
        universal("wide", tuple(STEPPED), tuple(CYCLED), "1cycle trains the wide network faster"),
    ),
    assumptions=(*ASSUMED, CYCLED_ASSUMED),
    **{**CUT, "cut": 1 / 200},
)
