"""Every error that wellbegun raises about the state of the world.

Wrong arguments are ValueError or TypeError.

    WellbegunError
    ├── TaskError        the task cannot be trained: data, model or loss break a rule (a ValueError too)
    ├── UnreadableHistory  a training history cannot be read (a ValueError too)
    ├── StoreError       the store cannot be read or written: permissions, disk, a newer version
    ├── TrainingFailed   a run raised an error of the user's own code; carries the spec
    └── Refused          the evidence is too weak or too bad for a recommendation; carries the runs so far

A message has three parts: the rule that must hold, the values received, the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wellbegun.curve import Run
    from wellbegun.spec import RunSpec


class WellbegunError(Exception):
    """The base of all errors of this package: catch it to catch them all."""


class TaskError(WellbegunError, ValueError):
    """The task cannot be trained as it is: its data, model or loss break a rule that the message names."""


class StoreError(WellbegunError):
    """The store cannot be read or written."""


class UnreadableHistory(WellbegunError, ValueError):
    """A file that should hold a training history holds none, or one that breaks a rule the message names."""


class TrainingFailed(WellbegunError):
    """A run ended with an exception of the task's own code (``__cause__``); ``spec`` says which run."""

    def __init__(self, message: str, spec: RunSpec | None = None) -> None:
        super().__init__(message)
        self.spec = spec

    def __reduce__(self) -> tuple[type, tuple[str, RunSpec | None]]:
        return type(self), (str(self), self.spec)


class Refused(WellbegunError):
    """The evidence does not support any number; ``runs`` holds what was measured so far."""

    def __init__(self, message: str, runs: tuple[Run, ...] = ()) -> None:
        super().__init__(message)
        self.runs = runs

    def __reduce__(self) -> tuple[type, tuple[str, tuple[Run, ...]]]:
        return type(self), (str(self), self.runs)
