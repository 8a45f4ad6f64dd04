"""Figure 2b: range tests of ResNet-56 up to a learning rate of 3, over three lengths."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, NETWORK, PAPER, TASK, line, ramp

TOP = 3.0
FAST, NAME, SLOW = "range to 3 in 5,000", "range to 3", "range to 3 in 100,000"
NAMES = (FAST, NAME, SLOW)


def _flat(found: Results) -> tuple[bool, str]:
    holds, told = True, []
    for name in NAMES:
        curve = found[name].runs[0].curve
        accuracy = curve.val_accuracy[(curve.lr >= 0.5) & (curve.lr <= TOP)]
        third = len(accuracy) // 3
        last = np.median(accuracy[-third:]) / np.median(accuracy[third:-third])
        holds &= bool(np.median(accuracy) > 0.70 and last > 0.88)
        told.append(f"{name}: median {np.median(accuracy):.3f}, last over middle third {last:.3f}")
    return holds, ", ".join(told)


def _stable(found: Results) -> tuple[bool, str]:
    edge = breakdown_lr(found[NAME])
    return edge >= 1.0, f"breaks down at {edge:.2f}"


def _slower(found: Results) -> tuple[bool, str]:
    edges = [breakdown_lr(found[name]) for name in NAMES]
    told = ", ".join(f"{name}: {edge:.2f}" for name, edge in zip(NAMES, edges, strict=True))
    return edges == sorted(edges), f"breaks down at: {told}"


EXHIBIT = Exhibit(
    id="smith_topin2017-range-resnet56",
    paper=PAPER,
    label="Figure 2b",
    says="Accuracy stays high up to very large learning rates: a sign of possible super-convergence.",
    kind="range test",
    task=TASK,
    network=NETWORK,
    lines=(
        line(FAST, 5_000, ramp(TOP, 5_000), None, "sc-fig2b-r1"),
        line(NAME, 20_000, ramp(TOP, 20_000), None, "sc-fig2b-r2"),
        line(SLOW, 100_000, ramp(TOP, 100_000), None, "sc-fig2b-r3"),
    ),
    claims=(
        Claim(
            id="sc-fig2b-flat",
            says="accuracy is high and level from a learning rate of 0.5 to 3, for all lengths",
            section="3",
            needs=NAMES,
            check=_flat,
            survives_cut=False,
        ),
        Claim(
            id="sc-fig2b-flat-stable",
            says="20,000 updates: no breakdown below a learning rate of 1",
            section="3",
            needs=(NAME,),
            check=_stable,
        ),
        Claim(
            id="dap-rule-lr-speed",
            says="a slower ramp does not break down at a smaller rate than a faster one",
            section="4.1 of the 2018 report",
            needs=NAMES,
            check=_slower,
        ),
    ),
    assumptions=ASSUMED,
    **{**CUT, "cut": 1 / 25},
)
