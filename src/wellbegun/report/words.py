"""Numbers as people read them: short, plain, with a unit."""

from __future__ import annotations

import math
from typing import Any


def number(value: float, digits: int = 3) -> str:
    """A number with at most ``digits`` significant digits: 0.42, 1250, 3e-4, 0; no zeros that say nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"number() writes numbers, got {value!r}")
    if value == 0:
        return "0"
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e7):
        return f"{int(value):,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(int(value))
    if 1e-3 * (1 - 1e-9) <= abs(value) < 1e7:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value)) + 1e-12))
        text = f"{value:.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def percent(fraction: float) -> str:
    """A fraction as percent with one decimal, two above 99 %."""
    return f"{100 * fraction:.{2 if 0.99 < fraction < 1 else 1}f} %" if math.isfinite(fraction) else "–"


def seconds(value: float) -> str:
    """A duration: 0.4 s, 38 s, 2 min 14 s, 1 h 3 min."""
    if not math.isfinite(value):
        return "–"
    if value < 9.95:
        return f"{value:.1f} s" if value else "0 s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(value / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def span(low: float, high: float) -> str:
    """Two ends: "0.3 to 0.5", or one number where they agree."""
    low, high = min(low, high), max(low, high)
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def count(value: int, singular: str, plural: str = "") -> str:
    """ "1 run", "3 runs"."""
    return f"{number(value)} {singular if value == 1 else plural or singular + 's'}"


def anything(value: Any) -> str:
    """A choice of any JSON kind in words: 0.95; "max 0.95, min 0.85"; "0.1 to 1"."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {anything(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return " to ".join(map(anything, value)) if len(value) == 2 else ", ".join(map(anything, value))
    return str(value)


def sentence(text: str) -> str:
    """The text with a capital at its beginning and a stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if not text or text[-1] in ".!?" else ".")


def count_of(value: float, singular: str) -> str:
    """A measured amount with its noun: "1 epoch", "12.5 epochs"."""
    return f"{number(value)} {singular if value == 1 else singular + 's'}"


def times(value: float) -> str:
    """How many times something else: "0.8 ×", "12 ×"."""
    return f"{value:.1f} ×" if value < 10 else f"{round(value)} ×"
