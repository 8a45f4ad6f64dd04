"""Batch norm as the papers ran it: statistics per GPU, Caffe's running averages, tests by the batch's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypedDict, Unpack

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

Norm = Callable[[int], nn.BatchNorm2d]
"""Channels -> a fresh layer; what a network takes to make its batch norms with."""

Statistics = Literal["estimated", "caffe", "torch", "batch"]
STATISTICS: tuple[Statistics, ...] = ("estimated", "caffe", "torch", "batch")


class NormOptions(TypedDict, total=False):
    """How batch norm averages and tests: the arguments that every network with batch norm takes."""

    statistics: Statistics
    fraction: float
    gpus: int
    test_batch: int | None


class BatchNormByGroups(nn.BatchNorm2d):
    """y = gamma (x - mean) / sqrt(variance + eps) + beta, the batch split over ``gpus``.

    In training mean and variance are those of the image's share of the batch; the shares are consecutive and
    differ by one image at the most. The running values follow the first share alone, as a test on GPU 0 sees
    them, with f = ``fraction``:

        caffe: S = f S + value, c = f c + 1, running = S / c: no weight on a start value
        torch: running = f running + (1 - f) value, from mean 0 and variance 1

    Both take the unbiased variance. With ``statistics`` "batch" the evaluation does not read them.

    Source: Caffe's BatchNormLayer; arXiv:1708.07120v1, Sec. 6.1 (use_global_stats).
    Choice: in evaluation with the batch's own statistics the groups have as near as possible to
    ``test_batch`` images and no remainder; Caffe's reader begins the data set anew instead.
    """

    def __init__(
        self,
        channels: int,
        *,
        statistics: Statistics = "estimated",
        fraction: float = 0.95,
        gpus: int = 1,
        test_batch: int | None = None,
        affine: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__(channels, eps=eps, momentum=1.0 - fraction, affine=affine)
        self.statistics, self.fraction, self.gpus, self.test_batch = statistics, fraction, gpus, test_batch

    @property
    def keeps_statistics(self) -> bool:
        """Whether an evaluation must take the running values as they are, or none."""
        return self.statistics != "estimated"

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> the same shape."""
        if self.training and self.momentum is not None:  # None: the engine re-estimates, over whole batches
            first, *others = x.tensor_split(min(self.gpus, len(x)))
            y = self._normalised(first, note=True)
            return torch.cat([y, *(self._normalised(share) for share in others)]) if others else y
        if self.training or self.statistics != "batch":
            return super().forward(x)
        groups = max(1, round(len(x) / (self.test_batch or len(x))))
        return torch.cat([self._normalised(group) for group in x.tensor_split(groups)])

    def _normalised(self, x: Tensor, *, note: bool = False) -> Tensor:
        """The images by their own statistics, which ``note`` takes into the running values."""
        if not note or self.running_mean is None or self.running_var is None:
            return batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        mean, variance = torch.zeros_like(self.running_mean), torch.zeros_like(self.running_var)
        y = batch_norm(x, mean, variance, self.weight, self.bias, True, 1.0, self.eps)
        share = self._share()
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)
        return y

    def _share(self) -> Tensor:
        """The weight of a new value in the running ones; a tensor, so that nothing waits for the device.

        caffe: 1 / c with c = (1 - f^t) / (1 - f) in the t-th update, since S / c = ((c - 1) old + value) / c.
        """
        updates = self.num_batches_tracked.add_(1).to(self.running_mean.dtype)  # type: ignore[union-attr]
        if self.statistics != "caffe":
            return torch.full_like(updates, 1.0 - self.fraction)
        if self.fraction == 1.0:
            return 1.0 / updates
        if self.fraction == 0.0:
            return torch.ones_like(updates)
        return (self.fraction - 1.0) / torch.expm1(updates * math.log(self.fraction))

    def extra_repr(self) -> str:
        shared = super().extra_repr()  # type: ignore[no-untyped-call]
        own = f"statistics={self.statistics}, fraction={self.fraction}, gpus={self.gpus}"
        return f"{shared}, {own}, test_batch={self.test_batch}"


class FrozenBatchNorm(nn.BatchNorm2d):
    """Batch norm with mean 0 and variance 0 for good: y = gamma x / sqrt(eps) + beta.

    Source: the first one of the author's Inception-ResNet-v2, whose running values nothing ever fills.
    """

    keeps_statistics = True

    def reset_running_stats(self) -> None:
        """Both are 0."""
        for values in (self.running_mean, self.running_var, self.num_batches_tracked):
            if values is not None:
                values.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """float[n, c, h, w] -> the same shape, the same in training and evaluation."""
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


def normalisation(*, affine: bool = True, eps: float = 1e-5, **options: Unpack[NormOptions]) -> Norm:
    """What makes the batch norms of one network.

    Args:
        affine: whether a scale and a shift are learned.
        statistics: what an evaluation takes. "estimated": the engine's estimate for the weights as they are,
            from a few training batches; "caffe" or "torch": the running averages in that form, however stale;
            "batch": those of the images at hand.
        fraction: f, the weight of the past in the running averages, in [0, 1]; moving_average_fraction.
        gpus: the shares of a training batch that have statistics of their own: 8 in 2017, 4 in 2018.
        test_batch: for "batch": images per group; None takes the batches of the evaluation as they come.

    Raises:
        ValueError: an argument out of its range, or ``test_batch`` without tests by the batch.
    """
    statistics, fraction = options.get("statistics", "estimated"), options.get("fraction", 0.95)
    gpus, test_batch = options.get("gpus", 1), options.get("test_batch")
    if statistics not in STATISTICS:
        raise ValueError(f"statistics must be one of {', '.join(STATISTICS)}, got {statistics!r}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be in [0, 1], got {fraction}; it is 1 - momentum of torch's layer")
    if gpus < 1 or (test_batch is not None and test_batch < 1):
        got = f"gpus={gpus}, test_batch={test_batch}"
        raise ValueError(f"a batch has at least one share of at least one image, got {got}")
    if test_batch is not None and statistics != "batch":
        got = f"test_batch={test_batch} with {statistics!r}"
        raise ValueError(f"test_batch goes with statistics='batch', got {got}; leave it out")

    def make(channels: int) -> nn.BatchNorm2d:
        if statistics == "estimated" and gpus == 1:
            return nn.BatchNorm2d(channels, eps=eps, momentum=1.0 - fraction, affine=affine)
        return BatchNormByGroups(channels, affine=affine, eps=eps, **options)

    return make
