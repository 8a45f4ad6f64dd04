"""Figure 7b: a range test over momentum itself."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import loss_at, trend
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 10_000
NAME = "momentum 0.7 to 1"


def _no_optimum(found: Results) -> tuple[bool, str]:
    quarters = [loss_at(found[NAME], share) for share in (0.25, 0.5, 0.75, 0.98)]
    order = trend(found[NAME], "val_accuracy")  # the momentum asked for rises with the iterations
    losses = ", ".join(f"{loss:.3f}" for loss in quarters)
    told = f"loss at the quarters {losses}; Spearman of accuracy with iterations {order:.2f}"
    return quarters[-1] < min(quarters[:-1]) and order > 0.9, told


EXHIBIT = Exhibit(
    id="smith2018-fig7b",
    paper=PAPER,
    label="Figure 7b",
    says="When momentum rises from 0.7 to 1 at a constant rate the loss keeps falling: no optimum shows.",
    kind="momentum search",
    task=TASK,
    network=NETWORK,
    lines=(line(NAME, ITERATIONS, Constant(0.01), LinearRamp(0.7, 1.0, ITERATIONS), 4e-3, "dap-fig7b-r1"),),
    claims=(
        Claim(
            id="dap-momentum-range-test-useless",
            says="the loss falls and the accuracy rises to the end",
            section="4.3",
            needs=(NAME,),
            check=_no_optimum,
            cause="the author's files. Cycled, momentum past 0.9 raises the loss again. Under Nesterov, "
            "whose solver the printed patch leaves out, it stays at 0.7, and the loss falls to the end, as "
            "published (variant: not applied, one run): so most likely nothing was cycled",
        ),
    ),
    assumptions=(BATCH_ASSUMED, "a constant learning rate of 0.01, as in the author's job list"),
    repeats=1,
    evaluations=100,
)
