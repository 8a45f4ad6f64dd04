"""run_all in one process: order, replay, what others train, what fails, what is shown."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import fake_training as fake
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellbegun.curve import Run
from wellbegun.errors import StoreError, TaskError, TrainingFailed
from wellbegun.runs.executors.in_process import InProcess
from wellbegun.runs.lease import acquire, held
from wellbegun.runs.runner import Outcome, Report, Status, run_all, train_and_publish
from wellbegun.runs.store import RunStore
from wellbegun.spec import RunSpec


def begun(log: Path) -> list[str]:
    """The keys whose training began, in order."""
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions=st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=4))
def test_every_run_is_trained_once_and_answered_in_order(
    tmp_path_factory: pytest.TempPathFactory, questions: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    store, log = RunStore(folder / "runs"), folder / "log"
    seen: set[int] = set()
    for question in questions:
        with InProcess() as executor:
            runs = run_all([fake.spec(number) for number in question], fake.Fake(log), store, executor)
        assert [run.spec.seed for run in runs] == question
        assert [run.replayed for run in runs] == [number in seen for number in question]
        seen |= set(question)
    assert sorted(begun(log)) == sorted(fake.spec(number).key for number in seen)


def test_a_replay_has_the_same_values_to_the_bit(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    asked = fake.spec(1).but(factory_args=(("sizes", (3, 4)),))
    with InProcess() as executor:
        trained, replayed = (
            run_all([asked], fake.Fake(tmp_path / "log"), store, executor)[0] for _ in range(2)
        )
    assert (trained.replayed, replayed.replayed) == (False, True)
    assert trained.spec == replayed.spec == asked
    assert pickle.dumps(replace(replayed, replayed=False)) == pickle.dumps(trained)


def test_a_replay_writes_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    specs = [fake.spec(number) for number in range(3)]
    with InProcess() as executor:
        run_all(specs, fake.Fake(tmp_path / "log"), store, executor)
        before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
        run_all(specs, fake.Fake(tmp_path / "log"), RunStore(store.root), executor)
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before
    assert len(begun(tmp_path / "log")) == 3


def test_in_process_the_status_follows_every_report(tmp_path: Path) -> None:
    store, seen = RunStore(tmp_path), list[tuple[int, int, list[tuple[int, float]]]]()

    def watch(status: Status) -> None:
        seen.append((status.done, status.asked, fake.rows(status.live)))

    specs = [fake.spec(number) for number in (0, 1, 0)]
    with InProcess() as executor:
        run_all(specs, fake.Fake(tmp_path / "log"), store, executor, watch=watch)
    assert seen == [
        (0, 2, []),
        (0, 2, [(0, 0)]),
        (0, 2, [(0, 10)]),
        (1, 2, []),
        (1, 2, [(1, 0)]),
        (1, 2, [(1, 10)]),
        (2, 2, []),
    ]


def test_in_other_threads_the_status_is_polled(tmp_path: Path) -> None:
    store, seen = RunStore(tmp_path), list[Status]()
    main = threading.get_ident()

    def watch(status: Status) -> None:
        assert threading.get_ident() == main
        seen.append(status)

    specs = [fake.spec(number) for number in range(4)]
    with ThreadPoolExecutor(2) as executor:
        train = fake.Fake(tmp_path / "log", 0.1)
        runs = run_all(specs, train, store, executor, watch=watch, poll_seconds=0.01)
    assert [run.spec for run in runs] == specs
    assert seen[0] == Status(0, 4, ()) and seen[-1] == Status(4, 4, ())
    assert max(len(status.live) for status in seen) == 2
    assert [status.done for status in seen] == sorted(status.done for status in seen)


def test_rows_of_a_run_that_died_are_not_shown(tmp_path: Path) -> None:
    store, seen = RunStore(tmp_path), list[Status]()
    store.report(fake.spec(1).key, {"iteration": 10})
    with InProcess() as executor:
        train = fake.Fake(tmp_path / "log")
        run_all([fake.spec(0), fake.spec(1)], train, store, executor, watch=seen.append)
    assert (1, 10) not in [row for status in seen[:4] for row in fake.rows(status.live)]


@pytest.mark.parametrize("make", [InProcess, lambda: ThreadPoolExecutor(2)])
def test_an_error_names_the_run_and_its_cause(tmp_path: Path, make: Callable[[], Executor]) -> None:
    store, error = RunStore(tmp_path), ValueError("shapes do not fit")
    with make() as executor, pytest.raises(TrainingFailed, match="ValueError: shapes do not fit") as caught:
        run_all([fake.spec(number) for number in range(4)], fake.Failing(1, error), store, executor)
    assert caught.value.spec == fake.spec(1) and caught.value.__cause__ is error
    assert "raise self.error" in caught.value.__notes__[0]
    assert pickle.loads(pickle.dumps(caught.value)).spec == fake.spec(1)
    assert store.has(fake.spec(0).key) and not store.has(fake.spec(1).key)
    assert not any(held(tmp_path, fake.spec(number).key) for number in range(4))
    with make() as executor:  # corrected: only what is missing runs
        again = run_all([fake.spec(0), fake.spec(1)], fake.Fake(tmp_path / "log"), store, executor)
    assert [run.replayed for run in again] == [True, False]


def test_what_is_in_training_is_published_before_an_error_is_raised(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with ThreadPoolExecutor(2) as executor, pytest.raises(TrainingFailed):
        specs = [fake.spec(number) for number in range(6)]
        run_all(specs, fake.Failing(1, OSError("gone"), seconds=0.3), store, executor)
    assert store.has(fake.spec(0).key)  # it ran beside the failing one
    assert not store.has(fake.spec(5).key)  # it had not begun


def test_errors_of_wellbegun_come_as_they_are(tmp_path: Path) -> None:
    error = TaskError("labels must lie in [0, 10), got 11; check the data")
    with InProcess() as executor, pytest.raises(TaskError) as caught:
        run_all([fake.spec(0)], fake.Failing(0, error), RunStore(tmp_path), executor)
    assert caught.value is error


def test_an_error_that_cannot_travel_keeps_its_words() -> None:
    error = fake.UnportableError("conv1", 5)
    outcome: Outcome = pickle.loads(pickle.dumps(Outcome(False, error, "the traceback")))
    assert str(outcome.error) == "UnportableError: conv1 of size 5" and outcome.traceback == "the traceback"
    kept: Outcome = pickle.loads(pickle.dumps(Outcome(False, KeyError("a"), "")))
    assert isinstance(kept.error, KeyError) and kept.error.args == ("a",)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_stops_at_once_and_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    def train(asked: RunSpec, report: Report) -> Run:
        report({"iteration": 0})
        if asked.seed == 1:
            raise stop
        return fake.run_of(asked)

    store = RunStore(tmp_path)
    with InProcess() as executor, pytest.raises(stop):
        run_all([fake.spec(number) for number in range(3)], train, store, executor)
    assert store.keys() == [fake.spec(0).key]
    for folder in ("tmp", "live", "leases"):
        assert list((tmp_path / folder).iterdir()) == []


def test_a_train_that_answers_another_spec_is_refused(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with InProcess() as executor, pytest.raises(TrainingFailed, match=fake.spec(8).key):
        run_all([fake.spec(7)], lambda asked, report: fake.run_of(fake.spec(8)), store, executor)
    assert store.keys() == []


def test_a_run_that_cannot_be_read_back_is_not_trained_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunStore, "publish", lambda self, run: None)
    with InProcess() as executor, pytest.raises(StoreError, match=fake.spec(0).key):
        run_all([fake.spec(0)], fake.Fake(tmp_path / "log"), RunStore(tmp_path), executor)
    assert len(begun(tmp_path / "log")) == 1


def test_what_another_driver_trains_is_waited_for_after_the_others(tmp_path: Path) -> None:
    store, log = RunStore(tmp_path / "runs"), tmp_path / "log"
    other = acquire(store.root, fake.spec(0).key)
    assert other is not None

    def publish_once_the_rest_is_done(status: Status) -> None:
        if status.done == 2 and not store.has(fake.spec(0).key):
            store.publish(fake.run_of(fake.spec(0)))
            other.release()

    specs = [fake.spec(number) for number in range(3)]
    with InProcess() as executor:
        runs = run_all(
            specs, fake.Fake(log), store, executor, watch=publish_once_the_rest_is_done, poll_seconds=0.01
        )
    assert begun(log) == [fake.spec(1).key, fake.spec(2).key]
    assert [run.replayed for run in runs] == [True, False, False]


def test_what_another_driver_gives_up_is_taken_over(tmp_path: Path) -> None:
    store, log, polls = RunStore(tmp_path / "runs"), tmp_path / "log", [0]
    other = acquire(store.root, fake.spec(0).key)
    assert other is not None

    def give_up(status: Status) -> None:
        polls[0] += 1
        if polls[0] == 4:
            other.release()

    with InProcess() as executor:
        runs = run_all([fake.spec(0)], fake.Fake(log), store, executor, watch=give_up, poll_seconds=0.01)
    assert polls[0] >= 4 and begun(log) == [fake.spec(0).key] and not runs[0].replayed


def test_published_between_the_look_and_the_lease(tmp_path: Path) -> None:
    store, log = RunStore(tmp_path / "runs"), tmp_path / "log"
    store.publish(fake.run_of(fake.spec(0)))
    assert train_and_publish(store.root, fake.Fake(log), fake.spec(0)) == Outcome(trained=False)
    assert begun(log) == []


def test_a_damaged_run_is_trained_again(tmp_path: Path) -> None:
    store, log = RunStore(tmp_path / "runs"), tmp_path / "log"
    with InProcess() as executor:
        run_all([fake.spec(0)], fake.Fake(log), store, executor)
        (store.root / fake.spec(0).key / "run.json").write_text("{")
        assert not run_all([fake.spec(0)], fake.Fake(log), store, executor)[0].replayed
    assert len(begun(log)) == 2 and len(store.told) == 1


def test_arguments(tmp_path: Path) -> None:
    with InProcess() as executor:
        assert run_all([], fake.Fake(tmp_path / "log"), RunStore(tmp_path / "runs"), executor) == []
        with pytest.raises(ValueError, match=r"positive, got 0\.0"):
            run_all([], fake.Fake(tmp_path), RunStore(tmp_path), executor, poll_seconds=0.0)
    assert not (tmp_path / "runs").exists()
