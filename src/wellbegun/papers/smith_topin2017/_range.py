"""A range test up to a learning rate of 3, the same for every depth."""

import numpy as np

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import breakdown_lr, trend_with_lr
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, PAPER, TASK, line
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS, TOP = 20_000, 3.0
NAME = "range to 3"


def _flat(found: Results) -> tuple[bool, str]:
    curve = found[NAME].runs[0].curve
    inside = (curve.lr >= 0.5) & (curve.lr <= TOP)
    accuracy = curve.val_accuracy[inside]
    third = len(accuracy) // 3
    middle, last = np.median(accuracy[third:-third]), np.median(accuracy[-third:])
    told = f"median accuracy {np.median(accuracy):.3f}, last third over middle third {last / middle:.3f}"
    return bool(np.median(accuracy) > 0.70 and last / middle > 0.88), told


def _gap(found: Results) -> tuple[bool, str]:
    train = trend_with_lr(found[NAME], "train_loss", 0.3, 1.5)
    test = trend_with_lr(found[NAME], "val_loss", 0.3, 1.5)
    return train > 0 and test < 0, f"Spearman with the rate: training loss {train:.2f}, test loss {test:.2f}"


def _stable(found: Results) -> tuple[bool, str]:
    edge = breakdown_lr(found[NAME])
    return edge >= 1.0, f"breaks down at {edge:.2f}"


def range_exhibit(network: str, label: str) -> Exhibit:
    """The exhibit for a network of this family."""
    return Exhibit(
        id=f"smith_topin2017-range-{network}",
        paper=PAPER,
        label=label,
        says="The test loss stays low up to very large learning rates: a sign of super-convergence.",
        kind="range test",
        task=TASK,
        network=network,
        lines=(line(NAME, ITERATIONS, LinearRamp(3e-4, TOP, ITERATIONS)),),
        claims=(
            Claim(
                id="sc-fig2b-flat",
                says="accuracy is high and level from a learning rate of 0.5 to 3",
                section="3",
                needs=(NAME,),
                check=_flat,
                survives_cut=False,
            ),
            Claim(
                id="sc-fig2b-flat-stable",
                says="no breakdown below a learning rate of 1",
                section="3",
                needs=(NAME,),
                check=_stable,
            ),
            Claim(
                id="sc-fig4-gap",
                says="from 0.3 to 1.5 training loss rises and test loss falls: large rates regularize",
                section="4",
                needs=(NAME,),
                check=_gap,
                survives_cut=False,
            ),
        ),
        assumptions=ASSUMED,
        repeats=1,
        evaluations=100,
        cut=1 / 50,
        cut_batch=1 / 8,
    )
