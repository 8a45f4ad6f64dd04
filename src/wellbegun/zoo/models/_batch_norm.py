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
    ``test_batch`` images and no remainder; Caffe's reader begins the data set anew instead. Before the first
    update the running values are 0 and 1; Caffe's are 0 and 0, a network that says nothing (loss 87.3).
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
            return self._by_shares(x, min(self.gpus, len(x)), note=True)
        if self.training or self.statistics != "batch":
            return super().forward(x)
        return self._by_shares(x, max(1, round(len(x) / (self.test_batch or len(x)))))

    def _by_shares(self, x: Tensor, shares: int, *, note: bool = False) -> Tensor:
        """The images by the statistics of their share; ``note`` takes the first's into the running values."""
        if len(x) % shares == 0:
            return self._by_equal_shares(x, shares, note=note)
        parts = enumerate(x.tensor_split(shares))
        return torch.cat([self._by_equal_shares(part, 1, note=note and not i) for i, part in parts])

    def _by_equal_shares(self, x: Tensor, shares: int, *, note: bool) -> Tensor:
        """All shares at once: each one's channels stand beside the others', as if they were further channels.

        Choice: two copies instead of one call per share, which on a GPU would wait for its launches.
        """
        weight, bias = self.weight, self.bias
        folded = x
        if shares > 1:
            folded = _folded(x, shares)
            weight, bias = (v if v is None else v.repeat(shares) for v in (weight, bias))  # type: ignore[assignment]
        mean = variance = None
        if note:
            mean, variance = torch.zeros(2, folded.shape[1], dtype=self.running_mean.dtype, device=x.device)  # type: ignore[union-attr]
        y = batch_norm(folded, mean, variance, weight, bias, True, 1.0, self.eps)
        if mean is not None and variance is not None:
            share = self._share()
            self.running_mean.lerp_(mean[: x.shape[1]], share)  # type: ignore[union-attr]
            self.running_var.lerp_(variance[: x.shape[1]], share)  # type: ignore[union-attr]
        return y if shares == 1 else _unfolded(y, shares, x)

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


def _folded(x: Tensor, shares: int) -> Tensor:
    """float[shares m, c, h, w] -> float[m, shares c, h, w], in channels_last."""
    apart = x.permute(0, 2, 3, 1).reshape(shares, -1, *x.shape[2:], x.shape[1])
    return apart.permute(1, 2, 3, 0, 4).flatten(3).permute(0, 3, 1, 2)


def _unfolded(y: Tensor, shares: int, like: Tensor) -> Tensor:
    """The way back, to the layout of ``like``."""
    apart = y.permute(0, 2, 3, 1).reshape(len(y), *y.shape[2:], shares, -1)
    x = apart.permute(3, 0, 1, 2, 4).flatten(0, 1).permute(0, 3, 1, 2)
    return x.contiguous() if like.is_contiguous() else x


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
        gpus: the shares of a training batch (of a micro-batch, where gradients are accumulated) that have
            statistics of their own: 8 in 2017, 4 in 2018.
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
