"""The log that `caffe train` prints: losses, learning rate and test results of every solver.

    I0101 00:00:00.0 42 solver.cpp:218] Iteration 100 (50 iter/s, 2s/100 iters), loss = 1.9
    I0101 00:00:00.0 42 sgd_solver.cpp:105] Iteration 100, lr = 0.01
    I0101 00:00:00.0 42 solver.cpp:330] Iteration 500, Testing net (#0)
    I0101 00:00:00.0 42 solver.cpp:397]     Test net output #0: accuracy = 0.41
    I0101 00:00:00.0 42 solver.cpp:397]     Test net output #1: loss = 1.6 (* 1 = 1.6 loss)

Several solvers print the same iteration several times: their training losses are averaged. A resumed run goes
back: what it rewound over is dropped, and at the iteration of the resume the earlier test stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wellbegun.errors import UnreadableHistory
from wellbegun.histories._base import Raw
from wellbegun.histories._text import lines, text
from wellbegun.histories.columns import guess, tokens
from wellbegun.histories.track import Track

_NUMBER = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf))"
_ITERATION = re.compile(r"Iteration (\d{1,15})\b(?:\s*\([^)]*\))?,?")
_PAIR = re.compile(rf"\b(loss|lr|momentum) = {_NUMBER}")
_OUTPUT = re.compile(rf"(Test|Train) net output #\d+: (\S+) = {_NUMBER}(?: \(\* {_NUMBER})?")
_PART = 4096  # values collected before they go to their track


class _Log:
    """Collects the values of a log while it is read."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.weights: dict[str, float] = {}  # of losses among the outputs of the test net
        self._waiting: dict[str, tuple[list[int], list[float]]] = {}
        self._iteration: int | None = None

    def take(self, line: str) -> None:
        if found := _ITERATION.search(line):
            self._iteration = int(found[1])
            for name, value in _PAIR.findall(line[found.end() :]):
                self._add(name, float(value))
        elif (output := _OUTPUT.search(line)) and self._iteration is not None:
            name = f"{output[1]} {output[2]}"
            if output[4]:
                self.weights[name] = float(output[4])
            self._add(name, float(output[3]))

    def _add(self, name: str, value: float) -> None:
        x, values = self._waiting.setdefault(name, ([], []))
        x.append(self._iteration or 0)
        values.append(value)
        if len(x) >= _PART:
            self._hand_over(name)

    def _hand_over(self, name: str) -> None:
        x, values = self._waiting.pop(name)
        self.tracks.setdefault(name, Track()).add(np.array(x, dtype=np.int64), np.array(values))

    def end(self) -> None:
        for name in list(self._waiting):
            self._hand_over(name)


def read(path: Path, asked: Mapping[str, str]) -> list[Raw]:
    """The one run of a Caffe log.

    Raises:
        UnreadableHistory: no iteration with a loss or a test in it.
    """
    log = _Log()
    with text(path) as file:
        for line in lines(file, path):
            log.take(line)
    log.end()
    if not log.tracks:
        raise UnreadableHistory(
            f"a Caffe log has lines such as 'Iteration 100, loss = 1.9', {path} has none; is it cut off?"
        )
    wanted = guess(list(log.tracks), asked)
    chosen = {meaning: names for meaning, names in _chosen(log).items() if meaning not in asked}
    chosen |= {meaning: wanted[meaning] for meaning, name in asked.items() if name}
    used = {name for names in chosen.values() for name in names}
    others = tuple(name for name in log.tracks if name not in used)
    return [Raw(tracks=log.tracks, chosen=chosen, others=others, writer="Caffe", notes=_notes(log, chosen))]


def _chosen(log: _Log) -> dict[str, tuple[str, ...]]:
    """Of several outputs: the loss of the largest weight, the last one of equals, and its accuracy."""
    tests = [name for name in log.tracks if name.startswith("Test ")]
    losses = [name for name in tests if name in log.weights] or [n for n in tests if "loss" in tokens(n)]
    accuracies = [name for name in tests if {"accuracy", "acc", "top"} & set(tokens(name))]
    chosen = {"lr": "lr", "momentum": "momentum", "train_loss": "loss"}
    if losses:
        chosen["val_loss"] = max(reversed(losses), key=lambda name: log.weights.get(name, 1.0))
    if accuracies:
        head = chosen.get("val_loss", "").removeprefix("Test ").partition("/")[0]
        chosen["val_accuracy"] = min(
            reversed(accuracies), key=lambda n: ("5" in tokens(n), f" {head}/" not in n)
        )
    return {meaning: (name,) for meaning, name in chosen.items() if name in log.tracks}


def _notes(log: _Log, chosen: Mapping[str, tuple[str, ...]]) -> list[str]:
    notes = ["outputs of the test net are read as validation"] if "val_loss" in chosen else []
    losses = [name for name in log.weights if name.startswith("Test ")]
    if len(losses) > 1 and chosen.get("val_loss", ("",))[0] in losses:
        shown = ", ".join(f"{name} (weight {log.weights[name]:g})" for name in losses)
        notes.append(f"there are several losses, {shown}: the last one of the largest weight is read")
    return notes


def looks_like(start: str) -> bool:
    """Whether a text begins as the log of a training with Caffe."""
    return "solver.cpp:" in start or bool(
        re.search(rf"Iteration \d+(?: \([^)]*\))?, (?:(?:loss|lr) = {_NUMBER}|Testing net)", start)
    )
