"""Sections 4 and 6.1: depths of 20 + 18n layers behave alike."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, borrowed
from wellbegun.papers.measures import breakdown_lr
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, PAPER, TASK, line, ramp
from wellbegun.papers.smith_topin2017.fig4a import EXHIBIT as FIG4A
from wellbegun.papers.smith_topin2017.fig4a import README

DEPTHS = (20, 38, 74, 92, 110)
RAMP = ramp(1.5, 20_000)
NAMES = tuple(f"resnet-{depth}" for depth in (56, *DEPTHS))


def _alike(found: Results) -> tuple[bool, str]:
    edges = {name: breakdown_lr(found[name]) for name in NAMES}
    return min(edges.values()) >= 1.0, ", ".join(f"{name}: {edge:.2f}" for name, edge in edges.items())


EXHIBIT = Exhibit(
    id="smith_topin2017-depths",
    paper=PAPER,
    label="Section 4, depths",
    says="Networks of 20 to 110 layers stay stable up to large learning rates alike.",
    kind="range test",
    task=TASK,
    network="resnet56",
    lines=(
        borrowed(FIG4A, README, as_="resnet-56"),
        *(
            line(
                f"resnet-{depth}",
                20_000,
                RAMP,
                network=f"resnet{depth}",
                batch_size=800 if depth == 110 else 1000,
            )
            for depth in DEPTHS
        ),
    ),
    claims=(
        Claim(
            id="sc-depths",
            says="no depth breaks down below a learning rate of 1",
            section="4",
            needs=NAMES,
            check=_alike,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "depths 20 + 18n; the paper's 20 + 9n names depths that such a network cannot have",
        "a range to 1.5 in 20,000 updates, as in the author's README",
    ),
    **{**CUT, "cut": 1 / 50},
)
