"""Figure 13b: momenta of the densenet in a range test."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import mean_accuracy
from wellbegun.papers.smith2018._report import ASSUMED, CUT, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 9_765
MOMENTA = {"momentum 0.97": (0.97, 1e-4), "momentum 0.95": (0.95, 1e-4), "momentum 0.9": (0.9, 1e-5)}
LARGEST = "momentum 0.99"


def _smaller(found: Results) -> tuple[bool, str]:
    values = [mean_accuracy(found[name]) for name in MOMENTA]
    told = ", ".join(f"{name}: {value:.1f} %" for name, value in zip(MOMENTA, values, strict=True))
    lost = sum(run.diverged for run in found[LARGEST].runs)
    return values == sorted(values) and 2 * lost > len(found[LARGEST].runs), (
        f"{told}; {LARGEST}: {lost} of {len(found[LARGEST].runs)} diverged"
    )


EXHIBIT = Exhibit(
    id="smith2018-fig13b",
    paper=PAPER,
    label="Figure 13b",
    says="Densenet: momentum 0.9 is better than 0.95 and 0.97, 0.99 diverges.",
    kind="momentum search",
    task=TASK,
    network="densenet40",
    lines=(
        *(
            line(
                name,
                ITERATIONS,
                LinearRamp(0.1, 4.0, ITERATIONS),
                momentum,
                decay,
                f"dap-fig13b-r{number}",
                batch_size=256,
                fraction=0.999,
            )
            for number, (name, (momentum, decay)) in enumerate(MOMENTA.items(), start=1)
        ),
        line(
            LARGEST,
            ITERATIONS,
            LinearRamp(0.1, 4.0, ITERATIONS),
            0.99,
            1e-4,
            batch_size=256,
            fraction=0.999,
        ),
    ),
    claims=(
        Claim(
            id="dap-fig13b-momentum",
            says="mean accuracy grows from 0.97 to 0.95 to 0.9, and 0.99 diverges",
            section="5.2",
            needs=(*MOMENTA, LARGEST),
            check=_smaller,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "rates up to 4 as in the caption; the author's job list ends at 1"),
    **{**CUT, "cut": 1 / 100},
)
