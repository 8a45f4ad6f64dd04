"""The pure parts of benchmarks/quality: cost, valley, scores, goals, page, ablations. Nothing is trained."""

from __future__ import annotations

import importlib
import math
import sys
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from benchmarks.quality import __main__ as command
from benchmarks.quality import cell, goals, page, plot, tpe, valley
from benchmarks.quality.ablation import ABLATIONS, without
from benchmarks.quality.arena import APART, FRESH, failed, result
from benchmarks.quality.contestants import (
    ABLATED,
    CONTESTANTS,
    UNTUNED,
    adamw_cosine,
    by_trials,
    one_cycle,
    sgd_step,
)
from benchmarks.quality.cost import Spent, share
from benchmarks.quality.scores import Score, last, scores
from hypothesis import given
from hypothesis import strategies as st

from wellbegun.curve import Curve, Run
from wellbegun.schedules.constant import Constant
from wellbegun.spec import RunSpec

SPEC = RunSpec(
    task="t", iterations=100, batch_size=10, lr=Constant(0.1), momentum=Constant(0.9), eval_every=50
)


def trained(spec: RunSpec = SPEC, losses: tuple[float, ...] = (2.0, 1.0, 0.5), **changes: object) -> Run:
    rows = {
        "iteration": range(0, 50 * len(losses), 50),
        "val_loss": losses,
        "val_accuracy": [0.5] * len(losses),
    }
    given = {"ended": "finished", "iterations": 100, "seconds": 3.0, "eval_seconds": 1.0, **changes}
    return Run(spec=spec, curve=Curve.of(rows), **given)


# --- cost ---------------------------------------------------------------------------------------------------


def test_a_run_costs_its_samples_and_its_evaluations_and_counts_once() -> None:
    other = SPEC.but(seed=1, eval_samples=40)
    spent = Spent.of([trained(), trained(), trained(other, test={"test_loss": 1.0})], validation=200, test=70)
    # the first reads all 200 three times and is charged one reading, a third of its second
    assert spent == Spent(2 * 1000, 200 + 3 * 40 + 70, 4.0, 1.0 + 1.0 / 3)
    assert Spent.from_json(spent.to_json()).evaluated == spent.evaluated


@given(trained=st.integers(1, 10**6), evaluated=st.integers(1, 10**6), ratio=st.floats(0.01, 2))
def test_the_share_is_the_ratio_of_seconds_per_sample(trained: int, evaluated: int, ratio: float) -> None:
    spent = Spent(trained, evaluated, trained * 1e-3, evaluated * 1e-3 * ratio)
    assert share([spent]) == pytest.approx(ratio)
    assert spent.samples(share([spent])) == pytest.approx(trained + ratio * evaluated)


def test_a_process_that_was_stopped_for_a_while_does_not_move_the_share() -> None:
    measured = [Spent(100, 10, 10.0, 0.25), Spent(100, 10, 10.0, 0.3), Spent(100, 10, 10.0, 700.0)]
    assert share([*measured, Spent()]) == pytest.approx(0.3)


def test_the_share_of_nothing_is_nothing() -> None:
    assert share([]) == 0.0


# --- fastai's valley ----------------------------------------------------------------------------------------


def longest_fall(values: list[int]) -> int:
    """By trying all subsequences."""
    best = 0
    for mask in range(1 << len(values)):
        chosen = [value for i, value in enumerate(values) if mask >> i & 1]
        if all(a > b for a, b in pairwise(chosen)):
            best = max(best, len(chosen))
    return best


@given(st.lists(st.integers(0, 6), min_size=3, max_size=9))
def test_the_valley_lies_by_the_rule_in_the_longest_falling_subsequence(values: list[int]) -> None:
    length = longest_fall(values)
    ends = [i for i in range(len(values)) if longest_fall(values[: i + 1]) == length]
    expected = ends[0] - length + length // 3 + length // 6 if length > 1 else 0
    assert valley.valley(values) == expected


