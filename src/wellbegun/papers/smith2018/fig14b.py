"""Figure 14b: range tests of LeNet at four weight decays."""

from wellbegun.papers.exhibit import Claim, Exhibit, Line, Results
from wellbegun.papers.measures import losses, lowest
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 2_000
DECAYS = {"WD 1e-4": 1e-4, "WD 5e-4": 5e-4, "WD 1e-3": 1e-3, "WD 3e-3": 3e-3}


def _best(found: Results) -> tuple[bool, str]:
    low = {name: lowest(found[name]) for name in DECAYS}
    spread = max(
        float(losses(found[name]).std(ddof=1)) if len(found[name].runs) > 1 else 0.0 for name in DECAYS
    )
    good, bad = max(low["WD 5e-4"], low["WD 1e-3"]), min(low["WD 1e-4"], low["WD 3e-3"])
    equal = abs(low["WD 5e-4"] - low["WD 1e-3"]) <= max(spread, 0.02 * good)
    return equal and good < bad, ", ".join(f"{n}: {v:.4f}" for n, v in low.items()) + f"; spread {spread:.4f}"


EXHIBIT = Exhibit(
    id="smith2018-fig14b",
    paper="1803.09820",
    label="Figure 14b",
    says="On MNIST weight decays of 5e-4 and 1e-3 are about equal and best.",
    kind="weight decay search",
    task="mnist",
    network="lenet",
    lines=tuple(
        Line(
            name=name,
            iterations=ITERATIONS,
            batch_size=512,
            lr=LinearRamp(0.001, 0.04, ITERATIONS),
            momentum=LinearRamp(0.95, 0.8, ITERATIONS),
            weight_decay=decay,
            sources=(f"dap-fig14b-r{number}",),
        )
        for number, (name, decay) in enumerate(DECAYS.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig14b-wd",
            says="5e-4 and 1e-3 about equal and lower than 1e-4 and 3e-3",
            section="5.3",
            needs=tuple(DECAYS),
            check=_best,
        ),
    ),
    assumptions=("batch 512 and 2,000 iterations, which the report does not say",),
    repeats=4,
    evaluations=80,
)
