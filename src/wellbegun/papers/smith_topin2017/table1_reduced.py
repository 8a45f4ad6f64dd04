"""Figure 6a, Table 1, rows 13 to 20: ResNet-56 with fewer training samples."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import shows
from wellbegun.papers.smith_topin2017._resnet import (
    ASSUMED,
    CUT,
    LONG,
    NETWORK,
    PAPER,
    STEPS,
    TASK,
    cycle,
    line,
)

PUBLISHED = {40_000: (89.1, 91.1), 30_000: (85.7, 89.6), 20_000: (82.7, 87.9), 10_000: (71.4, 80.6)}
ROWS = {40_000: (13, 7), 30_000: (15, 5), 20_000: (17, 3), 10_000: (19, 1)}
"""First of two rows of Table 1, and of two runs of Figure 6a."""


def _names(samples: int) -> tuple[str, str]:
    return f"LR 0.35, {samples:,}", f"CLR 0.1-3, {samples:,}"


def _sources(samples: int, second: int) -> tuple[str, str]:
    row, run = ROWS[samples]
    return f"sc-table1-row{row + second}-r1", f"sc-fig6a-r{run + second}"


def _gains(found: Results) -> tuple[bool, str]:
    gains = {n: found[_names(n)[1]].accuracy - found[_names(n)[0]].accuracy for n in PUBLISHED}
    told = ", ".join(f"{n:,}: {gain:+.2f}" for n, gain in gains.items())
    order = [gains[n] for n in sorted(PUBLISHED)]
    return order == sorted(order, reverse=True) and order[-1] > 0, told


def _unstable(found: Results) -> tuple[bool, str]:
    stepped = [shows(found[_names(n)[0]], "instability") for n in (10_000, 20_000)]
    cycled = [shows(found[_names(n)[1]], "instability") for n in (10_000, 20_000)]
    return any(stepped) and not any(cycled), f"10,000 and 20,000: stepped {stepped}, cycle {cycled}"


EXHIBIT = Exhibit(
    id="smith_topin2017-table1-reduced",
    paper=PAPER,
    label="Figure 6a, Table 1, rows 13 to 20",
    says="The fewer the training samples, the more one cycle gains over a stepped rate.",
    kind="training",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        made
        for n, (usual, cycled) in PUBLISHED.items()
        for made in (
            line(_names(n)[0], 80_000, STEPS, usual, *_sources(n, 0), fraction=LONG, train_samples=n),
            line(_names(n)[1], 10_000, cycle(3.0, 5000), cycled, *_sources(n, 1), train_samples=n),
        )
    ),
    claims=(
        Claim(
            id="sc-fig6a-small-data",
            says="the gain is there for every size and grows as samples get fewer",
            section="6.1",
            needs=tuple(name for n in PUBLISHED for name in _names(n)),
            check=_gains,
            survives_cut=False,
        ),
        Claim(
            id="sc-fig6a-pc-unstable",
            says="with few samples the stepped rate becomes unstable on the way, the cycle does not",
            section="6.1",
            needs=tuple(name for n in (10_000, 20_000) for name in _names(n)),
            check=_unstable,
            survives_cut=False,
        ),
    ),
    assumptions=(*ASSUMED, "the first samples of the training set are kept; the paper does not say which"),
    **CUT,
)
