"""Figure 10a, Table 6: one cycle at four momenta."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK, cycle, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE

PUBLISHED = {0.8: (92.1, 1), 0.85: (91.9, 2), 0.95: (90.7, 4)}
NAMES = ("momentum 0.8", "momentum 0.85", "momentum 0.9", "momentum 0.95")


def _best(found: Results) -> tuple[bool, str]:
    values = {name: found[name].accuracy for name in NAMES}
    best, worst = max(values, key=lambda n: values[n]), min(values, key=lambda n: values[n])
    told = ", ".join(str(found[name]) for name in NAMES)
    return values["momentum 0.9"] >= values[best] - 0.5 and worst == NAMES[-1], told


EXHIBIT = Exhibit(
    id="smith_topin2017-fig10a",
    paper=PAPER,
    label="Figure 10a, Table 6",
    says="Momenta of 0.8 to 0.9 are better than 0.95.",
    kind="momentum search",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE, "sc-fig10a-r3", "sc-table6-row03-r1", as_="momentum 0.9"),
        *(
            line(
                f"momentum {value:g}",
                10_000,
                cycle(3.0, 5000),
                accuracy,
                f"sc-fig10a-r{row}",
                f"sc-table6-row0{row}-r1",
                momentum=value,
            )
            for value, (accuracy, row) in PUBLISHED.items()
        ),
    ),
    claims=(
        Claim(
            id="sc-fig10a-momentum",
            says="0.9 is best, within 0.5 points, and 0.95 is worst",
            section="6.1 and A.2",
            needs=NAMES,
            check=_best,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "four momenta as in text and table; the caption says three"),
    **CUT,
)
