"""Opening what a user names: plain or gzip, UTF-8 or UTF-16, and a look at its beginning."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from wellbegun.errors import UnreadableHistory

HEAD = 65_536  # bytes that tell the format
LONGEST = 2**24  # characters of one line; training logs have no longer ones
_PACKED = b"\x1f\x8b"
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where it is gzip.

    Raises:
        UnreadableHistory: the packed data is damaged or cut off.
        OSError: the file cannot be opened.
    """
    with path.open("rb") as plain:
        packed = plain.read(2) == _PACKED
        plain.seek(0)
        try:
            if packed:
                with gzip.open(plain) as unpacked:
                    yield unpacked  # type: ignore[misc]
            else:
                yield plain
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            rule = "a gzip file must be whole"
            raise UnreadableHistory(f"{rule}, {path} is not ({error}); copy or pack it again") from None


def head(path: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    with opened(path) as file:
        return file.read(HEAD)


def encoding(start: bytes) -> str:
    """The encoding of a text that begins like this."""
    return _WIDE.get(start[:2], "utf-8-sig")


@contextmanager
def text(path: Path) -> Iterator[IO[str]]:
    """A file as text; bytes that are none come as replacement characters.

    Raises:
        UnreadableHistory: gzip data that is damaged.
    """
    with opened(path) as file:
        form = encoding(file.read(2))
        file.seek(0)
        yield io.TextIOWrapper(file, encoding=form, errors="replace", newline="")


def lines(file: IO[str], path: Path) -> Iterator[str]:
    """The lines of a text, with their ends.

    Raises:
        UnreadableHistory: a line that is too long to be one of a log.
    """
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if len(line) >= LONGEST:
            raise UnreadableHistory(
                f"a line of a history is shorter than {LONGEST} characters, line {number} of {path} is not"
            )
        yield line
