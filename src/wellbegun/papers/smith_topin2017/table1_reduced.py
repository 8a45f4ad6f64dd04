"""Figure 6a, Table 1, rows 13 to 20: ResNet-56 with fewer training samples."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, PAPER, STEPS, TASK, cycle, line

PUBLISHED = {40_000: (89.1, 91.1), 30_000: (85.7, 89.6), 20_000: (82.7, 87.9), 10_000: (71.4, 80.6)}


def _names(samples: int) -> tuple[str, str]:
    return f"LR 0.35, {samples:,}", f"CLR 0.1-3, {samples:,}"


def _gains(found: Results) -> tuple[bool, str]:
    gains = {
        n: found[_names(n)[1]].accuracy - found[_names(n)[0]].accuracy
        for n in PUBLISHED
        if _names(n)[0] in found
    }
    told = ", ".join(f"{n:,}: {gain:+.2f}" for n, gain in gains.items())
    return min(gains.values()) > 0 and gains[10_000] > gains[40_000], told


EXHIBIT = Exhibit(
    id="smith_topin2017-table1-reduced",
    paper=PAPER,
    label="Figure 6a, Table 1, rows 13 to 20",
    says="The fewer the training samples, the more one cycle gains over a stepped rate.",
    kind="training",
    task=TASK,
    network="resnet56",
    lines=tuple(
        made
        for samples, (usual, cycled) in PUBLISHED.items()
        for made in (
            line(_names(samples)[0], 80_000, STEPS, usual, train_samples=samples),
            line(_names(samples)[1], 10_000, cycle(3.0, 5000), cycled, train_samples=samples),
        )
    ),
    claims=(
        Claim(
            id="sc-fig6a-small-data",
            says="the gain is there for every size and larger for the smallest",
            section="5",
            needs=tuple(name for n in PUBLISHED for name in _names(n)),
            check=_gains,
            survives_cut=False,
        ),
    ),
    assumptions=ASSUMED,
    repeats=1,
    evaluations=100,
    cut=1 / 50,
    cut_batch=1 / 8,
)
