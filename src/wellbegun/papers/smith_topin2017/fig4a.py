"""Figure 4a: ResNet-56's training loss rises and its test loss falls while the learning rate grows."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import roughness
from wellbegun.papers.smith_topin2017._gap import gap_claims
from wellbegun.papers.smith_topin2017._resnet import (
    ASSUMED,
    CUT,
    NETWORK,
    PAPER,
    TASK,
    by_batch,
    line,
    ramp,
)

LOGGED, OLDER, DECAYED = "range to 2", "range to 2, older file", "range to 2, biases decayed"
README, GLOBAL = "range to 1.5 in 20,000", "range to 2, running averages"
ID = "smith_topin2017-fig4a"
RAMP, BATCH = ramp(2.0, 80_000), by_batch(125)


def _rougher(found: Results) -> tuple[bool, str]:
    rough = roughness(found[GLOBAL], low=0.3), roughness(found[LOGGED], low=0.3)
    return rough[0] > 2 * rough[1], f"{rough[0]:.2f} points against {rough[1]:.2f}"


EXHIBIT = Exhibit(
    id=ID,
    paper=PAPER,
    label="Figure 4a",
    says="While the rate grows training loss rises and test loss falls: large rates regularize.",
    kind="range test",
    task=TASK,
    network=NETWORK,
    lines=(
        line(LOGGED, 80_000, RAMP, None, "sc-fig4a-r1", factory_args=BATCH),
        line(
            OLDER,
            80_000,
            RAMP,
            None,
            "sc-fig4a-r2",
            factory_args=BATCH,
            kept=(ID, LOGGED),
        ),
        line(DECAYED, 80_000, RAMP, None, "sc-fig4a-r3", factory_args=(("bias_decay", 1.0), *BATCH)),
        line(README, 20_000, ramp(1.5, 20_000)),
        line(GLOBAL, 80_000, RAMP),
    ),
    claims=(
        *gap_claims("", LOGGED),
        *gap_claims("-readme", README),
        Claim(
            id="sc-global-stats",
            says="by running averages the test is rougher than by the statistics of the batch",
            section="6.1",
            needs=(LOGGED, GLOBAL),
            check=_rougher,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "rates from 0 to 2 in 80,000 updates as in the logs, which test by the statistics of the batch; the "
        "author's README says 1.5 in 20,000, the text 0.2 to 2, the caption 0.3 to 1.5",
        "the older network file trains the same network: it differs in what it leaves to defaults",
    ),
    **{**CUT, "cut": 1 / 50},
)
