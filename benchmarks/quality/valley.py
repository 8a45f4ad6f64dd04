"""fastai's "valley" suggestion for the learning rate, written from its description.

Not fastai's code: it cannot be imported beside the torch that is pinned here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

FROM, TO, ITERATIONS = 1e-7, 10.0, 100
"""fastai's range test: bounds of the exponential ramp, updates."""
SMOOTH, STOP = 0.98, 4.0
"""Weight of the past in its training loss; it stops when that passes this multiple of its best."""
LEAVE_FIRST, LEAVE_LAST = 0.1, 5
"""What it does not read: a share at the beginning, values at the end."""


def smoothed(losses: Sequence[float], beta: float = SMOOTH) -> list[float]:
    """The moving average of the losses, corrected for its start from 0: sum beta^j x / sum beta^j."""
    average, weight, values = 0.0, 0.0, []
    for loss in losses:
        average, weight = beta * average + (1 - beta) * loss, beta * weight + (1 - beta)
        values.append(average / weight)
    return values


def read(rates: Sequence[float], losses: Sequence[float]) -> float:
    """The learning rate that fastai's lr_find suggests from the training loss of every update.

    Raises:
        ValueError: too few updates before the loss exploded.
    """
    values = smoothed(losses)
    stop = next(
        (i for i, value in enumerate(values) if not value <= STOP * min(values[: i + 1])), len(values) - 1
    )
    first, last = int(LEAVE_FIRST * ITERATIONS), stop + 1 - LEAVE_LAST
    kept = [i for i in range(first, max(first, last)) if math.isfinite(values[i])]
    if len(kept) < 2:
        raise ValueError(
            f"the valley needs at least 2 values between both ends, got {len(kept)}; lower the start"
        )
    return rates[kept[valley([values[i] for i in kept])]]


def valley(losses: Sequence[float]) -> int:
    """The index half a third behind the first third of the longest falling subsequence's length.

    With the longest strictly decreasing subsequence ending at ``end`` and n long, start = end - n and
    section = (end - start) / 3, the index is start + floor(section) + floor(section / 2).

    Source: fastai 2, callback.schedule.valley, after the ESRI team. Choice: of several longest ones the
    first, as there.
    """
    lengths = [1] * len(losses)
    end, start = 0, 0
    for i in range(1, len(losses)):
        lengths[i] += max((lengths[j] for j in range(i) if losses[i] < losses[j]), default=0)
        if lengths[end] < lengths[i]:
            end, start = i, i - lengths[i]
    section = (end - start) / 3
    return start + int(section) + int(section / 2)
