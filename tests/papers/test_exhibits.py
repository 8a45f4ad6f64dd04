"""Exhibits against the papers' facts, the scale, the archive, the verdicts and the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wellbegun.curve import Curve, Run
from wellbegun.papers.collection import exhibits, named
from wellbegun.papers.document import document, summary
from wellbegun.papers.exhibit import NOT_APPLIED, Claim, Line, Result, borrowed, ordered
from wellbegun.papers.pictures import curves, ends, pictures
from wellbegun.papers.results import Archive
from wellbegun.papers.scale import shortened
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import CyclicalMomentum
from wellbegun.spec import RunSpec

every = pytest.mark.parametrize("name", list(exhibits()))
MNIST = named("smith2018-table2-mnist")


def ended(line, accuracy, *, repeat=0, diverged=False):
    """A run of this line with a given final accuracy, percent."""
    spec = RunSpec(
        task="t", iterations=line.iterations, batch_size=line.batch_size, lr=line.lr, momentum=line.momentum,
        weight_decay=line.weight_decay, optimizer=line.optimizer, seed=repeat,
    )  # fmt: skip
    rows = np.arange(0, line.iterations + 1, max(1, line.iterations // 20))
    loss = 2.3 * np.exp(-3 * rows / line.iterations)
    curve = Curve.of({
        "iteration": rows, "lr": line.lr(rows), "momentum": line.momentum(rows), "val_loss": loss,
        "val_accuracy": np.exp(-loss), "train_loss": 0.9 * loss, "lr_estimate": 2.0 + 0 * loss,
    })  # fmt: skip
    return Run(
        spec=spec, curve=curve, ended="diverged" if diverged else "finished", iterations=line.iterations,
        seconds=1.0, test={"test_accuracy": accuracy / 100},
    )  # fmt: skip


def published(exhibit, tmp_path):
    """Results in which every line that has a published number has it, with the published spread."""
    archive, facts = Archive(tmp_path), {"device": "cpu", "precision": "fp32", "torch": "2", "date": "2026"}
    for line in exhibit.lines:
        if line.published is not None:
            away = (line.published.spread or 0.0) * np.sqrt(3) / 2
            for repeat, sign in enumerate((-1, 1, -1, 1)[: exhibit.repeats]):
                off = sign * away if exhibit.repeats > 1 else 0.0
                run = ended(line, line.published.accuracy + off, repeat=repeat)
                archive.add(exhibit, line, repeat, "paper", "applied", run, facts)
    return archive.results(exhibit, "paper")


def measured(exhibit, accuracies, tmp_path, scale="paper", repeats=4, variant="applied", diverged=0):
    archive = Archive(tmp_path)
    facts = {"device": "cpu", "precision": "fp32", "torch": "2", "date": "2026-01-01"}
    for name, accuracy in accuracies.items():
        for repeat in range(repeats):
            run = ended(
                exhibit.line(name),
                accuracy + 0.01 * repeat,
                repeat=repeat,
                diverged=repeat >= repeats - diverged,
            )
            archive.add(exhibit, exhibit.line(name), repeat, scale, variant, run, facts)
    return archive


@every
def test_every_exhibit_is_whole(name):
    exhibit = named(name)
    assert exhibit.id == name and exhibit.says and exhibit.label
    names = [line.name for line in exhibit.lines]
    assert len(set(names)) == len(names)
    for claim in exhibit.claims:
        assert set(claim.needs) <= set(names), claim.id
    for line in exhibit.lines:
        rates = line.lr(np.arange(line.iterations))
        momenta = line.momentum(np.arange(line.iterations))
        assert (rates > 0).all() and ((momenta >= 0) & (momenta <= 1)).all()


@every
def test_every_claim_gives_a_verdict_on_whatever_was_measured(name, tmp_path):
    exhibit = named(name)
    archive = measured(
        exhibit, {line.name: 90.0 for line in exhibit.lines}, tmp_path, repeats=exhibit.repeats
    )
    results = archive.results(exhibit, "paper")
    for claim in exhibit.claims:
        verdict = claim.verdict(results, "paper")
        assert verdict.word in ("holds", "fails") and verdict.numbers
        assert claim.verdict({}, "paper").word == "not measured"
        cut = claim.verdict(results, "cpu").word
        assert (cut == "out of reach") == (not claim.survives_cut)


@every
def test_a_cut_keeps_the_shape_of_both_schedules(name):
    for line in named(name).lines:
        short = shortened(line, 0.25)
        assert short.iterations == pytest.approx(0.25 * line.iterations, abs=1)
        for share in (0.0, 0.1, 0.3, 0.6, 0.95):
            at = int(share * line.iterations), int(share * short.iterations)
            top = line.lr(np.arange(line.iterations)).max()
            assert short.lr(at[1]) == pytest.approx(float(line.lr(at[0])), abs=0.02 * top)
            assert short.momentum(at[1]) == pytest.approx(float(line.momentum(at[0])), abs=0.01)
        assert shortened(line, 1) == line


def test_momentum_that_is_not_applied_is_its_first_value():
    line = named("smith2018-table1-cifar3").line("row 1")
    assert isinstance(line.momentum, CyclicalMomentum) and line.cycles_momentum
    assert line.uncycled().momentum == Constant(0.95)


def test_a_row_with_its_momentum_held_is_the_row_of_that_constant_momentum():
    # arXiv:1803.09820, Table 1: rows 1 and 6 cycle from 0.95 down, rows 2 and 7 from 0.9 up
    for cycled, constant in ((1, 5), (2, 4), (6, 10), (7, 9)):
        for name in ("smith2018-table1-cifar3", "smith2018-table1-cifar3-stepped"):
            exhibit = named(name)
            if f"row {cycled}" not in [line.name for line in exhibit.lines]:
                continue
            line = exhibit.line(f"row {cycled}")
            assert exhibit.home(line, NOT_APPLIED) == (name, f"row {constant}", "applied")
            assert exhibit.home(line, "applied") == (name, f"row {cycled}", "applied")
            elsewhere = borrowed(exhibit, line.name, as_="there")
            assert MNIST.home(elsewhere, NOT_APPLIED) == (name, f"row {constant}", "applied")
    cycle = MNIST.line("1cycle 12")
    assert MNIST.home(cycle, NOT_APPLIED) == (MNIST.id, "1cycle 12", NOT_APPLIED)


def test_the_archive_gives_back_what_was_added_and_knows_what_is_the_same(tmp_path):
    exhibit = named("smith2018-table1-cifar3")
    archive = measured(exhibit, {"row 1": 81.3, "row 5": 81.2}, tmp_path)
    results = archive.results(exhibit, "paper")
    assert list(results) == ["row 1", "row 5"]
    assert results["row 1"].accuracy == pytest.approx(81.3 + 0.015) and len(results["row 1"].runs) == 4
    assert results["row 1"].spread == pytest.approx(np.std([0, 0.01, 0.02, 0.03], ddof=1))
    # row 5 holds its momentum: one measurement serves both variants, and row 1 with its momentum held
    held = archive.results(exhibit, "paper", NOT_APPLIED)
    assert list(held) == ["row 1", "row 5"] and held["row 1"].accuracy == held["row 5"].accuracy
    assert not archive.results(exhibit, "cpu")
    assert all(path.stat().st_size < 20_000 for path in tmp_path.rglob("*.json"))
    assert not list(tmp_path.rglob("*.part"))


def test_published_numbers_make_the_tables_claims_hold_and_their_reverse_makes_them_fail(tmp_path):
    published = {line.name: line.published.accuracy for line in MNIST.lines}
    good = measured(MNIST, published, tmp_path / "good").results(MNIST, "paper")
    assert {c.id: c.verdict(good, "paper").word for c in MNIST.claims} == {
        c.id: "holds" for c in MNIST.claims
    }
    flipped = published | {"1cycle 12": 98.0, "1cycle 25": 98.0, "1cycle 85": 97.0, "step 85": 98.0}
    bad = measured(MNIST, flipped, tmp_path / "bad").results(MNIST, "paper")
    assert {c.verdict(bad, "paper").word for c in MNIST.claims} == {"fails"}


BY_NUMBERS = [
    ("smith2018-fig16a", "dap-fig16a-resnet50"), ("smith2018-fig16a", "dap-imagenet-speed-resnet50"),
    ("smith2018-fig5a", "dap-fig5a-superconvergence"),
    ("smith2018-table1-cifar3", "dap-table1-shallow-cyclical"),
    *[("smith2018-table1-resnet56", claim.id) for claim in named("smith2018-table1-resnet56").claims],
    *[("smith2018-table2-cifar100", claim.id) for claim in named("smith2018-table2-cifar100").claims],
    *[("smith2018-table2-densenet", claim.id) for claim in named("smith2018-table2-densenet").claims],
    ("smith2018-table2-wide", "dap-table2-wide"), ("smith2018-table2-wide", "dap-table2-wide-50"),
    ("smith2018-table2-wide", "dap-superconvergence-universal-wide"),
    ("smith_topin2017-fig10a", "sc-fig10a-momentum"), ("smith_topin2017-fig6b", "sc-fig6b-depth"),
    ("smith_topin2017-fig7b", "sc-fig7b-cifar100"), ("smith_topin2017-fig8b", "sc-fig8b-nesterov"),
    ("smith_topin2017-fig9a", "sc-fig9a-batch"), ("smith_topin2017-table1-reduced", "sc-fig6a-small-data"),
    ("smith_topin2017-table1-resnet56", "sc-fig1b-length"),
    ("smith_topin2017-table1-resnet56", "sc-fig1b-length-standard"),
    ("smith_topin2017-table1-resnet56", "sc-table1-max-lr"),
]  # fmt: skip
"""Exhibit and claim that the published numbers alone decide."""


@pytest.mark.parametrize(("name", "claim"), BY_NUMBERS)
def test_on_the_published_numbers_a_claim_holds(name, claim, tmp_path):
    exhibit = named(name)
    (found,) = [one for one in exhibit.claims if one.id == claim]
    verdict = found.verdict(published(exhibit, tmp_path), "paper")
    assert verdict.word == "holds", verdict


def test_a_borrowed_line_is_measured_once(tmp_path):
    figure, table = named("smith_topin2017-fig9a"), named("smith_topin2017-table1-resnet56")
    archive = measured(table, {"CLR 0.1-3, 10,000": 92.0}, tmp_path, repeats=1)
    assert list(archive.results(figure, "paper")) == ["TBS 1000"]
    assert archive.results(figure, "paper")["TBS 1000"].accuracy == pytest.approx(92.0)


def test_a_cut_leaves_batch_norm_to_the_engine():
    line = named("smith_topin2017-fig9b").line("dropout 0.2")
    assert dict(line.factory_args) == {
        "dropout": 0.2, "fraction": 0.95, "gpus": 8, "statistics": "caffe",
    }  # fmt: skip
    assert shortened(line, 0.02, 0.125).factory_args == (("dropout", 0.2),)


def test_order_allows_for_the_spread_and_no_more():
    line = Line(
        name="a", iterations=10, batch_size=1, lr=Constant(1.0), momentum=Constant(0.0), weight_decay=0
    )

    def result(*accuracies):
        return Result(line, tuple(ended(line, value) for value in accuracies))

    assert ordered({"a": result(80.0, 81.0), "b": result(80.0, 80.2)}, ["a", "b"])[0]
    assert not ordered({"a": result(80.0, 80.1), "b": result(78.0, 78.1)}, ["a", "b"])[0]
    assert not ordered({"a": result(80.0), "b": result(79.9)}, ["a", "b"])[0]


def test_a_run_that_diverged_counts_as_nothing_right():
    line = MNIST.line("1cycle 12")
    assert Result(line, (ended(line, 99.0), ended(line, 99.0, diverged=True))).accuracy == pytest.approx(49.5)


def test_the_page_shows_what_is_there_and_nothing_else(tmp_path):
    archive = measured(MNIST, {"1cycle 12": 99.25, "inv 85": 99.03}, tmp_path, repeats=3)
    page = document(exhibits().values(), archive)
    assert "Table 2, rows 15 to 20" in page and "Table 1" not in page
    assert "| 1cycle 12 | 99.25 ± 0.03 | 99.26 ± 0.01 | 3 | 1406 |" in page
    assert "**holds** – 1cycle in 12 epochs" in page and "**not measured** – inv and step" in page
    assert "Measured 2026-01-01 on cpu" in page
    assert document([], archive).startswith("# The papers, replayed")


@pytest.mark.parametrize(("longest", "fails"), [(33.0, True), (99.35, False)])
def test_the_known_cause_is_told_where_a_claim_fails(longest, fails, tmp_path):
    ends = {"1cycle 12": 99.25, "1cycle 25": 99.28, "1cycle 50": 99.27, "1cycle 85": longest}
    page = document([MNIST], measured(MNIST, ends, tmp_path, repeats=2))
    assert ("**fails** – the longest cycle is best" in page) == fails
    assert ("  - Cause: the text, which names no optimizer" in page) == fails


def test_the_summary_counts_verdicts(tmp_path):
    archive = measured(MNIST, {"1cycle 12": 99.25, "inv 85": 99.03}, tmp_path, repeats=3)
    (row,) = [line for line in summary([MNIST], archive)[2:] if "| paper | applied |" in line]
    assert row.startswith("| [Table 2, rows 15 to 20](#smith2018-table2-mnist) (arXiv:1803.09820) | paper")
    assert row.endswith("| 1 | 0 | 3 | 0 | 2026-01-01 |")


def test_a_picture_shows_the_curves_and_the_ends_beside_the_published_numbers(tmp_path):
    archive = measured(MNIST, {"1cycle 12": 99.0}, tmp_path, repeats=2)
    results = archive.results(MNIST, "paper")
    (row,) = ends(results)["rows"]
    assert row["measured"][0] == pytest.approx(99.005) and row["published"] == [99.25, 0.03]
    (line,) = curves(MNIST, results)["lines"]
    assert line["x"][-1] <= 1406 and len(line["x"]) == len(line["y"]) == len(line["low"])
    drawn = pictures([MNIST], archive)
    assert list(drawn) == ["smith2018-table2-mnist-paper.svg"] and drawn == pictures([MNIST], archive)
    assert ">published</text>" in drawn["smith2018-table2-mnist-paper.svg"]


def test_failed_repeats_are_named_in_a_picture_and_not_drawn_where_others_came_through(tmp_path):
    archive = measured(MNIST, {"1cycle 85": 99.0}, tmp_path, diverged=2)
    results = archive.results(MNIST, "paper")
    (row,), (line,) = ends(results)["rows"], curves(MNIST, results)["lines"]
    assert row["label"] == line["label"] == "1cycle 85, 2 of 4 lost"
    assert row["measured"] == [pytest.approx(99.005), pytest.approx(0.01 / np.sqrt(2))]
    archive = measured(MNIST, {"1cycle 85": 99.0}, tmp_path / "lost", diverged=4)
    results = archive.results(MNIST, "paper")
    (row,), (line,) = ends(results)["rows"], curves(MNIST, results)["lines"]
    assert line["label"] == "1cycle 85, 4 of 4 lost" and row["measured"][0] == 0 and len(line["x"])


def test_a_range_test_is_drawn_over_the_rate_and_an_estimate_as_what_it_is(tmp_path):
    ramp, estimate = named("smith2018-fig4a"), named("smith_topin2017-fig5a")
    archive = measured(ramp, {"WD 1e-4": 70.0}, tmp_path, repeats=1)
    drawn = curves(ramp, archive.results(ramp, "paper"))
    assert (drawn["xlabel"], drawn["ylabel"], drawn["loss"]) == ("learning rate", "test loss", True)
    archive = measured(estimate, {"constant LR 0.1": 50.0}, tmp_path, repeats=1)
    (line,) = curves(estimate, archive.results(estimate, "paper"))["lines"]
    assert set(line["y"]) == {2.0}


def test_unknown_names_are_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"smith2018-fig3a.*got 'fig99'"):
        named("fig99")
    with pytest.raises(ValueError, match=r"1cycle 12.*got 'row 9'"):
        MNIST.line("row 9")


def test_claims_are_frozen_values_that_can_be_replaced():
    claim = MNIST.claims[0]
    assert isinstance(claim, Claim) and replace(claim, says="else").id == claim.id
    assert json.dumps(sorted(exhibits()))


def test_the_committed_page_is_what_the_committed_results_say():
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "reproduction.md").read_text(encoding="utf-8")
    archive = Archive(root / "results")
    assert page == document(exhibits().values(), archive, pictures="reproduction")
    drawn = {path.name: path.read_text(encoding="utf-8") for path in (root / "docs/reproduction").glob("*")}
    assert drawn == pictures(exhibits().values(), archive)
