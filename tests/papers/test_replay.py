"""Lines that go on from others, use another network, watch the LR estimate: a few updates of the digits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wellbegun.papers import replay
from wellbegun.papers.exhibit import Exhibit, Line, borrowed
from wellbegun.papers.results import Archive
from wellbegun.schedules.constant import Constant


def line(name, iterations=12, **others):
    return Line(
        name=name, iterations=iterations, batch_size=32, lr=Constant(0.05), momentum=Constant(0.9),
        weight_decay=1e-3, **others,
    )  # fmt: skip


def exhibit(*lines, **others):
    return Exhibit(
        id="tiny", paper="0000.00000", label="Table 0", says="says", kind="training", task="digits",
        network="mlp", lines=lines, **{"repeats": 2, "evaluations": 4, **others},
    )  # fmt: skip


def trained(tiny, tmp_path, **options):
    archive = Archive(tmp_path / "results")
    done = {(one.line.name, one.repeat): run for one, run in
            replay.replay(tiny, archive, device="cpu", **options)}  # fmt: skip
    return archive, done


def test_a_line_goes_on_where_another_ends_as_if_it_had_never_stopped(tmp_path):
    whole, first = line("whole", 24), line("first")
    tiny = exhibit(whole, first, line("second", 6, after="first"), line("third", 6, after="second"))
    _, done = trained(tiny, tmp_path)
    assert len(done) == 8
    for repeat in range(2):
        third, second = done["third", repeat], done["second", repeat]
        assert third.spec.start == (second.spec.key, 6)
        assert second.spec.start == (done["first", repeat].spec.key, 12)
        assert third.test == done["whole", repeat].test
        assert third.curve.val_loss[-1] == pytest.approx(done["whole", repeat].curve.val_loss[-1], rel=1e-6)
        assert second.curve.val_loss[0] == pytest.approx(done["first", repeat].curve.val_loss[-1], rel=1e-6)


def test_only_the_last_part_can_be_asked_for_and_what_it_needs_is_trained_again(tmp_path):
    tiny = exhibit(line("first"), line("then", after="first"), line("other", after="first"), repeats=1)
    archive, _ = trained(tiny, tmp_path, lines=["first"])
    again, done = trained(tiny, tmp_path, lines=["then"])
    assert list(done) == [("then", 0)] and len(again.results(tiny, "paper")) == 2
    assert replay.missing(tiny, archive, scale="paper", variant="applied", device="cpu")[0].before


def test_a_line_may_have_a_network_of_its_own(tmp_path):
    tiny = exhibit(line("mlp"), line("cnn", network="cnn"), repeats=1)
    _, done = trained(tiny, tmp_path)
    assert done["mlp", 0].spec.task != done["cnn", 0].spec.task


def test_the_cost_of_every_network_is_measured_and_grows_with_the_images(monkeypatch):
    tiny = exhibit(line("a", 100), line("b", 50), line("c", 10, network="cnn"), repeats=1)
    monkeypatch.setattr(replay, "seconds_per_image", lambda _, one, **__: 0.5 if one.line.network else 0.01)
    todo = replay.missing(tiny, Archive(Path("nowhere")), scale="paper", variant="applied", device="cpu")
    assert replay.seconds(tiny, todo) == pytest.approx(0.01 * 150 * 32 + 0.5 * 10 * 32)


def test_the_estimate_is_recorded_with_the_curve(tmp_path):
    tiny = exhibit(line("watched", estimate=1), repeats=1)
    archive, done = trained(tiny, tmp_path)
    found = archive.results(tiny, "paper")["watched"].runs[0].curve.metrics["lr_estimate"]
    assert np.isfinite(found[1:]).all() and done["watched", 0].spec.estimate == 1


def test_a_cut_run_is_looked_at_as_often_as_the_exhibit_says(tmp_path):
    tiny = exhibit(line("a", 320), repeats=1, cut=0.125, cut_evaluations=2, cut_samples=50, evaluations=40)
    paper, cut = (
        replay.missing(tiny, Archive(tmp_path), scale=scale, variant="applied", device="cpu")[0].spec
        for scale in ("paper", "cpu")
    )
    assert (paper.iterations, paper.eval_every, paper.eval_samples) == (320, 8, 2000)
    assert (cut.iterations, cut.eval_every, cut.eval_samples) == (40, 20, 50)


def test_no_run_is_longer_at_cpu_scale_than_the_exhibit_allows(tmp_path):
    tiny = exhibit(line("short", 320), line("long", 3200), repeats=1, cut=0.125, cut_most=100)
    found = replay.missing(tiny, Archive(tmp_path), scale="cpu", variant="applied", device="cpu")
    assert {one.line.name: one.spec.iterations for one in found} == {"short": 40, "long": 100}


def test_what_another_exhibit_has_measured_is_not_measured_again(tmp_path):
    home = exhibit(line("a"), repeats=1)
    guest = replace(exhibit(borrowed(home, "a", as_="b"), line("c"), repeats=1), id="guest")
    trained(home, tmp_path)
    _, done = trained(guest, tmp_path)
    assert list(done) == [("c", 0)]
