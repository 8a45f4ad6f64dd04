"""Figure 8b: the batch sizes of Figure 6a with cycled momentum."""

from wellbegun.papers.exhibit import Claim, Exhibit, borrowed
from wellbegun.papers.smith2018._equal_time import NAMES, SIZES, by_size
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.papers.smith2018.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith2018.table1_resnet56 import NARROW
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

EXHIBIT = Exhibit(
    id="smith2018-fig8b",
    paper=PAPER,
    label="Figure 8b",
    says="With cycled momentum batch sizes compare as they do without.",
    kind="batch size comparison",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        borrowed(TABLE1, NARROW, "dap-fig8b-r3", as_="TBS 512")
        if size == 512
        else line(
            f"TBS {size}",
            iterations,
            OneCycle(lr_max / 10, lr_max, stepsize, iterations),
            CyclicalMomentum(0.95, 0.85, stepsize),
            1e-4,
            f"dap-fig8b-r{number}",
            batch_size=size,
        )
        for number, (size, (iterations, stepsize, lr_max)) in enumerate(SIZES.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig8b-same-as-6a",
            says="accuracy grows with the batch, little from 512 to 1,024",
            section="4.3",
            needs=NAMES,
            check=by_size,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, CYCLED_ASSUMED),
    **CUT,
)
