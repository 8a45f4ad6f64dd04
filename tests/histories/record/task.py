"""A small task for all recordings, and the sidecar that says what a tool was given to log."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def data(samples: int, seed: int) -> torch.utils.data.TensorDataset:
    """Two noisy spirals, which a small network learns in some hundred updates."""
    random = torch.Generator().manual_seed(seed)
    label = torch.arange(samples) % 2
    radius = torch.rand(samples, generator=random)
    angle = 5.0 * radius + torch.pi * label
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    points += 0.12 * torch.randn(points.shape, generator=random)
    return torch.utils.data.TensorDataset(3.0 * points, label)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))


def write_sidecar(name: str, **series: list[tuple[float, float]]) -> None:
    """Write what was logged, as (iteration, value) pairs by meaning, next to the fixture."""
    path = FIXTURES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(series, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
