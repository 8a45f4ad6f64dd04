"""How much a network computes for a sample, counted from the shapes of what goes through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from wellbegun.training.engine import sources
from wellbegun.training.engine.batches import moved, sample
from wellbegun.training.engine.state import PrivateRandom

if TYPE_CHECKING:
    from wellbegun.training.task import Task

SAMPLES = 2  # that are sent through the network
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv")
RECURRENT = "mkldnn_rnn_layer"
ATTENTION = "_scaled_dot_product"
GROUPS = 8  # place of this argument in aten::convolution


@dataclass(frozen=True)
class Arithmetic:
    """Operations of one forward pass for one sample; a multiplication with its addition counts as one."""

    dense: float  # of convolutions with groups = 1
    products: float  # of all convolutions, matrix products and attention
    elements: float  # results of everything else, one for each number

    @property
    def dense_share(self) -> float:
        """The share of dense convolutions in all products; 0 where there are none."""
        return self.dense / (self.products or 1.0)


def arithmetic(task: Task, model: nn.Module) -> Arithmetic:
    """What this network of the task computes for one of its samples.

    The network is asked, and left, in evaluation mode, with gradients, as PyTorch fuses layers where it needs
    none; its user's random numbers are given back.
    """
    weight, counter = next(model.parameters(), torch.zeros(())), _Counter()
    with PrivateRandom(task.seed), torch.enable_grad():
        inputs, targets = sample(task, SAMPLES)
        with counter:
            model.eval()(moved(inputs, weight.device, weight.dtype))
    count = sources.length(targets)
    return Arithmetic(counter.dense / count, counter.products / count, counter.elements / count)


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation that reaches a kernel, called by a module or not."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dense = self.products = self.elements = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        products = _products(name, args, result)
        self.products += products
        if name == "convolution" and args[GROUPS] == 1:
            self.dense += products
        if not products and isinstance(result, Tensor) and not func.is_view:
            self.elements += result.numel()
        return result


def _products(name: str, args: Any, result: Any) -> float:
    """Multiplications of a convolution, a matrix product, attention or a recurrent layer; 0 for others."""
    tensors = [a for a in args if isinstance(a, Tensor)]
    if name in PRODUCTS:  # the last two are the factors
        return float(result.numel() * tensors[-2].shape[-1])
    if name == "convolution":  # each weight meets each place of the output, of the input where transposed
        inputs, weight, transposed = tensors[0], tensors[1], args[6]
        places = inputs if transposed else result
        return float(places.numel() / weight.shape[0] * weight.numel())
    if name.startswith(ATTENTION):
        query, key, value = tensors[:3]
        return float(
            query.numel() * key.shape[-2] + query[..., 0].numel() * value.shape[-2] * value.shape[-1]
        )
    if name == RECURRENT:
        return float(tensors[0][..., 0].numel() * (tensors[1].numel() + tensors[2].numel()))
    return 0.0
