"""What the blocks of Table 2 share."""

from wellbegun.papers.exhibit import Claim, Results, larger_spread


def universal(network: str, usual: tuple[str, ...], short: tuple[str, ...], says: str) -> Claim:
    """The best 1cycle run is no worse than the best usual one, within a deviation, in half the time."""

    def check(found: Results) -> tuple[bool, str]:
        best, other = (max((found[n] for n in names), key=lambda r: r.accuracy) for names in (short, usual))
        half = 2 * best.line.iterations <= other.line.iterations
        return half and best.accuracy >= other.accuracy - larger_spread(best, other), f"{best}, {other}"

    return Claim(
        id=f"dap-superconvergence-universal-{network}",
        says=says,
        section="4.1 and 5",
        needs=(*usual, *short),
        check=check,
        survives_cut=False,
    )