def test_the_valley_of_a_range_test_lies_on_its_slope() -> None:
    rates = np.geomspace(valley.FROM, valley.TO, valley.ITERATIONS)
    # level, then down from 1e-4 to 1e-1, then up steeply
    losses = (
        2.3 - 1.8 * np.clip((np.log10(rates) + 4) / 3, 0, 1) + 30 * np.clip(np.log10(rates) + 0.5, 0, None)
    )
    found = valley.read(rates.tolist(), losses.tolist())
    assert 1e-4 < found < 1e-1


def test_smoothing_keeps_a_level() -> None:
    assert valley.smoothed([3.0] * 5) == pytest.approx([3.0] * 5)


def test_a_range_test_that_explodes_at_once_is_refused_with_its_number() -> None:
    with pytest.raises(ValueError, match="got 0"):
        valley.read([1e-7] * 6, [1.0, 2.0, math.inf, math.inf, math.inf, math.inf])


# --- contestants --------------------------------------------------------------------------------------------


def test_untuned_settings_are_the_usual_ones() -> None:
    step = sgd_step(100, adamw=False)
    assert [float(step.lr(t)) for t in (0, 49, 50, 74, 75, 99)] == pytest.approx(
        [0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3]
    )
    assert (step.weight_decay, step.optimizer) == (5e-4, "nesterov")
    assert sgd_step(100, adamw=True).optimizer == one_cycle(100, adamw=True).optimizer == "adamw"
    assert (float(adamw_cosine(9, False).lr(0)), adamw_cosine(9, False).weight_decay) == (1e-3, 0.01)
    cycle = one_cycle(100, adamw=False)
    assert (float(cycle.lr(45)), float(cycle.momentum(0)), float(cycle.momentum(45))) == (0.1, 0.95, 0.85)


@pytest.mark.parametrize(("high", "low"), [(0.99, 0.85), (0.95, 0.85), (0.9, 0.8), (0.8, 0.7)])
def test_the_searched_cycle_lets_momentum_fall_as_tune_does(high: float, low: float) -> None:
    setup = tpe.one_cycle({"lr": 0.1, "momentum": high, "weight_decay": 0.0}, 100, "nesterov")
    assert (float(setup.momentum(0)), float(setup.momentum(45))) == pytest.approx((high, low))


def test_without_optuna_the_message_says_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit, match=r"\[bench\].*--contestant"):
        tpe._optuna()


def test_a_study_asks_the_same_again_after_the_same_answers() -> None:
    pytest.importorskip("optuna")

    class Fake:
        quick, seed, task = True, 3, SimpleNamespace(optimizer="nesterov")
        setting = SimpleNamespace(iterations=100)

        def spec(self, setup: object, seed: int) -> float:
            return float(setup.lr(0))

        def train(self, title: str, specs: list[float]) -> list[Run]:
            end = abs(math.log10(specs[0]) + 1)
            return [trained(losses=(9.0, 1.0, end), ended="finished" if specs[0] < 1 else "diverged")]

    first, second = (tpe.study(Fake(), tpe.cosine) for _ in range(2))
    assert [trial.values for trial in first] == [trial.values for trial in second]
    assert len({trial.values["lr"] for trial in first}) == len(first)


