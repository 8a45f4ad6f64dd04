"""What the residual networks of the 2017 paper share: batches of 1,000, plain SGD, decay 1e-4."""

from wellbegun.papers.exhibit import Line, Published
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import Triangular
from wellbegun.schedules.decay import MultiStep

PAPER, TASK = "1708.07120", "cifar10"
STEPS = MultiStep(0.35, 0.1, (50_000, 70_000))
ASSUMED = (
    "batch norm is evaluated with statistics of training batches; the author's moving average fraction, "
    "which matters only for running averages, is not replayed",
    "one run each: the paper does not say how many, its logs are single runs",
)


def line(
    name: str, iterations: int, lr: Schedule, accuracy: float | None = None, *, batch_size: int = 1000,
    weight_decay: float = 1e-4, train_samples: int | None = None, momentum: float = 0.9,
) -> Line:  # fmt: skip
    """A run as the paper trains it."""
    return Line(
        name=name, iterations=iterations, batch_size=batch_size, lr=lr, momentum=Constant(momentum),
        weight_decay=weight_decay, published=None if accuracy is None else Published(accuracy),
        optimizer="papers_sgd", train_samples=train_samples,
    )  # fmt: skip


def cycle(lr_max: float, stepsize: int, lr_min: float = 0.1) -> Triangular:
    """One triangle of 2 stepsize updates."""
    return Triangular(lr_min, lr_max, stepsize)
