"""Remarks 3 and 6 on the 3-layer network: Figures 9 and 10 side by side."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.measures import lowest
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK
from wellbegun.papers.smith2018.fig9 import DECAYS
from wellbegun.papers.smith2018.fig9 import EXHIBIT as FIG9
from wellbegun.papers.smith2018.fig10 import EXHIBIT as FIG10

HELD = {f"constant, {name}": decay for name, decay in DECAYS.items()}
RAMPED = {f"range, {name}": decay for name, decay in DECAYS.items()}


def _not_larger(found: Results) -> tuple[bool, str]:
    held = min(HELD, key=lambda name: lowest(found[name]))
    ramped = min(RAMPED, key=lambda name: lowest(found[name]))
    return RAMPED[ramped] <= HELD[held], f"best: {held}, {ramped}"


EXHIBIT = Exhibit(
    id="smith2018-remarks-cifar3",
    paper=PAPER,
    label="Remarks 3 and 6, Figures 9 and 10",
    says="The best weight decay is no larger while the rate rises than at a constant one.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=(
        *(borrowed(FIG9, name, as_=f"constant, {name}") for name in DECAYS),
        *(borrowed(FIG10, name, as_=f"range, {name}") for name in DECAYS),
    ),
    claims=tuple(
        Claim(
            id=claim,
            says="the best decay with a rising rate is no larger than with a constant one",
            section=section,
            needs=(*HELD, *RAMPED),
            check=_not_larger,
        )
        for claim, section in (
            ("dap-remark3", "4.1"),
            ("dap-remark6", "4.4"),
            ("dap-wd-smaller-with-clr", "4.4"),
        )
    ),
    assumptions=(BATCH_ASSUMED,),
    repeats=1,
    evaluations=100,
)
