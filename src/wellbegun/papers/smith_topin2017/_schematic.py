"""An exhibit without runs: a sketch, a picture of another paper, or a table of layers."""

from wellbegun.papers.exhibit import Exhibit
from wellbegun.papers.smith_topin2017._resnet import PAPER


def schematic(number: str, label: str, says: str, kind: str = "schematic") -> Exhibit:
    """Nothing to run, and so no claim."""
    return Exhibit(
        id=f"smith_topin2017-{number}", paper=PAPER, label=label, says=says, kind=kind,
        task="none", network="resnet56" if kind == "architecture" else "none", repeats=1,
    )  # fmt: skip
