"""Section 4.4: weight decay should stay the same during training."""

from wellbegun.papers.checks import not_below
from wellbegun.papers.exhibit import Claim, Exhibit, Line, borrowed
from wellbegun.papers.smith2018._cifar3 import BATCH, BATCH_ASSUMED, NETWORK, PAPER, TASK
from wellbegun.papers.smith2018.fig9 import EXHIBIT as FIG9
from wellbegun.schedules.constant import Constant

PIECES = {"piece 1": 1e-3, "piece 2": 3.2e-3, "piece 3": 1e-2, "piece 4": 3.2e-3, "piece 5": 1e-3}
"""A cycle of weight decay in five steps; each piece goes on where the one before it ends."""
HELD = "WD 0.0032"


def _piece(name: str, decay: float, after: str) -> Line:
    return Line(
        name=name,
        iterations=2_000,
        batch_size=BATCH,
        lr=Constant(0.005),
        momentum=Constant(0.95),
        weight_decay=decay,
        after=after,
    )


EXHIBIT = Exhibit(
    id="smith2018-decay-in-time",
    paper=PAPER,
    label="Section 4.4, cycled weight decay",
    says="Cycling the weight decay does not help.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(FIG9, HELD),
        *(
            _piece(name, decay, after)
            for (name, decay), after in zip(PIECES.items(), ("", *PIECES), strict=False)
        ),
    ),
    claims=(
        Claim(
            id="dap-wd-constant-in-time",
            says="0.0032 held ends no lower than a decay that goes from 0.001 to 0.01 and back",
            section="4.4",
            needs=(HELD, "piece 5"),
            check=not_below(HELD, "piece 5"),
        ),
    ),
    assumptions=(
        BATCH_ASSUMED,
        "a cycle of our own in five steps; the report shows no such run",
    ),
    repeats=1,
    evaluations=100,
)
