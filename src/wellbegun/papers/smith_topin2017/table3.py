"""Table 3: a table of layers."""

from wellbegun.papers.smith_topin2017._schematic import schematic

EXHIBIT = schematic(
    "table3", "Table 3", "The layers of a residual block that halves the resolution.", "architecture"
)
