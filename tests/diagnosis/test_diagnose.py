from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import LABELS, VERDICTS, Thresholds
from wellbegun.diagnosis.diagnose import diagnose

LENGTH = 20_000  # iterations
KINDS = {  # verdict, the label of every share of the run, log val_loss, log train_loss
    "balanced": (
        "balanced", [(0, 0.25, "descending"), (0.25, 1, "plateau")],
        lambda x: -4 * np.minimum(x, 0.25), lambda x: -4 * np.minimum(x, 0.25) - 0.2 * x,
    ),
    "underfitting": ("underfitting", [(0, 1, "descending")], lambda x: -1.5 * x, lambda x: -1.55 * x),
    "overfitting": (
        "overfitting", [(0, 0.3, "descending"), (0.3, 1, "overfitting")],
        lambda x: -4 * np.minimum(x, 0.3) + 0.5 * np.maximum(x - 0.3, 0), lambda x: -4 * x,
    ),
    "rising_both": (
        "unclear", [(0, 0.3, "descending"), (0.3, 1, "rising_both")],
        lambda x: -4 * np.minimum(x, 0.3) + 0.5 * np.maximum(x - 0.3, 0),
        lambda x: -4 * np.minimum(x, 0.3) + 0.5 * np.maximum(x - 0.3, 0) - 0.1,
    ),
    "unstable": (
        "unstable", [(0, 0.3, "descending"), (0.3, 0.8, "plateau"), (0.8, 1, "instability")],
        lambda x: np.minimum(-4 * np.minimum(x, 0.3) + 25 * np.maximum(x - 0.8, 0), 1.5),
        lambda x: np.minimum(-4 * np.minimum(x, 0.3) + 25 * np.maximum(x - 0.8, 0), 1.5) - 0.1,
    ),
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", KINDS)


def invented(kind, rows=40, sd=0.02, seed=0, scale=2.3, lr=None, x=None):
    _, _, val, train = KINDS[kind]
    x = np.linspace(0, 1, rows) if x is None else x
    rng = np.random.default_rng(seed)
    losses = [scale * np.exp(shape(x) + sd * rng.standard_normal(len(x))) for shape in (val, train)]
    rates = 0.01 + x if lr is None else lr(x)
    columns = {"iteration": np.round(x * LENGTH), "lr": rates, "val_loss": losses[0], "train_loss": losses[1]}
    return Curve.of(columns)


def agreement(curve, clues, truth):
    """The share of the run where the clue is the true one."""
    grid = np.linspace(0, 1, 2001)[:-1] * curve.iteration[-1]
    found = np.full(len(grid), "none", dtype=object)
    for clue in clues:
        found[(grid >= clue.start) & (grid < clue.end)] = clue.label
    true = np.full(len(grid), "none", dtype=object)
    for low, high, label in truth:
        true[(grid >= low * curve.iteration[-1]) & (grid < high * curve.iteration[-1])] = label
    return float(np.mean(found == true))


@every_kind
@pytest.mark.parametrize("rows", [20, 40, 400])
@pytest.mark.parametrize("sd", [0.003, 0.02, 0.06])
def test_it_finds_what_was_put_in(kind, rows, sd):
    verdict, truth, _, _ = KINDS[kind]
    curves = [invented(kind, rows, sd, seed) for seed in range(6)]
    found = [diagnose(curve) for curve in curves]
    scores = [agreement(curve, d.clues, truth) for curve, d in zip(curves, found, strict=True)]
    assert np.mean(scores) >= (0.96 if rows > 40 else 0.9 if rows > 20 else 0.85)
    assert sum(d.overall == verdict for d in found) >= 5


@every_kind
@settings(max_examples=15, deadline=None)
@given(rows=integers(16, 120), exponent=integers(-30, 30), seed=integers(0, 10**6), stretch=integers(1, 50))
def test_the_unit_of_the_loss_does_not_matter(kind, rows, exponent, seed, stretch):
    plain = invented(kind, rows, 0.02, seed)
    scaled = invented(kind, rows, 0.02, seed, scale=2.3 * 2.0**exponent)
    one, two = diagnose(plain), diagnose(scaled)
    assert one.overall == two.overall
    assert [(c.label, c.start, c.end) for c in one.clues] == [(c.label, c.start, c.end) for c in two.clues]


@every_kind
def test_the_spacing_of_the_evaluations_matters_little(kind):
    """Noise alone moves a turn or a verdict in 1 of 100 curves, however they are spaced; not in 3."""
    verdict, truth, _, _ = KINDS[kind]
    right = []
    for seed in range(40):
        for power in (0.5, 0.75, 1.0, 1.5, 2.0):
            curve = invented(kind, sd=0.01, seed=seed, x=np.linspace(0, 1, 80) ** power)
            found = diagnose(curve)
            right.append(found.overall == verdict and agreement(curve, found.clues, truth) >= 0.85)
    assert np.mean(right) >= 0.97


@pytest.mark.parametrize(("seed", "power"), [(1240, 1.75), (33572, 0.75)])
def test_the_spacing_of_the_evaluations_matters_little_for_overfitting(seed, power):
    curve = invented("overfitting", sd=0.01, seed=seed, x=np.linspace(0, 1, 80) ** power)
    assert agreement(curve, diagnose(curve).clues, KINDS["overfitting"][1]) >= 0.85


@settings(max_examples=40, deadline=None)
@given(rows=integers(0, 50), holes=floats(0, 0.5), seed=integers(0, 10**6))
def test_clues_are_in_order_and_known_for_any_numbers(rows, holes, seed):
    rng = np.random.default_rng(seed)
    columns = {name: np.exp(2 * rng.standard_normal(rows)) for name in ("val_loss", "train_loss", "lr")}
    for column in columns.values():
        column[rng.random(rows) < holes] = rng.choice([np.nan, np.inf, -1.0, 0.0])
    found = diagnose(Curve.of({"iteration": np.cumsum(rng.integers(1, 9, rows)), **columns}))
    assert found.overall in VERDICTS and found.reason
    assert all(clue.label in LABELS and clue.start <= clue.end for clue in found.clues)
    assert all(a.end <= b.start for a, b in zip(found.clues, found.clues[1:], strict=False))
    assert rows >= 8 or found.overall in ("unclear", "unstable")


@pytest.mark.parametrize("sd", [0.003, 0.02])
def test_a_descent_that_a_falling_learning_rate_explains_is_no_underfitting(sd):
    rising, falling = invented("underfitting", sd=sd), invented("underfitting", sd=sd, lr=lambda x: 1.1 - x)
    assert diagnose(rising).overall == "underfitting" and diagnose(falling).overall == "balanced"
    assert "learning rate falls from 1.1 to 0.1" in diagnose(falling).clues[-1].evidence


def test_without_a_learning_rate_the_verdict_says_so():
    found = diagnose(invented("underfitting", lr=lambda x: np.full(len(x), np.nan)))
    assert found.overall == "underfitting" and "no learning rate is recorded" in found.reason
    assert found.clues[0].to_json()["lr_from"] is None


def test_a_descent_that_goes_flat_before_the_last_third_is_no_underfitting():
    assert all(diagnose(invented("balanced", seed=seed)).overall == "balanced" for seed in range(5))


@pytest.mark.parametrize(("rise", "verdict"), [(0.03, "balanced"), (0.15, "overfitting")])
def test_a_little_overfitting_near_the_best_value_is_normal(rise, verdict):
    x = np.linspace(0, 1, 60)
    val = np.exp(-4 * np.minimum(x, 0.5) + np.log1p(rise) * np.maximum(x - 0.5, 0) / 0.5)
    found = diagnose(Curve.of({"iteration": np.arange(60), "val_loss": val, "train_loss": np.exp(-4 * x)}))
    assert found.overall == verdict
    assert found.clues[-1].label == "overfitting"
    if verdict == "overfitting":
        above = re.search(r"(\d+)% above its best", found.reason)
        assert above and int(above[1]) == pytest.approx(100 * rise, abs=1)


def test_an_early_bump_that_passes_is_overfitting_there_and_not_of_the_run():
    """The shape of Sec. 3.3's temporary overfitting: 0.68, up by 8 %, then down to 0.40 as the rate grows."""
    x = np.linspace(0, 1, 200)
    log_val = np.interp(x, [0, 0.03, 0.1, 0.7, 1], np.log([2.3, 0.68, 0.735, 0.405, 0.40]))
    log_train = np.interp(x, [0, 0.03, 0.1, 0.7, 1], np.log([2.3, 0.3, 0.05, 0.12, 0.15]))
    rng = np.random.default_rng(0)
    val, train = (np.exp(logs + 0.01 * rng.standard_normal(200)) for logs in (log_val, log_train))
    found = diagnose(
        Curve.of({"iteration": np.arange(200), "lr": 2 * x, "val_loss": val, "train_loss": train})
    )
    bump = next(clue for clue in found.clues if clue.label == "overfitting")
    assert bump.start <= 0.05 * 200 and 0.08 * 200 <= bump.end <= 0.15 * 200
    assert "larger learning rate" in bump.advice and bump.section == "3.3"
    assert found.overall == "balanced"


@pytest.mark.parametrize("last", [[np.nan], [np.inf], [9.0], [9.0, 90.0], [3.0, 9.0, 90.0]])
@pytest.mark.parametrize("rows", [12, 30])
def test_a_run_that_blows_up_at_the_end_is_unstable_and_never_overfitted(last, rows):
    losses = 2.3 * np.exp(-3 * np.minimum(np.linspace(0, 1, rows), 0.5))
    losses[rows - len(last) :] = last
    lr = np.linspace(0.01, 1, rows)
    curve = Curve.of({"iteration": np.arange(rows), "lr": lr, "val_loss": losses, "train_loss": losses})
    found = diagnose(curve)
    assert found.overall == "unstable" and found.clues[-1].label == "instability"
    assert found.clues[-1].start >= rows - len(last) - 3 and "lr_max below" in found.clues[-1].advice
    assert not any(clue.label == "overfitting" for clue in found.clues)


def test_what_is_lost_for_good_is_unstable_even_where_the_loss_is_level():
    """After the breakdown both losses stand at ln(10), the loss of knowing nothing: level, and no plateau."""
    x = np.linspace(0, 1, 100)
    val = np.where(x < 0.5, 0.8 + 1.5 * np.exp(-20 * x), np.log(10))
    curve = Curve.of({"iteration": np.arange(100), "lr": 1 + x, "val_loss": val, "train_loss": val})
    found = diagnose(curve)
    assert found.overall == "unstable"
    assert all(clue.label == "instability" for clue in found.clues if clue.start >= 53)


def test_too_few_rows_and_no_validation_loss_are_said():
    few = diagnose(invented("balanced", rows=7))
    assert few.overall == "unclear" and "at least 8" in few.reason and "got 7" in few.reason
    none = diagnose(Curve.of({"iteration": np.arange(30), "train_loss": np.exp(-np.arange(30) / 9)}))
    assert none.overall == "unclear" and "got 0" in none.reason and none.clues == ()


def test_a_rise_without_training_loss_is_unclear_with_the_reason():
    curve = invented("overfitting")
    bare = Curve.of({"iteration": curve.iteration, "val_loss": curve.val_loss})
    found = diagnose(bare)
    assert found.overall == "unclear" and "no training loss" in found.reason


def test_a_loss_that_never_falls_is_not_balanced():
    found = diagnose(Curve.of({"iteration": np.arange(30), "val_loss": np.full(30, 2.3)}))
    assert found.overall == "unclear" and "2.3 to 2.3" in found.reason


def test_breakdowns_that_come_back_make_the_run_unstable():
    x = np.linspace(0, 1, 300)
    val = 2.3 * np.exp(-3 * np.minimum(x, 0.2))
    for at in (0.4, 0.7):
        val[(x > at) & (x < at + 0.04)] = 8.0
    curve = Curve.of({"iteration": np.arange(300), "val_loss": val, "train_loss": val})
    found = diagnose(curve)
    assert found.overall == "unstable" and sum(clue.label == "instability" for clue in found.clues) == 2


def test_ten_thousand_rows_are_thinned_not_refused():
    found = diagnose(invented("overfitting", rows=10_000))
    assert found.overall == "overfitting" and len(found.clues) <= 4


@pytest.mark.parametrize("at", [0.6, 0.7])
def test_a_step_of_the_learning_rate_explains_the_descent_that_sets_in_with_it(at):
    """Level, then a drop of the rate to a tenth and a descent from there to the end."""
    x = np.linspace(0, 1, 100)
    rng = np.random.default_rng(3)
    val = np.exp(-3 * np.minimum(x, 0.2) - 0.8 * np.maximum(x - at, 0) / (1 - at))
    val = val * np.exp(0.005 * rng.standard_normal(100))
    columns = {"iteration": np.arange(100), "val_loss": val, "train_loss": 0.9 * val}
    stepped = diagnose(Curve.of({**columns, "lr": np.where(x < at, 1.0, 0.1)}))
    constant = diagnose(Curve.of({**columns, "lr": np.ones(100)}))
    assert stepped.overall == "balanced" and constant.overall == "underfitting"
    assert "learning rate falls from 1 to 0.1 here, which explains it" in stepped.clues[-1].evidence
    assert "learning rate" not in constant.clues[-1].evidence


def test_a_descent_over_a_whole_cycle_is_not_explained_by_its_end():
    x = np.linspace(0, 1, 61)
    columns = {"iteration": np.arange(61), "val_loss": np.exp(-2 * x), "train_loss": 0.9 * np.exp(-2 * x)}
    rate = np.interp(x, [0, 0.45, 0.9, 1], [0.01, 0.1, 0.01, 0.001])
    (clue,) = diagnose(Curve.of({**columns, "lr": rate})).clues
    assert "learning rate rises from 0.01 to 0.1 here and falls to 0.001" in clue.evidence
    assert "explains" not in clue.evidence


def test_noise_that_falls_with_the_learning_rate_is_explained():
    x = np.linspace(0, 1, 200)
    rng = np.random.default_rng(0)
    val = np.exp(-3 * np.minimum(x, 0.1) + np.where(x < 0.5, 0.1, 0.005) * rng.standard_normal(200))
    columns = {"iteration": np.arange(200), "val_loss": val, "train_loss": 0.9 * val}
    last = diagnose(Curve.of({**columns, "lr": np.where(x < 0.5, 1.0, 0.01)})).clues[-1]
    assert last.label == "plateau" and "noise falls from" in last.evidence
    assert "(1 to 0.01), which explains it" in last.evidence
    assert "explains" not in diagnose(Curve.of({**columns, "lr": np.ones(200)})).clues[-1].evidence


def test_thresholds_are_passed_on():
    x = np.linspace(0, 1, 60)
    val = np.exp(-2 * np.minimum(x, 0.4) + 0.1 * np.maximum(x - 0.4, 0))
    curve = Curve.of({"iteration": np.arange(60), "val_loss": val, "train_loss": np.exp(-3 * x)})
    strict = diagnose(curve, thresholds=Thresholds(overfit=0.2, change=0.2))
    assert any(clue.label == "overfitting" for clue in diagnose(curve).clues)
    assert not any(clue.label == "overfitting" for clue in strict.clues)


def test_an_instability_begins_with_the_jump_that_announces_it():
    """Level, one jump that comes back, then the breakdown: unstable from the jump on (Fig. 12 of 2017)."""
    rng = np.random.default_rng(0)
    logs = 0.5 - 0.05 * np.minimum(np.arange(100), 10) + 0.02 * rng.standard_normal(100)
    logs[60] += 0.8
    logs[75:] += 0.3 * np.arange(1, 26)
    losses = np.exp(np.minimum(logs, 4.0))
    x = np.arange(100)
    curve = Curve.of({"iteration": 10 * x, "lr": 0.01 * x, "val_loss": losses, "train_loss": losses})
    first = next(clue for clue in diagnose(curve).clues if clue.label == "instability")
    assert first.start == 600


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("end", "level"), [(1e-4, True), (0.2, False)])
def test_what_the_learning_rate_no_longer_moves_is_level(end, level, known):
    """The last two evaluations of a descent, too few for a line, at a vanishing rate or at a large one.

    Caffe's last evaluation comes after the last update and has no rate.
    """
    x = np.arange(30)
    logs = np.where(x < 28, -0.05 * x, -0.05 * 28)
    lr = np.where(x < 28, 1.0 - 0.03 * x, end)
    lr[-1] = end if known else np.nan
    columns = {"iteration": 10 * x, "lr": lr, "val_loss": np.exp(logs), "train_loss": np.exp(logs)}
    last = diagnose(Curve.of(columns)).clues[-1]
    assert (last.label == "plateau" and last.start == 280 and "0.0001" in last.evidence) == level


