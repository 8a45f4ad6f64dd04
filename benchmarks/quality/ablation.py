"""``tune`` with one rule switched off: a named constant of the recipe is replaced, in this process alone.

A rule that is not a constant of a module cannot be switched off here; make it one. The runs may share a store
with those of the whole recipe, since a run is named by what was asked of it.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from wellbegun.search.budget import Course

Swap = tuple[str, str, Any]
"""Module, name in it, the value in its place."""


@dataclass(frozen=True)
class Ablation:
    """One rule switched off."""

    says: str
    swaps: tuple[Swap, ...]


ABLATIONS = {
    "margin": Ablation(
        "no margin between the edge and lr_max",
        (
            ("wellbegun.search.learning_rate", "MARGIN", 1.0),
            ("wellbegun.search.learning_rate", "SURE", 1.0),
            ("wellbegun.search.learning_rate", "SAFE", 1.0),
            ("wellbegun.search.learning_rate", "UNTAUGHT", 1.0),
            ("wellbegun.search.recipe", "MARGIN", 1.0),
        ),
    ),
    "repeats": Ablation(
        "the rate's bounds from one further seed instead of several",
        (("wellbegun.search.recipe", "FULL", Course(seeds=1)),),
    ),
    "momentum": Ablation(
        "momentum 0.95 to 0.85 without a search",
        (("wellbegun.search.recipe", "FULL", Course(momentum=False)),),
    ),
    "weight-decay": Ablation(
        "the middle of the weight-decay grid without a search",
        (("wellbegun.search.recipe", "FULL", Course(weight_decay=False)),),
    ),
    "usual": Ablation(
        "no comparison with the usual settings",
        (("wellbegun.search.recipe", "FULL", Course(usual=False)),),
    ),
    "further": Ablation(
        "a momentum that beats 0.95 once is taken", (("wellbegun.search.momentum", "FURTHER", 0),)
    ),
    "slower": Ablation(
        "ramps that hardly learn are taken like any others",
        (("wellbegun.search.first_ramps", "HARDLY", math.inf),),
    ),
    "shortest": Ablation(
        "weight decay goes on growing below 12 epochs", (("wellbegun.search.weight_decay", "SHORTEST", 1e-9),)
    ),
    "untaught": Ablation(
        "ramps that learned little by their edge are taken like any others",
        (("wellbegun.search.learning_rate", "TAUGHT", math.inf),),
    ),
    "pace": Ablation(
        "the pace at which ramps came to their edge does not count",
        (("wellbegun.search.learning_rate", "SLOWER", 0.0),),
    ),
    "correction": Ablation(
        "a final run that overfits or whose rate was too large is kept",
        (("wellbegun.search.correction", "TIMES", 0),),
    ),
    "held-up": Ablation(
        "a final run that learns nothing at its largest rates is kept",
        (("wellbegun.search.correction", "LEVEL", -math.inf),),
    ),
}
"""By name; the contestant is "tune-no-NAME"."""


@contextmanager
def without(name: str | None) -> Iterator[None]:
    """The recipe without a rule, until the block ends; None changes nothing.

    Raises:
        AttributeError: the recipe no longer has that constant: the ablation must be written anew.
    """
    swaps = ABLATIONS[name].swaps if name else ()
    patches = [patch.object(importlib.import_module(module), what, value) for module, what, value in swaps]
    begun: list[Any] = []
    try:
        for one in patches:
            one.start()
            begun.append(one)
        yield
    finally:
        for one in reversed(begun):
            one.stop()
