"""Damaged histories: a valid History comes out or an UnreadableHistory, whatever the damage is."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from wellbegun.errors import UnreadableHistory
from wellbegun.histories._base import AXES, MEANINGS
from wellbegun.histories.detect import FORMATS
from wellbegun.histories.read import read_histories

FIXTURES = Path(__file__).parent / "fixtures"
FILES = sorted(
    path for path in FIXTURES.rglob("*")
    if path.is_file() and "expected" not in path.name and path.name != "README.md"
)  # fmt: skip
SEEDS = {path: path.read_bytes() for path in FILES}
WORDS = [
    b"nan", b"NaN", b"inf", b"-inf", b"", b"-1", b"1e400", b"1e308", b"0", b"99999999999999999999", b"abc",
    b"1.5", b"\xff\xfe", b"\0", b"None", b"1_0", b"{", b"}", b"[", b'"', b",", b"\n", b"\r\n", b";", b"\t",
    b"# ", b"loss", b"val_loss", b"step", b"epoch", b"Iteration 5, loss = 1", b"\x1f\x8b", b"%",
    b"tensor(1)", b"\xc3\xa9", b"null", b"true", b'{"a": {"b": [1]}}', b"1e-320", b"12345678901234567",
]  # fmt: skip


def flip(data, rng, _):
    data = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def cut(data, rng, _):
    at = rng.randrange(len(data))
    return data[:at] if rng.random() < 0.7 else data[at:]


def remove(data, rng, _):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randint(1, 200) :]


def insert(data, rng, _):
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(WORDS) * rng.randint(1, 3) + data[at:]


def shuffle_lines(data, rng, _):
    lines = data.split(b"\n")
    head, rest = lines[:1], lines[1:]
    rng.shuffle(rest)
    return b"\n".join(head + rest)


def repeat_lines(data, rng, _):
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    length = rng.randint(1, 10)
    return b"\n".join(lines[: at + length] + lines[at : at + length] + lines[at + length :])


def change_cell(data, rng, _):
    sign = rng.choice([b",", b" ", b":", b"\n", b"="])
    cells = data.split(sign)
    for _ in range(rng.randint(1, 3)):
        cells[rng.randrange(len(cells))] = rng.choice(WORDS)
    return sign.join(cells)


def splice(data, rng, seeds):
    other = rng.choice(seeds)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def noise(data, rng, _):
    return rng.randbytes(rng.randint(0, 400))


def pack(data, rng, seeds):
    packed = gzip.compress(data, 1, mtime=0)
    return packed if rng.random() < 0.3 else rng.choice([flip, cut])(packed, rng, seeds)


def recode(data, rng, _):
    return data.decode("latin-1").encode(rng.choice(["utf-16", "utf-16-le", "utf-8-sig"]))


DAMAGES = [flip, cut, remove, insert, insert, shuffle_lines, repeat_lines, change_cell, change_cell, splice,
           noise, pack, recode]  # fmt: skip


def damaged(number):
    """The input of this number: its name and its bytes, the same in every run."""
    rng = random.Random(number)
    # event files take longest to read; one in ten is enough
    events = [path for path in FILES if "tfevents" in path.name]
    path = rng.choice(events) if rng.random() < 0.1 else rng.choice([f for f in FILES if f not in events])
    data = SEEDS[path]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        data = rng.choice(DAMAGES)(data, rng, list(SEEDS.values())) or b"\n"
    return path.name, data


def check(number, folder):
    """Read one damaged input; returns whether there was a history in it."""
    name, data = damaged(number)
    path = folder / name
    path.write_bytes(data)
    rng = random.Random(number)
    columns = {"val_loss": "val_loss"} if rng.random() < 0.1 else None
    form = rng.choice(FORMATS) if rng.random() < 0.05 else None
    try:
        found = read_histories(path, columns, file_format=form)
    except UnreadableHistory as error:
        assert str(path) in str(error) or "must exist" in str(error) or "cells" in str(error), str(error)
        return False
    for history in found:
        valid(history)
    return True


def valid(history):
    curve = history.curve
    assert len(curve) >= 1 and history.rows >= 1 and history.judged
    assert np.all(np.diff(curve.iteration) > 0) and curve.iteration[0] >= 0
    for name in ("val_accuracy", "train_accuracy"):
        column = curve.columns().get(name, np.zeros(0))
        assert np.all(np.isnan(column) | ((column >= 0) & (column <= 1)))
    assert not np.isneginf(curve.train_loss).any()
    assert history.axis in AXES and set(history.columns) <= set(MEANINGS)
    assert len(history.to_judge()) == len(curve)
    assert json.loads(json.dumps(history.to_json()))["evaluations"] == len(curve)


def hunt(numbers, folder):
    histories = 0
    for number in numbers:
        try:
            histories += check(number, folder)
        except Exception as error:
            raise AssertionError(f"input {number}, made from {damaged(number)[0]}: {error!r}") from error
    return histories


def test_five_hundred_damaged_histories(tmp_path):
    assert hunt(range(500), tmp_path) > 50


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_damaged_histories(part, tmp_path):
    assert hunt(range(500 + 1000 * part, 500 + 1000 * (part + 1)), tmp_path) > 100
