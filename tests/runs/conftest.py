"""Makes ``fake_training`` importable, here and in workers (they inherit ``sys.path``); spares the disk."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True, scope="module")
def no_fsync() -> Iterator[None]:
    """No test cuts the power, and a busy disk takes seconds; when fsync is called has its own test."""
    patch = pytest.MonkeyPatch()
    patch.setattr(os, "fsync", lambda _: None)
    yield
    patch.undo()
