"""The store against a dictionary, against damage, and against a disk that refuses."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import fake_training as fake
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wellbegun.errors import StoreError
from wellbegun.runs import owner
from wellbegun.runs.owner import Owner
from wellbegun.runs.store import FORMAT, RunStore

NUMBERS = st.integers(0, 4)
KEYS = [fake.spec(number).key for number in range(5)]


class StoreMachine(RuleBasedStateMachine):
    """A store is a dictionary that keeps the first value, survives reopening, and forgets what is damaged."""

    @initialize()
    def open(self) -> None:
        self.root = Path(tempfile.mkdtemp()) / "store"
        self.store = RunStore(self.root)
        self.runs: dict[int, float] = {}
        self.snapshots: dict[tuple[int, int], bytes] = {}
        self.live: dict[int, float] = {}
        self.told = 0

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root.parent)

    @rule(number=NUMBERS, seconds=st.floats(0, 1e6))
    def publish(self, number: int, seconds: float) -> None:
        self.store.publish(fake.run_of(fake.spec(number), seconds))
        self.runs.setdefault(number, seconds)
        self.live.pop(number, None)

    @rule(number=NUMBERS, iteration=st.integers(0, 2), data=st.binary(max_size=50))
    def snapshot(self, number: int, iteration: int, data: bytes) -> None:
        self.store.save_snapshot(KEYS[number], iteration, data)
        self.snapshots[number, iteration] = data

    @rule(number=NUMBERS, loss=st.floats(allow_nan=False))
    def report(self, number: int, loss: float) -> None:
        self.store.report(KEYS[number], {"val_loss": loss})
        self.live[number] = loss

    @rule(number=NUMBERS)
    def remove(self, number: int) -> None:
        if number in self.runs or any(owner == number for owner, _ in self.snapshots):
            self.store.remove(KEYS[number])
            self.live.pop(number, None)
        else:
            with pytest.raises(StoreError, match=KEYS[number]):
                self.store.remove(KEYS[number])
        self.runs.pop(number, None)
        self.snapshots = {name: data for name, data in self.snapshots.items() if name[0] != number}

    @rule(number=NUMBERS, at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cut=st.booleans())
    def damage(self, number: int, at: float, flip: int, cut: bool) -> None:
        path = self.root / KEYS[number] / "run.json"
        if number not in self.runs:
            return
        data = bytearray(path.read_bytes())
        place = int(at * len(data))
        if cut:
            data = data[:place]
        else:
            data[place] ^= flip
        try:
            harmless = json.loads(data) == json.loads(
                path.read_bytes()
            )  # white space, or NaN's other spelling
        except ValueError:
            harmless = False
        path.write_bytes(data)
        assert self.store.has(KEYS[number]) == harmless
        if not harmless:
            del self.runs[number]
            self.told += 1

    @rule()
    def reopen(self) -> None:
        assert len(self.store.told) == self.told
        self.store, self.told = RunStore(self.root), 0

    @rule(number=NUMBERS)
    def crash_in_the_middle(self, number: int) -> None:
        left = self.root / "tmp" / f"{replace(Owner.me(), started='another time').name}~0"
        if not left.exists():
            (left / KEYS[number]).mkdir(parents=True)
            (left / KEYS[number] / "run.json").write_bytes(b'{"key":')
        self.store = RunStore(self.root)
        self.told = 0
        self.store.report(KEYS[number], {"val_loss": 1.0})
        self.live[number] = 1.0
        assert not left.exists()

    @invariant()
    def same_as_the_dictionary(self) -> None:
        assert self.store.keys() == sorted(KEYS[number] for number in self.runs)
        for number, key in enumerate(KEYS):
            run = self.store.find(key)
            assert (run.seconds if run else None) == self.runs.get(number)
            assert self.store.has(key) == (number in self.runs)
            live = self.store.live(key)
            assert (live["val_loss"] if live else None) == (None if run else self.live.get(number))
            for iteration in range(3):
                assert self.store.load_snapshot(key, iteration) == self.snapshots.get((number, iteration))
        temporary = self.root / "tmp"
        assert not temporary.exists() or not list(temporary.iterdir())


StoreMachine.TestCase.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
TestStoreMachine = StoreMachine.TestCase


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    asked = fake.spec(3).but(factory_args=(("depth", 9), ("init", "msra")), start=("0" * 24, 7))
    run = replace(
        fake.run_of(asked), test={"test_loss": float("inf"), "test_accuracy": 0.25}, ended="diverged"
    )
    RunStore(tmp_path).publish(run)
    got = RunStore(tmp_path).read(asked.key)
    assert got.spec == asked and got.replayed and not run.replayed
    assert got.to_json() == run.to_json()
    for name, column in run.curve.columns().items():
        assert got.curve.columns()[name].dtype == column.dtype
        assert got.curve.columns()[name].tobytes() == column.tobytes()


def test_reading_writes_nothing(tmp_path: Path) -> None:
    absent = RunStore(tmp_path / "absent")
    assert not absent.has(KEYS[0]) and absent.keys() == [] and absent.live(KEYS[0]) is None
    assert list(tmp_path.iterdir()) == []
    RunStore(tmp_path).publish(fake.run_of(fake.spec(0)))
    (tmp_path / "tmp" / "left-over").mkdir()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    store = RunStore(tmp_path)
    assert store.has(KEYS[0]) and not store.has(KEYS[1]) and store.load_snapshot(KEYS[0], 1) is None
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_damaged_folder_is_set_aside_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = RunStore(tmp_path)
    store.publish(fake.run_of(fake.spec(0)))
    (tmp_path / KEYS[0] / "run.json").write_text("{}")
    (tmp_path / KEYS[1]).mkdir()
    (tmp_path / KEYS[2]).write_text("a file in place of a folder")
    (tmp_path / KEYS[3] / "run.json").mkdir(parents=True)
    with caplog.at_level(logging.WARNING, "wellbegun"):
        assert not any(store.has(key) for key in KEYS)
    aside = sorted(path.name for path in (tmp_path / "aside").iterdir())
    assert [name[:24] for name in aside] == sorted(KEYS[:4])
    assert len(store.told) == 4 and [record.getMessage() for record in caplog.records] == store.told
    assert all(any(name in told for told in store.told) for name in aside)
    with pytest.raises(StoreError, match=KEYS[0]):
        store.read(KEYS[0])
    store.publish(fake.run_of(fake.spec(0), 2.0))
    assert store.read(KEYS[0]).seconds == 2.0


def test_publishing_over_a_damaged_folder_works(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.publish(fake.run_of(fake.spec(0), 1.0))
    (tmp_path / KEYS[0] / "run.json").write_text("not JSON")
    store.publish(fake.run_of(fake.spec(0), 2.0))
    assert store.read(KEYS[0]).seconds == 2.0 and len(store.told) == 1


def test_a_run_under_a_wrong_name_is_damage(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.publish(fake.run_of(fake.spec(0)))
    (tmp_path / KEYS[0]).rename(tmp_path / KEYS[1])
    assert not store.has(KEYS[1]) and "another key" in store.told[0]


def test_damage_on_a_read_only_disk_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore(tmp_path)
    store.publish(fake.run_of(fake.spec(0)))
    (tmp_path / KEYS[0] / "run.json").write_text("{}")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert not store.has(KEYS[0]) and not store.has(KEYS[0])
    assert len(store.told) == 1 and "Read-only" in store.told[0]


def test_a_newer_store_is_refused_with_both_versions(tmp_path: Path) -> None:
    RunStore(tmp_path).publish(fake.run_of(fake.spec(0)))
    assert (tmp_path / "format").read_text() == f"{FORMAT}\n"
    (tmp_path / "format").write_text(f"{FORMAT + 6}\n")
    with pytest.raises(StoreError, match=rf"format {FORMAT + 6}, this wellbegun understands up to {FORMAT}"):
        RunStore(tmp_path)
    (tmp_path / "format").write_text("seven")
    with pytest.raises(StoreError, match="'seven'"):
        RunStore(tmp_path)


def test_an_undamaged_run_of_a_newer_version_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, newer = fake.spec(0), fake.spec(0).to_json() | {"sharpness": 1.0}
    with monkeypatch.context() as patch:
        patch.setattr(type(asked), "to_json", lambda _: newer)
        key = asked.key
        RunStore(tmp_path).publish(fake.run_of(asked))
    with pytest.raises(StoreError, match="sharpness"):
        RunStore(tmp_path).find(key)
    assert (tmp_path / key / "run.json").exists()


def test_the_root_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*Not a directory"):
        RunStore(tmp_path / "file")


def test_everything_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, calls = RunStore(tmp_path), list[tuple[str, str]]()
    store.publish(fake.run_of(fake.spec(1)))
    store.save_snapshot(KEYS[1], 1, b"")
    rename, replaced = Path.rename, Path.replace

    def synced(handle: int) -> None:
        calls.append(("fsync", Path(f"/proc/self/fd/{handle}").readlink().name))

    def renamed(path: Path, target: Path) -> Path:
        calls.append(("rename", target.name))
        return rename(path, target) if path.is_dir() else replaced(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(Path, "replace", renamed)
    store.publish(fake.run_of(fake.spec(0)))
    expected = [("fsync", "run.json"), ("fsync", KEYS[0]), ("rename", KEYS[0]), ("fsync", tmp_path.name)]
    assert calls == expected
    calls.clear()
    store.save_snapshot(KEYS[1], 7, b"state")
    assert calls == [("fsync", "7.pt"), ("rename", "7.pt"), ("fsync", KEYS[1])]
    calls.clear()
    store.report(KEYS[2], {"val_loss": 1.0})  # a display waits for no disk
    assert calls == [("rename", f"{KEYS[2]}.json")]


@pytest.mark.parametrize("action", ["publish", "snapshot"])
def test_a_disk_that_fills_up_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    store = RunStore(tmp_path)
    store.publish(fake.run_of(fake.spec(1)))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=rf"{KEYS[0]}.*No space left on device.*free some space"):
            if action == "publish":
                store.publish(fake.run_of(fake.spec(0)))
            else:
                store.save_snapshot(KEYS[0], 10, b"state")
    assert store.keys() == [KEYS[1]] and store.load_snapshot(KEYS[0], 10) is None
    assert list((tmp_path / "tmp").iterdir()) == []
    store.publish(fake.run_of(fake.spec(0)))
    assert store.has(KEYS[0])


def test_a_write_that_the_system_cuts_short_leaves_nothing_behind(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.publish(fake.run_of(fake.spec(1)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        with pytest.raises(StoreError, match="File too large"):
            store.publish(fake.run_of(fake.spec(0)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.keys() == [KEYS[1]] and list((tmp_path / "tmp").iterdir()) == []


def test_what_living_processes_write_is_left_alone(tmp_path: Path) -> None:
    RunStore(tmp_path).publish(fake.run_of(fake.spec(0)))
    with subprocess.Popen(["sleep", "30"]) as other:
        living = replace(Owner.me(), process=other.pid, started=owner._started(other.pid) or "")
        names = {f"{living.name}~1": True, f"{replace(living, host='elsewhere').name}~1": True}
        names[f"{replace(living, started='before').name}~1"] = False
        for name in names:
            (tmp_path / "tmp" / name).mkdir()
        RunStore(tmp_path).publish(fake.run_of(fake.spec(1)))
        assert {name: (tmp_path / "tmp" / name).exists() for name in names} == names
        other.kill()


@pytest.mark.parametrize("key", ["", "..", "../../etc", "A" * 24, "0" * 23, f"{'0' * 24}\n"])
def test_a_key_is_never_a_path(tmp_path: Path, key: str) -> None:
    store = RunStore(tmp_path)
    for action in (store.has, store.read, store.remove, store.live):
        with pytest.raises(ValueError, match="24 hexadecimal digits"):
            action(key)
