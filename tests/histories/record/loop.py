"""A plain training loop that several recordings share: it calls ``log(iteration, values)``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from task import data, network
from torch.nn.functional import cross_entropy

Log = Callable[[int, dict[str, float]], None]


def train(log: Log, *, updates: int = 160, every: int = 10) -> None:
    """Train with 1cycle; log {"loss", "lr"} at each update, {"val_loss", "val_accuracy"} now and then."""
    torch.manual_seed(6)
    net, (points, labels) = network(), data(256, 1).tensors
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.3, total_steps=updates)
    for iteration in range(1, updates + 1):
        rows = torch.randperm(len(points))[:32]
        loss = cross_entropy(net(points[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log(iteration, {"loss": loss.item(), "lr": schedule.get_last_lr()[0]})
        schedule.step()
        if iteration % every == 0:
            with torch.no_grad():
                out = net(data(200, 2).tensors[0])
                right = (out.argmax(1) == data(200, 2).tensors[1]).float().mean().item()
                log(
                    iteration,
                    {"val_loss": cross_entropy(out, data(200, 2).tensors[1]).item(), "val_accuracy": right},
                )
