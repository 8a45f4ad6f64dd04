"""Claims about a range test's generalization gap, the same for every depth."""

from wellbegun.papers.exhibit import Claim, Results
from wellbegun.papers.measures import gap_trend, trend_with_lr


def gap_claims(which: str, name: str) -> tuple[Claim, ...]:
    """What Section 4 says of the range test of that name; ``which`` ends the claims' ids."""

    def gap(found: Results) -> tuple[bool, str]:
        train = trend_with_lr(found[name], "train_loss", 0.3, 1.5)
        test = trend_with_lr(found[name], "val_loss", 0.3, 1.5)
        return train > 0 > test, f"Spearman with the rate: training loss {train:.2f}, test loss {test:.2f}"

    def regularizes(found: Results) -> tuple[bool, str]:
        trend = gap_trend(found[name], 0.3, 1.5)
        return trend < 0, f"Spearman of the rate with test loss less training loss: {trend:.2f}"

    return (
        Claim(
            id=f"sc-fig4-gap{which}",
            says=f"{name}: from a rate of 0.3 to 1.5 training loss rises and test loss falls",
            section="4",
            needs=(name,),
            check=gap,
            survives_cut=False,
        ),
        Claim(
            id=f"dap-large-lr-regularizes{which}",
            says=f"{name}: the gap between test and training loss shrinks as the rate grows",
            section="4.1 of the 2018 report",
            needs=(name,),
            check=regularizes,
            survives_cut=False,
        ),
    )
