"""What LrEstimator costs: ``python benchmarks/lr_estimate.py``.

The same loop (forward, backward, torch.optim.SGD) with and without the estimator, in turns; the ratio of a
turn is the time with it over the time without.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from wellbegun.training.hessian_free import LrEstimator
from wellbegun.zoo.models.cifar3 import cifar3
from wellbegun.zoo.models.lenet import lenet

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "lenet": (lenet, (1, 28, 28), 512),
    "cifar3": (cifar3, (3, 32, 32), 128),
    "mlp": (lambda: nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10)), (784,), 128),
}


def seconds(name: str, every: int | None, updates: int) -> float:
    """Per update, with an estimator that looks at every so many updates; None: without one."""
    make, shape, batch = NETWORKS[name]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, *shape, generator=generator)
    y = torch.randint(0, 10, (batch,), generator=generator)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    estimate = LrEstimator(optimizer, every=every) if every else None
    start = 0.0
    for update in range(-3, updates):
        if update == 0:
            start = time.process_time()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if estimate is not None:
            estimate.step()
    return (time.process_time() - start) / updates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="turns (default 5)")
    parser.add_argument("--updates", type=int, default=30, help="per turn (default 30)")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, python {platform.python_version()}, one thread, its CPU time")
    for name in NETWORKS:
        ratios: dict[int, list[float]] = {1: [], 10: []}
        for _ in range(asked.repeats):
            plain = seconds(name, None, asked.updates)
            for every, found in ratios.items():
                found.append(seconds(name, every, asked.updates) / plain)
        for every, found in ratios.items():
            spread = f"{min(found):.2f} to {max(found):.2f} in {len(found)} turns"
            print(f"  {name:7} every {every:2}: {statistics.median(found):.2f} of the time without, {spread}")


if __name__ == "__main__":
    main()
