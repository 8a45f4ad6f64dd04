"""Figure 15b: batch sizes on CIFAR-100 at equal run time."""

from itertools import combinations

from wellbegun.papers.exhibit import Claim, Exhibit, Results, larger_spread
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, NETWORK, PAPER, line
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle

SIZES = {256: (17_187, 0.7), 512: (11_621, 0.9), 1024: (7_080, 1.2)}
"""Images per update -> updates (88, 119 and 145 epochs), largest learning rate."""
NAMES = tuple(f"TBS {size}" for size in SIZES)


def _equal(found: Results) -> tuple[bool, str]:
    pairs = combinations([found[name] for name in NAMES], 2)
    holds = all(abs(a.accuracy - b.accuracy) <= larger_spread(a, b) for a, b in pairs)
    return holds, ", ".join(str(found[name]) for name in NAMES)


def _stepsize(iterations: int) -> int:
    return round(iterations * 3417 / 7080)  # the share of the one log


EXHIBIT = Exhibit(
    id="smith2018-fig15b",
    paper=PAPER,
    label="Figure 15b",
    says="On CIFAR-100 batches of 256, 512 and 1,024 end alike at equal run time.",
    kind="batch size comparison",
    task="cifar100",
    network=NETWORK,
    lines=tuple(
        line(
            f"TBS {size}",
            iterations,
            OneCycle(0.1, lr_max, _stepsize(iterations), iterations),
            CyclicalMomentum(0.95, 0.85, _stepsize(iterations)),
            1e-4,
            f"dap-fig15b-r{number}",
            batch_size=size,
        )
        for number, (size, (iterations, lr_max)) in enumerate(SIZES.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig15b-tbs",
            says="no two of them differ by more than the spread of repeats",
            section="5.4",
            needs=NAMES,
            check=_equal,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        CYCLED_ASSUMED,
        "1,024: rates up to 1.2 and 145 epochs, as in a log that may belong to it; the others: smaller "
        "rates, and epochs in the ratios of Figure 6",
    ),
    **{**CUT, "cut": 1 / 50},
)
