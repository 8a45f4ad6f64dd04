"""Which reading of cycled momentum the published numbers fit."""

from __future__ import annotations

import pytest

from wellbegun.papers.collection import named
from wellbegun.papers.document import section
from wellbegun.papers.exhibit import NOT_APPLIED
from wellbegun.papers.reading import reading

from .test_exhibits import measured

TABLE1 = named("smith2018-table1-cifar3")
HELD = {"row 3": 80.0, "row 4": 80.7, "row 5": 81.7, "row 8": 70.0}
"""Published 79.5, 80.2, 81.2: half a point above; the last one has another learning rate."""


@pytest.mark.parametrize(
    ("applied", "held", "told"),
    [
        (
            (81.0, 68.0),
            (81.7, 80.7),
            "left is 6.75 points on average if momentum was cycled, 0.05 if it was not",
        ),
        (
            (81.8, 80.7),
            (81.7, 74.0),
            "left is 0.00 points on average if momentum was cycled, 3.40 if it was not",
        ),
    ],
)
def test_our_own_level_is_taken_off_before_the_two_are_compared(tmp_path, applied, held, told):
    names = ("row 1", "row 2")  # published 81.3 and 80.2
    measured(TABLE1, HELD | dict(zip(names, applied, strict=True)), tmp_path, repeats=1)
    archive = measured(TABLE1, dict(zip(names, held, strict=True)), tmp_path, repeats=1, variant=NOT_APPLIED)
    page = "\n".join(reading(TABLE1, archive))
    assert told in page and "row 8" not in page
    nearer = "not applied" if applied[1] < 70 else "applied"
    assert f"fit **{nearer}** better" in page
    assert f"| row 2 | 80.2 | {applied[1]:.2f} | {held[1]:.2f} | +0.50 |" in page
    assert "| row 3" not in page
    assert "### Was cycled momentum applied in the published runs?" in section(TABLE1, archive)


def test_one_reading_alone_answers_nothing(tmp_path):
    archive = measured(TABLE1, HELD | {"row 1": 81.0}, tmp_path, repeats=1)
    assert reading(TABLE1, archive) == []
    assert reading(named("smith2018-fig4a"), archive) == []
