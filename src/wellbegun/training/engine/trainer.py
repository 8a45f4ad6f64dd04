"""The fast Trainer: one network in training, on data held on its device."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from wellbegun.curve import LR_ESTIMATE
from wellbegun.errors import TaskError
from wellbegun.schedules._base import Floats
from wellbegun.spec import RunSpec
from wellbegun.training.engine import augment, norm, sources, threads
from wellbegun.training.engine.batches import (
    EVAL_BATCH,
    Data,
    Normalise,
    TrainFeed,
    fixed_batches,
    resident_or_loader,
    statistics,
    subset,
)
from wellbegun.training.engine.memory import MEMORY, Meter
from wellbegun.training.engine.norm import evaluating
from wellbegun.training.engine.optimizer import Optimizer, groups
from wellbegun.training.engine.sources import Source, length
from wellbegun.training.engine.state import PrivateRandom, pack, unpack
from wellbegun.training.hessian_free import LrEstimator
from wellbegun.training.task import Task


def build(task: Task, spec: RunSpec) -> EngineTrainer:
    """A network with fresh weights and its data, ready for the first update of this spec.

    Raises:
        TaskError: the network has no trainable parameters, or its multipliers name unknown ones.
        ValueError: there are more micro-batches than samples in a batch.
    """
    if spec.accumulate > spec.batch_size:
        raise ValueError(
            f"a micro-batch needs at least one sample, got accumulate={spec.accumulate} for "
            f"batch_size={spec.batch_size}; "
            "lower accumulate"
        )
    return EngineTrainer(task, spec)


class EngineTrainer:
    """Implements ``training.trainer.Trainer``.

    Nothing in ``steps`` waits for the device but its end. Everything random follows from the spec's seed
    and is private: dropout, order of the data, augmentation. Weights stay fp32 under bf16 autocast.
    """

    def __init__(self, task: Task, spec: RunSpec) -> None:
        self._device, self._seed, self._accumulate = spec.device, spec.seed, spec.accumulate
        self._dtype = torch.float64 if spec.precision == "fp64" else torch.float32
        self._bf16 = spec.precision == "bf16"
        parts = task.parts()
        train = parts.train if spec.train_on == "train" else sources.join(parts.train, parts.validation)
        self.samples = sources.size(train)
        self._normalise, layout = _inputs(task, parts.train, spec.device, self._dtype)
        self.model, fast = _network(task, spec, self._dtype, layout)
        self._normalise = replace(self._normalise, layout=fast)
        found = groups(self.model, spec.weight_decay, decay_bias_and_norm=task.decay_bias_and_norm)
        if not found:
            raise TaskError(
                "a network needs trainable parameters, got none with requires_grad; "
                "return the network with its weights from the factory"
            )
        self._optimizer = Optimizer(found, spec.optimizer)
        self._loss, self._metrics = _on(task.loss_function(), spec.device), task.metric_functions()
        data = self._data(train)
        self._feed = TrainFeed(
            data, self._normalise, self.samples, spec.batch_size, spec.seed, task.augment, spec.device
        )
        self._random = PrivateRandom(spec.seed, spec.device)
        self._train, self._augment = data, task.augment
        self._bn_rows = _bn_rows(self.samples, spec.batch_size, task.seed)
        self._validation = self._data(parts.validation)
        rows = subset(sources.size(parts.validation), spec.eval_samples, task.seed)
        self._own_statistics = spec.norms == "own"
        self._validation_rows = _mixed(rows, task.seed) if self._own_statistics else rows
        self._test = parts.test
        self._rates, self._estimate = _estimator(self._optimizer, spec.estimate)
        self._memory = _meter(self._optimizer, spec)
        self._threads = threads.worth(task, spec, self.model)

    def steps(self, lr: Floats, momentum: Floats) -> Floats:
        """Do n updates with these values, float64[n] each; returns the n losses, read once."""
        losses = []
        memory = self._memory.updates() if self._memory else nullcontext()
        with threads.at_most(self._threads), self._random, memory:
            for rate, share in zip(lr.tolist(), momentum.tolist(), strict=True):
                losses.append(self._gradients())
                self._optimizer.update(rate, share)
                if self._estimate is not None:
                    for settings, group in zip(self._rates, self._optimizer.groups, strict=True):
                        settings["lr"] = rate * group.lr
                    self._estimate.step()
            if not losses:
                return np.empty(0)
            values: Floats = torch.stack(losses).cpu().double().numpy()
        return values

    def evaluate(self) -> Mapping[str, float]:
        """val_loss, val_accuracy and further metrics on the fixed subset."""
        feed = None if self._own_statistics else self._feed_norms
        values = self._measure(self._validation, self._validation_rows, "val", feed)
        if self._memory is not None:
            values[MEMORY] = self._memory.bytes
        return values if self._estimate is None else {**values, LR_ESTIMATE: self._estimate.lr}

    def test(self) -> Mapping[str, float]:
        """test_loss, test_accuracy, ... on the whole test set; empty when the task has none."""
        if self._test is None:
            return {}
        rows = torch.arange(sources.size(self._test))
        return self._measure(self._data(self._test), rows, "test", self._feed_norms)

    def state_dict(self) -> dict[str, Any]:
        """Copies of all that decides the rest of the run: tensors, slots, random states, place in data."""
        return {
            "tensors": {name: tensor.detach().clone() for name, tensor in self._tensors()},
            "optimizer": self._optimizer.state_dict(),
            "random": pack(self._random.states),
            "position": self._feed.position,
            **({} if self._estimate is None else {"estimate": self._estimate.state_dict()}),
        }

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a ``state_dict``, bit for bit.

        Raises:
            ValueError: the state belongs to another network.
        """
        tensors = dict(self._tensors())
        if differing := sorted(set(tensors) ^ set(state["tensors"])):
            raise ValueError(
                f"a state must hold the tensors of this network, got a difference in {differing}; "
                "load the state of a run of the same task"
            )
        for name, tensor in tensors.items():
            tensor.copy_(state["tensors"][name])
        self._optimizer.load_state_dict(state["optimizer"])
        self._random.states = unpack(state["random"])
        self._feed.position = state["position"]
        if self._estimate is not None and "estimate" in state:
            self._estimate.load_state_dict(state["estimate"])

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.model.named_parameters()
        yield from self.model.named_buffers()

    def _data(self, source: Source) -> Data:
        return resident_or_loader(source, self._device, self._dtype, self._seed)

    def _gradients(self) -> Tensor:
        """The loss of the next batch, its gradients in the parameters."""
        inputs, targets = self._feed.next()
        if self._accumulate == 1:
            loss = self._forward(inputs, targets)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss.detach()
        pairs = list(zip(_chunks(inputs, self._accumulate), _chunks(targets, self._accumulate), strict=True))
        shares = [length(part) / length(targets) for _, part in pairs]
        losses = []
        for (some_inputs, some_targets), share in zip(pairs, shares, strict=True):
            loss = self._forward(some_inputs, some_targets) * share
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def _forward(self, inputs: Any, targets: Any) -> Tensor:
        if self._memory is None:
            return self._loss_of(inputs, targets)
        with self._memory.forward(inputs, targets):
            return self._loss_of(inputs, targets)

    def _loss_of(self, inputs: Any, targets: Any) -> Tensor:
        if not self._bf16:
            return cast(Tensor, self._loss(self.model(inputs), targets))
        with self._autocast():
            return cast(Tensor, self._loss(self.model(inputs), targets))

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device, torch.bfloat16) if self._bf16 else nullcontext()

    @torch.no_grad()
    def _measure(
        self, data: Data, rows: Tensor, part: str, feed: Callable[[], None] | None
    ) -> dict[str, float]:
        """Means over these samples; random layers of the network see a random state of their own.

        Args:
            feed: gives batch norm its statistics; None: each batch its own.
        """
        sizes: list[int] = []
        found: dict[str, list[Tensor]] = {f"{part}_{name}": [] for name in ("loss", *self._metrics)}
        private = PrivateRandom(self._seed, self._device)
        with threads.at_most(self._threads), private, evaluating(self.model, feed):
            for inputs, targets in data.stream(iter(fixed_batches(rows, EVAL_BATCH))):
                with self._autocast():
                    output = self.model(self._normalise(inputs, None))
                    found[f"{part}_loss"].append(self._loss(output, targets))
                    for name, metric in self._metrics.items():
                        found[f"{part}_{name}"].append(torch.as_tensor(metric(output, targets)))
                sizes.append(length(targets))
        weights = torch.tensor(sizes, dtype=torch.float64) / sum(sizes)
        return {name: float(torch.stack(v).cpu().double() @ weights) for name, v in found.items()}

    def _feed_norms(self) -> None:
        """The fixed training batches, augmented as in training, through the network."""
        names = self._augment
        total = sum(len(rows) for rows in self._bn_rows)
        draws = augment.epoch_draws(names, total, self._seed, -1).to(self._device) if names else None
        start = 0
        for inputs, targets in self._train.stream(iter(self._bn_rows)):
            stop = start + length(targets)
            with self._autocast():
                self.model(self._normalise(inputs, None if draws is None else draws.rows(start, stop)))
            start = stop


