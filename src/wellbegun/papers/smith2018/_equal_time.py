"""Total batch sizes compared at equal run time: what Figures 6 and 8b share."""

from wellbegun.papers.exhibit import Results, larger_spread

SIZES = {
    128: (18_750, 8203, 0.4),
    256: (13_671, 6054, 0.6),
    512: (9277, 4003, 0.8),
    1024: (5664, 2490, 1.0),
}
"""Images per update -> updates, stepsize, largest learning rate; 48, 70, 95 and 116 epochs."""
NAMES = tuple(f"TBS {size}" for size in SIZES)


def by_size(found: Results) -> tuple[bool, str]:
    """Accuracy grows with the batch size, 1,024 and 512 alike within 0.3 points or the spread."""
    smallest, small, usual, large = (found[name] for name in NAMES)
    close = abs(large.accuracy - usual.accuracy) <= max(0.3, larger_spread(large, usual))
    holds = close and usual.accuracy > small.accuracy > smallest.accuracy
    return holds, ", ".join(str(found[name]) for name in NAMES)
