"""Table 1, rows 11 to 20: ResNet-56 on CIFAR-10, rate and momentum cyclical or constant."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, larger_spread, ordered
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

ITERATIONS, STEPSIZE = 9277, 4003
CYCLE, LEVEL = OneCycle(0.08, 0.8, STEPSIZE, ITERATIONS), Constant(0.1)
DOWN, UP = CyclicalMomentum(0.95, 0.85, STEPSIZE), CyclicalMomentum(0.9, 1.0, STEPSIZE)
NARROW = "row 11, 0.95 to 0.85"
ROWS: dict[int, tuple[Schedule, Schedule | float, float, float]] = {
    11: (CYCLE, CyclicalMomentum(0.95, 0.8, STEPSIZE), 92.0, 0.2),
    12: (CYCLE, UP, 91.4, 0.1),
    13: (CYCLE, 0.85, 90.8, 0.3),
    14: (CYCLE, 0.9, 91.4, 0.3),
    15: (CYCLE, 0.95, 92.1, 0.1),
    16: (LEVEL, DOWN, 89.1, 0.3),
    17: (LEVEL, UP, 88.1, 0.5),
    18: (LEVEL, 0.85, 87.8, 0.3),
    19: (LEVEL, 0.9, 88.1, 0.1),
    20: (LEVEL, 0.95, 88.8, 0.3),
}


def _rows(*numbers: int) -> tuple[str, ...]:
    return tuple(f"row {number}" for number in numbers)


def _told(found: Results, *numbers: int) -> str:
    return ", ".join(str(found[name]) for name in _rows(*numbers))


def _equal(found: Results, one: int, other: int) -> bool:
    a, b = found[f"row {one}"], found[f"row {other}"]
    return abs(a.accuracy - b.accuracy) <= larger_spread(a, b)


def _cyclical(found: Results) -> tuple[bool, str]:
    best, fair, worst = (found[name].accuracy for name in _rows(15, 14, 13))
    holds = _equal(found, 11, 15) and _equal(found, 14, 12) and best > fair > worst
    return holds, _told(found, 11, 12, 13, 14, 15)


def _constant(found: Results) -> tuple[bool, str]:
    below = all(
        found[f"row {n + 5}"].accuracy < found[f"row {n}"].accuracy - 2 for n in range(11, 16)
    )  # fmt: skip
    best = max(range(16, 21), key=lambda n: found[f"row {n}"].accuracy)
    return below and best in (16, 20) and _equal(found, 16, 20), _told(found, *range(16, 21))


def _remark(found: Results) -> tuple[bool, str]:
    down = found["row 11"]
    held = all(
        down.accuracy >= found[name].accuracy - larger_spread(down, found[name]) for name in _rows(13, 14, 15)
    )
    return held and down.accuracy > found["row 12"].accuracy, _told(found, 11, 12, 13, 14, 15)


def _as_the_start(found: Results) -> tuple[bool, str]:
    pairs = [(11, 15), (12, 14), (16, 20), (17, 19)]
    gaps = [found[f"row {a}"].accuracy - found[f"row {b}"].accuracy for a, b in pairs]
    told = ", ".join(f"{a}-{b}: {gap:+.2f}" for (a, b), gap in zip(pairs, gaps, strict=True))
    return all(_equal(found, a, b) for a, b in pairs), told


def _minimum(found: Results) -> tuple[bool, str]:
    wide, narrow = found["row 11"], found[NARROW]
    return abs(wide.accuracy - narrow.accuracy) <= larger_spread(wide, narrow), f"{wide}, {narrow}"


EXHIBIT = Exhibit(
    id="smith2018-table1-resnet56",
    paper=PAPER,
    label="Table 1, rows 11 to 20",
    says="ResNet-56: a cycled rate is worth 3 points, and momentum is best cycled against it or held large.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        *(
            line(
                f"row {number}",
                ITERATIONS,
                lr,
                momentum,
                1e-4,
                f"dap-table1-row{number}-r1",
                published=(accuracy, spread),
            )
            for number, (lr, momentum, accuracy, spread) in ROWS.items()
        ),
        line(NARROW, ITERATIONS, CYCLE, DOWN, 1e-4, published=(92.0, 0.2)),
    ),
    claims=(
        Claim(
            id="dap-table1-deep-cyclical",
            says="cyclical rate: falling momentum ties with 0.95 held, rising with 0.9, 0.85 is worst",
            section="4.3",
            needs=_rows(11, 12, 13, 14, 15),
            check=_cyclical,
            survives_cut=False,
        ),
        Claim(
            id="dap-table1-deep-constant",
            says="constant rate: 2 points or more below the cyclical one; falling momentum and 0.95 best",
            section="4.3",
            needs=_rows(*range(11, 21)),
            check=_constant,
            survives_cut=False,
        ),
        Claim(
            id="dap-remark5",
            says="falling momentum is as good as the best held one, and better than rising",
            section="4.3",
            needs=_rows(11, 12, 13, 14, 15),
            check=_remark,
            survives_cut=False,
        ),
        Claim(
            id="dap-table1-momentum-monotone-3",
            says="cyclical rate: accuracy does not fall from momentum 0.85 to 0.9 to 0.95",
            section="4.3",
            needs=_rows(13, 14, 15),
            check=lambda found: ordered(found, _rows(13, 14, 15)),
            survives_cut=False,
        ),
        Claim(
            id="dap-table1-momentum-monotone-4",
            says="constant rate: accuracy does not fall from momentum 0.85 to 0.9 to 0.95",
            section="4.3",
            needs=_rows(18, 19, 20),
            check=lambda found: ordered(found, _rows(18, 19, 20)),
            survives_cut=False,
        ),
        Claim(
            id="dap-table1-cm-equals-start-momentum-resnet56",
            says="every row with cycled momentum equals the one that holds its first value",
            section="4.3",
            needs=_rows(11, 12, 14, 15, 16, 17, 19, 20),
            check=_as_the_start,
            survives_cut=False,
        ),
        Claim(
            id="dap-mom-min-insensitive",
            says="a smallest momentum of 0.8 or of 0.85 makes no difference",
            section="5",
            needs=("row 11", NARROW),
            check=_minimum,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        CYCLED_ASSUMED,
        "a constant rate is constant; the report calls a stepped one constant elsewhere (Figure 7d)",
        "row 11 falls to 0.8 as printed; its sibling rows and the script have 0.85, shown as a line too",
    ),
    **CUT,
)
