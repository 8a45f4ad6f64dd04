"""Figure 10b: one cycle at four weight decays."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.smith2018.fig5b import DECAYS
from wellbegun.papers.smith2018.fig5b import EXHIBIT as FIG5B
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK

LARGE, USUAL = "WD 1e-3", "WD 1e-4"


def _best(found: Results) -> tuple[bool, str]:
    winner = max(DECAYS, key=lambda name: found[name].accuracy)
    return winner == USUAL and found[LARGE].accuracy < 60, ", ".join(str(found[name]) for name in DECAYS)


def _lost(found: Results) -> tuple[bool, str]:
    return found[LARGE].accuracy < 60 < 80 < found[USUAL].accuracy, f"{found[LARGE]}, {found[USUAL]}"


EXHIBIT = Exhibit(
    id="smith_topin2017-fig10b",
    paper=PAPER,
    label="Figure 10b",
    says="A weight decay of 1e-3 prevents super-convergence, 1e-4 is best.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=tuple(borrowed(FIG5B, name, f"sc-fig10b-r{n}") for n, name in enumerate(DECAYS, start=1)),
    claims=(
        Claim(
            id="sc-fig10b-wd",
            says="1e-4 ends best; 1e-3 fails",
            section="6.2 and A.2",
            needs=tuple(DECAYS),
            check=_best,
            survives_cut=False,
        ),
        Claim(
            id="sc-scope",
            says="ten times the weight decay is enough to lose super-convergence",
            section="6.2",
            needs=(LARGE, USUAL),
            check=_lost,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "the same runs as Figure 5b of the 2018 report"),
    **CUT,
)
