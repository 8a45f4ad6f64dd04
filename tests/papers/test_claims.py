"""Every claim of the facts is on an exhibit, or in one table with the reason why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from wellbegun.papers.collection import exhibits

from .facts import load

TESTS = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "dap-clue-overfit": (
        "a definition, tested on curves into which it was put",
        "diagnosis/test_diagnose.py::test_it_finds_what_was_put_in",
    ),
    "dap-clue-instability": (
        "a definition, tested on curves into which it was put",
        "diagnosis/test_diagnose.py::test_it_finds_what_was_put_in",
    ),
    "dap-rule-max-lr": (
        "a rule that the range test follows",
        "diagnosis/test_bounds.py::test_a_ramp_that_breaks_down_shows_its_edge_and_stays_below_it",
    ),
    "dap-rule-min-lr": (
        "three rules that the search for lr_min follows",
        "search/test_lr_min.py::test_the_first_two_rules_stand_beside_it",
    ),
    "sc-rule-max-min-lr": (
        "the same rules in the earlier paper",
        "search/test_lr_min.py::test_the_first_two_rules_stand_beside_it",
    ),
    "dap-1cycle-definition": (
        "a formula, compared with the rates that the author's logs print",
        "schedules/test_author_logs.py::test_the_learning_rate_is_the_printed_one",
    ),
    "dap-cm-formula": (
        "a formula, compared with the momenta that the author's logs print",
        "schedules/test_author_logs.py::test_the_momentum_is_the_printed_one",
    ),
    "dap-cm-direction": (
        "a property of the schedule",
        "schedules/test_cyclical.py::test_momentum_runs_against_the_learning_rate",
    ),
    "dap-update-rule": (
        "a formula of the optimizer",
        "training/engine/test_optimizer.py::test_papers_sgd_is_caffes",
    ),
    "dap-remark4": (
        "a rule that the batch-size search follows, by seconds measured side by side",
        "search/test_batch_size.py::test_iterations_times_seconds_per_update_agree",
    ),
    "dap-rule-constant-time": (
        "arithmetic on Figure 6a's own lines",
        "papers/test_facts.py::test_equal_time_means_more_epochs_and_fewer_updates_for_a_larger_batch",
    ),
    "dap-larger-tbs-larger-lr": (
        "no figure shows a range test per batch size; the batch-size search makes them",
        "search/test_batch_size.py::test_each_size_gets_an_lr_max_below_an_edge_of_its_own",
    ),
    "dap-wd-default-grid": (
        "a rule; the product's grid is three magnitudes around a middle of its own",
        "search/test_recipe.py::test_the_grid_is_three_magnitudes_with_one_figure",
    ),
    "dap-wd-exponent-bisection": (
        "a rule that the search follows",
        "search/test_recipe.py::test_weight_decay_bisects_the_exponent_of_the_best_two",
    ),
    "dap-wd-extrapolate": (
        "a rule that the search follows",
        "search/test_recipe.py::test_weight_decay_steps_past_the_edge_of_its_grid",
    ),
    "dap-wd-complex-smaller": (
        "compares the answers of Figures 9, 11, 13a, 13c and 14b, each of which has a claim of its own", "",
    ),
    "dap-check-lr": (
        "a rule; lr_min is a tenth of lr_max in the recommendation",
        "search/test_lr_min.py::test_the_first_two_rules_stand_beside_it",
    ),
    "dap-check-tbs": (
        "a rule that the product does not follow blindly: a larger batch must win",
        "search/test_batch_size.py::test_the_larger_one_is_taken_only_if_it_wins",
    ),
    "dap-check-momentum": (
        "a rule; the search asks these momenta",
        "search/test_recipe.py::test_momentum_reports_every_candidate_and_a_tie",
    ),
    "dap-check-wd": (
        "a rule; the product's grid is three magnitudes around a middle of its own",
        "search/test_recipe.py::test_the_grid_is_three_magnitudes_with_one_figure",
    ),
    "dap-imagenet-slight-overfit-good": ("judged by eye, and without a number; needs ImageNet", ""),
    "sc-eq8": (
        "a formula of the estimate",
        "training/test_hessian_free.py::test_on_a_quadratic_it_is_one_over_the_curvature",
    ),
    "sc-no-imagenet-densenet": (
        "says where the paper found nothing; the 2018 report contradicts it, the facts do not check it",
        "",
    ),
}  # fmt: skip
"""Claim -> why no exhibit decides it, and the test that does instead."""


@pytest.fixture(scope="module")
def known():
    return {claim["id"]: claim for claim in load("claims")}


def ours():
    return [claim for exhibit in exhibits().values() for claim in exhibit.claims]


def test_every_claim_is_on_an_exhibit_or_has_a_reason(known):
    ids = {claim.id for claim in ours()}
    here = {one for one in known if one in ids or any(id_.startswith(f"{one}-") for id_ in ids)}
    assert set(known) - here == set(ELSEWHERE)


def test_no_claim_is_decided_twice_under_one_id():
    ids = [claim.id for claim in ours()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("reason", "test"), list(ELSEWHERE.values()), ids=list(ELSEWHERE))
def test_the_test_that_decides_instead_is_there(reason, test):
    assert reason
    if test:
        file, name = test.split("::")
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8")


def test_claims_are_told_in_our_words(known):
    for claim in ours():
        if claim.id in known:
            assert claim.says not in (known[claim.id]["statement"], known[claim.id]["check"])
