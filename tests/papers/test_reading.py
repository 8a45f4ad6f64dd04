"""Which reading of an exhibit the published numbers fit."""

from __future__ import annotations

import pytest

from wellbegun.papers.collection import named
from wellbegun.papers.document import section
from wellbegun.papers.exhibit import NOT_APPLIED
from wellbegun.papers.reading import other_reading, reading

from .test_exhibits import measured

TABLE1 = named("smith2018-table1-cifar3")
STEPPED = named("smith2018-table1-cifar3-stepped")
HELD = {"row 3": 80.0, "row 4": 80.7, "row 5": 81.7, "row 8": 70.0}
"""Published 79.5, 80.2, 81.2: half a point above; the last one has another learning rate."""


@pytest.mark.parametrize(
    ("applied", "told"),
    [
        ((81.0, 68.0), "left is 6.75 points on average if momentum was cycled, 0.05 if it was not"),
        ((81.8, 80.7), "left is 0.00 points on average if momentum was cycled, 0.05 if it was not"),
    ],
)
def test_our_own_level_is_taken_off_before_the_two_are_compared(tmp_path, applied, told):
    names = ("row 1", "row 2")  # published 81.3 and 80.2; held at 0.95 and 0.9 they are rows 5 and 4
    archive = measured(TABLE1, HELD | dict(zip(names, applied, strict=True)), tmp_path, repeats=1)
    page = "\n".join(reading(TABLE1, archive))
    assert told in page and "row 8" not in page
    nearer = "not applied" if applied[1] < 70 else "applied"
    assert f"fit **{nearer}** better" in page
    assert f"| row 2 | 80.2 | {applied[1]:.2f} | 80.70 | +0.50 |" in page
    assert "| row 3" not in page
    assert "### Was cycled momentum applied in the published runs?" in section(TABLE1, archive)


def test_one_reading_alone_answers_nothing(tmp_path):
    archive = measured(TABLE1, {"row 1": 81.0, "row 3": 80.0}, tmp_path, repeats=1)
    assert reading(TABLE1, archive) == []
    assert reading(named("smith2018-fig4a"), archive) == []


def test_a_repeat_that_failed_says_nothing_of_a_reading(tmp_path):
    mnist = named("smith2018-table2-mnist")
    measured(mnist, {"inv 85": 99.03, "1cycle 85": 99.25}, tmp_path, repeats=4, diverged=3)
    archive = measured(mnist, {"1cycle 85": 99.30}, tmp_path, repeats=1, variant=NOT_APPLIED)
    page = "\n".join(reading(mnist, archive))
    assert "| 1cycle 85 | 99.35 | 99.25 (3 diverged, of 4) | 99.30 | +0.00 |" in page
    assert "0.10 points on average if momentum was cycled, 0.05 if it was not" in page


def test_a_constant_rate_may_have_been_a_stepped_one(tmp_path):
    assert {line.name for line in STEPPED.lines} == {f"row {n}" for n in range(6, 11)}
    for line in STEPPED.lines:
        of_table = TABLE1.line(line.name)
        assert (line.published, line.momentum) == (of_table.published, of_table.momentum)
        assert (
            float(line.lr(0)) == float(of_table.lr(0)) == pytest.approx(100 * float(line.lr(9764)), rel=0.01)
        )
    measured(TABLE1, {"row 8": 76.2, "row 9": 76.0}, tmp_path, repeats=1)  # published 80.2 and 81.0
    archive = measured(STEPPED, {"row 8": 80.3, "row 9": 80.9, "row 10": 80.0}, tmp_path, repeats=1)
    page = "\n".join(other_reading(STEPPED, TABLE1, archive))
    assert "| row 8 | 80.2 | 76.20 | 80.30 |" in page and "row 10" not in page
    assert "| row 7 | 80.9 | 76.00 | 80.90 |" in page  # held at 0.9 it is row 9
    assert f"Off by 4.63 points on average as {TABLE1.label}, 0.07 here" in page
    assert f"fit **{STEPPED.label}** better" in page and page in "\n".join(section(STEPPED, archive))


def test_of_a_cycled_momentum_the_same_reading_is_compared(tmp_path):
    measured(TABLE1, {"row 7": 68.4}, tmp_path, repeats=1)  # published 80.9
    measured(TABLE1, {"row 9": 76.9}, tmp_path, repeats=1)
    archive = measured(STEPPED, {"row 7": 68.2}, tmp_path, repeats=1)
    assert "| row 7 | 80.9 | 68.40 | 68.20 |" in "\n".join(other_reading(STEPPED, TABLE1, archive))
    archive = measured(STEPPED, {"row 9": 79.9}, tmp_path, repeats=1)
    assert "| row 7 | 80.9 | 76.90 | 79.90 |" in "\n".join(other_reading(STEPPED, TABLE1, archive))
    assert other_reading(STEPPED, named("smith2018-fig4a"), archive) == []


def test_repeats_that_diverged_are_named_and_no_accuracy(tmp_path):
    nesterov, sgd = named("smith2018-table2-mnist"), named("smith2018-table2-mnist-sgd")
    level = {"inv 85": 99.03, "1cycle 12": 99.25}  # as published
    measured(nesterov, level, tmp_path, repeats=1)
    measured(nesterov, {"1cycle 85": 99.35}, tmp_path, repeats=3, diverged=2)
    archive = measured(sgd, {name: value - 0.1 for name, value in level.items()}, tmp_path, repeats=1)
    archive = measured(sgd, {"1cycle 85": 99.25}, tmp_path, repeats=1)
    page = "\n".join(other_reading(sgd, nesterov, archive))
    assert "| 1cycle 85 | 99.35 | 99.35 (2 diverged, of 3) | 99.25 |" in page
    assert f"Off by 0.00 points on average as {nesterov.label}, 0.10 here" in page
    assert f"fit **{sgd.label}** better" in page and f"2 as {nesterov.label} and 0 here" in page
