"""Table 2: a table of layers."""

from wellbegun.papers.smith_topin2017._schematic import schematic

EXHIBIT = schematic("table2", "Table 2", "The layers of a residual block.", "architecture")
