"""Table 1, rows 6 to 10, with the other reading of their constant rate: stepped, as in Figure 7d."""

from dataclasses import replace

from wellbegun.papers.smith2018 import table1_cifar3
from wellbegun.schedules.decay import MultiStep

PUBLISHED = table1_cifar3.EXHIBIT
RATE, FACTOR = 0.005, 0.316
STEPS = tuple(int(share * table1_cifar3.ITERATIONS) for share in (1 / 2, 3 / 4, 7 / 8, 15 / 16))
LINES = tuple(
    replace(line, lr=MultiStep(RATE, FACTOR, STEPS), sources=())
    for line in PUBLISHED.lines
    if line.lr == table1_cifar3.LEVEL
)
NAMES = {line.name for line in LINES}

EXHIBIT = replace(
    PUBLISHED,
    id="smith2018-table1-cifar3-stepped",
    label="Table 1, rows 6 to 10, stepped",
    says="Rows 6 to 10 as they would be if their constant rate was a stepped one.",
    lines=LINES,
    claims=tuple(
        replace(claim, id=f"{claim.id}-stepped", says=claim.says.replace("constant rate", "stepped rate"))
        for claim in PUBLISHED.claims
        if set(claim.needs) <= NAMES
    ),
    assumptions=(
        PUBLISHED.assumptions[0],
        "the rate falls to 0.316 of itself at 1/2, 3/4, 7/8 and 15/16 of the run, as in the author's scripts",
    ),
    instead_of=PUBLISHED.id,
)
