"""Figure 13c: weight decays of the densenet in a range test."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import mean_accuracy, shows
from wellbegun.papers.smith2018._report import ASSUMED, CUT, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 9_765
DECAYS = {"WD 1e-4": (1e-4, 0.95), "WD 1e-6": (1e-6, 0.9), "WD 1e-7": (1e-7, 0.9)}
LARGE, GOOD, SMALL = DECAYS


def _smaller(found: Results) -> tuple[bool, str]:
    values = {name: mean_accuracy(found[name]) for name in DECAYS}
    unstable = shows(found[GOOD], "instability")
    told = ", ".join(f"{name}: {value:.1f} %" for name, value in values.items())
    return values[LARGE] < values[GOOD] and not unstable, f"{told}; instability at 1e-6: {unstable}"


EXHIBIT = Exhibit(
    id="smith2018-fig13c",
    paper=PAPER,
    label="Figure 13c",
    says="Densenet: stable up to a learning rate of 4; a weight decay of 1e-4 is too much, 1e-6 about right.",
    kind="weight decay search",
    task=TASK,
    network="densenet40",
    lines=tuple(
        line(
            name,
            ITERATIONS,
            LinearRamp(0.1, 4.0, ITERATIONS),
            LinearRamp(start, 0.85, ITERATIONS),
            decay,
            f"dap-fig13c-r{number}",
            batch_size=256,
            fraction=0.999,
        )
        for number, (name, (decay, start)) in enumerate(DECAYS.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig13c-wd",
            says="over the range 1e-4 is less accurate than 1e-6, which stays stable",
            section="5.2",
            needs=tuple(DECAYS),
            check=_smaller,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "momentum from 0.95 for 1e-4 and from 0.9 for the others: the text has both"),
    **{**CUT, "cut": 1 / 100},
)
