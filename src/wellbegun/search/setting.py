"""Setting: what the searches know of a task, and how their short runs are made from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp
from wellbegun.spec import RunSpec

EVALUATIONS = 32  # per ramp: enough to smooth, few enough to stay cheap
COARSE_ITERATIONS, COARSE_MIN, COARSE_MAX = 100, 1e-6, 10.0
COARSE_EVALUATIONS = 50  # of the coarse ramp, whose rate grows by 17 % per iteration
FINAL_EVALUATIONS = 40
EVAL_SHARE = 0.35  # samples evaluated per sample trained: keeps evaluation under 10 % of a run
RAMP_SHARE = 0.07  # of the final run
RAMP_SHORTEST, RAMP_LONGEST = 80, 300  # iterations
RANKING_SHORTEST = 70  # of ramps that are read for no edge: 50 to 100 iterations rank, 13 do not
OWN_SAMPLES = 32  # an evaluation of fewer does not say what batch norm's statistics are
STOP_AT = 3.0  # multiple of the best smoothed val_loss that ends a ramp


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The task in numbers. All ramps of one search see the same data in the same order (same seed)."""

    task_name: str
    task: str  # fingerprint
    samples: int  # in the training part
    validation: int  # samples to choose by
    batch_size: int
    epochs: float  # of the final run
    optimizer: str
    parameters: int  # of the network
    normalised: bool  # the network holds normalisation layers: its weights' scale is free
    batch_norm: bool = False  # the network holds layers whose statistics an evaluation needs
    multipliers: bool = False  # the network has multipliers of its own for rate and decay of its parameters
    decay_bias_and_norm: bool = True
    chance: float = math.nan  # validation accuracy of naming the commonest class; NaN where there are none
    uninformed: float = math.nan  # validation loss of the best output that no input changes; NaN: unknown
    factors: tuple[
        tuple[str, float], ...
    ] = ()  # numbers that the model factory takes, with the task's values
    initialisations: tuple[str, ...] = ()  # that the model factory's argument ``init`` takes, for repeats
    has_test: bool = False
    test_samples: int = 0
    all_data: bool = False  # the final run trains on training and validation data together
    seed: int = 0
    device: str = "cpu"
    precision: str = "fp32"
    host: str = "here"  # machine, device and threads: whose seconds a measured run says
    length: int | None = None  # of a linear ramp, when somebody asked for one
    total: int | None = None  # updates of the final run, where a budget gives them instead of epochs
    memory: int | None = None  # bytes that the device has in all; None: unknown
    blind: bool = False  # its ramps have learned nothing from the inputs: their edge is of no use

    @property
    def iterations(self) -> int:
        """Updates of the final run: whole batches only, as the engine drops the last short one."""
        if self.total is not None:
            return max(3, self.total)
        samples = self.samples + (self.validation if self.all_data else 0)
        return max(3, round(self.epochs * max(1, samples // self.batch_size)))

    @property
    def adaptive(self) -> bool:
        """Whether the optimizer divides gradients by their size: its edge says little of its useful rates."""
        return self.optimizer.startswith(("adamw", "caffe_"))

    @property
    def forgiving(self) -> bool:
        """Whether training stays stable at rates far above the useful ones.

        So it does with adaptive optimizers, and with normalisation layers: the scale of the weights before
        them is free, and a rate that is too large lets them grow until it suits them. And so does a network
        that has died, or has not begun to learn from its inputs: nothing is left to become unstable.
        """
        return self.adaptive or self.normalised or self.blind

    @property
    def ramp_iterations(self) -> int:
        """Length of a linear ramp."""
        if self.length is not None:
            return self.length
        shortest = RANKING_SHORTEST if self.forgiving else RAMP_SHORTEST
        return int(min(max(RAMP_SHARE * self.iterations, shortest), RAMP_LONGEST))

    def slower(self) -> Setting | None:
        """The same with ramps of twice the length; None where that is too long, or unpaid."""
        twice = 2 * self.ramp_iterations
        fits = self.total is None and twice <= min(RAMP_LONGEST, self.iterations / 3)
        return replace(self, length=twice) if fits else None

    def spec(
        self, iterations: int, lr: Schedule, momentum: Schedule, weight_decay: float, evaluations: int
    ) -> RunSpec:
        """A run of this task, evaluated about ``evaluations`` times without costing more than 10 %.

        Batch norm takes its statistics from the evaluated samples: taken from training batches, as in the
        final run, they would cost a short run that looks every few updates as much as its training.
        """
        every = max(1, round(iterations / evaluations))
        samples = max(64, int(EVAL_SHARE * every * self.batch_size))
        own = self.batch_norm and min(samples, self.validation) >= OWN_SAMPLES
        return RunSpec(
            task=self.task, iterations=iterations, batch_size=self.batch_size, lr=lr, momentum=momentum,
            weight_decay=weight_decay, optimizer=self.optimizer, seed=self.seed, eval_every=every,
            eval_samples=samples if samples < self.validation else None, device=self.device,
            precision=self.precision, norms="own" if own else "training",
        )  # fmt: skip

    def coarse(self, slower: int = 1) -> RunSpec:
        """The exponential ramp that finds the magnitude of the learning rate, without weight decay.

        Choice: no decay, because the grid of decays follows from the magnitude that this run finds.
        """
        iterations = COARSE_ITERATIONS * slower
        lr = ExponentialRamp(COARSE_MIN, COARSE_MAX, iterations)
        return self.spec(iterations, lr, Constant(0.9), 0.0, COARSE_EVALUATIONS).but(limit=STOP_AT)

    def narrow(self, edge: float, slower: int = 1) -> RunSpec:
        """The coarse ramp at the same speed, only through the part around an edge that is known already."""
        low, high = edge / 30, min(edge * 10, COARSE_MAX)
        decade = COARSE_ITERATIONS * slower / np.log10(COARSE_MAX / COARSE_MIN)
        iterations = round(decade * np.log10(high / low))
        spec = self.coarse(slower)
        return spec.but(iterations=iterations, lr=ExponentialRamp(low, high, iterations))

    def ramp(self, top: float, momentum: Schedule, weight_decay: float) -> RunSpec:
        """A linear ramp up to ``top``."""
        lr = LinearRamp(top / self.ramp_iterations, top, self.ramp_iterations)
        return self.spec(self.ramp_iterations, lr, momentum, weight_decay, EVALUATIONS).but(limit=STOP_AT)

    def short_cycle(self, lr_max: float, momentum: tuple[float, float], weight_decay: float) -> RunSpec:
        """A whole cycle as short as a ramp; its loss may rise and come back, as in a whole run."""
        lr = OneCycle.of(lr_max, min(self.ramp_iterations, self.iterations))
        cycle = MomentumCycle(*momentum, lr.stepsize)
        return self.spec(lr.iterations, lr, cycle, weight_decay, EVALUATIONS)

    def falling(self, high: float, low: float) -> Schedule:
        """Momentum that falls while the learning rate of a ramp rises, as in the first half of the cycle."""
        return LinearRamp(high, low, self.ramp_iterations)

    def cycle(self, lr_max: float) -> OneCycle:
        """The final run's learning rate."""
        return OneCycle.of(lr_max, self.iterations)

    def final(self, lr_max: float, momentum: tuple[float, float], weight_decay: float) -> RunSpec:
        """The 1cycle run with the chosen values."""
        cycle = self.cycle(lr_max)
        spec = self.spec(
            self.iterations, cycle, MomentumCycle(*momentum, cycle.stepsize), weight_decay, FINAL_EVALUATIONS
        )
        part = "all" if self.all_data else "train"
        return spec.but(test=self.has_test, train_on=part, norms="training")

    def shrinkage(self, lr_max: float, momentum: tuple[float, float]) -> float:
        """The shrinkage of a free weight over the final run, per unit of weight decay.

        Weight decay d pulls a weight towards 0 by lr d / (1 - momentum) per update (lr d for adamw, whose
        momentum averages, and as a rough figure for caffe_*), so over the run a weight that the loss leaves
        alone shrinks by exp(-d x shrinkage).
        """
        spec = self.final(lr_max, momentum, 0.0)
        updates = np.arange(spec.iterations)
        per_update = spec.lr(updates)
        if not self.adaptive:
            per_update = per_update / np.maximum(1.0 - spec.momentum(updates), 1e-3)
        return float(per_update.sum())
