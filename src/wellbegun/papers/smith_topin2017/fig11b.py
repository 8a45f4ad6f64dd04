"""Figure 11b: ResNeXt shows no super-convergence."""

from wellbegun.papers.smith_topin2017._resnet import by_batch, line, ramp
from wellbegun.papers.smith_topin2017._swings import swinging

EXHIBIT = swinging(
    "11b",
    "resnext56",
    "ResNeXt has a peak at a small rate and large swings behind it.",
    line(
        "range to 0.7", 50_000, ramp(0.7, 50_000), None, "sc-fig11b-r1",
        batch_size=680, factory_args=by_batch(85),
    ),
    "sc-fig11b-resnext-no",
)  # fmt: skip
