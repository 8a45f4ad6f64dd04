"""Large CSV files with pyarrow, an optional library: block by block, in bounded memory.

Choice: measured on 10 million rows of five columns (benchmarks/histories.py): pyarrow and pandas take about
four seconds, polars six, NumPy's text reader sixteen, Python's csv twenty-seven or more. Of the two fast ones
only pyarrow tells an empty cell from a NaN that was written, and a NaN at the end of a loss is divergence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from wellbegun.histories._text import opened
from wellbegun.histories.gather import Chunk
from wellbegun.histories.numbers import EMPTY

_BLOCK = 2**20  # bytes


class Refused(Exception):  # noqa: N818
    """pyarrow cannot read on; ``rows`` were handed out before."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


def installed() -> bool:
    """Whether pyarrow can be used; it is not imported for that."""
    return find_spec("pyarrow") is not None


def stream(path: Path, names: Sequence[str], wanted: Sequence[str], sign: str, skip: int) -> Iterator[Chunk]:
    """The rows of a table with a header, for some of its columns.

    Raises:
        Refused: something in the file that only Python's own reader can make sense of, or name.
    """
    import pyarrow
    from pyarrow import csv

    rows = 0
    try:
        with opened(path) as file:
            for batch in csv.open_csv(file, **_options(csv, pyarrow.float64(), names, wanted, sign, skip)):
                yield _chunk(batch, wanted, rows + skip + 2)
                rows += batch.num_rows
    except pyarrow.ArrowException:
        raise Refused(rows) from None


def _options(
    csv: Any, kind: Any, names: Sequence[str], wanted: Sequence[str], sign: str, skip: int
) -> dict[str, Any]:
    return {
        "read_options": csv.ReadOptions(
            block_size=_BLOCK, column_names=list(names), skip_rows=skip + 1
        ),
        "parse_options": csv.ParseOptions(delimiter=sign),
        "convert_options": csv.ConvertOptions(
            column_types=dict.fromkeys(wanted, kind), include_columns=list(wanted), null_values=list(EMPTY),
            check_utf8=False,
        ),
    }  # fmt: skip


def _chunk(batch: Any, wanted: Sequence[str], line: int) -> Chunk:
    values, present = {}, {}
    for name in wanted:
        column = batch.column(name)
        values[name] = column.to_numpy(zero_copy_only=False)
        present[name] = (
            column.is_valid().to_numpy(zero_copy_only=False)
            if column.null_count
            else np.ones(len(column), dtype=bool)
        )
    return Chunk(values, present, np.arange(line, line + batch.num_rows, dtype=np.int64))
