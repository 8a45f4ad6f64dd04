"""Random states of our own, and everything of a user's objects given back bit for bit."""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn


class PrivateRandom:
    """Random states of Python, NumPy, CPU and GPU that follow from a seed and hold inside a ``with`` block.

    Entering puts them in the place of the global ones, leaving keeps them for the next block and gives the
    global ones back: a network with dropout is reproducible, and its user's random numbers are not touched.
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        self._gpu = torch.device(device).type == "cuda"
        states = {
            "python": random.Random(seed).getstate(),
            "numpy": np.random.RandomState(seed % 2**32).get_state(),
            "cpu": torch.Generator().manual_seed(seed).get_state(),
        }
        if self._gpu:
            states["cuda"] = torch.Generator(device).manual_seed(seed).get_state()
        self.states: dict[str, Any] = states
        self._outside: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._outside.append(random_states(gpu=self._gpu))
        set_random_states(self.states)
        return self

    def __exit__(self, *_: object) -> None:
        self.states = random_states(gpu=self._gpu)
        set_random_states(self._outside.pop())


def random_states(*, gpu: bool) -> dict[str, Any]:
    """The global random states of Python, NumPy and the CPU, and of the current GPU when asked for."""
    states = {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.get_rng_state()}
    return {**states, "cuda": torch.cuda.get_rng_state()} if gpu else states


def set_random_states(states: Mapping[str, Any]) -> None:
    """Go back to ``random_states``."""
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"])


@contextmanager
def randomness_kept(*loaders: Any) -> Iterator[None]:
    """A block after which the global random states and the loaders' generators are what they were."""
    states = random_states(gpu=False)
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    generators = [(g, g.get_state()) for loader in loaders for g in _generators(loader)]
    try:
        yield
    finally:
        set_random_states(states)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)
        for generator, state in generators:
            generator.set_state(state)


def train_flags(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    """Every module with its train/eval flag; ``set_train_flags`` gives them back one by one."""
    return [(module, module.training) for module in model.modules()]


def set_train_flags(flags: list[tuple[nn.Module, bool]]) -> None:
    """Go back to ``train_flags``; ``model.train()`` would set the children of a frozen module as well."""
    for module, training in flags:
        module.training = training


class Snapshot:
    """A user's objects as they are now; ``restore`` makes them so again, as often as it is called."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: Any = None,
        scaler: Any = None,
        scheduler: Any = None,
        loader: Any = None,
    ) -> None:
        self._parameters = [
            (p, _Value(p), p.grad, _Value(p.grad), p.requires_grad) for p in model.parameters()
        ]
        self._buffers = [(m, n, b, _Value(b)) for m in model.modules() for n, b in m._buffers.items()]
        norms = (m for m in model.modules() if isinstance(m, nn.modules.batchnorm._NormBase))
        self._momenta = [(m, m.momentum) for m in norms]
        self._flags = train_flags(model)
        self._optimizer = optimizer
        if optimizer is not None:
            self._slots = [(p, copy.deepcopy(slots)) for p, slots in optimizer.state.items()]
            self._groups = [_settings(group) for group in optimizer.param_groups]
        others = [other for other in (scaler, scheduler, loader) if hasattr(other, "state_dict")]
        self._others = [(other, copy.deepcopy(other.state_dict())) for other in others]
        self._generators = [(g, g.get_state()) for g in _generators(loader)]
        self._random = random_states(gpu=False)
        gpu = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        self._gpus = torch.cuda.get_rng_state_all() if gpu else []

    @torch.no_grad()
    def restore(self) -> None:
        """Make everything bit for bit what it was."""
        for parameter, value, grad, grad_value, requires in self._parameters:
            value.back_to(parameter)
            parameter.requires_grad_(requires)
            parameter.grad = grad if grad is None else grad_value.back_to(grad)
        for module, name, buffer, value in self._buffers:
            module._buffers[name] = buffer if buffer is None else value.back_to(buffer)
        for norm, momentum in self._momenta:
            norm.momentum = momentum
        set_train_flags(self._flags)
        for other, state in self._others:
            other.load_state_dict(copy.deepcopy(state))
        if self._optimizer is not None:
            self._restore_optimizer()
        for generator, state in self._generators:
            generator.set_state(state)
        set_random_states(self._random)
        if self._gpus:
            torch.cuda.set_rng_state_all(self._gpus)

    def _restore_optimizer(self) -> None:
        """Not by load_state_dict, which casts slots to the weights' type: fp32 slots would lose bits."""
        self._optimizer.state.clear()
        for parameter, slots in self._slots:
            self._optimizer.state[parameter] = copy.deepcopy(slots)
        del self._optimizer.param_groups[len(self._groups) :]
        for group, settings in zip(self._optimizer.param_groups, self._groups, strict=True):
            for name in set(group) - set(settings) - {"params"}:
                del group[name]
            group.update(copy.deepcopy(settings))


@contextmanager
def preserved(
    model: nn.Module, optimizer: Any = None, scaler: Any = None, scheduler: Any = None, loader: Any = None
) -> Iterator[None]:
    """A block after which a user's objects are bit for bit what they were, also after an exception.

    Kept: weights, buffers (also non-persistent ones), gradients, requires_grad, train/eval flags, the
    momentum of batch norm's averages, the optimizer's, scaler's and scheduler's state, the random states of
    Python, NumPy, CPU and every GPU, the loader's generator, and its position where it has a ``state_dict``.
    """
    snapshot = Snapshot(model, optimizer, scaler, scheduler, loader)
    try:
        yield
    finally:
        snapshot.restore()


class _Value:
    """A copy of a tensor's values."""

    def __init__(self, tensor: Tensor | None) -> None:
        self._value = None if tensor is None else tensor.detach().clone()

    def back_to(self, tensor: Tensor) -> Tensor:
        """Write the values back; where a block moved or cast the tensor, its storage is replaced."""
        value = self._value
        if value is None:
            return tensor
        if (tensor.device, tensor.dtype, tensor.shape) == (value.device, value.dtype, value.shape):
            tensor.copy_(value)
        else:
            tensor.data = value.clone()
        return tensor


def _settings(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: copy.deepcopy(value) for name, value in group.items() if name != "params"}


def _generators(loader: Any) -> list[torch.Generator]:
    batches = getattr(loader, "batch_sampler", None)
    places = (loader, getattr(loader, "sampler", None), getattr(batches, "sampler", None))
    found = [getattr(place, "generator", None) for place in places]
    return list({id(g): g for g in found if isinstance(g, torch.Generator)}.values())


def pack(states: Mapping[str, Any]) -> dict[str, Any]:
    """Random states as tensors, numbers and lists, which ``torch.load`` reads without trusting code."""
    name, keys, *rest = states["numpy"]
    return {**states, "numpy": (str(name), [int(key) for key in keys], *rest)}


def unpack(states: Mapping[str, Any]) -> dict[str, Any]:
    """The random states that ``pack`` packed."""
    name, keys, *rest = states["numpy"]
    version, internal, gauss = states["python"]
    python = (version, tuple(internal), gauss)
    tensors = {key: state.cpu() for key, state in states.items() if isinstance(state, Tensor)}
    return {**tensors, "python": python, "numpy": (name, np.asarray(keys, dtype=np.uint32), *rest)}


def to_bytes(state: Mapping[str, Any]) -> bytes:
    """A trainer's ``state_dict`` as it is kept on disk."""
    target = io.BytesIO()
    torch.save(dict(state), target)
    return target.getvalue()


def from_bytes(data: bytes) -> dict[str, Any]:
    """The state that ``to_bytes`` wrote; nothing in it is run as code."""
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state
