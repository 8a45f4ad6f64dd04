"""Figure 10: weight decays while the learning rate rises and momentum falls."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr, lowest
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line, ramp
from wellbegun.papers.smith2018.fig9 import DECAYS, ORDER, RUNS
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS = 10_000


def _best(found: Results) -> tuple[bool, str]:
    small, large = found["WD 0.0018"], found["WD 0.0032"]
    told = ", ".join(
        f"{n}: lowest {lowest(found[n]):.3f}, breaks down at {breakdown_lr(found[n]):.4f}" for n in ORDER
    )
    return lowest(small) <= lowest(large) and breakdown_lr(small) >= breakdown_lr(large), told


def _accuracy(found: Results) -> tuple[bool, str]:
    values = {}
    for name in ("WD 0.0018", "WD 0.0032"):
        curves = [run.curve for run in found[name].runs]
        values[name] = float(np.mean([100 * c.val_accuracy[c.lr > 0.005].mean() for c in curves]))
    told = ", ".join(f"{name}: {value:.2f} %" for name, value in values.items())
    return values["WD 0.0018"] > values["WD 0.0032"], told


EXHIBIT = Exhibit(
    id="smith2018-fig10",
    paper=PAPER,
    label="Figures 10a and 10b",
    says="With a rising rate and falling momentum a smaller weight decay, 0.0018, is slightly better.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        line(
            name,
            ITERATIONS,
            ramp(0.001, 0.01, ITERATIONS),
            LinearRamp(0.98, 0.8, ITERATIONS),
            decay,
            f"dap-fig10a-r{RUNS[name]}",
            f"dap-fig10b-r{RUNS[name]}",
        )
        for name, decay in DECAYS.items()
    ),
    claims=(
        Claim(
            id="dap-fig10a-best-wd",
            says="0.0018 is at least as low as 0.0032 and stable as far",
            section="4.4",
            needs=ORDER,
            check=_best,
        ),
        Claim(
            id="dap-fig10b-acc",
            says="above a rate of 0.005 its accuracy is higher",
            section="4.4",
            needs=("WD 0.0018", "WD 0.0032"),
            check=_accuracy,
        ),
    ),
    assumptions=(
        BATCH_ASSUMED,
        "10,000 iterations, which the report does not say",
        "momentum falls to 0.8 as in the text; the caption says 0.9",
    ),
    repeats=1,
    evaluations=100,
)
