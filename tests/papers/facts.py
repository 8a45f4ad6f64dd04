"""The papers' facts, where they lie beside the checkout, and what of them the exhibits do not follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "paper"

OURS = {
    (
        "smith2018-fig12a",
        "WD 1e-3 up to the snapshot",
    ): "the part before the restart",
    ("smith2018-fig12b", "WD 1e-4 up to the snapshot"): "the part before the restart",
    ("smith2018-fig13b", "momentum 0.99"): "the text says that it diverged, the figure does not show it",
    ("smith2018-fig16a", "1cycle WD 1e-6"): "an author's log outside the figure, see the entry's notes",
    ("smith2018-fig16b", "1cycle WD 3e-6, full momentum"): "the text's momentum beside the files'",
    ("smith2018-fig5a", "LR 0.35, 80,000"): "the 2017 paper's rate beside the text's",
    ("smith2018-fig8a", "0.95 to 0.85, never back"): "the text compares, without a run in a figure",
    ("smith2018-table1-resnet56", "row 11, 0.95 to 0.85"): "sibling rows' momentum beside the printed one",
    ("smith2018-table2-cifar100", "step 100 from 0.1"): "the job list's rate beside the printed one",
    ("smith2018-table2-densenet", "1cycle 50, momentum to 0.8"): "the log's momentum beside the printed one",
    ("smith_topin2017-fig4a", "range to 1.5 in 20,000"): "the README's range beside the logs'",
    ("smith_topin2017-fig4a", "range to 2, running averages"): "how the network file tests, beside the logs",
    ("smith_topin2017-fig5b", "constant LR 0.35"): "the script's rate beside the text's",
    ("smith_topin2017-fig6b", "resnet-20, CLR 0.1-3, logged"): "the log's stepsize beside the text's",
    ("smith_topin2017-fig6b", "resnet-110, CLR 0.1-3, logged"): "the log's stepsize beside the text's",
    ("smith_topin2017-fig8a", "CLR 0.1-3, 10,000"): "what the claim compares with",
}
"""Lines that are no run of the facts, in exhibits that are a figure or a table."""

OURS_WHOLE = {
    "smith2018-remarks-cifar3": "lines of Figures 9 and 10 side by side",
    "smith2018-decay-in-time": "Section 4.4 says that it was tried; no run is shown",
    "smith2018-table1-cifar3-stepped": "Table 1, rows 6 to 10, with another reading of their rate",
    "smith2018-table2-mnist-sgd": "rows 15 to 20 of Table 2, with another reading of their optimizer",
    "smith_topin2017-depths": "Section 4 names depths; no run is shown",
    "smith_topin2017-bn-fraction": "Section 6.1 tells; no run is shown",
    "smith_topin2017-cycle-shapes": "Section 3 tells; no run is shown",
    "smith_topin2017-equal-iterations": "a comparison of ours that survives a cut",
    "smith2015-cifar10-triangular": "of a paper that the facts do not cover",
}
"""Exhibits that are no figure and no table."""

DIFFER = {
    ("dap-fig12b-r1", "lr"): "the second half of the ramp: 0.44 to 0.8",
    ("dap-fig12b-r2", "lr"): "the second half of the ramp: 0.44 to 0.8",
    ("dap-fig12b-r3", "lr"): "the second half of the ramp: 0.44 to 0.8",
    ("sc-fig4a-r1", "norm"): "the logs test by the statistics of the batch, see the runs' notes",
    ("sc-fig4a-r2", "norm"): "the same",
    ("sc-fig4a-r3", "norm"): "the same, and biases decay",
}
"""Run and field -> why the line does not say what the facts say."""


def load(name: str) -> list[dict[str, Any]]:
    """The entries of a file of facts; skips where it is not there."""
    path = FOLDER / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"the papers' facts are not beside the checkout: {path.name}")
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))[name]
    return entries


def runs() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Id of a run -> its entry and itself."""
    return {run["id"]: (entry, run) for entry in load("experiments") for run in entry.get("runs") or ()}
