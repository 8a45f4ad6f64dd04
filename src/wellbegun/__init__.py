"""wellbegun finds learning rate, momentum and weight decay from a few short runs, and trains with 1cycle.

    import wellbegun as wb

    found = wb.tune(wb.Task(model=Net, train=(inputs, targets)))

A name is loaded when it is first used: importing the package loads neither torch nor matplotlib nor NumPy.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellbegun import errors as errors
    from wellbegun import schedules as schedules
    from wellbegun.curve import Curve as Curve
    from wellbegun.curve import Run as Run
    from wellbegun.diagnosis.diagnose import diagnose as diagnose
    from wellbegun.histories.read import read_history as read_history
    from wellbegun.runs.store import RunStore as RunStore
    from wellbegun.schedules.cyclical import OneCycle as OneCycle
    from wellbegun.search.plan import Finding as Finding
    from wellbegun.search.recommendation import Recommendation as Recommendation
    from wellbegun.spec import RunSpec as RunSpec
    from wellbegun.training.hessian_free import LrEstimator as LrEstimator
    from wellbegun.training.lr_scheduler import ScheduleLR as ScheduleLR
    from wellbegun.training.range_test import lr_range_test as lr_range_test
    from wellbegun.training.task import Task as Task
    from wellbegun.tune import range_test as range_test
    from wellbegun.tune import search_for as search_for
    from wellbegun.tune import train as train
    from wellbegun.tune import tune as tune

__version__ = "0.1.0"

_HOMES = {
    "Curve": "wellbegun.curve",
    "Finding": "wellbegun.search.plan",
    "LrEstimator": "wellbegun.training.hessian_free",
    "OneCycle": "wellbegun.schedules.cyclical",
    "Recommendation": "wellbegun.search.recommendation",
    "Run": "wellbegun.curve",
    "RunSpec": "wellbegun.spec",
    "RunStore": "wellbegun.runs.store",
    "ScheduleLR": "wellbegun.training.lr_scheduler",
    "Task": "wellbegun.training.task",
    "diagnose": "wellbegun.diagnosis.diagnose",
    "errors": "wellbegun.errors",
    "lr_range_test": "wellbegun.training.range_test",
    "range_test": "wellbegun.tune",
    "read_history": "wellbegun.histories.read",
    "schedules": "wellbegun.schedules",
    "search_for": "wellbegun.tune",
    "train": "wellbegun.tune",
    "tune": "wellbegun.tune",
}

__all__ = [
    "Curve",
    "Finding",
    "LrEstimator",
    "OneCycle",
    "Recommendation",
    "Run",
    "RunSpec",
    "RunStore",
    "ScheduleLR",
    "Task",
    "__version__",
    "diagnose",
    "errors",
    "lr_range_test",
    "range_test",
    "read_history",
    "schedules",
    "search_for",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"wellbegun has the names {', '.join(__all__)}; got {name!r}")
    home = import_module(_HOMES[name])
    value = home if _HOMES[name] == f"wellbegun.{name}" and not hasattr(home, name) else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Facade(ModuleType):
    """Keeps ``wellbegun.tune`` the function: its module, once imported, would take the name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and _HOMES.get(name) == value.__name__ and hasattr(value, name):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Facade
