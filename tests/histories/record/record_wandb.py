"""Record two runs with Weights & Biases, offline, and write what its exports look like.

Without a server neither ``wandb.Api().run(...).history()`` nor the web page's export can be called. The two
runs are real (mode "offline"); their rows are read back from the local ``.wandb`` files (records in LevelDB's
log format, decoded with wandb's own protocol buffers), and written in two shapes: a table as
``run.history().to_csv()`` gives, and one as the web page's "Export as CSV" of a chart gives ("RUN - METRIC",
"RUN - METRIC__MIN", "RUN - METRIC__MAX").
"""

from __future__ import annotations

import csv
import json
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import wandb
from loop import train
from task import FIXTURES, write_sidecar
from wandb.proto import wandb_internal_pb2

KEYS = {"loss": "train/loss", "lr": "lr", "val_loss": "val/loss", "val_accuracy": "val/accuracy"}
NAMES = {"loss": "train_loss"}


def record(name: str, every: int, place: Path) -> tuple[list[dict[str, float]], dict[str, list]]:
    """One offline run: its rows as the datastore holds them, and what was logged."""
    series: dict[str, list] = {}
    run = wandb.init(mode="offline", project="spirals", name=name, dir=place, settings={"console": "off"})
    pending: dict[int, dict[str, float]] = {}

    def log(iteration: int, values: dict[str, float]) -> None:
        pending.setdefault(iteration, {}).update({KEYS[key]: value for key, value in values.items()})
        for key, value in values.items():
            series.setdefault(NAMES.get(key, key), []).append((iteration, value))

    train(log, updates=120, every=every)
    for iteration, values in pending.items():
        run.log(values, step=iteration)
    folder = Path(run.dir).parent
    run.finish()
    (file,) = folder.glob("*.wandb")
    while len(rows := rows_of(file)) < len(pending):  # a process of wandb's own is still writing
        time.sleep(0.2)
    return rows, series


def rows_of(file: Path) -> list[dict[str, float]]:
    """The history of a run from its .wandb file."""
    rows = []
    for data in records(file.read_bytes()):
        entry = wandb_internal_pb2.Record()
        entry.ParseFromString(data)
        if entry.WhichOneof("record_type") == "history":
            items = entry.history.item
            rows.append({i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items})
    return rows


def records(data: bytes, block: int = 32_768) -> Iterator[bytes]:
    """LevelDB's log format: checksum (4), length (2), type (1), bytes; 7 bytes of header before all."""
    place, parts = 7, b""
    while place + 7 <= len(data):
        if block - place % block < 7:
            place += block - place % block
            continue
        length, kind = struct.unpack("<4xHB", data[place : place + 7])
        parts += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield parts
            parts = b""


def main() -> None:
    os.environ["WANDB_SILENT"] = "true"
    place, folder = Path(tempfile.mkdtemp()), FIXTURES / "wandb"
    folder.mkdir(parents=True, exist_ok=True)
    runs = {name: record(name, every, place) for name, every in (("calm-lake-1", 8), ("brisk-hill-2", 12))}
    rows, series = runs["calm-lake-1"]
    names = ["_step", "_runtime", "_timestamp", "lr", "train/loss", "val/loss", "val/accuracy"]
    with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["", *names])
        writer.writeheader()  # DataFrame.to_csv writes the row number under an empty name
        writer.writerows({"": i, **{name: row.get(name, "") for name in names}} for i, row in enumerate(rows))
    chart = [f"{run} - val/loss{end}" for run in runs for end in ("", "__MIN", "__MAX")]
    steps = sorted({row["_step"] for found, _ in runs.values() for row in found if "val/loss" in row})
    with (folder / "chart.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["Step", *chart])
        for step in steps:
            cells = []
            for found, _ in runs.values():
                value = next((r["val/loss"] for r in found if r["_step"] == step and "val/loss" in r), "")
                cells += [value] * 3
            writer.writerow([step, *cells])
    write_sidecar("wandb/expected.json", **series)
    write_sidecar("wandb/chart.expected.json", **{name: s["val_loss"] for name, (_, s) in runs.items()})


main()
