"""Section 6.1: batch norm's moving average must be shorter for short runs."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.smith_topin2017._resnet import (
    ASSUMED,
    CUT,
    LONG,
    NETWORK,
    PAPER,
    TASK,
    by_batch,
    cycle,
    line,
)
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1

SHORT, STALE, BATCH = "fraction 0.8", "fraction 0.999", "statistics of the test batch"


def _short(found: Results) -> tuple[bool, str]:
    holds = found[STALE].accuracy < found[SHORT].accuracy - 5
    return holds and found[BATCH].accuracy > found[STALE].accuracy, ", ".join(
        str(found[name]) for name in (SHORT, STALE, BATCH)
    )


EXHIBIT = Exhibit(
    id="smith_topin2017-bn-fraction",
    paper=PAPER,
    label="Section 6.1, moving average fraction",
    says="In 2,000 updates a fraction of 0.999 hides what the network has learned.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, "CLR 0.1-3, 2,000", as_=SHORT),
        line(STALE, 2_000, cycle(3.0, 1000), fraction=LONG),
        line(BATCH, 2_000, cycle(3.0, 1000), factory_args=by_batch(125)),
    ),
    claims=(
        Claim(
            id="sc-bn-maf",
            says="0.999 ends 5 points below 0.8; by the batch's own statistics nothing is lost",
            section="6.1",
            needs=(SHORT, STALE, BATCH),
            check=_short,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "2,000 updates; the paper says what happens, and shows no run"),
    **CUT,
)