@pytest.mark.parametrize(
    ("turn", "fall", "drift", "sd", "label", "rate"),
    [
        (0.07, 40, 0.4, 0.25, "plateau", 0.75),  # a drop, then a hundredth of its pace within the noise; 0.83
        (0.5, 1.8, 0.5, 0.1, "descending", 0.75),  # a descent that goes on at a quarter of its pace; 0.80
    ],
)
def test_a_descent_goes_on_while_it_keeps_its_pace(turn, fall, drift, sd, label, rate):
    """As a rate over 40 curves: nine tenths of what follows the turn bear the label."""
    x = np.linspace(0, 1, 101)
    logs = -fall * np.minimum(x, turn) - drift * np.maximum(x - turn, 0)
    right = []
    for seed in range(40):
        losses = np.exp(logs + sd * np.random.default_rng(seed).standard_normal(101))
        columns = {"iteration": 200 * np.arange(101), "lr": np.full(101, 0.1), "val_loss": losses}
        clues = diagnose(Curve.of({**columns, "train_loss": 0.9 * np.exp(logs)})).clues
        shares = [max(0, c.end - max(c.start, turn * LENGTH)) / LENGTH for c in clues if c.label == label]
        right.append(sum(shares) >= 0.85 * (1 - turn))
    assert np.mean(right) >= rate


def test_what_is_no_curve_is_refused_with_the_way_to_one():
    with pytest.raises(TypeError, match=r"a Curve is diagnosed, got list; .*history\.curve is one"):
        diagnose([1.0, 0.5])


def test_a_sharp_rise_tells_the_percent_of_its_own_two_losses():
    """Level, then four times as high within a tenth of the run."""
    x = np.arange(100)
    losses = np.exp(np.interp(x, [0, 30, 60, 70, 99], [1, 0, 0, 1.4, 1.4]))
    curve = Curve.of({"iteration": 10 * x, "lr": 0.01 * x, "val_loss": losses, "train_loss": losses})
    said = " ".join(clue.evidence for clue in diagnose(curve).clues if clue.label == "instability")
    found = re.search(r"sharply from (\S+) to (\S+) \(\+(\d+)%", said)
    first, last, percent = (float(number) for number in found.groups())
    assert percent == pytest.approx(100 * (last / first - 1), rel=0.02)
