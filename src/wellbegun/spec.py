"""RunSpec: everything that is asked of one run, its JSON form and its key."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wellbegun.schedules._base import Schedule
from wellbegun.schedules.kinds import from_json as schedule_from_json
from wellbegun.schedules.kinds import to_json as schedule_to_json

ENGINE = 1
"""Version of the engine's semantics.

Raise it when the same spec would train differently; old runs stay readable.
"""

OPTIMIZERS = (
    "nesterov", "sgd", "papers_nesterov", "papers_sgd", "adamw",
    "caffe_adagrad", "caffe_adadelta", "caffe_adam", "caffe_rmsprop",
)  # fmt: skip
"""``sgd``, ``nesterov``: PyTorch's velocity. ``papers_*``: the learning rate inside the velocity.

``adamw``: beta1 cycles. ``caffe_*``: as Caffe has them, for the 2017 paper's Fig. 8; momentum is the decay
rate of adadelta, beta1 of adam, and is not read by adagrad and rmsprop.
"""

LATER = {"host": None, "estimate": 0, "norms": "training"}
"""Fields younger than the first stores: left out of the JSON at their default, so that old keys stay."""

PRECISIONS = ("fp32", "bf16", "fp64")

NORMS = ("training", "own")
"""Whose statistics batch norm is evaluated with: those of training batches, taken anew at every evaluation,
or those of the evaluated samples themselves.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run, completely.

    Two equal specs train the same network the same way, so their key names the result.
    """

    task: str  # the task's fingerprint: model, data, loss, code
    iterations: int  # optimizer updates, >= 1
    batch_size: int  # samples per update, total over devices
    lr: Schedule
    momentum: Schedule  # beta1 for adamw
    weight_decay: float = 0.0  # L2 in the gradient; decoupled (lr x decay) for adamw
    optimizer: str = "nesterov"
    seed: int = 0  # of initial weights, order of the data, augmentation
    eval_every: int = 100  # iterations between evaluations; one more at iteration 0 and one at the end
    eval_samples: int | None = None  # size of the fixed subset of the validation data; None is all of it
    limit: float | None = (
        None  # ends the run when smoothed val_loss passes this multiple of its best; None: see measure
    )
    train_on: str = "train"  # "train": the training part; "all": training and validation data together
    test: bool = False  # evaluate the test set once, after the last update
    accumulate: int = 1  # micro-batches per update
    device: str = "cpu"  # device kind: "cpu", "cuda", "mps"
    precision: str = "fp32"
    factory_args: tuple[tuple[str, Any], ...] = ()  # arguments of the model factory, sorted by name
    start: tuple[str, int] | None = None  # (parent key, iteration): continue from a snapshot
    host: str | None = None  # only of a measured run: whose seconds and memory it says
    estimate: int = 0  # updates between two looks of the LR estimate; 0 makes none
    norms: str = "training"  # one of NORMS
    engine: int = ENGINE

    def __post_init__(self) -> None:
        for name, low in (
            ("iterations", 1),
            ("batch_size", 1),
            ("eval_every", 1),
            ("accumulate", 1),
            ("estimate", 0),
        ):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}")
        if self.norms not in NORMS:
            raise ValueError(f"norms must be one of {', '.join(NORMS)}, got {self.norms!r}")
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(f"weight_decay must be a finite number >= 0, got {self.weight_decay}")
        if self.train_on not in ("train", "all"):
            raise ValueError(f"train_on must be 'train' or 'all', got {self.train_on!r}")
        object.__setattr__(self, "factory_args", tuple(sorted(self.factory_args)))  # equal specs, equal keys

    @property
    def key(self) -> str:
        """24 hex digits of the SHA-256 of the spec's canonical JSON: the name of the run in a store."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def but(self, **changes: Any) -> RunSpec:
        """The same spec with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; ``from_json`` gives back an equal spec."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["lr"], values["momentum"] = schedule_to_json(self.lr), schedule_to_json(self.momentum)
        values["weight_decay"] = float(self.weight_decay)
        values["limit"] = None if self.limit is None else float(self.limit)
        values["factory_args"] = dict(self.factory_args)
        values["start"] = list(self.start) if self.start else None
        for name, default in LATER.items():
            if values[name] == default:
                del values[name]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSpec:
        """The spec that ``to_json`` wrote.

        Raises:
            ValueError: a field is unknown (written by a newer version) or missing.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := set(values) - known:
            raise ValueError(
                f"a RunSpec has the fields {sorted(known)}, got also {sorted(unknown)}; update wellbegun"
            )
        start = values.get("start")
        return cls(
            **{
                **values,
                "lr": schedule_from_json(values["lr"]),
                "momentum": schedule_from_json(values["momentum"]),
                "factory_args": tuple(sorted(values.get("factory_args", {}).items())),
                "start": (str(start[0]), int(start[1])) if start else None,
            }
        )
