"""The port between the loop and whatever trains: measure() knows nothing else of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from wellbegun.schedules._base import Floats


class Trainer(Protocol):
    """A network in training.

    One call trains a whole segment, so that nothing waits for the device inside it.
    """

    samples: int  # size of the training data: epochs = iterations x batch_size / samples

    def steps(self, lr: Floats, momentum: Floats) -> Floats:
        """Do n updates with these values, float64[n] each.

        Returns the n training losses (nats per example).
        """
        ...

    def evaluate(self) -> Mapping[str, float]:
        """val_loss, val_accuracy (where the task has classes) and further metrics on the fixed subset."""
        ...

    def test(self) -> Mapping[str, float]:
        """test_loss, test_accuracy, ... on the whole test set; empty when the task has none."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that decides the rest of the run.

        Weights, buffers, optimizer, generators, position in the data.
        """
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a state_dict, bit for bit."""
        ...
