"""Table 2, rows 21 to 26: ResNet-56 on CIFAR-100, steps against 1cycle."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, NETWORK, PAPER, line, steps
from wellbegun.papers.smith2018._table2 import universal
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

STEPPED = {
    "step 100": (9_765, (4882, 7323, 8544, 9154), (60.8, 0.4)),
    "step 200": (19_531, (9765, 14_647, 17_089, 18_310), (61.6, 0.9)),
    "step 400": (39_062, (19_531, 29_296, 34_179, 36_620), (61.0, 0.2)),
}
CYCLED = {
    "1cycle 25": (2_441, 1171, 0.1, 0.5, (65.4, 0.2)),
    "1cycle 50": (4_882, 2246, 0.1, 0.5, (66.4, 0.6)),
    "1cycle 100": (9_765, 4394, 0.09, 0.9, (69.0, 0.4)),
}
LISTED = "step 100 from 0.1"


def _beats(found: Results) -> tuple[bool, str]:
    short, best = found["1cycle 25"], max(found[name].accuracy for name in STEPPED)
    return short.accuracy > best, f"{short}, best of the steps {best:.2f}"


def _longer(found: Results) -> tuple[bool, str]:
    values = [found[name].accuracy for name in CYCLED]
    return values == sorted(values), ", ".join(str(found[name]) for name in CYCLED)


EXHIBIT = Exhibit(
    id="smith2018-table2-cifar100",
    paper=PAPER,
    label="Table 2, rows 21 to 26",
    says="CIFAR-100: 25 epochs of 1cycle beat 400 of steps.",
    kind="training",
    task="cifar100",
    network=NETWORK,
    lines=(
        *(
            line(
                name,
                iterations,
                steps(drops, 0.005),
                0.9,
                1e-4,
                f"dap-table2-row{row}-r1",
                published=published,
            )
            for row, (name, (iterations, drops, published)) in enumerate(STEPPED.items(), start=21)
        ),
        *(
            line(
                name,
                iterations,
                OneCycle(lr_min, lr_max, stepsize, iterations),
                CyclicalMomentum(0.95, 0.85, stepsize),
                1e-4,
                f"dap-table2-row{row}-r1",
                published=published,
            )
            for row, (name, (iterations, stepsize, lr_min, lr_max, published)) in enumerate(
                CYCLED.items(), start=24
            )
        ),
        line(LISTED, 9_765, steps((4882, 7323, 8544, 9154)), 0.9, 1e-4),
    ),
    claims=(
        Claim(
            id="dap-table2-cifar100",
            says="1cycle of 25 epochs ends above every stepped run",
            section="5.4",
            needs=("1cycle 25", *STEPPED),
            check=_beats,
            survives_cut=False,
        ),
        Claim(
            id="dap-table2-cifar100-length",
            says="1cycle gets better with length",
            section="5.4",
            needs=tuple(CYCLED),
            check=_longer,
            survives_cut=False,
        ),
        universal("cifar100", tuple(STEPPED), tuple(CYCLED), "1cycle trains on CIFAR-100 faster"),
    ),
    assumptions=(
        *ASSUMED,
        CYCLED_ASSUMED,
        "up to 400 epochs of steps as in the table; the text speaks of 800",
        "steps from 0.005 as printed; the author's job list has 0.1 for this network, shown as a line too",
    ),
    **{**CUT, "cut": 1 / 100},
)