def _estimator(optimizer: Optimizer, every: int) -> tuple[list[dict[str, Any]], LrEstimator | None]:
    """The LR estimate over the engine's groups, and the settings through which it sees their rates."""
    settings: list[dict[str, Any]] = [{"params": group.parameters, "lr": 0.0} for group in optimizer.groups]
    if not every:
        return settings, None
    return settings, LrEstimator(cast(Any, SimpleNamespace(param_groups=settings)), every=every, start=None)


def _meter(optimizer: Optimizer, spec: RunSpec) -> Meter | None:
    """What a measured run counts its memory with."""
    if spec.host is None:
        return None
    weights = [weight for group in optimizer.groups for weight in group.parameters]
    return Meter(spec.device, weights, [s for g in optimizer.groups for slot in g.slots for s in slot])


def _inputs(
    task: Task, train: Source, device: str, dtype: torch.dtype
) -> tuple[Normalise, torch.memory_format]:
    """How inputs are normalised, and the memory format that convolutions of these inputs like."""
    found = task.memo("statistics", lambda: statistics(train, task.inputs, task.seed))
    image, mean, scale = found
    inputs = train[0] if isinstance(train, tuple) else train.first()[0]
    dims = inputs.dim() + (0 if isinstance(train, tuple) else 1) if isinstance(inputs, Tensor) else 0
    if task.augment and not (image or (dims == 4 and inputs.is_floating_point())):
        raise TaskError(
            f"augment={task.augment!r} needs images (uint8[n, h, w(, c)] or float[n, c, h, w]), "
            f"got inputs of {dims} dimensions; leave augment empty"
        )
    layout = torch.channels_last if image or dims == 4 else torch.contiguous_format
    mean, scale = (None if v is None else v.to(dtype).to(device) for v in (mean, scale))
    return Normalise(image, mean, scale, dtype, layout), layout


