"""What the networks of the 2017 paper share: batches of 1,000 on 8 GPUs, plain SGD, decay 1e-4."""

from typing import Any

from wellbegun.papers.exhibit import Line, Published
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import Triangular
from wellbegun.schedules.decay import MultiStep
from wellbegun.schedules.ramp import LinearRamp

PAPER, TASK, NETWORK = "1708.07120", "cifar10", "resnet56"
STEPS = MultiStep(0.35, 0.1, (50_000, 70_000))
LONG, SHORT = 0.999, 0.95
"""Fractions of batch norm's moving average: of the stepped runs, and of cycles and range tests."""
NORM_ASSUMED = (
    "batch norm as published: statistics per GPU, running averages of GPU 0 in Caffe's form; at cpu scale "
    "the engine re-estimates them instead"
)
SINGLE = "one run each: the paper does not say how many, its logs are single runs"
CUT_ASSUMED = "at cpu scale the batch is an eighth, no run longer than 1,600 updates, the rates as published"
ASSUMED = (NORM_ASSUMED, SINGLE, CUT_ASSUMED)
CUT: dict[str, Any] = {
    "repeats": 1, "evaluations": 100, "cut": 2 / 25, "cut_most": 1600, "cut_batch": 1 / 8,
    "cut_evaluations": 20, "cut_samples": 500,
}  # fmt: skip
"""Repeats and scale of an exhibit whose cycles have 10,000 updates: 800 of them at cpu scale."""


def norm(fraction: float) -> tuple[tuple[str, str | int | float], ...]:
    """Arguments of a network whose test takes the running averages."""
    return ("fraction", fraction), ("gpus", 8), ("statistics", "caffe")


def by_batch(test_batch: int, fraction: float = SHORT) -> tuple[tuple[str, str | int | float], ...]:
    """Arguments of a network whose test takes the statistics of the test batch."""
    return ("fraction", fraction), ("gpus", 8), ("statistics", "batch"), ("test_batch", test_batch)


def line(
    name: str, iterations: int, lr: Schedule, accuracy: float | None = None, *sources: str,
    fraction: float = SHORT, batch_size: int = 1000, weight_decay: float = 1e-4, momentum: float = 0.9,
    optimizer: str = "papers_sgd", factory_args: tuple[tuple[str, str | int | float], ...] = (),
    **others: Any,
) -> Line:  # fmt: skip
    """A run as the paper trains it; "statistics" in ``factory_args`` replace ``fraction``."""
    own = any(name == "statistics" for name, _ in factory_args)
    return Line(
        name=name, iterations=iterations, batch_size=batch_size, lr=lr, momentum=Constant(momentum),
        weight_decay=weight_decay, published=None if accuracy is None else Published(accuracy),
        optimizer=optimizer, factory_args=(*factory_args, *(() if own else norm(fraction))),
        sources=sources, **others,
    )  # fmt: skip


def cycle(lr_max: float, stepsize: int, lr_min: float = 0.1) -> Triangular:
    """One triangle of 2 stepsize updates."""
    return Triangular(lr_min, lr_max, stepsize)


def ramp(top: float, iterations: int) -> LinearRamp:
    """The learning rate of a range test; its rate of 0 stands for a hundredth of a percent of the end."""
    return LinearRamp(1e-4 * top, top, iterations)
