"""Figure 6b: one cycle against a stepped rate for ResNet-20 and ResNet-110."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, LONG, PAPER, STEPS, TASK, cycle, line

PUBLISHED = {20: (88.6, 90.4, 1000), 110: (91.0, 92.1, 800)}


def _names(depth: int) -> tuple[str, str]:
    return f"resnet-{depth}, LR 0.35", f"resnet-{depth}, CLR 0.1-3"


def _gains(found: Results) -> tuple[bool, str]:
    gains = {n: found[_names(n)[1]].accuracy - found[_names(n)[0]].accuracy for n in PUBLISHED}
    return gains[20] > gains[110] > 0, ", ".join(f"resnet-{n}: {gain:+.2f}" for n, gain in gains.items())


EXHIBIT = Exhibit(
    id="smith_topin2017-fig6b",
    paper=PAPER,
    label="Figure 6b",
    says="One cycle gains more over a stepped rate in the shallower network.",
    kind="training",
    task=TASK,
    network="resnet20",
    lines=tuple(
        made
        for number, (depth, (usual, cycled, batch)) in enumerate(PUBLISHED.items())
        for made in (
            line(
                _names(depth)[0],
                80_000,
                STEPS,
                usual,
                f"sc-fig6b-r{2 * number + 1}",
                fraction=LONG,
                batch_size=batch,
                network=f"resnet{depth}",
            ),
            line(
                _names(depth)[1],
                20_000,
                cycle(3.0, 10_000),
                cycled,
                f"sc-fig6b-r{2 * number + 2}",
                batch_size=batch,
                network=f"resnet{depth}",
            ),
            line(
                f"{_names(depth)[1]}, logged",
                10_000,
                cycle(3.0, 5_000),
                batch_size=batch,
                network=f"resnet{depth}",
            ),
        )
    ),
    claims=(
        Claim(
            id="sc-fig6b-depth",
            says="the gain of ResNet-20 is larger than that of ResNet-110, and both are there",
            section="6.1",
            needs=tuple(name for depth in PUBLISHED for name in _names(depth)),
            check=_gains,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "a stepsize of 10,000 as in the text; the logs have 5,000, shown as a line too"),
    **{**CUT, "cut": 1 / 50},
)
