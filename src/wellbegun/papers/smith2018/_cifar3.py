"""What the figures of the 3-layer network on CIFAR-10 share."""

from wellbegun.papers.exhibit import Line
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp

BATCH = 128
TASK, NETWORK, PAPER = "cifar10", "cifar3", "1803.09820"
BATCH_ASSUMED = f"batch {BATCH}, which the report does not say"


def line(
    name: str, iterations: int, lr: Schedule, momentum: Schedule | float, weight_decay: float,
    *sources: str,
) -> Line:  # fmt: skip
    """A curve of such a figure."""
    held = Constant(momentum) if isinstance(momentum, float) else momentum
    return Line(
        name=name, iterations=iterations, batch_size=BATCH, lr=lr, momentum=held, weight_decay=weight_decay,
        sources=sources,
    )  # fmt: skip


def ramp(low: float, high: float, iterations: int) -> LinearRamp:
    """The learning rate of a range test; a rate of 0 stands for a hundredth of a percent of the end."""
    return LinearRamp(low or 1e-4 * high, high, iterations)
