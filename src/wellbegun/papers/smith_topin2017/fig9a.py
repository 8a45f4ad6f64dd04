"""Figure 9a, Table 5: total batch sizes at a fixed number of updates."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK, cycle, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE

PUBLISHED = {1536: (92.1, 1), 512: (91.7, 3), 256: (89.5, 4)}


def _larger(found: Results) -> tuple[bool, str]:
    by_size = {n: found[f"TBS {n}"].accuracy for n in (256, 512, 1000, 1536)}
    close = abs(by_size[1536] - by_size[1000]) <= 0.5
    told = ", ".join(f"{n}: {value:.2f}" for n, value in by_size.items())
    return by_size[256] < by_size[512] < by_size[1000] and close, told


EXHIBIT = Exhibit(
    id="smith_topin2017-fig9a",
    paper=PAPER,
    label="Figure 9a, Table 5",
    says="With as many updates a larger batch ends better.",
    kind="batch size comparison",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE, "sc-fig9a-r2", "sc-table5-row02-r1", as_="TBS 1000"),
        *(
            line(
                f"TBS {size}",
                10_000,
                cycle(3.0, 5000),
                accuracy,
                f"sc-fig9a-r{row}",
                f"sc-table5-row0{row}-r1",
                batch_size=size,
            )
            for size, (accuracy, row) in PUBLISHED.items()
        ),
    ),
    claims=(
        Claim(
            id="sc-fig9a-batch",
            says="accuracy grows from 256 to 512 to 1,000; 1,536 is equal to 1,000",
            section="A.2",
            needs=("TBS 256", "TBS 512", "TBS 1000", "TBS 1536"),
            check=_larger,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "the text says the larger the better, the table has 1,000 above 1,536"),
    **CUT,
)
