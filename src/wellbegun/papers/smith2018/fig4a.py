"""Figure 4a: range tests of three weight decays; overfitting and instability look different."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr, lowest, lr_at_lowest, shows, width
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line, ramp

ITERATIONS = 20_000
SMALL, MIDDLE, LARGE = "WD 1e-4", "WD 4e-3", "WD 1e-2"
RAMP = ramp(0.0, 0.01, ITERATIONS)


def _small(found: Results) -> tuple[bool, str]:
    at, over = lr_at_lowest(found[SMALL]), shows(found[SMALL], "overfitting")
    return 0.002 / 1.7 <= at <= 0.002 * 1.7 and over, f"lowest at {at:.4f}, overfitting after it: {over}"


def _middle(found: Results) -> tuple[bool, str]:
    middle, small = found[MIDDLE], found[SMALL]
    low, wide, edge = (
        (lowest(middle), lowest(small)),
        (width(middle, 1.05), width(small, 1.05)),
        breakdown_lr(middle),
    )
    holds = low[0] < low[1] and wide[0] > wide[1] and edge >= 0.008 / 1.5
    return holds, (
        f"lowest loss {low[0]:.3f} against {low[1]:.3f}, width {wide[0]:.4f} against {wide[1]:.4f}, "
        f"breaks down at {edge:.4f}"
    )


def _large(found: Results) -> tuple[bool, str]:
    edge, unstable = breakdown_lr(found[LARGE]), shows(found[LARGE], "instability")
    return (
        unstable and 0.005 / 1.5 <= edge <= 0.005 * 1.5,
        f"instability {unstable}, breaks down at {edge:.4f}",
    )


EXHIBIT = Exhibit(
    id="smith2018-fig4a",
    paper=PAPER,
    label="Figure 4a",
    says="In a range test too small a weight decay overfits early, too large a one becomes unstable early.",
    kind="range test",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        line(name, ITERATIONS, RAMP, 0.9, decay, f"dap-fig4a-r{number}")
        for number, (name, decay) in enumerate(((SMALL, 1e-4), (MIDDLE, 4e-3), (LARGE, 1e-2)), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig4a-wd1e-4",
            says="1e-4: lowest near a rate of 0.002, overfitting after it",
            section="3.3",
            needs=(SMALL,),
            check=_small,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig4a-wd4e-3",
            says="4e-3: a lower minimum over a wider range, unstable above 0.008",
            section="3.3",
            needs=(SMALL, MIDDLE),
            check=_middle,
            cause="not settled, as the batch size is left open: the range is wider, as published, but the "
            "minimum is no lower. At its minimum 1e-4 has seen 17 epochs of batch 128 and loses little by "
            "overfitting; Figure 7d's batch of 536 would be four times as many",
        ),
        Claim(
            id="dap-fig4a-wd1e-2",
            says="1e-2: a sharp rise near 0.005 that is instability",
            section="3.3",
            needs=(LARGE,),
            check=_large,
            cause="not settled, as the batch size is left open: both losses turn at 0.0052, as published, "
            "but they rise gradually, by a third up to 0.009, and nothing diverges",
        ),
    ),
    assumptions=(BATCH_ASSUMED,),
    repeats=1,
    evaluations=100,
)
