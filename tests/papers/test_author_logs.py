"""Claims checked on the author's own logs: what the papers say of them must hold there."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import yaml

from wellbegun.curve import Curve, Run
from wellbegun.papers.collection import exhibits
from wellbegun.papers.exhibit import Result
from wellbegun.spec import RunSpec

from .facts import FOLDER

CURVES = FOLDER / "curves"
COLUMNS = {
    "lr": "lr", "momentum": "momentum", "train_loss": "train_loss", "test_loss": "val_loss",
    "test_acc": "val_accuracy",
}  # fmt: skip
DECIDED = {
    "dap-1cycle-accuracy-plateau", "dap-fig16a-resnet50", "dap-fig16b-inception",
    "dap-fig5a-superconvergence", "dap-fig5b-wd-limit", "dap-fig5b-wd-limit-order",
    "dap-imagenet-speed-inception", "dap-imagenet-speed-resnet50", "dap-large-lr-regularizes",
    "dap-large-lr-regularizes-resnet20", "dap-superconvergence-universal-inception",
    "sc-fig10a-momentum", "sc-fig1a-superconvergence", "sc-fig2b-flat-resnet20", "sc-fig4-gap",
    "sc-fig4-gap-resnet20", "sc-fig7a-flat", "sc-fig7b-cifar100", "sc-scope",
}  # fmt: skip
"""Claims for all of whose lines there is a log."""


@pytest.fixture(scope="module")
def logs():
    """Id of a run -> the files of its logs."""
    index = CURVES / "INDEX.yaml"
    if not index.exists():
        pytest.skip("the author's logs are not beside the checkout")
    found: dict[str, list[str]] = {}
    for entry in yaml.safe_load(index.read_text(encoding="utf-8"))["curves"].values():
        for run in entry.get("runs") or ():
            found.setdefault(run, []).append(entry["file"])
    return found


def logged(line, file):
    with (CURVES / file).open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["test_loss"]]
    columns = {
        ours: np.array([float(row.get(name) or "nan") for row in rows]) for name, ours in COLUMNS.items()
    }
    curve = Curve.of({"iteration": np.array([int(row["iteration"]) for row in rows]), **columns})
    spec = RunSpec(
        task="t", iterations=line.iterations, batch_size=line.batch_size, lr=line.lr, momentum=line.momentum
    )
    test = {"test_accuracy": float(curve.val_accuracy[-1])}
    return Run(spec=spec, curve=curve, ended="finished", iterations=line.iterations, seconds=1.0, test=test)


def test_every_claim_that_the_logs_decide_holds_on_them(logs):
    verdicts = {}
    for exhibit in exhibits().values():
        found = {}
        for line in exhibit.lines:
            files = [file for source in line.sources for file in logs.get(source, ())]
            if files:
                found[line.name] = Result(line, tuple(logged(line, file) for file in files))
        for claim in exhibit.claims:
            verdict = claim.verdict(found, "paper")
            if verdict.word != "not measured":
                verdicts[claim.id] = verdict
    assert {id_: v for id_, v in verdicts.items() if v.word != "holds"} == {}
    assert set(verdicts) == DECIDED
