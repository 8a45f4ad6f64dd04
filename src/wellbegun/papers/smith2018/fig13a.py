"""Figure 13a: weight decays of the wide network in a range test."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import losses, lowest
from wellbegun.papers.smith2018._report import ASSUMED, CUT, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 9_765
DECAYS = {"WD 1e-3": 1e-3, "WD 1e-4": 1e-4, "WD 1e-5": 1e-5}
LARGE, GOOD, SMALL = DECAYS


def _best(found: Results) -> tuple[bool, str]:
    low = {name: lowest(found[name]) for name in DECAYS}
    runs = [losses(found[name]) for name in (GOOD, SMALL)]
    spread = max(float(one.std(ddof=1)) if len(one) > 1 else 0.0 for one in runs)
    told = ", ".join(f"{name}: {value:.4f}" for name, value in low.items())
    return low[LARGE] == max(low.values()) and low[GOOD] <= low[SMALL] + spread, told


EXHIBIT = Exhibit(
    id="smith2018-fig13a",
    paper=PAPER,
    label="Figure 13a",
    says="Wide network: a weight decay of 1e-3 is poor, 1e-4 slightly better than 1e-5.",
    kind="weight decay search",
    task=TASK,
    network="wide_resnet32",
    lines=tuple(
        line(
            name,
            ITERATIONS,
            LinearRamp(0.1, 1.0, ITERATIONS),
            LinearRamp(0.95, 0.85, ITERATIONS),
            decay,
            f"dap-fig13a-r{number}",
        )
        for number, (name, decay) in enumerate(DECAYS.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig13a-wd",
            says="1e-3 has the highest loss, 1e-4 no higher than 1e-5",
            section="5.1",
            needs=tuple(DECAYS),
            check=_best,
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    **{**CUT, "cut": 1 / 100},
)
