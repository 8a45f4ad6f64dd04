"""What runs cost in training samples: an evaluated sample counts by its share of a training sample's time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from wellbegun.curve import Run


@dataclass(frozen=True, slots=True)
class Spent:
    """Samples and seconds of some runs, training and evaluation apart."""

    trained: int = 0  # samples
    evaluated: int = 0  # samples
    seconds: float = 0.0  # of training
    eval_seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.trained + other.trained,
            self.evaluated + other.evaluated,
            self.seconds + other.seconds,
            self.eval_seconds + other.eval_seconds,
        )

    def samples(self, share: float) -> float:
        """trained + share x evaluated."""
        return self.trained + share * self.evaluated

    @property
    def share(self) -> float:
        """Seconds per evaluated sample, divided by those per trained one; 0 where one is missing."""
        if not (self.evaluated and self.trained and self.seconds > 0):
            return 0.0
        return (self.eval_seconds / self.evaluated) / (self.seconds / self.trained)

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        return {
            name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Spent:
        return cls(**values)

    @classmethod
    def of(cls, runs: Sequence[Run], validation: int, test: int) -> Spent:
        """What runs cost, each key counted once.

        A run that reads the whole validation part is charged for doing so once, at its end: the benchmark
        makes it look more often only to see divergence early, and nobody's search depends on that.

        Args:
            validation: samples in the validation part, which a run without ``eval_samples`` reads whole.
            test: samples in the test part.
        """
        once = {one.key: one for run in runs for one in run.singles}.values()
        spent = cls()
        for run in once:
            size = min(run.spec.eval_samples or validation, validation)
            tested = test if run.test else 0
            charged = (1 if run.spec.eval_samples is None else len(run.curve)) * size + tested
            done = len(run.curve) * size + tested
            spent += cls(
                run.iterations * run.spec.batch_size,
                charged,
                run.seconds - run.eval_seconds,
                run.eval_seconds * charged / max(1, done),
            )
        return spent


def share(spent: Iterable[Spent]) -> float:
    """What an evaluated sample costs beside a trained one: the median over these measurements.

    share = (evaluation seconds / samples evaluated) / (training seconds / samples trained); 0 where nothing
    was measured. One process that somebody stopped for a while does not move a median.
    """
    return median([one.share for one in spent if one.share > 0] or [0.0])
