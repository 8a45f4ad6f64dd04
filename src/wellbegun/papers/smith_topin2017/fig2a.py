"""Figure 2a: no experiment."""

from wellbegun.papers.smith_topin2017._schematic import schematic

EXHIBIT = schematic(
    "fig2a",
    "Figure 2a",
    "A range test with a clear peak of accuracy, taken over from the paper on cyclical rates.",
)
