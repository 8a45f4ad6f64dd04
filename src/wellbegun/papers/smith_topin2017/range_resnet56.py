"""Figures 2b and 4a: ResNet-56 stays stable up to a learning rate of 3."""

from wellbegun.papers.smith_topin2017._range import range_exhibit

EXHIBIT = range_exhibit("resnet56", "Figures 2b and 4a")
