"""Figure 8a: adaptive methods with the stepped rate."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.measures import accuracy_at, best_test
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, LONG, NETWORK, PAPER, STEPS, TASK, line
from wellbegun.papers.smith_topin2017.fig8b import EXHIBIT as FIG8B
from wellbegun.papers.smith_topin2017.fig8b import USUAL
from wellbegun.papers.smith_topin2017.table1_resnet56 import EXHIBIT as TABLE1
from wellbegun.papers.smith_topin2017.table1_resnet56 import HEADLINE
from wellbegun.schedules.decay import MultiStep

METHODS = ("Nesterov", "AdaDelta", "AdaGrad", "Adam")


def _slow(found: Results) -> tuple[bool, str]:
    cycled, told, holds = found[HEADLINE].accuracy, [], True
    for name in METHODS:
        early, best = accuracy_at(found[name], 10_000), best_test(found[name])
        holds &= early < cycled - 5 and best < 92
        told.append(f"{name} {early:.1f} at 10,000, best {best:.1f}")
    return holds, f"cycle {cycled:.2f}; " + ", ".join(told)


EXHIBIT = Exhibit(
    id="smith_topin2017-fig8a",
    paper=PAPER,
    label="Figure 8a",
    says="No adaptive method makes the stepped rate as fast as one cycle.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        borrowed(TABLE1, HEADLINE),
        borrowed(FIG8B, USUAL, "sc-fig8a-r1", as_="Nesterov"),
        line(
            "AdaDelta",
            80_000,
            STEPS,
            None,
            "sc-fig8a-r2",
            fraction=LONG,
            momentum=0.0,
            optimizer="caffe_adadelta",
        ),
        line(
            "AdaGrad",
            80_000,
            STEPS,
            None,
            "sc-fig8a-r3",
            fraction=LONG,
            momentum=0.0,
            optimizer="caffe_adagrad",
        ),
        line(
            "Adam",
            80_000,
            MultiStep(0.0035, 0.1, (50_000, 70_000)),
            None,
            "sc-fig8a-r4",
            fraction=LONG,
            optimizer="caffe_adam",
        ),
    ),
    claims=(
        Claim(
            id="sc-fig8a-adaptive-no",
            says="after 10,000 updates each is 5 points below the cycle, and none passes 92 later",
            section="6.1 and A.2",
            needs=(HEADLINE, *METHODS),
            check=_slow,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "AdaDelta and AdaGrad without momentum, as the author removed the line from the solver files: for "
        "AdaDelta it is the decay rate, so that it averages over nothing",
    ),
    **CUT,
)
