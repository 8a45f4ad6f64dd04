"""Pages of steps that bring a figure and a table of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.search.test_recipe import SETTING
from tests.search.test_regularizer import Dropping

from wellbegun.report import html
from wellbegun.search.alone import SEARCHES, Asked
from wellbegun.search.plan import drive


@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("momentum-cycle", "Momentum while the learning rate rises"),
        ("momentum-range", "Why there is no momentum range test"),
        ("lr-min", "Smallest learning rate"),
        ("regularizer", "Regularizer"),
        ("balance", "Balance of learning rate and regularization"),
    ],
)
def test_the_table_and_the_figure_take_the_place_of_the_common_ones(what, title, tmp_path):
    setting = replace(SETTING, epochs=3, factors=(("dropout", 0.0),))
    asked = Asked(factor="dropout") if what == "regularizer" else Asked()
    found = drive(SEARCHES[what].plan(setting, asked), Dropping(0.1, speed=1.0).train)
    path = html.write_finding(found, tmp_path / "page.html", task_name="invented")
    text = path.read_text(encoding="utf-8")
    assert title in text and "a ring at each lowest point" not in text
    table = found.details["table"]
    assert all(f">{name}</th>" in text for name in table["columns"])
    assert all(f">{cell}</td>" in text for row in table["rows"] for cell in row[1:])
    assert text.count('<span class="mark">chosen</span>') == ("won" in table)
    assert "Level range" not in text
