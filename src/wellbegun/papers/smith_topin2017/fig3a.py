"""Figure 3a: no experiment."""

from wellbegun.papers.smith_topin2017._schematic import schematic

EXHIBIT = schematic(
    "fig3a", "Figure 3a", "A path of training through a loss surface, taken over from another paper."
)
