"""What Figures 11a and 11b share: networks without super-convergence."""

from wellbegun.papers.exhibit import Claim, Exhibit, Line, Results
from wellbegun.papers.measures import mean_accuracy, roughness
from wellbegun.papers.smith_topin2017._resnet import ASSUMED, CUT, PAPER, TASK


def swinging(number: str, network: str, says: str, line: Line, claim: str) -> Exhibit:
    """A range test whose accuracy peaks near a rate of 0.15 and then swings and decays."""

    def swings(found: Results) -> tuple[bool, str]:
        result, top = found[line.name], float(line.lr(line.iterations - 1))
        curve = result.runs[0].curve
        peak = float(curve.lr[int(curve.val_accuracy.argmax())])
        rough = roughness(result, high=0.1), roughness(result, low=0.1)
        late = mean_accuracy(result, 0.9 * top), mean_accuracy(result, 0.5 * peak, 1.5 * peak)
        told = f"peak at {peak:.2f}, roughness {rough[0]:.1f} and {rough[1]:.1f}, at the end {late[0]:.1f} %"
        return 0.075 <= peak <= 0.3 and rough[1] >= 3 * rough[0] and late[0] < late[1], told

    return Exhibit(
        id=f"smith_topin2017-fig{number}",
        paper=PAPER,
        label=f"Figure {number}",
        says=says,
        kind="range test",
        task=TASK,
        network=network,
        lines=(line,),
        claims=(
            Claim(
                id=claim,
                says="accuracy peaks near a rate of 0.15, swings from 0.1 on, and is lower at the end",
                section="A.2",
                needs=(line.name,),
                check=swings,
                survives_cut=False,
            ),
        ),
        assumptions=(*ASSUMED, "tests by the statistics of the batch; test images are not mirrored"),
        **{**CUT, "cut": 1 / 50},
    )
