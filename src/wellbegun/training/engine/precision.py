"""Device kind and precision of a task's runs, by rule and not by a stopwatch."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import torch

from wellbegun.spec import PRECISIONS
from wellbegun.training.engine.arithmetic import arithmetic

if TYPE_CHECKING:
    from wellbegun.training.task import Task

DEVICES = ("cpu", "cuda", "mps")


def resolve(task: Task, device: str = "auto", precision: str = "auto") -> tuple[str, str]:
    """(device, precision) for a spec: a GPU where there is one, bf16 where it pays.

    bf16 pays if the hardware has it (CPU: AVX512-bf16 or AMX; GPU: sm80 and later) and dense convolutions do
    more than half of all multiplications. On a CPU, linear and depthwise layers are faster in fp32.

    Raises:
        ValueError: an unknown device or precision, or a device that is not there.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device not in DEVICES:
        raise ValueError(f"device must be 'auto' or one of {', '.join(DEVICES)}, got {device!r}")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[device]:
        raise ValueError(f"device {device!r} must be available here, got none; use device='cpu' or 'auto'")
    if precision == "auto":
        pays = has_bf16(device) and arithmetic(task, task.build_model(task.seed)).dense_share > 0.5
        return device, "bf16" if pays else "fp32"
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be 'auto' or one of {', '.join(PRECISIONS)}, got {precision!r}")
    return device, precision


def has_bf16(device: str) -> bool:
    """Whether the hardware multiplies bf16 numbers itself."""
    if device == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    if device == "cpu":
        names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, name, bool)() for name in names)
    return False


def machine(device: str) -> dict[str, Any]:
    """What a measurement was made on: device, threads, version of PyTorch."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    return {"device": f"{device}, {name}", "threads": torch.get_num_threads(), "torch": torch.__version__}
