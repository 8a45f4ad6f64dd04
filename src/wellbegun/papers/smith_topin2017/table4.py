"""Table 4: a table of layers."""

from wellbegun.papers.smith_topin2017._schematic import schematic

EXHIBIT = schematic(
    "table4",
    "Table 4",
    "The layers of ResNet-56; its first convolution has stride 1 in the file, 2 in the table.",
    "architecture",
)
