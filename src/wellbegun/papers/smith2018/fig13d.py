"""Figure 13d: batch sizes of the densenet in a range test."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.measures import mean_accuracy, roughness
from wellbegun.papers.smith2018._report import ASSUMED, CUT, PAPER, TASK, line
from wellbegun.papers.smith2018.fig13c import EXHIBIT as FIG13C
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 7_324
SMALL, LARGE = "TBS 256", "TBS 512"


def _larger(found: Results) -> tuple[bool, str]:
    accuracy = [mean_accuracy(found[name]) for name in (SMALL, LARGE)]
    rough = [roughness(found[name]) for name in (SMALL, LARGE)]
    told = f"mean {accuracy[0]:.1f} and {accuracy[1]:.1f} %, roughness {rough[0]:.2f} and {rough[1]:.2f}"
    return accuracy[1] > accuracy[0] and rough[1] < rough[0], told


EXHIBIT = Exhibit(
    id="smith2018-fig13d",
    paper=PAPER,
    label="Figure 13d",
    says="Densenet: a batch of 512 is better and less noisy than one of 256.",
    kind="batch size comparison",
    task=TASK,
    network="densenet40",
    lines=(
        borrowed(FIG13C, "WD 1e-6", "dap-fig13d-r1", as_=SMALL),
        line(
            LARGE,
            ITERATIONS,
            LinearRamp(0.1, 4.0, ITERATIONS),
            LinearRamp(0.9, 0.85, ITERATIONS),
            1e-6,
            "dap-fig13d-r2",
            fraction=0.999,
        ),
    ),
    claims=(
        Claim(
            id="dap-fig13d-tbs",
            says="512 has the higher mean accuracy and the smoother curve",
            section="5.2",
            needs=(SMALL, LARGE),
            check=_larger,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "50 epochs of 256 and 75 of 512 are 9,765 and 7,324 updates"),
    **{**CUT, "cut": 1 / 100},
)
