"""A user's own arrays: an .npz file with x_train and y_train, or x and y."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wellbegun.errors import TaskError
from wellbegun.zoo.data._base import Arrays, checked, read_npz

PARTS = ("train", "val", "test")


def read(path: Path) -> Arrays:
    """The data of one .npz file: keys x_train, y_train and, where they exist, x_val, y_val, x_test, y_test.

    Plain ``x`` and ``y`` are the training part too. x is uint8[n, h, w] or uint8[n, h, w, c] for images,
    floating-point [n, d] for features (kept as float32); y is integer[n].

    Raises:
        TaskError: no such file, keys are missing, or arrays break a rule; pickled objects are never loaded.
    """
    arrays = read_npz(path)
    names = {part: (f"x_{part}", f"y_{part}") for part in PARTS}
    if "x_train" not in arrays and "y_train" not in arrays:
        names["train"] = ("x", "y")
    parts: dict[str, tuple[Any, Any]] = {}
    for part, (x, y) in names.items():
        if x in arrays and y in arrays:
            parts[part] = arrays[x], arrays[y]
        elif part == "train" or x in arrays or y in arrays:
            keys = "x_train and y_train (or x and y), and x and y of every further part"
            got = ", ".join(sorted(arrays)) or "none"
            raise TaskError(
                f"{path} must have the keys {keys}, got {got}; numpy.savez(path, x_train=..., y_train=...)"
            )
    return checked(str(path), parts)
