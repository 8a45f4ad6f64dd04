"""Schedules: pure functions of the iteration, for learning rate and momentum."""

from wellbegun.schedules._base import Floats, Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import (
    CyclicalMomentum,
    ExpRange,
    FastaiOneCycle,
    MomentumCycle,
    OneCycle,
    OneCycleText,
    TorchOneCycle,
    Triangular,
    TriangularHalving,
)
from wellbegun.schedules.decay import Cosine, Exp, Inv, MultiStep, Step
from wellbegun.schedules.kinds import KINDS, from_json, to_json
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp

__all__ = [
    "KINDS",
    "Constant",
    "Cosine",
    "CyclicalMomentum",
    "Exp",
    "ExpRange",
    "ExponentialRamp",
    "FastaiOneCycle",
    "Floats",
    "Inv",
    "LinearRamp",
    "MomentumCycle",
    "MultiStep",
    "OneCycle",
    "OneCycleText",
    "Schedule",
    "Step",
    "TorchOneCycle",
    "Triangular",
    "TriangularHalving",
    "from_json",
    "to_json",
]
