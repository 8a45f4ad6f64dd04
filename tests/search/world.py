"""An invented network: loss curves from a formula.

So searches can be driven without training anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wellbegun.curve import DIVERGED, FINISHED, Curve, Run
from wellbegun.spec import RunSpec

UNTRAINED = 2.3


@dataclass
class World:
    """Loss falls with the sum of lr / (1 - momentum); past its edge the loss multiplies at every update."""

    edge: float = 0.3  # lr where training becomes unstable
    speed: float = 0.15  # of learning
    decay: float | None = None  # weight decay of the lowest loss; None: it does not matter
    penalty: float = 0.3  # rise of the final log loss per decade away from it
    noise: float = 0.02  # of log loss
    asked: list[RunSpec] | None = None

    def train(self, specs: Sequence[RunSpec]) -> list[Run]:
        if self.asked is not None:
            self.asked.extend(specs)
        return [self.run(spec) for spec in specs]

    def run(self, spec: RunSpec) -> Run:
        rng = np.random.default_rng([spec.seed, 7])
        edge = self.edge * np.exp(0.15 * rng.standard_normal())
        rows, loss, progress, factor, ended = [], UNTRAINED, 0.0, 1.0, FINISHED
        rates, momenta = spec.lr(np.arange(spec.iterations)), spec.momentum(np.arange(spec.iterations))
        for t in range(spec.iterations + 1):
            if t % spec.eval_every == 0 or t == spec.iterations:
                wobble = np.exp(self.noise * rng.standard_normal())
                now = max(t - 1, 0)
                rows.append((t, rates[now], momenta[now], loss, loss * factor * wobble, np.nan))
                if loss * factor > 10 * UNTRAINED:
                    ended = DIVERGED
                    break
            if t < spec.iterations:
                progress += self.speed * rates[t] / self.edge / max(1 - momenta[t], 1e-3) / 10
                factor *= 1.5 if rates[t] > edge else 1.0
                floor = self._floor(spec.weight_decay)
                loss = floor + (UNTRAINED - floor) * np.exp(-progress)
        names = ("iteration", "lr", "momentum", "train_loss", "val_loss", "val_accuracy")
        curve = Curve.of(dict(zip(names, np.array(rows).T, strict=True)))
        done = int(rows[-1][0])
        return Run(spec=spec, curve=curve, ended=ended, iterations=done, seconds=done / 100, epochs=done / 50)

    def _floor(self, weight_decay: float) -> float:
        """The loss that training comes to in the end."""
        if self.decay is None:
            return 0.3
        decades = abs(np.log10(max(weight_decay, 1e-12) / self.decay))
        return float(min(0.8 * UNTRAINED, 0.3 * np.exp(self.penalty * decades)))
