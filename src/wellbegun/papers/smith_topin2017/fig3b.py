"""Figure 3b: no experiment."""

from wellbegun.papers.smith_topin2017._schematic import schematic

EXHIBIT = schematic("fig3b", "Figure 3b", "The end of that path, close up.")
