"""Figure 4b: the same range test of ResNet-20."""

from wellbegun.papers.smith_topin2017._range import range_exhibit

EXHIBIT = range_exhibit("resnet20", "Figure 4b, ResNet-20")