def _network(
    task: Task, spec: RunSpec, dtype: torch.dtype, layout: torch.memory_format
) -> tuple[nn.Module, torch.memory_format]:
    """A fresh network in training mode on its device, and the layout that it wants its inputs in."""
    model = task.build_model(spec.seed, **dict(spec.factory_args)).to(spec.device, dtype).train()
    if not any(isinstance(module, nn.Conv2d) for module in model.modules()):
        layout = torch.contiguous_format
    if layout is torch.channels_last:
        model = model.to(memory_format=layout)  # type: ignore[call-overload]
        for module in model.modules():
            if isinstance(module, nn.AvgPool2d | nn.MaxPool2d):
                module.register_forward_hook(_gradient_in_layout)
    return model, layout


def _gradient_in_layout(_module: nn.Module, _inputs: Any, output: Any) -> None:
    """Gradients that come through a flatten are not channels_last: pooling takes 5 times as long for them."""
    if isinstance(output, Tensor) and output.requires_grad and output.dim() == 4:
        output.register_hook(lambda g: g.contiguous(memory_format=torch.channels_last))  # type: ignore[no-untyped-call]


def _bn_rows(samples: int, batch_size: int, seed: int) -> list[Tensor]:
    """Positions of the training samples that batch norm's statistics are taken from, in batches."""
    batch = min(norm.BATCH, batch_size, samples)
    return fixed_batches(_mixed(subset(samples, norm.BATCHES * batch, seed), seed), max(batch, 2))


def _mixed(rows: Tensor, seed: int) -> Tensor:
    """Positions in random order: data are often sorted by class, and a batch should hold all of them."""
    return rows[torch.randperm(len(rows), generator=augment.seeded(seed, 5))]


def _on(loss: Any, device: str) -> Any:
    """A loss with tensors of its own (class weights) on the device, the user's left where it is."""
    if not isinstance(loss, nn.Module):
        return loss
    return copy.deepcopy(loss).to(device)


def _chunks(batch: Any, count: int) -> list[Any]:
    if isinstance(batch, Tensor):
        return list(torch.tensor_split(batch, count))
    if isinstance(batch, Mapping):
        parts = {name: _chunks(value, count) for name, value in batch.items()}
        return [{name: part[i] for name, part in parts.items()} for i in range(count)]
    parts_of = [_chunks(value, count) for value in batch]
    return [type(batch)(part[i] for part in parts_of) for i in range(count)]
