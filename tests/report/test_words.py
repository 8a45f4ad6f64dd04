import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellbegun.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (128, "128"),
        (0.42, "0.42"),
        (0.6123456, "0.612"),
        (1e-4, "1e-4"),
        (3e-4, "3e-4"),
        (0.001, "0.001"),
        (0.003, "0.003"),
        (3.16e-4, "3.16e-4"),
        (39.94, "39.9"),
        (1234.5, "1234"),
        (1.0, "1"),
        (0.9999, "1"),
        (12345, "12\u202f345"),
        (-0.25, "-0.25"),
        (math.inf, "∞"),
        (math.nan, "–"),
        (1.5e-9, "1.5e-9"),
    ],
)
def test_numbers_are_short(value, text):
    assert words.number(value) == text


@given(st.floats(1e-12, 9999, allow_nan=False))
def test_a_number_reads_back_within_its_digits(value):
    assert float(words.number(value)) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (38.2, "38 s"),
        (59.7, "1 min"),
        (134, "2 min 14 s"),
        (3780, "1 h 3 min"),
        (7200, "2 h"),
    ],
)
def test_durations(value, text):
    assert words.seconds(value) == text


def test_percent_shows_the_second_decimal_near_the_top_only():
    assert [words.percent(x) for x in (0.913, 0.9933, 1.0, math.nan)] == ["91.3 %", "99.33 %", "100.0 %", "–"]


def test_choices_of_every_json_kind():
    assert words.anything({"max": 0.95, "min": 0.85}) == "max 0.95, min 0.85"
    assert words.anything([0.01, 1.5]) == "0.01 to 1.5"
    assert words.anything([1, 2, 3]) == "1, 2, 3"
    assert words.anything(None) == "none" and words.anything(True) == "yes" and words.anything("sgd") == "sgd"


def test_a_sentence_begins_large_and_ends():
    assert (
        words.sentence("loss is 0.3") == "Loss is 0.3."
        and words.sentence("Done!") == "Done!"
        and words.sentence("") == ""
    )
