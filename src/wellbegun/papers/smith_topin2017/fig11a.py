"""Figure 11a: a bottleneck network shows no super-convergence."""

from wellbegun.papers.smith_topin2017._resnet import by_batch, line, ramp
from wellbegun.papers.smith_topin2017._swings import swinging

EXHIBIT = swinging(
    "11a",
    "resnet56_bottleneck",
    "A network with bottlenecks has a peak at a small rate and large swings behind it.",
    line(
        "range to 0.61", 50_000, ramp(0.61, 50_000), None, "sc-fig11a-r1",
        batch_size=800, factory_args=by_batch(100),
    ),
    "sc-fig11a-bottleneck-no",
)  # fmt: skip
