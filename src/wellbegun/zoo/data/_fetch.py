"""Original files of named data sets: found in a folder, else downloaded with a checksum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wellbegun.errors import TaskError


@dataclass(frozen=True, slots=True)
class Original:
    """A file at its original address; the first address that answers is taken."""

    name: str  # of the file in the data folder
    md5: str
    addresses: tuple[str, ...]


def fetch(data: str, originals: Sequence[Original], folder: Path, looked_for: Sequence[str]) -> list[Path]:
    """The files in ``folder``; missing ones are downloaded there and compared with their checksum.

    Args:
        data: name of the data set, for messages.
        looked_for: what else would have been accepted in the folder, for messages.

    Raises:
        TaskError: a file is missing, and pooch is not installed or no address delivers it as it should be.
    """
    found = [folder / original.name for original in originals]
    missing = [original for original, path in zip(originals, found, strict=True) if not path.is_file()]
    if not missing:
        return found
    rule = f"{data} must be in {folder} as one of: {', '.join(looked_for)}; found none of them"
    address = missing[0].addresses[0]
    way = f"put one there (from {address}), or name its folder with --data-dir or WELLBEGUN_DATA"
    try:
        import pooch
    except ImportError:
        install = "or install what downloads it: pip install 'wellbegun[fetch]'"
        raise TaskError(f"{rule}, and pooch is not installed; {way}; {install}") from None
    for original in missing:
        problems = []
        for address in original.addresses:
            try:
                pooch.retrieve(address, f"md5:{original.md5}", fname=original.name, path=folder)
                break
            except Exception as error:
                problems.append(f"{address}: {type(error).__name__}: {error}")
        else:
            raise TaskError(f"{rule}, and the download failed ({'; '.join(problems)}); {way}")
    return found
