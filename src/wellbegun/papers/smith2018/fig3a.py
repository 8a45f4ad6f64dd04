"""Figure 3a: too small a constant learning rate underfits."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import late_slope, loss_at, overall
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules.constant import Constant

ITERATIONS = 20_000
SMALL, GOOD = "LR 0.001", "LR 0.004"
LEFT_OPEN = (
    "not settled, as length and batch size are left open. 0.004 drops faster and ends better, as published; "
    "but after 20,000 updates of 128 (51 epochs) neither loss is level, and both still fall equally fast. "
    "Runs of the author's job list are up to three times as long"
)


def _underfits(found: Results) -> tuple[bool, str]:
    small, good = overall(found[SMALL], "underfitting"), overall(found[GOOD], "underfitting")
    return small and not good, f"underfitting: {SMALL} {small}, {GOOD} {good}"


def _better(found: Results) -> tuple[bool, str]:
    small, good = found[SMALL], found[GOOD]
    slopes = late_slope(small), late_slope(good)
    early = loss_at(small, 0.1), loss_at(good, 0.1)
    holds = good.accuracy > small.accuracy and slopes[0] < 0 and abs(slopes[1]) < abs(slopes[0])
    return holds and early[1] < early[0], (
        f"{small}, {good}; late slope per tenth {slopes[0]:.3f}, {slopes[1]:.3f}; loss at a tenth of the run "
        f"{early[0]:.3f}, {early[1]:.3f}"
    )


def _level(found: Results) -> tuple[bool, str]:
    change = abs(loss_at(found[GOOD], 1.0) / loss_at(found[GOOD], 0.5) - 1)
    best = found[GOOD].accuracy > found[SMALL].accuracy
    return change < 0.03 and best, f"test loss changes {100 * change:.1f} % over the last half; {found[GOOD]}"


def _less_underfit(found: Results) -> tuple[bool, str]:
    slopes = late_slope(found[SMALL]), late_slope(found[GOOD])
    return slopes[0] <= slopes[1], f"per tenth of the run: {slopes[0]:+.4f}, {slopes[1]:+.4f}"


EXHIBIT = Exhibit(
    id="smith2018-fig3a",
    paper=PAPER,
    label="Figure 3a",
    says="A rate of 0.001 underfits, its test loss still falls at the end; with 0.004 it drops and is flat.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=(
        line(SMALL, ITERATIONS, Constant(0.001), 0.9, 4e-3, "dap-fig3a-r1"),
        line(GOOD, ITERATIONS, Constant(0.004), 0.9, 4e-3, "dap-fig3a-r2"),
    ),
    claims=(
        Claim(
            id="dap-clue-underfit",
            says="0.001 gets the verdict underfitting and 0.004 does not",
            section="3.2",
            needs=(SMALL, GOOD),
            check=_underfits,
            cause=LEFT_OPEN,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig3a-better-lr",
            says="0.004 drops faster, goes flat and ends better",
            section="3.2",
            needs=(SMALL, GOOD),
            check=_better,
            cause=LEFT_OPEN,
        ),
        Claim(
            id="dap-clue-plateau",
            says="with 0.004 test loss is level over the last half, and it ends best",
            section="3.1",
            needs=(SMALL, GOOD),
            check=_level,
            cause=LEFT_OPEN,
            survives_cut=False,
        ),
        Claim(
            id="dap-raise-lr-reduces-underfit",
            says="the late slope of the test loss does not fall when the rate is raised",
            section="3.2",
            needs=(SMALL, GOOD),
            check=_less_underfit,
            cause=LEFT_OPEN,
        ),
    ),
    assumptions=(BATCH_ASSUMED, "20,000 iterations, which the report does not say"),
    repeats=1,
    evaluations=100,
)
