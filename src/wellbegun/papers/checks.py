"""Checks that several claims share; each makes what ``Claim.check`` calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wellbegun.papers.exhibit import Results, larger_spread
from wellbegun.papers.measures import lowest

Check = Callable[[Results], tuple[bool, str]]


def above(one: str, other: str, by: float = 0.0) -> Check:
    """The first line ends above the second, by more than so many points."""

    def check(found: Results) -> tuple[bool, str]:
        return found[one].accuracy > found[other].accuracy + by, f"{found[one]}, {found[other]}"

    return check


def not_below(one: str, other: str, within: float = 0.0) -> Check:
    """The first line does not end below the second by more than the spread of repeats or so many points."""

    def check(found: Results) -> tuple[bool, str]:
        a, b = found[one], found[other]
        return a.accuracy >= b.accuracy - max(within, larger_spread(a, b)), f"{a}, {b}"

    return check


def lowest_loss(names: Sequence[str], best: Sequence[str]) -> Check:
    """The line with the lowest smoothed test loss is one of these."""

    def check(found: Results) -> tuple[bool, str]:
        values = {name: lowest(found[name]) for name in names}
        told = ", ".join(f"{name}: lowest loss {value:.4f}" for name, value in values.items())
        return min(values, key=lambda name: values[name]) in best, told

    return check


def best_accuracy(best: str, others: Sequence[str]) -> Check:
    """No other line ends above this one by more than the spread of repeats."""

    def check(found: Results) -> tuple[bool, str]:
        passed = [not_below(best, other)(found)[0] for other in others]
        return all(passed), ", ".join(str(found[name]) for name in (*others, best))

    return check
