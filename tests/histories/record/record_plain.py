"""Record a plain loop the ways people do by hand: logging's lines, JSON lines, a CSV of their own."""

from __future__ import annotations

import csv
import json
import logging

from loop import train
from task import FIXTURES, write_sidecar


def main() -> None:
    folder, series, rows = FIXTURES / "plain", {}, []
    folder.mkdir(parents=True, exist_ok=True)

    def log(iteration: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            series.setdefault({"loss": "train_loss"}.get(name, name), []).append((iteration, value))
        rows.append({"step": iteration, **values})

    train(log)
    handler = logging.FileHandler(folder / "train.log", mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("2026-01-01 00:00:00 %(levelname)s %(message)s"))
    logger = logging.getLogger("recording")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    for row in rows:
        if "loss" in row:
            logger.info("step %d: loss=%.17g lr=%.17g", row["step"], row["loss"], row["lr"])
        else:
            logger.info(
                "step %d: val_loss=%.17g val_accuracy=%.17g",
                row["step"],
                row["val_loss"],
                row["val_accuracy"],
            )
    with (folder / "log.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["step", "loss", "lr", "val_loss", "val_accuracy"])
        writer.writeheader()
        writer.writerows(rows)
    write_sidecar("plain/expected.json", **series)


main()
