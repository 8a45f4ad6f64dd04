"""Figure 15a: weight decays on CIFAR-100."""

from wellbegun.papers.checks import lowest_loss
from wellbegun.papers.exhibit import Claim, Exhibit
from wellbegun.papers.smith2018._report import ASSUMED, CUT, NETWORK, PAPER, line
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 4_882
DECAYS = {"WD 3e-4": 3e-4, "WD 1e-4": 1e-4, "WD 1e-5": 1e-5}

EXHIBIT = Exhibit(
    id="smith2018-fig15a",
    paper=PAPER,
    label="Figure 15a",
    says="On CIFAR-100 a weight decay of 1e-4 has the lowest loss.",
    kind="weight decay search",
    task="cifar100",
    network=NETWORK,
    lines=tuple(
        line(
            name,
            ITERATIONS,
            LinearRamp(0.1, 1.0, ITERATIONS),
            LinearRamp(0.95, 0.85, ITERATIONS),
            decay,
            f"dap-fig15a-r{number}",
        )
        for number, (name, decay) in enumerate(DECAYS.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig15a-wd",
            says="1e-4 comes lower than 3e-4 and 1e-5",
            section="5.4",
            needs=tuple(DECAYS),
            check=lowest_loss(tuple(DECAYS), ("WD 1e-4",)),
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    **{**CUT, "cut": 1 / 30},
)
