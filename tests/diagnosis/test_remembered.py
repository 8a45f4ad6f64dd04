from __future__ import annotations

import numpy as np

from wellbegun.diagnosis import _remembered
from wellbegun.diagnosis._remembered import remembered


def counted():
    calls = []

    @remembered
    def total(values, window=1):
        calls.append(window)
        return np.asarray(values, dtype=np.float64) * window

    return total, calls


def test_the_same_numbers_are_computed_once_and_other_ones_anew():
    total, calls = counted()
    for values in (np.arange(3.0), np.arange(3.0), [0.0, 1.0, 2.0]):
        assert np.array_equal(total(values), [0, 1, 2])
    assert len(calls) == 1
    assert np.array_equal(total(np.arange(3.0), window=2), [0, 2, 4])
    assert np.array_equal(total(np.arange(3.0)[::-1]), [2, 1, 0])
    assert np.array_equal(total(np.arange(3)), [0, 1, 2])  # integers of the same values
    assert len(calls) == 4


def test_whoever_changes_an_answer_changes_his_own():
    total, _ = counted()
    total(np.ones(2))[:] = 7
    assert np.array_equal(total(np.ones(2)), [1, 1])


def test_long_stretches_are_not_kept_and_few_answers_are(monkeypatch):
    total, calls = counted()
    for _ in range(2):
        total(np.zeros(_remembered.LONGEST + 1))
    assert len(calls) == 2
    monkeypatch.setattr(_remembered, "MOST", 2)
    for value in (1.0, 2.0, 3.0, 3.0, 1.0):
        total([value])
    assert len(calls) == 6  # the third forgets the first two; the fourth is the third's
