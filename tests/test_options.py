"""What jobs refuse before they begin."""

from __future__ import annotations

import pytest

from wellbegun.job import Options
from wellbegun.search.budget import Budget


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": -1}, "workers must be at least 0, got -1"),
        ({"budget": Budget.parse("1min"), "epochs": 3.0}, "got epochs=3 as well"),
        ({"budget": Budget.parse("1min"), "repeats": True}, "got repeats and 1min"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Options(**options)
