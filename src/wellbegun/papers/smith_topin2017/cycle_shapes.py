"""Section 3: the shape between the bounds does not matter, the small start does."""

from wellbegun.papers.checks import above
from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE
from wellbegun.schedules.cyclical import TorchOneCycle
from wellbegun.schedules.decay import Cosine

LINEAR, ROUND, FALLING = "linear cycle 0.1-3", "cosine cycle 0.1-3", "cosine from 3 to 0.1"


def _equal(found: Results) -> tuple[bool, str]:
    one, other = found[LINEAR], found[ROUND]
    return abs(one.accuracy - other.accuracy) <= 0.5, f"{one}, {other}"


def _stuck(found: Results) -> tuple[bool, str]:
    curve = found[FALLING].runs[0].curve
    row = int(curve.iteration.searchsorted(0.03 * curve.iteration[-1]))
    loss = float(curve.val_loss[row])
    return loss > 0.95 * 2.3026, f"test loss {loss:.3f} after {int(curve.iteration[row])} updates"


EXHIBIT = Exhibit(
    id="smith_topin2017-cycle-shapes",
    paper=PAPER,
    label="Section 3, shape and start of a cycle",
    says="A cosine cycle is as good as a linear one; a rate that starts at its maximum is not.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE, as_=LINEAR),
        line(ROUND, 10_000, TorchOneCycle(3.0, 10_000, 0.5, div_factor=30.0, final_div_factor=1.0)),
        line(FALLING, 10_000, Cosine(3.0, 0.1, 10_000)),
    ),
    claims=(
        Claim(
            id="sc-clr-shape",
            says="linear and cosine cycles end equal, within 0.5 points",
            section="3",
            needs=(LINEAR, ROUND),
            check=_equal,
            survives_cut=False,
        ),
        Claim(
            id="dap-cycle-shape-irrelevant",
            says="the same statement in the later report",
            section="4.1 of the 2018 report",
            needs=(LINEAR, ROUND),
            check=_equal,
            survives_cut=False,
        ),
        Claim(
            id="sc-start-small",
            says="a cycle that starts small ends above a cosine that starts at the maximum",
            section="3",
            needs=(LINEAR, FALLING),
            check=above(LINEAR, FALLING),
        ),
        Claim(
            id="dap-rule-start-small",
            says="started at a rate of 3 training has not begun to converge after 300 updates",
            section="4.1 of the 2018 report",
            needs=(FALLING,),
            check=_stuck,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "bounds and length of the headline run; the papers show no such runs"),
    **CUT,
)
