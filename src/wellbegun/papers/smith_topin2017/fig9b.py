"""Figure 9b: one cycle with and without dropout."""

from wellbegun.papers.checks import not_below
from wellbegun.papers.exhibit import Claim, Exhibit, borrowed
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK, cycle, line
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE

PLAIN, DROPOUT = "no dropout", "dropout 0.2"

EXHIBIT = Exhibit(
    id="smith_topin2017-fig9b",
    paper=PAPER,
    label="Figure 9b",
    says="Dropout of 0.2 still allows super-convergence and helps a little.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE, "sc-fig9b-r1", as_=PLAIN),
        line(DROPOUT, 10_000, cycle(3.0, 5000), None, "sc-fig9b-r2", factory_args=(("dropout", 0.2),)),
    ),
    claims=(
        Claim(
            id="sc-fig9b-dropout",
            says="with dropout it ends no lower, within 0.5 points",
            section="6.1 and A.2",
            needs=(PLAIN, DROPOUT),
            check=not_below(DROPOUT, PLAIN, within=0.5),
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    **CUT,
)
