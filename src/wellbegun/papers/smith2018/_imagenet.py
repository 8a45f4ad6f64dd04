"""What the figures on ImageNet share: two networks, two repeats, folders of images."""

from typing import Any

from wellbegun.papers.exhibit import Line, Published
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.decay import Step

PAPER, TASK = "1803.09820", "imagenet"
USUAL = Step(0.1, 0.94, 20_000)
ASSUMED = (
    "images of 256 x 256, a crop of 230 x 230: random and mirrored in training, the middle in testing",
    "the mean image of 1,024 training images is subtracted, in RGB",
    "tests on all validation images; the author's logs test on a tenth or a twentieth at a time",
    "the usual policy as in solver and logs: 0.1, times 0.94 every 20,000 updates; the text has 0.045 "
    "and every 2 epochs",
    "at cpu scale the runs only show that they can be trained",
)
CUT: dict[str, Any] = {
    "repeats": 2, "evaluations": 100, "samples": 5000, "cut": 1 / 10_000, "cut_batch": 1 / 16,
    "cut_evaluations": 2, "cut_samples": 64,
}  # fmt: skip
RESNET50: tuple[tuple[str, str | int | float], ...] = (
    ("fraction", 0.999), ("gpus", 4), ("statistics", "batch"), ("test_batch", 10),
)  # fmt: skip
INCEPTION: tuple[tuple[str, str | int | float], ...] = (
    ("fraction", 0.9), ("gpus", 4), ("statistics", "caffe"),
)  # fmt: skip


def line(
    name: str, iterations: int, lr: Schedule, momentum: Schedule | float, weight_decay: float, *sources: str,
    accuracy: float | None = None, inception: bool = False,
) -> Line:  # fmt: skip
    """A run of one of the two networks."""
    return Line(
        name=name, iterations=iterations, batch_size=112 if inception else 128, lr=lr,
        momentum=Constant(momentum) if isinstance(momentum, float) else momentum, weight_decay=weight_decay,
        published=None if accuracy is None else Published(accuracy),
        factory_args=INCEPTION if inception else RESNET50,
        network="inception_resnet_v2" if inception else "", sources=sources,
    )  # fmt: skip
