"""The two contestants of throughput.py: the loop that people write, and the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec
from wellbegun.training.engine import precision, trainer
from wellbegun.training.task import Task
from wellbegun.zoo.models.cifar3 import cifar3
from wellbegun.zoo.models.lenet import lenet

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
PARTS = ("data", "forward", "backward", "update")


@dataclass(frozen=True)
class Setting:
    """One network on one kind of data."""

    model: Callable[[], nn.Module]
    data: str  # NAME.npz
    shape: tuple[int, ...]  # of one image as stored
    batch_size: int
    inputs: str  # as in Task
    lr: float  # small enough for any data; both sides use it


SETTINGS = {
    "lenet": Setting(lenet, "mnist", (28, 28), 512, "divide_256", 0.01),
    "cifar3": Setting(cifar3, "cifar10", (32, 32, 3), 128, "subtract_mean", 0.0005),
}
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4


def choose_clock(name: str) -> None:
    """Which clock this process reads; the CPU's is that of one thread."""
    _chosen["clock"] = name
    if name == "cpu":
        torch.set_num_threads(1)


def clock() -> float:
    """Seconds, of the clock that main() chose."""
    return CLOCKS[_chosen["clock"]]()


def clock_name() -> str:
    return _chosen["clock"]


_chosen = {"clock": "wall"}


class Side(Protocol):
    """One of the two contestants."""

    def train(self, updates: int) -> None:
        """Do so many updates."""

    def parts(self, updates: int) -> dict[str, float]:
        """Do so many updates with a stopwatch: seconds per update of each part."""
        ...

    def evaluate(self) -> None:
        """Measure the whole validation data once."""


class Stopwatch:
    """Seconds by the name of the part that has just ended."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._last = clock()

    def lap(self, part: str) -> None:
        now = clock()
        self.seconds[part] += now - self._last
        self._last = now

    def per_update(self, updates: int) -> dict[str, float]:
        return {part: seconds / updates for part, seconds in self.seconds.items()}


class Plain:
    """The loop that people write."""

    def __init__(
        self, setting: Setting, train: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor]
    ) -> None:
        torch.manual_seed(0)
        self.model = setting.model()
        mean = _mean_image(train[0]) if setting.inputs == "subtract_mean" else None
        self.train_loader = self._loader(train, mean, setting.batch_size, shuffle=True)
        self.val_loader = self._loader(validation, mean, setting.batch_size, shuffle=False)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=setting.lr,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=WEIGHT_DECAY,
        )
        self.criterion = nn.CrossEntropyLoss()
        self._batches: Iterator[Any] = iter(())

    @staticmethod
    def _loader(data: tuple[Tensor, Tensor], mean: Tensor | None, batch_size: int, *, shuffle: bool) -> Any:
        x, y = data
        x = _nchw(x).float()
        x = x / 256 if mean is None else x - mean
        return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=shuffle, drop_last=shuffle)

    def _next(self) -> Any:
        try:
            return next(self._batches)
        except StopIteration:
            self._batches = iter(self.train_loader)
            return next(self._batches)

    def train(self, updates: int) -> None:
        self.model.train()
        running = 0.0
        for _ in range(updates):
            x, y = self._next()
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            running += loss.item()
        _finite(running)

    def parts(self, updates: int) -> dict[str, float]:
        self.model.train()
        watch = Stopwatch()
        for _ in range(updates):
            x, y = self._next()
            watch.lap("data")
            self.optimizer.zero_grad()
            watch.lap("update")
            loss = self.criterion(self.model(x), y)
            watch.lap("forward")
            loss.backward()
            watch.lap("backward")
            self.optimizer.step()
            loss.item()
            watch.lap("update")
        return watch.per_update(updates)

    def evaluate(self) -> None:
        self.model.eval()
        loss, correct, count = 0.0, 0, 0
        with torch.no_grad():
            for x, y in self.val_loader:
                output = self.model(x)
                loss += self.criterion(output, y).item() * len(y)
                correct += int((output.argmax(1) == y).sum().item())
                count += len(y)
        _finite(loss / count)


class Engine:
    """wellbegun's own trainer, as every command of the package uses it."""

    def __init__(
        self, setting: Setting, train: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor], asked: str
    ) -> None:
        task = Task(model=setting.model, train=train, validation=validation, inputs=setting.inputs)
        device, self.precision = precision.resolve(task, "cpu", asked)
        spec = RunSpec(
            task="benchmark", iterations=1, batch_size=setting.batch_size, lr=Constant(setting.lr),
            momentum=Constant(MOMENTUM), weight_decay=WEIGHT_DECAY, device=device, precision=self.precision,
        )  # fmt: skip
        self._lr = setting.lr
        self.trainer = trainer.build(task, spec)

    def train(self, updates: int) -> None:
        losses = self.trainer.steps(np.full(updates, self._lr), np.full(updates, MOMENTUM))
        _finite(float(losses.sum()))

    def parts(self, updates: int) -> dict[str, float]:
        engine = self.trainer  # its steps() taken apart: the same calls with a stopwatch in between
        watch = Stopwatch()
        for _ in range(updates):
            inputs, targets = engine._feed.next()
            watch.lap("data")
            loss = engine._forward(inputs, targets)
            watch.lap("forward")
            loss.backward()  # type: ignore[no-untyped-call]
            watch.lap("backward")
            engine._optimizer.update(self._lr, MOMENTUM)
            watch.lap("update")
        return watch.per_update(updates)

    def evaluate(self) -> None:
        self.trainer.evaluate()


def load(setting: Setting, data_dir: Path | None) -> tuple[Tensor, Tensor, str]:
    """uint8 images and their classes, and a sentence that says which."""
    path = data_dir / f"{setting.data}.npz" if data_dir else None
    if path and path.is_file():
        with np.load(path) as arrays:
            x, y = torch.from_numpy(arrays["x_train"]), torch.from_numpy(arrays["y_train"].astype(np.int64))
        return x, y.reshape(-1), f"{path.name}, {len(x)} images"
    generator = torch.Generator().manual_seed(0)
    shape = (30_000, *setting.shape)
    x = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    y = torch.randint(0, 10, (len(x),), generator=generator)
    return x, y, f"random uint8 images of the shape of {setting.data}, {len(x)} of them"


def _finite(loss: float) -> None:
    if not np.isfinite(loss):
        raise SystemExit(
            f"the loss must stay finite for the times to mean anything, got {loss}; lower the lr"
        )


def _nchw(images: Tensor) -> Tensor:
    return images[:, None] if images.dim() == 3 else images.permute(0, 3, 1, 2).contiguous()


def _mean_image(images: Tensor) -> Tensor:
    return _nchw(images[:5000]).float().mean(0)
