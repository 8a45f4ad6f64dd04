"""Figure 3b: two networks on ImageNet still underfit after 100,000 updates."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import final_loss, late_slope
from wellbegun.papers.smith2018._imagenet import ASSUMED, CUT, PAPER, TASK, USUAL, line

ITERATIONS = 100_000
RESNET, INCEPTION = "resnet-50", "inception-resnet-v2"


def _flatter(found: Results) -> tuple[bool, str]:
    loss = [final_loss(found[name]) for name in (INCEPTION, RESNET)]
    slope = [late_slope(found[name]) for name in (INCEPTION, RESNET)]
    told = f"final loss {loss[0]:.3f} and {loss[1]:.3f}, late slope {slope[0]:.4f} and {slope[1]:.4f}"
    return loss[0] < loss[1] and slope[1] < slope[0] < 0, told


EXHIBIT = Exhibit(
    id="smith2018-fig3b",
    paper=PAPER,
    label="Figure 3b",
    says="After 100,000 updates the test losses of both networks still fall, Inception's less.",
    kind="training",
    task=TASK,
    network="resnet50",
    lines=(
        line(RESNET, ITERATIONS, USUAL, 0.9, 1e-4, "dap-fig3b-r1"),
        line(INCEPTION, ITERATIONS, USUAL, 0.9, 1e-4, "dap-fig3b-r2", inception=True),
    ),
    claims=(
        Claim(
            id="dap-fig3b-inception-flatter",
            says="both slopes are negative; Inception is lower and flatter",
            section="3.2",
            needs=(RESNET, INCEPTION),
            check=_flatter,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "settings of the usual policy of Figure 16, which the report does not give here",
        "100,000 updates of 128 and 112 images are 9 to 10 epochs; the text speaks of about 3",
    ),
    **CUT,
)
