"""An invented network: loss curves from a formula.

So searches can be driven without training anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wellbegun.curve import DIVERGED, FINISHED, Curve, Run
from wellbegun.spec import RunSpec

UNTRAINED = 2.3


@dataclass
class World:
    """Loss falls with the sum of lr / (1 - momentum); past its edge the loss multiplies at every update.

    A continuation begins with the loss of its snapshot and falls from there to the floor of its own decay.
    """

    edge: float = 0.3  # lr where training becomes unstable
    speed: float = 0.15  # of learning
    decay: float | None = None  # weight decay of the lowest loss; None: it does not matter
    penalty: float = 0.3  # rise of the final log loss per decade away from it
    noise: float = 0.02  # of log loss
    asked: list[RunSpec] | None = None
    specs: dict[str, RunSpec] = field(default_factory=dict)  # of all runs so far, to continue from
    states: dict[tuple[str, int], tuple[float, int]] = field(default_factory=dict)  # what ``_at`` found

    def train(self, specs: Sequence[RunSpec]) -> list[Run]:
        if self.asked is not None:
            self.asked.extend(specs)
        return [self.run(spec) for spec in specs]

    def run(self, spec: RunSpec) -> Run:
        self.specs[spec.key] = spec
        edge = self.edge * np.exp(0.15 * np.random.default_rng([spec.seed, 7]).standard_normal())
        begin, clock = self._at(*spec.start) if spec.start else (UNTRAINED, 0)
        rng = np.random.default_rng([spec.seed, clock + 7])
        rng.standard_normal()
        rows, loss, progress, factor, ended = [], begin, 0.0, 1.0, FINISHED
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
                loss = floor + (begin - floor) * np.exp(-progress)
        names = ("iteration", "lr", "momentum", "train_loss", "val_loss", "val_accuracy")
        curve = Curve.of(dict(zip(names, np.array(rows).T, strict=True)))
        done = int(rows[-1][0])
        return Run(spec=spec, curve=curve, ended=ended, iterations=done, seconds=done / 100, epochs=done / 50)

    def _at(self, key: str, iteration: int) -> tuple[float, int]:
        """The loss without noise after so many updates of a run, and the updates since the very first."""
        if key not in self.specs:
            return UNTRAINED, 0
        if (key, iteration) not in self.states:
            parent = self.specs[key]
            earlier = self._at(*parent.start)[1] if parent.start else 0
            calm = World(self.edge, self.speed, self.decay, self.penalty, 0.0, None, self.specs, self.states)
            whole = calm.run(parent.but(iterations=iteration, eval_every=iteration))
            assert whole.iterations == iteration, "a snapshot lies behind the end of its parent"
            self.states[key, iteration] = float(whole.curve.val_loss[-1]), earlier + iteration
        return self.states[key, iteration]

    def _floor(self, weight_decay: float) -> float:
        """The loss that training comes to in the end."""
        if self.decay is None:
            return 0.3
        decades = abs(np.log10(max(weight_decay, 1e-12) / self.decay))
        return float(min(0.8 * UNTRAINED, 0.3 * np.exp(self.penalty * decades)))
