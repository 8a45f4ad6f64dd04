"""Figure 7a: range tests at three constant momenta."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr, lowest, lr_at_lowest, shows
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line, ramp

ITERATIONS = 10_000
NAMES = ("momentum 0.7", "momentum 0.9", "momentum 0.99")


def _best(found: Results) -> tuple[bool, str]:
    low, at = [lowest(found[n]) for n in NAMES], [lr_at_lowest(found[n]) for n in NAMES]
    told = ", ".join(f"{n}: {v:.3f} at {r:.4f}" for n, v, r in zip(NAMES, low, at, strict=True))
    return low[1] == min(low) and at[0] >= at[1] >= at[2], told


def _large(found: Results) -> tuple[bool, str]:
    edge = breakdown_lr(found[NAMES[2]])
    over = shows(found[NAMES[2]], "overfitting"), shows(found[NAMES[1]], "overfitting")
    told = f"overfitting at 0.99 {over[0]}, at 0.9 {over[1]}; 0.99 breaks down at {edge:.4f}"
    return over[0] and not over[1] and 0.01 / 1.5 <= edge <= 0.015, told


EXHIBIT = Exhibit(
    id="smith2018-fig7a",
    paper=PAPER,
    label="Figure 7a",
    says="The best learning rate depends on momentum, and 0.9 reaches the lowest loss of 0.7, 0.9 and 0.99.",
    kind="momentum search",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        line(
            name,
            ITERATIONS,
            ramp(0.002, 0.02, ITERATIONS),
            float(name.split()[1]),
            4e-3,
            f"dap-fig7a-r{number}",
        )
        for number, name in enumerate(NAMES, start=1)
    ),
    claims=(
        Claim(
            id="dap-fig7a-best-momentum",
            says="0.9 is lowest; a larger momentum wants a smaller rate",
            section="4.3",
            needs=NAMES,
            check=_best,
        ),
        Claim(
            id="dap-fig7a-099",
            says="0.99 overfits and diverges near 0.01, 0.9 does not overfit",
            section="3.3",
            needs=NAMES[1:],
            check=_large,
            cause="the paper's reading. The test loss at 0.99 turns up early (at 0.004; published 0.006) and "
            "leaps near 0.012 (published 0.01); but the training loss, which the figure does not show, rises "
            "with it, so this is a rate too large for the momentum, and no overfitting",
        ),
    ),
    assumptions=(BATCH_ASSUMED, "the momenta of the author's job list"),
    repeats=1,
    evaluations=100,
)
