"""drive and together with invented plans and runs: who asks what, and who gets which answer."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellbegun.curve import Curve, Run
from wellbegun.schedules.constant import Constant
from wellbegun.search.plan import Batch, Cost, Finding, Plan, announce, drive, together
from wellbegun.spec import RunSpec

BASE = RunSpec(task="t", iterations=10, batch_size=4, lr=Constant(0.1), momentum=Constant(0.9))


def specs(*seeds: int) -> list[RunSpec]:
    return [BASE.but(seed=seed) for seed in seeds]


def run(spec: RunSpec, seconds: float = 2.0) -> Run:
    empty = Curve.of({"iteration": []})
    return Run(spec=spec, curve=empty, ended="finished", iterations=10, seconds=seconds, epochs=0.5)


class Recorder:
    """Trains nothing; remembers each question."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []

    def __call__(self, asked: Sequence[RunSpec]) -> list[Run]:
        self.questions.append([spec.seed for spec in asked])
        return [run(spec) for spec in asked]


def ask(*rounds: Sequence[int]) -> Plan[list[int]]:
    """A plan that asks for these seeds round by round, checks its answers and returns the seeds it got."""
    got: list[int] = []
    for seeds in rounds:
        runs = yield specs(*seeds)
        assert [one.spec.seed for one in runs] == list(seeds)
        got += [one.spec.seed for one in runs]
    return got


def test_drive_answers_every_question_and_returns_the_result() -> None:
    train = Recorder()
    assert drive(ask([1, 2], [3]), train) == [1, 2, 3]
    assert train.questions == [[1, 2], [3]]


def test_a_plan_without_questions_trains_nothing() -> None:
    train = Recorder()
    assert drive(ask(), train) == [] and train.questions == []
    assert drive(together(), train) == [] and train.questions == []
    assert drive(together(ask(), ask()), train) == [[], []] and train.questions == []


def test_the_next_question_may_depend_on_the_answer() -> None:
    def bisect() -> Plan[int]:
        low, high = 0, 64
        while high - low > 1:
            (middle,) = yield specs((low + high) // 2)
            low, high = (low, middle.spec.seed) if middle.spec.seed > 41 else (middle.spec.seed, high)
        return low

    train = Recorder()
    assert drive(bisect(), train) == 41
    assert train.questions == [[32], [48], [40], [44], [42], [41]]


def test_together_asks_the_questions_of_one_round_as_one_batch() -> None:
    train = Recorder()
    assert drive(together(ask([1, 2], [3]), ask([4]), ask([5], [6, 7], [8])), train) == [
        [1, 2, 3],
        [4],
        [5, 6, 7, 8],
    ]
    assert train.questions == [[1, 2, 4, 5], [3, 6, 7], [8]]


rounds = st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=4)


@settings(deadline=None)
@given(plans=st.lists(rounds, max_size=5))
def test_together_gives_every_plan_its_own_answers(plans: list[list[list[int]]]) -> None:
    train = Recorder()
    alone = [drive(ask(*one), Recorder()) for one in plans]
    assert drive(together(*(ask(*one) for one in plans)), train) == alone
    longest = max((len(one) for one in plans), default=0)
    assert train.questions == [
        [seed for one in plans if n < len(one) for seed in one[n]] for n in range(longest)
    ]


@settings(deadline=None)
@given(plans=st.lists(rounds, max_size=3), more=st.lists(rounds, max_size=3))
def test_together_nests(plans: list[list[list[int]]], more: list[list[list[int]]]) -> None:
    nested, flat = Recorder(), Recorder()
    inner, outer = [ask(*one) for one in plans], [ask(*one) for one in more]
    results = drive(together(together(*inner), *outer), nested)
    assert [*results[0], *results[1:]] == drive(together(*(ask(*one) for one in plans + more)), flat)
    assert nested.questions == flat.questions


def test_the_same_answers_lead_to_the_same_questions() -> None:
    first, second = Recorder(), Recorder()
    for train in (first, second):
        drive(together(ask([1], [2]), ask([3])), train)
    assert first.questions == second.questions


def failing(asked: Sequence[RunSpec]) -> list[Run]:
    raise OSError("disk full")


@pytest.mark.parametrize("plan", [lambda: ask([1]), lambda: together(ask([1]), ask([2]))])
def test_an_error_of_the_training_reaches_the_caller(plan: Callable[[], Plan[object]]) -> None:
    with pytest.raises(OSError, match="disk full"):
        drive(plan(), failing)


def test_an_error_of_a_plan_reaches_the_caller() -> None:
    def refuses() -> Plan[None]:
        yield specs(1)
        raise ValueError("too noisy")

    with pytest.raises(ValueError, match="too noisy"):
        drive(together(ask([2], [3]), refuses()), Recorder())


def test_a_batch_is_its_specs_with_a_title() -> None:
    batch = Batch.of("momentum", specs(1, 2))
    assert batch.title == "momentum" and list(batch) == specs(1, 2) and len(batch) == 2
    assert Batch(specs(1)).title == ""


def test_a_run_that_was_asked_twice_costs_once() -> None:
    one, two = specs(1, 2)
    assert Cost.of([run(one), run(two, 3.0), run(one)]) == Cost(iterations=20, epochs=1.0, seconds=5.0)
    assert Cost.of([]) == Cost()


def test_a_training_that_answers_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="batch of 3 specs needs as many runs, got 2"):
        drive(together(ask([1, 2]), ask([3])), lambda asked: [run(spec) for spec in asked[:-1]])


def test_epochs_that_nobody_knows_are_null() -> None:
    assert Cost(1, float("nan"), 2.0).to_json()["epochs"] is None


def test_costs_add_up() -> None:
    total = Cost(1, 0.5, 2.0) + Cost(2, 0.25, 4.0)
    assert total == Cost(3, 0.75, 6.0)
    assert total.to_json() == {"iterations": 3, "epochs": 0.75, "seconds": 6.0}


def test_a_finding_prints_its_choice_its_reason_and_the_keys_of_its_runs() -> None:
    one, two = specs(1, 2)
    finding = Finding(
        "momentum", 0.95, "lowest", (run(one), run(two)), interval=(0.9, 0.97), section="5, item 3"
    )
    assert finding.to_json() == {
        "name": "momentum", "choice": 0.95, "reason": "lowest", "section": "5, item 3",
        "interval": [0.9, 0.97], "details": {},
        "runs": [one.key, two.key], "cost": {"iterations": 20, "epochs": 1.0, "seconds": 4.0},
    }  # fmt: skip


@pytest.mark.parametrize("rounds", [(), ((1, 2),), ((1,), (2,))], ids=str)
def test_news_get_through_with_the_first_question_or_without_any(rounds: tuple[tuple[int, ...], ...]) -> None:
    news = Finding("weight decay", 1e-4, "because")
    heard: list[Finding | None] = []

    def named() -> Plan[list[int]]:
        got: list[int] = []
        for seeds in rounds:
            got += [one.spec.seed for one in (yield Batch.of("step", specs(*seeds)))]
        return got

    def spied() -> Plan[list[int]]:
        plan = announce(news, named())
        answers = None
        while True:
            try:
                question = plan.send(answers)  # type: ignore[arg-type]
            except StopIteration as stop:
                result: list[int] = stop.value
                return result
            heard.append(question.news if isinstance(question, Batch) else None)
            answers = yield question

    recorder = Recorder()
    assert drive(spied(), recorder) == [seed for seeds in rounds for seed in seeds]
    assert heard == [news, *[None] * (max(1, len(rounds)) - 1)]
