"""Figure 9: weight decays at a constant learning rate."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import final_loss, loss_at, lowest, shows
from wellbegun.papers.smith2018._cifar3 import BATCH_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules.constant import Constant

ITERATIONS = 10_000
DECAYS = {"WD 0.01": 0.01, "WD 0.0032": 0.0032, "WD 0.0018": 0.0018, "WD 0.001": 0.001}
ORDER = tuple(DECAYS)


def _losses(found: Results) -> str:
    return ", ".join(f"{n}: lowest {lowest(found[n]):.3f}, {found[n].accuracy:.2f} %" for n in ORDER)


def _best(found: Results) -> tuple[bool, str]:
    best = min(ORDER, key=lambda n: lowest(found[n]))
    over = shows(found["WD 0.001"], "overfitting")
    large = final_loss(found["WD 0.01"]) > final_loss(found["WD 0.0032"])
    return best in ORDER[1:3] and over and large, f"{_losses(found)}; overfitting at 0.001: {over}"


def _confirmed(found: Results) -> tuple[bool, str]:
    return lowest(found["WD 0.0032"]) <= lowest(found["WD 0.0018"]), _losses(found)


def _early(found: Results) -> tuple[bool, str]:
    early = min(ORDER, key=lambda n: loss_at(found[n], 0.3))
    final = max(ORDER, key=lambda n: found[n].accuracy)
    return abs(
        ORDER.index(early) - ORDER.index(final)
    ) <= 1, f"by loss at 30 %: {early}; by accuracy: {final}"


EXHIBIT = Exhibit(
    id="smith2018-fig9",
    paper=PAPER,
    label="Figures 9a and 9b",
    says="At a constant rate of 0.005 the best weight decay is 0.0032, and the loss shows it early.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=tuple(line(name, ITERATIONS, Constant(0.005), 0.95, decay) for name, decay in DECAYS.items()),
    claims=(
        Claim(
            id="dap-fig9a-best-wd",
            says="0.0032 within half a decade; 0.001 overfits, 0.01 is too large",
            section="4.4",
            needs=ORDER,
            check=_best,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig9a-confirm",
            says="0.0018 does not beat 0.0032",
            section="4.4",
            needs=ORDER,
            check=_confirmed,
        ),
        Claim(
            id="dap-wd-early-visible",
            says="the loss at 30 % of the run names the decay that ends best",
            section="4.4",
            needs=ORDER,
            check=_early,
        ),
    ),
    assumptions=(BATCH_ASSUMED, "10,000 iterations, which the report does not say"),
    repeats=1,
    evaluations=100,
)