def test_a_search_keeps_its_best_so_far_and_its_whole_history(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = (0.9, 0.5, 0.7, math.inf, 0.6)
    trials = [
        tpe.Trial({"lr": 0.1 * k}, trained(SPEC.but(weight_decay=k), (2.0, 1.0, end)))
        for k, end in enumerate(ends)
    ]
    monkeypatch.setattr(tpe, "study", lambda arena, shape: trials)
    arena = SimpleNamespace(spent=lambda runs: Spent.of(runs, 0, 0))
    points = by_trials(arena, tpe.cosine)
    assert [point.trials for point in points] == [1, 2, 5]
    assert [point.setup.weight_decay for point in points] == [0, 1, 1]
    assert [point.spent.trained for point in points] == [1000, 2000, 5000]
    assert points[-1].details["history"][3] == {"lr": pytest.approx(0.3), "val_loss": "diverged"}
    row = cell._point(SimpleNamespace(), replace(points[-1], setup=None), {})
    assert (row["trials"], len(row["history"])) == (5, 5)


def test_a_run_that_ends_no_better_than_untrained_failed() -> None:
    assert failed(trained(losses=(2.0, 1.0, 2.0)))
    assert failed(trained(ended="diverged"))
    assert failed(trained(losses=(2.0, 1.0, math.nan)))
    assert not failed(trained())
    assert "val_loss" not in result(trained(ended="diverged"))
    assert result(trained())["val_loss"] == 0.5


# --- cells --------------------------------------------------------------------------------------------------


def test_cheap_cells_come_first_and_every_task_has_its_turn() -> None:
    found = cell.cells()
    assert len(found) == 6 * sum(one.seeds for one in CONTESTANTS.values())
    ranks = [one.who.rank for one in found]
    assert ranks == sorted(ranks)
    assert {one.task for one in found if one.who.rank == 0 and one.seed == 0} == set(cell.TASKS)
    assert all(one.contestant not in ABLATED for one in found)


def test_no_search_reaches_the_fresh_seeds() -> None:
    assert APART * max(one.seeds for one in CONTESTANTS.values()) < FRESH


def test_a_cell_is_read_as_it_was_written(tmp_path) -> None:
    one = cell.Cell("lenet", "tune", 0)
    cell.write({"task": "lenet", "points": []}, tmp_path, one)
    assert list(cell.read(tmp_path)) == [{"task": "lenet", "points": []}]


def test_the_recipes_hash_does_not_see_comments() -> None:
    import ast

    def bare(text: str) -> str:
        return ast.dump(cell._bare(ast.parse(text)))

    assert bare('"""One."""\nx = 1  # why\n"""Two."""\n') == bare("x = 1\n")
    assert bare("x = 1\n") != bare("x = 2\n")


# --- scores and goals ---------------------------------------------------------------------------------------


def record(contestant: str, seed: int, losses: list[float | None], search: int = 0, **more: object) -> dict:
    runs = [
        {"seed": k, "failed": loss is None, "untrained": 2.0, "seconds": 1.0}
        | ({} if loss is None else dict.fromkeys(("val_loss", "test_loss"), loss))
        | ({} if loss is None else dict.fromkeys(("val_accuracy", "test_accuracy"), 0.5))
        for k, loss in enumerate(losses)
    ]
    point = {
        "trials": None, "restarts": 0, "final": False, "setup": {}, "search": Spent(search).to_json(),
        "retrained": runs, "cost": Spent(100 * len(runs), 0, 1.0, 0.0).to_json(), **more,
    }  # fmt: skip
    return {
        "task": "lenet", "contestant": contestant, "seed": seed, "device": "cpu", "python": "3", "torch": "2",
        "recipe": None, "points": [point],
    }  # fmt: skip


def test_a_failure_counts_with_the_untrained_loss_and_leaves_the_accuracy_alone() -> None:
    (score,) = scores([record("one-cycle", 0, [0.3, 0.3, None])])
    assert score.losses == pytest.approx(((0.3 + 0.3 + 2.0) / 3,))
    assert score.measures["val_accuracy"] == (0.5,)
    assert (score.failures, score.retrained) == (1, 3)


def test_cost_is_search_and_final_run_in_final_runs() -> None:
    rows = [record("tune", 0, [0.3], 250, final=True, lr_max=0.1), record("one-cycle", 0, [0.3])]
    found = last(scores(rows))
    assert found["lenet", "tune"].costs == (2.5,)
    assert found["lenet", "one-cycle"].costs == (1.0,)


def test_a_refusal_costs_its_search_and_scores_as_untrained() -> None:
    refused = record("tune", 0, [], 300, setup=None)
    (mine, _) = scores([refused, record("zzz", 0, [0.3])])
    assert (mine.costs, mine.losses, mine.refused) == ((3.0,), (2.0,), 1)


def test_the_picture_is_not_flattened_by_what_failed() -> None:
    assert plot.upper_edge([1.0, 1.1, 1.2, 9.0, 1.15]) == pytest.approx(1.45)
    assert plot.upper_edge([1.0, 1.1, 1.2]) == 1.2


def test_a_search_by_trials_has_a_score_for_every_stage() -> None:
    row = record("tpe-cosine", 0, [0.4], 100, final=True, trials=1)
    row["points"] += record("tpe-cosine", 0, [0.3], 2000, final=True, trials=20)["points"]
    assert [(s.trials, s.cost, s.loss) for s in scores([row])] == [(1, 1.0, 0.4), (20, 20.0, 0.3)]
    assert last(scores([row]))["lenet", "tpe-cosine"].trials == 20


BASE = Score("a", "tune", None, (0.30, 0.32, 0.31), {}, (3.0,) * 3, retrained=9, rates=(0.1, 0.11, 0.12))
NAMES = ("a", "b", "c", "d", "e", "f")


def field(mine: list[Score], rival: Score, tasks: tuple[str, ...] = NAMES) -> dict[tuple[str, str], Score]:
    return {
        **{(task, "tune"): replace(one, task=task) for task, one in zip(tasks, mine, strict=True)},
        **{(task, goals.RIVAL): replace(rival, task=task, contestant=goals.RIVAL) for task in tasks},
    }


def test_five_of_six_tasks_are_enough_and_four_are_not() -> None:
    rival, worse = replace(BASE, costs=(20.0,) * 3), replace(BASE, losses=(0.4, 0.42, 0.41))
    assert goals.as_good(field([BASE] * 5 + [worse], rival)).holds is True
    assert goals.as_good(field([BASE] * 4 + [worse] * 2, rival)).holds is False
    assert goals.as_good(field([BASE] * 4, rival, NAMES[:4])).holds is None
    assert "+0.1000 +- 0.0082 at 1/6.7 no" in goals.as_good(field([BASE] * 5 + [worse], rival)).says


def test_a_fifth_of_the_cost_is_the_limit() -> None:
    assert goals.as_good(field([BASE] * 6, replace(BASE, costs=(15.0,) * 3))).holds is True
    assert goals.as_good(field([BASE] * 6, replace(BASE, costs=(14.9,) * 3))).holds is False


def test_one_search_seed_says_nothing() -> None:
    one = replace(BASE, losses=(0.3,), costs=(3.0,), rates=(0.1,))
    found = field([one], one, ("a",))
    assert [verdict.holds for verdict in goals.verdicts(found, UNTUNED)] == [True, None, None, None]


@pytest.mark.parametrize("change", [{"failures": 1}, {"restarts": 1}, {"refused": 1}])
def test_one_failure_is_too_many(change: dict[str, int]) -> None:
    verdict = goals.never_fails({("a", "tune"): replace(BASE, **change)})
    assert verdict.holds is False
    assert "1 " in verdict.says


def test_worse_than_the_best_untuned_by_more_than_noise_fails() -> None:
    others = {("a", name): replace(BASE, contestant=name, losses=(0.9, 0.9, 0.91)) for name in UNTUNED}
    near = replace(BASE, contestant="one-cycle", losses=(0.29, 0.31, 0.30))  # 0.01 better, error 0.008
    far = replace(near, losses=(0.25, 0.27, 0.26))
    assert goals.not_worse({("a", "tune"): BASE, **others, ("a", "one-cycle"): near}, UNTUNED).holds is True
    assert goals.not_worse({("a", "tune"): BASE, **others, ("a", "one-cycle"): far}, UNTUNED).holds is False
    others.popitem()
    assert goals.not_worse({("a", "tune"): BASE, **others}, UNTUNED).holds is None


def test_steady_reads_percentiles() -> None:
    assert goals.steady({("a", "tune"): BASE}).holds is True
    wide = replace(BASE, rates=(0.1, 0.1, 0.1, 0.1, 0.3))  # 90th percentile 0.22
    verdict = goals.steady({("a", "tune"): wide})
    assert verdict.holds is False
    assert "2.20 of 5" in verdict.says


# --- the page -----------------------------------------------------------------------------------------------


def test_the_page_has_a_line_per_contestant_and_names_what_is_missing() -> None:
    rows = [record("tune", 0, [0.3, 0.4, 0.5], 250, final=True, lr_max=0.1), record("one-cycle", 0, [0.3])]
    text = page.page(rows, "quality.svg")
    assert "| tune | 0.4000 | 50.00 | 0.4000 | 50.00 | 0 of 3 | 2.50 | 1 |" in text
    assert f"{len(cell.cells()) - 2} of {len(cell.cells())}:" in text
    assert "- tune: tabular 0" in text
    assert "lenet 0" not in text.split("- tune:")[1].split("\n")[0]


def test_an_ablation_stands_beside_the_whole_recipe_on_the_same_search_seeds() -> None:
    whole = [record("tune", seed, [loss], 250, final=True) for seed, loss in enumerate((0.3, 0.9))]
    margin = record("tune-no-margin", 0, [0.2, None], 150, final=True)
    told = page.ablation([*whole, margin, record("tune-no-pace", 1, [0.9], 250, final=True)])
    rows = [line.split(" | ") for line in told.splitlines() if line.startswith("| ")]
    assert rows[0][1:3] == ["lenet", "tabular"] and len({len(row) for row in rows}) == 1
    assert rows[1][1:3] == ["1.1000 (0.3000), 1 of 2 fail", "-"] and rows[1][-1] == "1.50 (2.50) |"
    assert rows[2][1] == "same" and len(rows) == 3
    assert page.ablation(whole) == ""


# --- the command --------------------------------------------------------------------------------------------


def test_a_cell_takes_as_long_as_the_runs_of_its_task_took() -> None:
    runs = CONTESTANTS["tune"].runs
    rows = [record("one-cycle", 0, [0.3, 0.3, None])]
    assert command.expected(cell.Cell("lenet", "tune", 0), rows) == runs * 1.0
    assert command.expected(cell.Cell("text", "tune", 0), rows) == runs * command.SECONDS


def test_only_cells_of_another_recipe_are_played_anew(tmp_path) -> None:
    words = [
        "run",
        "--task",
        "lenet",
        "--contestant",
        "tune",
        "one-cycle",
        "--seed",
        "0",
        "1",
        "--results",
        ".",
    ]
    for seed, code in enumerate((cell.recipe(), "older")):
        cell.write(record("tune", seed, [0.3]) | {"recipe": code}, tmp_path, cell.Cell("lenet", "tune", seed))
    asked = command.parser().parse_args(words)
    asked.results = tmp_path
    assert {one.path for one in command.missing(asked)} == {f"lenet/one-cycle-{k}.json" for k in (0, 1)}
    asked.renew = True
    assert "lenet/tune-1.json" in {one.path for one in command.missing(asked)}
    assert "lenet/tune-0.json" not in {one.path for one in command.missing(asked)}


# --- ablations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ABLATIONS))
def test_an_ablation_changes_the_recipe_and_gives_it_back(name: str) -> None:
    def constants() -> list[Any]:
        return [getattr(importlib.import_module(module), what) for module, what, _ in ABLATIONS[name].swaps]

    before = constants()
    with pytest.raises(RuntimeError), without(name):
        assert all(now != then for now, then in zip(constants(), before, strict=True))
        raise RuntimeError
    assert before == constants()
