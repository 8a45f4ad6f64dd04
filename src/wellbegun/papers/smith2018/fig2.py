"""Figure 2: a sketch of error against complexity, no experiment."""

from wellbegun.papers.exhibit import Exhibit

EXHIBIT = Exhibit(
    id="smith2018-fig2",
    paper="1803.09820",
    label="Figure 2",
    says="Error falls and rises again with a model's complexity: underfitting, the best, overfitting.",
    kind="schematic",
    task="none",
    network="none",
    repeats=1,
)
