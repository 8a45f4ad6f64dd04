"""What the report's networks with batch norm share: batches of 512 on 4 GPUs, Nesterov, four repeats."""

from typing import Any

from wellbegun.papers.exhibit import Line, Published
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.decay import MultiStep

PAPER, TASK, NETWORK = "1803.09820", "cifar10", "hp_resnet56"
CYCLED_ASSUMED = "1cycle and cycled momentum by the law of the published logs and the report's appendix"
ASSUMED = (
    "batch norm as published: statistics per GPU, running averages of GPU 0 in Caffe's form; at cpu scale "
    "the engine re-estimates them instead",
    "test images are not mirrored, though the network files do so at random",
    "at cpu scale the batch is cut too, the learning rates are as published",
)
CUT: dict[str, Any] = {
    "evaluations": 60, "cut": 1 / 40, "cut_batch": 1 / 4, "cut_evaluations": 20, "cut_samples": 500,
}  # fmt: skip
"""Scale of an exhibit with runs of about 10,000 updates."""


def norm(fraction: float) -> tuple[tuple[str, str | int | float], ...]:
    """Arguments of a network whose test takes the running averages."""
    return ("fraction", fraction), ("gpus", 4), ("statistics", "caffe")


def line(
    name: str, iterations: int, lr: Schedule, momentum: Schedule | float, weight_decay: float, *sources: str,
    published: tuple[float, float] | None = None, batch_size: int = 512, fraction: float = 0.9, **others: Any,
) -> Line:  # fmt: skip
    """A run as the report trains it."""
    return Line(
        name=name, iterations=iterations, batch_size=batch_size, lr=lr,
        momentum=Constant(momentum) if isinstance(momentum, float) else momentum, weight_decay=weight_decay,
        published=None if published is None else Published(*published), factory_args=norm(fraction),
        sources=sources, **others,
    )  # fmt: skip


def steps(milestones: tuple[int, int, int, int], start: float = 0.1) -> MultiStep:
    """The usual schedule of Table 2: four drops to 31.6 %."""
    return MultiStep(start, 0.316, milestones)
