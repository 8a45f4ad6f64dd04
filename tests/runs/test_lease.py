"""One holder at a time, whatever died before and whoever else takes over at the same moment."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from wellbegun.errors import StoreError
from wellbegun.runs import lease as module
from wellbegun.runs import owner
from wellbegun.runs.lease import STALE_SECONDS, UNWRITTEN_SECONDS, acquire, held, lease
from wellbegun.runs.owner import Owner

KEY = "0" * 24


def dead() -> Owner:
    """A process of this host that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = owner._started(process.pid)
        assert started
        process.communicate(b"\n")
    return replace(Owner.me(), process=process.pid, started=started)


def plant(root: Path, who: Owner, age: float = 0.0, token: str = "t0", name: str = KEY) -> Path:
    """A lease file as another process would have left it."""
    path = root / "leases" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"host": who.host, "process": who.process, "started": who.started, "token": token}
    path.write_text(json.dumps(values))
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    with lease(tmp_path, KEY) as mine, lease(tmp_path, KEY) as again, lease(tmp_path, "1" * 24) as other:
        assert (mine, again, other) == (True, False, True)
        assert held(tmp_path, KEY)
    assert not held(tmp_path, KEY)
    assert list((tmp_path / "leases").iterdir()) == []


def test_it_names_host_process_and_start(tmp_path: Path) -> None:
    with lease(tmp_path, KEY):
        values = json.loads((tmp_path / "leases" / KEY).read_text())
    assert values["process"] == os.getpid() and values["host"].split()[0] == os.uname().nodename
    assert values["started"] == Owner.me().started != ""


def test_an_error_inside_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lease(tmp_path, KEY):
        raise KeyboardInterrupt
    assert not held(tmp_path, KEY)


@contextmanager
def other_process() -> Iterator[Owner]:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            yield replace(Owner.me(), process=process.pid, started=owner._started(process.pid) or "")
        finally:
            process.kill()


def test_who_counts_as_dead(tmp_path: Path) -> None:
    with other_process() as living:
        elsewhere = replace(living, host="another host")
        cases = [
            (living, 10 * STALE_SECONDS, False),  # on this host the process decides, not the age
            (
                replace(living, started="at another time"),
                0.0,
                True,
            ),  # the number was given to another process
            (dead(), 0.0, True),
            (elsewhere, 0.5 * STALE_SECONDS, False),
            (elsewhere, 1.1 * STALE_SECONDS, True),
        ]
        for number, (who, age, free) in enumerate(cases):
            key = f"{number:024x}"
            plant(tmp_path, who, age, name=key)
            assert held(tmp_path, key) is not free
            with lease(tmp_path, key) as mine:
                assert mine is free
    assert owner._started(living.process) == ""


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen(["true"]) as process:  # ends, and stays in the table until it is waited for
        deadline = time.monotonic() + 5
        while owner._started(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert Path(f"/proc/{process.pid}").exists() and owner._started(process.pid) == ""


def test_without_proc_the_start_is_still_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(owner, "_PROC", tmp_path)
    calls = []

    def ps(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        alive = command[-1] == str(os.getpid())
        return subprocess.CompletedProcess(
            command, 0 if alive else 1, stdout=" Thu Jan  1 1970\n" if alive else ""
        )

    monkeypatch.setattr(subprocess, "run", ps)
    assert owner._started(os.getpid()) == "Thu Jan  1 1970" and owner._started(2**22 + 1) == ""
    assert calls[0] == ["ps", "-o", "lstart=", "-p", str(os.getpid())]


def test_a_lease_that_was_never_written_counts_after_a_while(tmp_path: Path) -> None:
    path = plant(tmp_path, Owner.me())
    path.write_text("")
    assert held(tmp_path, KEY) and acquire(tmp_path, KEY) is None
    os.utime(path, (time.time() - 2 * UNWRITTEN_SECONDS,) * 2)
    with lease(tmp_path, KEY) as mine:
        assert mine
    assert list(path.parent.iterdir()) == []


def test_taking_over_is_told_and_leaves_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = dead(), dead()
    plant(tmp_path, first, token="a")
    plant(tmp_path, second, token="b", name=f"{KEY}.a")
    with caplog.at_level(logging.INFO, "wellbegun"), lease(tmp_path, KEY) as mine:
        assert mine and held(tmp_path, KEY) and acquire(tmp_path, KEY) is None
    assert str(second.process) in caplog.text and KEY in caplog.text
    assert list((tmp_path / "leases").iterdir()) == []


def test_the_heartbeat_keeps_a_lease_young(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    with lease(tmp_path, KEY):
        path = tmp_path / "leases" / KEY
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 5
        while path.stat().st_mtime < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert time.time() - path.stat().st_mtime < 5


def test_a_slow_taker_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its look and its act another took over and gave back, and a third began: it must not hold."""
    plant(tmp_path, dead())
    create, third = module._create, []

    def slowly(path: Path) -> str | None:
        monkeypatch.setattr(module, "_create", create)
        with lease(tmp_path, KEY) as other:
            assert other
        third.append(acquire(tmp_path, KEY))
        return create(path)

    monkeypatch.setattr(module, "_create", slowly)
    assert acquire(tmp_path, KEY) is None
    assert third[0] is not None and held(tmp_path, KEY)
    third[0].release()
    assert list((tmp_path / "leases").iterdir()) == []


def test_who_was_taken_for_dead_does_not_break_the_next_lease(tmp_path: Path) -> None:
    slow = acquire(tmp_path, KEY)
    assert slow is not None
    values = json.loads(slow.chain[-1].read_text())
    slow.chain[-1].write_text(json.dumps(values | {"process": dead().process}))
    taker = acquire(tmp_path, KEY)
    assert taker is not None
    slow.release()
    assert held(tmp_path, KEY) and acquire(tmp_path, KEY) is None
    taker.release()
    assert acquire(tmp_path, KEY) is not None


def test_many_takers_at_once_and_one_wins(tmp_path: Path) -> None:
    """Eight threads race for stale leases again and again; a lease is exclusive among threads, too."""
    gone, rounds, holders, most = dead(), 60, [0], [0]
    wins: list[int] = []
    barrier = threading.Barrier(8)
    guard = threading.Lock()

    def compete() -> None:
        for number in range(rounds):
            key = f"{number:024x}"
            if barrier.wait() == 0:
                plant(tmp_path, gone, name=key)
            barrier.wait()
            with lease(tmp_path, key) as mine:
                if mine:
                    with guard:
                        holders[0] += 1
                        most[0] = max(most[0], holders[0])
                        wins.append(number)
                    time.sleep(0.001)
                    with guard:
                        holders[0] -= 1

    threads = [threading.Thread(target=compete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1 and set(wins) == set(range(rounds))
    assert list((tmp_path / "leases").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("")
    with pytest.raises(StoreError, match=r"leases.*File exists"):
        acquire(tmp_path, KEY)
