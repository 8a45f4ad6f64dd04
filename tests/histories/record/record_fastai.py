"""Record a training with fastai: CSVLogger's history.csv.

fastai imports torchvision, whose compiled operators do not load beside the CPU build of PyTorch; nothing of
it is used here, so empty modules stand in for it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType


class Empty(ModuleType):
    """A module in which every name is a class that does nothing."""

    __path__ = ()

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        value = type(name, (), {})
        setattr(self, name, value)
        return value


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = Empty(spec.name)
        module.__version__ = "0.0"
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Finder())

import shutil
import tempfile
from pathlib import Path

from fastai.callback.core import Callback
from fastai.callback.progress import CSVLogger
from fastai.callback.schedule import Learner  # adds fit_one_cycle
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from task import FIXTURES, data, network, write_sidecar
from torch.nn.functional import cross_entropy


class Seen(Callback):
    """The values of each epoch at full precision; order 61 comes after the Recorder."""

    order = 61

    def before_fit(self):
        self.rows = []

    def after_epoch(self):
        self.rows.append([float(v) for v in self.learn.recorder.values[-1]])


def main() -> None:
    set_seed(4, reproducible=True)
    loaders = DataLoaders(
        DataLoader(data(256, 1), bs=32, shuffle=True, num_workers=0),
        DataLoader(data(200, 2), bs=200, num_workers=0), device="cpu",
    )  # fmt: skip
    place, seen = Path(tempfile.mkdtemp()), Seen()
    learner = Learner(loaders, network(), loss_func=cross_entropy, metrics=accuracy, path=place)
    with learner.no_bar():
        learner.fit_one_cycle(12, 0.02, cbs=[CSVLogger(fname="history.csv"), seen])
    folder = FIXTURES / "fastai"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(place / "history.csv", folder)
    names = ("train_loss", "val_loss", "val_accuracy")
    write_sidecar(
        "fastai/expected.json",
        **{name: [(epoch, row[i]) for epoch, row in enumerate(seen.rows)] for i, name in enumerate(names)},
    )


main()
