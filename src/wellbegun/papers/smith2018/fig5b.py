"""Figure 5b: weight decays of ResNet-56 under a large learning rate."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, TASK, cycle, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE

DECAYS = {"WD 1e-3": 1e-3, "WD 1e-4": 1e-4, "WD 1e-5": 1e-5, "WD 1e-6": 1e-6}


def _limit(found: Results) -> tuple[bool, str]:
    large, usual, small = (found[name] for name in ("WD 1e-3", "WD 1e-4", "WD 1e-5"))
    return large.accuracy < 60 and usual.accuracy > 80 and small.accuracy > 80, f"{large}, {usual}, {small}"


EXHIBIT = Exhibit(
    id="smith2018-fig5b",
    paper="1803.09820",
    label="Figure 5b",
    says="Under a learning rate of up to 3 a weight decay of 1e-3 is too much.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        borrowed(TABLE1, HEADLINE, "dap-fig5b-r2", as_=name)
        if decay == 1e-4
        else line(name, 10_000, cycle(3.0, 5000), None, f"dap-fig5b-r{number}", weight_decay=decay)
        for number, (name, decay) in enumerate(DECAYS.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig5b-wd-limit",
            says="1e-4 and less allow a learning rate of 3, 1e-3 does not",
            section="4.1",
            needs=("WD 1e-3", "WD 1e-4", "WD 1e-5"),
            check=_limit,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig5b-wd-limit-order",
            says="1e-4 ends above 1e-3",
            section="4.1",
            needs=("WD 1e-3", "WD 1e-4"),
            check=lambda found: (
                found["WD 1e-4"].accuracy > found["WD 1e-3"].accuracy,
                f"{found['WD 1e-4']}, {found['WD 1e-3']}",
            ),
        ),
    ),
    assumptions=(*ASSUMED, "the same runs as Figure 10b of the 2017 paper, as it seems"),
    **CUT,
)
