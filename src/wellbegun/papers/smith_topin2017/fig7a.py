"""Figure 7a: a range test on CIFAR-100."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, line, ramp

NAME = "range to 3"


def _flat(found: Results) -> tuple[bool, str]:
    curve = found[NAME].runs[0].curve
    high = float(np.median(curve.val_accuracy[curve.lr >= 2]))
    middle = float(np.median(curve.val_accuracy[(curve.lr >= 0.5) & (curve.lr <= 1.5)]))
    return high > 0.85 * middle, f"median accuracy {high:.3f} from 2 to 3, {middle:.3f} from 0.5 to 1.5"


EXHIBIT = Exhibit(
    id="smith_topin2017-fig7a",
    paper=PAPER,
    label="Figure 7a",
    says="On CIFAR-100 too accuracy stays high up to a learning rate of 3.",
    kind="range test",
    task="cifar100",
    network=NETWORK,
    lines=(line(NAME, 20_000, ramp(3.0, 20_000), None, "sc-fig7a-r1"),),
    claims=(
        Claim(
            id="sc-fig7a-flat",
            says="from 2 to 3 the median accuracy is above 85 % of that from 0.5 to 1.5",
            section="A.2",
            needs=(NAME,),
            check=_flat,
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    **{**CUT, "cut": 1 / 25},
)
