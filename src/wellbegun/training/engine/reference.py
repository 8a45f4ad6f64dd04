"""ReferenceTrainer: the slow twin of the engine, written from the equations; tests compare the two.

It shares with the engine what is drawn (initial weights, order of the data, augmentation) and nothing that is
computed: one parameter tensor and one image at a time, contiguous, no autocast, no fused kernels, on the CPU.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wellbegun.schedules._base import Floats
from wellbegun.spec import RunSpec
from wellbegun.training.engine.augment import epoch_draws, seeded
from wellbegun.training.engine.batches import epoch_order, subset
from wellbegun.training.task import Task

Slots = dict[str, Tensor]
"""What an optimizer remembers of one parameter, by its symbol in the equation."""


def sgd(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """v = a v + g; w = w - lr v.

    Source: PyTorch's torch.optim.SGD, its documentation's algorithm (dampening 0).
    """
    slots["v"] = momentum * slots["v"] + g
    return w - lr * slots["v"]


def nesterov(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """v = a v + g; w = w - lr (g + a v).

    Source: PyTorch's torch.optim.SGD with nesterov=True, its documentation's algorithm.
    """
    slots["v"] = momentum * slots["v"] + g
    return w - lr * (g + momentum * slots["v"])


def papers_sgd(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """v = a v - lr g; w = w + v.

    Source: arXiv:1803.09820, Sec. 4.3, Eqs. 3-4; Caffe's SGDSolver.
    """
    slots["v"] = momentum * slots["v"] - lr * g
    return w + slots["v"]


def papers_nesterov(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """v' = a v + lr g; w = w - ((1 + a) v' - a v), v' the new velocity and v the one before.

    Source: Caffe's NesterovSolver, named by the author's solver files.
    """
    before = slots["v"]
    slots["v"] = momentum * before + lr * g
    return w - ((1 + momentum) * slots["v"] - momentum * before)


def adam(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """m = b1 m + (1 - b1) g; s = b2 s + (1 - b2) g^2; w = w - lr (m / B1) / (sqrt(s / B2) + 1e-8).

    B1 = 1 - (product of all b1 applied so far), B2 = 1 - b2^t; b1 is the momentum, b2 = 0.999.
    Source: arXiv:1412.6980, Algorithm 1; its Sec. 3 with a b1 of its own in every update gives the product.
    """
    slots["m"] = momentum * slots["m"] + (1 - momentum) * g
    slots["s"] = 0.999 * slots["s"] + (1 - 0.999) * g * g
    slots["product1"], slots["product2"] = slots["product1"] * momentum, slots["product2"] * 0.999
    mean, square = slots["m"] / (1 - slots["product1"]), slots["s"] / (1 - slots["product2"])
    return w - lr * mean / (square.sqrt() + 1e-8)


def caffe_adagrad(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """s = s + g^2; w = w - lr g / (sqrt(s) + 1e-8).

    Source: Caffe's AdaGradSolver, delta at its default.
    """
    del momentum
    slots["s"] = slots["s"] + g * g
    return w - lr * g / (slots["s"].sqrt() + 1e-8)


def caffe_rmsprop(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """s = 0.99 s + 0.01 g^2; w = w - lr g / (sqrt(s) + 1e-8).

    Source: Caffe's RMSPropSolver, delta and rms_decay at their defaults.
    """
    del momentum
    slots["s"] = 0.99 * slots["s"] + (1 - 0.99) * g * g
    return w - lr * g / (slots["s"].sqrt() + 1e-8)


def caffe_adadelta(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """s = a s + (1 - a) g^2; d = g sqrt((v + 1e-8) / (s + 1e-8)); v = a v + (1 - a) d^2; w = w - lr d.

    Source: Caffe's AdaDeltaSolver, delta at its default; its a is the momentum.
    """
    slots["s"] = momentum * slots["s"] + (1 - momentum) * g * g
    d = g * ((slots["v"] + 1e-8) / (slots["s"] + 1e-8)).sqrt()
    slots["v"] = momentum * slots["v"] + (1 - momentum) * d * d
    return w - lr * d


def caffe_adam(w: Tensor, g: Tensor, slots: Slots, lr: float, momentum: float) -> Tensor:
    """m and s as ``adam``; w = w - lr (sqrt(B2) / B1) m / (sqrt(s) + 1e-8): 1e-8 beside the raw square.

    Source: Caffe's AdamSolver, momentum2 and delta at their defaults.
    """
    slots["m"] = momentum * slots["m"] + (1 - momentum) * g
    slots["s"] = 0.999 * slots["s"] + (1 - 0.999) * g * g
    slots["product1"], slots["product2"] = slots["product1"] * momentum, slots["product2"] * 0.999
    correction = (1 - slots["product2"]).sqrt() / (1 - slots["product1"])
    return w - lr * correction * slots["m"] / (slots["s"].sqrt() + 1e-8)


UPDATES: dict[str, Callable[[Tensor, Tensor, Slots, float, float], Tensor]] = {
    "sgd": sgd,
    "nesterov": nesterov,
    "papers_sgd": papers_sgd,
    "papers_nesterov": papers_nesterov,
    "adamw": adam,
    "caffe_adagrad": caffe_adagrad,
    "caffe_adadelta": caffe_adadelta,
    "caffe_adam": caffe_adam,
    "caffe_rmsprop": caffe_rmsprop,
}


def updated(
    name: str, w: Tensor, gradient: Tensor, slots: Slots, *, lr: float, momentum: float, decay: float
) -> Tensor:
    """A parameter after one update of the optimizer ``name``; ``slots`` change with it.

    The decay is L2, g = gradient + decay w. AdamW: the decay is decoupled: w = w - lr decay w, then the
    update with the plain gradient.
    Source: arXiv:1711.05101, Algorithm 2, with lr decay in the place of its schedule multiplier times decay,
    as in torch.optim.AdamW.
    """
    if name == "adamw":
        return adam(w - lr * decay * w, gradient, slots, lr, momentum)
    return UPDATES[name](w, gradient + decay * w, slots, lr, momentum)


class ReferenceTrainer:
    """Implements ``training.trainer.Trainer``; float64 for the precision fp64, float32 for every other.

    Raises:
        TypeError: the task's data are read sample by sample, not held whole as tensors or arrays.
    """

    def __init__(self, task: Task, spec: RunSpec) -> None:
        self._task, self._spec = task, spec
        self._dtype = torch.float64 if spec.precision == "fp64" else torch.float32
        parts = task.parts()
        self._parts = {"train": _held(parts.train), "val": _held(parts.validation)}
        if parts.test is not None:
            self._parts["test"] = _held(parts.test)
        self._normalise = _normalisation(self._parts["train"][0], task.inputs)
        if spec.train_on == "all":
            (x, y), (more_x, more_y) = self._parts["train"], self._parts["val"]
            self._parts["train"] = torch.cat((x, more_x)), torch.cat((y, more_y))
        self.samples = len(self._parts["train"][0])
        self.model = task.build_model(spec.seed, **dict(spec.factory_args)).to(self._dtype).train()
        self._multipliers: Mapping[str, tuple[float, float]] = (
            self.model.multipliers() if hasattr(self.model, "multipliers") else {}  # type: ignore[operator]
        )
        one, zero = torch.ones((), dtype=self._dtype), torch.zeros((), dtype=self._dtype)
        self._slots = {
            name: {"v": zero, "m": zero, "s": zero, "product1": one, "product2": one}
            for name, _ in self.model.named_parameters()
        }
        self._random = torch.Generator().manual_seed(spec.seed).get_state()
        self._position = 0  # batches used

    def steps(self, lr: Floats, momentum: Floats) -> Floats:
        """Do n updates with these values, float64[n] each; returns the n training losses."""
        losses = [self._step(float(a), float(b)) for a, b in zip(lr, momentum, strict=True)]
        return np.array(losses, dtype=np.float64)

    def _step(self, lr: float, momentum: float) -> float:
        loss, gradients = self._gradients()
        for name, parameter in self.model.named_parameters():
            if name not in gradients:
                continue
            lr_multiple, decay_multiple = self._multipliers.get(name, (1.0, 1.0))
            if parameter.dim() < 2 and not self._task.decay_bias_and_norm:
                decay_multiple = 0.0
            parameter.data = updated(
                self._spec.optimizer, parameter.data, gradients[name], self._slots[name],
                lr=lr * lr_multiple, momentum=momentum, decay=self._spec.weight_decay * decay_multiple,
            )  # fmt: skip
        return loss

    def _gradients(self) -> tuple[float, dict[str, Tensor]]:
        """Loss and gradients of the next batch: means over its micro-batches, weighted by their sizes."""
        inputs, targets = self._next_batch()
        chunks = np.array_split(np.arange(len(inputs)), self._spec.accumulate)
        loss, gradients = 0.0, dict[str, Tensor]()
        for rows in chunks:
            share = len(rows) / len(inputs)
            with self._private_random():
                value = self._task.loss_function()(self.model(inputs[rows]), targets[rows])
                self.model.zero_grad()
                value.backward()  # type: ignore[no-untyped-call]
            loss += share * float(value.detach())
            for name, parameter in self.model.named_parameters():
                if parameter.grad is not None:
                    gradients[name] = gradients.get(name, 0.0) + share * parameter.grad.clone()
        self.model.zero_grad()
        return loss, gradients

    def _next_batch(self) -> tuple[Tensor, Tensor]:
        """Images drawn, augmented and normalised one by one.

        Each epoch has an order of its own; its short last batch is left out. Data smaller than one batch are
        read epoch after epoch without a gap.
        """
        batch, seed = self._spec.batch_size, self._spec.seed
        usable = self.samples // batch * batch or self.samples  # samples of an epoch that are used
        inputs, targets = self._parts["train"]
        images, classes = [], []
        for number in range(self._position * batch, (self._position + 1) * batch):
            epoch, place = divmod(number, usable)
            row = int(epoch_order(self.samples, seed, epoch)[place])
            draws = epoch_draws(self._task.augment, self.samples, seed, epoch)
            shift = None if draws.shift is None else draws.shift[place].tolist()
            mirror = draws.mirror is not None and bool(draws.mirror[place])
            images.append(_augmented(inputs[row], shift, mirror))
            classes.append(targets[row])
        self._position += 1
        return self._prepared(torch.stack(images)), self._typed(torch.stack(classes))

    def evaluate(self) -> Mapping[str, float]:
        """val_loss, val_accuracy and further metrics on the fixed subset."""
        rows = subset(len(self._parts["val"][0]), self._spec.eval_samples, self._task.seed)
        return self._measure("val", rows)

    def test(self) -> Mapping[str, float]:
        """test_loss, test_accuracy, ... on the whole test set; empty when the task has none."""
        if self._task.test is None:
            return {}
        return self._measure("test", torch.arange(len(self._parts["test"][0])))

    @torch.no_grad()
    def _measure(self, part: str, rows: Tensor) -> dict[str, float]:
        """Loss and metrics of all rows in one batch, by a copy of the network in evaluation mode."""
        model = copy.deepcopy(self.model)
        inputs, targets = (tensor[rows] for tensor in self._parts[part])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._spec.seed)
            self._re_estimate(model)
            model.eval()
            for norm in _norms(model) if part == "val" and self._spec.norms == "own" else []:
                norm.running_mean = norm.running_var = None  # then PyTorch takes the batch's
            output, targets = model(self._prepared(inputs)), self._typed(targets)
            functions = {"loss": self._task.loss_function(), **self._task.metric_functions()}
            return {
                f"{part}_{name}": float(function(output, targets)) for name, function in functions.items()
            }

    def _re_estimate(self, model: nn.Module) -> None:
        """Batch norm's statistics: averages over 4 fixed training batches, of mean and unbiased variance."""
        norms = _norms(model)
        model.eval()
        for norm in norms:
            norm.train()
            norm.momentum = None  # a plain mean over the batches since a reset
        batch = min(256, self._spec.batch_size, self.samples)
        rows = subset(self.samples, 4 * batch, self._task.seed)
        rows = rows[torch.randperm(len(rows), generator=seeded(self._task.seed, 5))]
        draws = epoch_draws(self._task.augment, len(rows), self._spec.seed, -1)
        seen: list[list[tuple[Tensor, Tensor]]] = []
        for places in np.array_split(np.arange(len(rows)), -(-len(rows) // max(batch, 2))) if norms else []:
            images = [
                _augmented(
                    self._parts["train"][0][int(rows[place])],
                    None if draws.shift is None else draws.shift[place].tolist(),
                    draws.mirror is not None and bool(draws.mirror[place]),
                )
                for place in places.tolist()
            ]
            for norm in norms:
                norm.reset_running_stats()  # so that they are those of the next batch alone
            model(self._prepared(torch.stack(images)))
            seen.append([(n.running_mean.clone(), n.running_var.clone()) for n in norms])  # type: ignore[union-attr]
        for norm, found in zip(norms, zip(*seen, strict=True), strict=True):
            norm.running_mean = sum(mean for mean, _ in found) / len(found)
            norm.running_var = sum(variance for _, variance in found) / len(found)

    def state_dict(self) -> dict[str, Any]:
        """All that decides the rest of the run."""
        return copy.deepcopy({
            "model": self.model.state_dict(), "slots": self._slots,
            "random": self._random, "position": self._position,
        })  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a state_dict, bit for bit."""
        state = copy.deepcopy(dict(state))
        self.model.load_state_dict(state["model"])
        self._slots, self._random, self._position = state["slots"], state["random"], state["position"]

    @contextmanager
    def _private_random(self) -> Iterator[None]:
        """Dropout draws from a state of its own, which goes on from batch to batch."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._random)
            yield
            self._random = torch.get_rng_state()

    def _prepared(self, inputs: Tensor) -> Tensor:
        """Inputs as the network gets them: uint8 images [n, h, w(, c)] become normalised [n, c, h, w]."""
        if inputs.dtype == torch.uint8 and inputs.dim() in (3, 4):
            images = inputs if inputs.dim() == 4 else inputs[..., None]
            inputs = images.permute(0, 3, 1, 2).contiguous()
        elif not inputs.is_floating_point():
            return inputs
        return torch.from_numpy(self._normalise(inputs.double().numpy())).to(self._dtype)

    def _typed(self, targets: Tensor) -> Tensor:
        return targets.to(self._dtype) if targets.is_floating_point() else targets


def _norms(model: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    """The batch norms that do not ask to be evaluated as they are."""
    found = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return [m for m in found if not getattr(m, "keeps_statistics", False)]


def _held(source: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(source, tuple):
        raise TypeError(
            f"the slow twin needs data held whole, got {type(source).__name__}; pass (inputs, targets)"
        )
    return source


def _augmented(image: Tensor, shift: Sequence[int] | None, mirror: bool) -> Tensor:
    """An image [h, w(, c)], or float [c, h, w]: 4 zeros around, cut out at ``shift``, then mirrored."""
    if shift is None and not mirror:
        return image
    channels_first = image.is_floating_point()
    array: NDArray[Any] = (image.permute(1, 2, 0) if channels_first else image).numpy()
    height, width = array.shape[:2]
    if shift is not None:
        around = np.zeros((height + 8, width + 8, *array.shape[2:]), dtype=array.dtype)
        around[4 : 4 + height, 4 : 4 + width] = array
        array = around[shift[0] : shift[0] + height, shift[1] : shift[1] + width]
    if mirror:
        array = array[:, ::-1]
    result = torch.from_numpy(array.copy())
    return result.permute(2, 0, 1) if channels_first else result


def _normalisation(train: Tensor, kind: str) -> Callable[[Floats], Floats]:
    """The function of float64[n, c, ...] that ``Task.inputs`` names, with statistics of the training data."""
    image = train.dtype == torch.uint8 and train.dim() in (3, 4)
    if kind == "auto":
        kind = "standardise" if image else "none"
    if kind == "none":
        return lambda x: x
    if kind == "divide_256":
        return lambda x: x / 256
    values = train.double().numpy()
    if image:
        values = np.moveaxis(values if values.ndim == 4 else values[..., None], -1, 1)
    if kind == "subtract_mean":
        mean_image = values.mean(axis=0)
        return lambda x: x - mean_image
    axes = tuple(axis for axis in range(values.ndim) if axis != 1)
    mean, deviation = values.mean(axis=axes, keepdims=True), values.std(axis=axes, keepdims=True)
    deviation[deviation == 0] = 1  # a constant channel has nothing to scale
    return lambda x: (x - mean) / deviation
