"""The papers' networks as they ran them: name, arguments, batch norm and batches, by the ids of our facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wellbegun.zoo.tasks import ModelFactory, named_model


@dataclass(frozen=True, slots=True)
class Published:
    """One network of the papers with what its file says about training and testing."""

    model: str  # a name of ``zoo.tasks``
    data: str  # "mnist", "cifar10", "cifar100" or "imagenet"
    per_gpu: int  # images of a training batch on one GPU
    gpus: int
    test_batch: int  # images of one batch in testing
    tested: int  # images of one evaluation; more than there are: some of them twice
    fraction: float | None = None  # of batch norm's running averages, as in the file; None: no batch norm
    by_batch: bool = False  # batch norm tests by the statistics of the test batch
    mirror: bool = False  # in training
    test_mirror: bool = False  # in testing too
    arguments: dict[str, Any] = field(default_factory=dict)  # others of the factory

    @property
    def batch_size(self) -> int:
        """Images per update, total over GPUs; the file's or, where it has a placeholder, the logs'."""
        return self.per_gpu * self.gpus

    def norm(self, fraction: float | None = None) -> dict[str, Any]:
        """Arguments of the factory that make batch norm average and test as published; often none.

        Args:
            fraction: of the running averages, where a run replaces the file's; see Table 1 of the 2017 paper.
        """
        if self.fraction is None:
            return {}
        values = {"fraction": fraction if fraction is not None else self.fraction, "gpus": self.gpus}
        if self.by_batch:
            return {"statistics": "batch", **values, "test_batch": self.test_batch}
        return {"statistics": "caffe", **values}

    def factory(self, *, as_tested: bool = True) -> ModelFactory:
        """What makes fresh networks of this kind; it can be pickled, and takes further arguments.

        Args:
            as_tested: with ``norm()``; False leaves batch norm to the engine, which re-estimates it.
        """
        return partial(named_model(self.model), **self.arguments, **(self.norm() if as_tested else {}))


_SC = {"data": "cifar10", "per_gpu": 125, "gpus": 8, "test_batch": 125, "tested": 25_000, "mirror": True}
_RESNET: dict[str, Any] = {**_SC, "fraction": 0.999}
_PREACT: dict[str, Any] = {**_SC, "fraction": 0.95, "by_batch": True}
_REPORT: dict[str, Any] = {
    "data": "cifar10", "per_gpu": 128, "gpus": 4, "test_batch": 32, "tested": 6_400,
    "fraction": 0.9, "mirror": True, "test_mirror": True,
}  # fmt: skip
_CIFAR3: dict[str, Any] = {"per_gpu": 32, "gpus": 4, "test_batch": 100, "tested": 20_000}
_C100: dict[str, Any] = {"data": "cifar100", "arguments": {"classes": 100}}
_IMAGENET: dict[str, Any] = {
    "data": "imagenet", "gpus": 4, "mirror": True, "arguments": {"classes": 1000},
}  # fmt: skip
_SMALLER: dict[str, Any] = {"per_gpu": 100, "test_batch": 100, "tested": 20_000}

PUBLISHED = {
    "lenet": Published("lenet", "mnist", per_gpu=128, gpus=4, test_batch=100, tested=10_000),
    "cifar3": Published("cifar3", "cifar10", **_CIFAR3),
    "cifar3_c100": Published("cifar3", **{**_CIFAR3, **_C100, "per_gpu": 128}),
    "resnet20": Published("resnet20", **_RESNET),
    "resnet56": Published("resnet56", **_RESNET),
    "resnet56_c100": Published("resnet56", **{**_RESNET, **_C100}),
    "resnet110": Published("resnet110", **{**_RESNET, **_SMALLER}),
    "resnet56_dropout": Published("resnet56", **_RESNET, arguments={"dropout": 0.2}),
    "resnet56_bottleneck": Published("resnet56_bottleneck", **{**_PREACT, **_SMALLER}, test_mirror=True),
    "resnext56": Published("resnext56", **{**_PREACT, "per_gpu": 85, "test_batch": 85, "tested": 17_000}),
    "hp_resnet56": Published("hp_resnet56", **_REPORT),
    "hp_resnet56_c100": Published("hp_resnet56", **{**_REPORT, **_C100}),
    "wide_resnet32": Published("wide_resnet32", **_REPORT),
    "densenet40": Published(
        "densenet40", **{**_REPORT, "test_batch": 37, "tested": 7_400, "fraction": 0.999}
    ),
    "resnet50": Published(
        "resnet50", per_gpu=32, test_batch=10, tested=10_000, fraction=0.999, by_batch=True, **_IMAGENET
    ),
    "inception_resnet_v2": Published(
        "inception_resnet_v2", per_gpu=28, test_batch=5, tested=5_000, fraction=0.9, **_IMAGENET
    ),
}
"""By id. Batch sizes and fractions of single runs differ: those are the exhibits'."""
