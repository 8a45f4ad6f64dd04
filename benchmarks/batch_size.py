"""Batch sizes at equal wall-clock time on the papers' small networks, and what the report claims of them.

    python benchmarks/batch_size.py mnist --epochs 16 --data-dir DATA --out FOLDER
    python benchmarks/batch_size.py cifar10 --epochs 8 --data-dir DATA --out FOLDER

Seconds are measured: nothing else should use the machine. Finished runs are read from FOLDER, so an
interrupted benchmark goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellbegun.curve import Curve, Run, mean
from wellbegun.search.plan import Finding
from wellbegun.tune import search_for
from wellbegun.zoo.tasks import by_name

VALUES = {"mnist": (128, 256, 512, 1024), "cifar10": (64, 128, 256)}
Rows = Sequence[Mapping[str, Any]]


def table(rows: Rows) -> str:
    """The candidates in Markdown; speed and memory as ratios to the smallest."""
    base = rows[0]["batch_size"] / rows[0]["seconds_per_update"]
    lines = [
        "| batch size | iterations | epochs | samples/s, ratio | memory, MiB | edge | lr_max "
        "| val. loss | val. accuracy, % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        speed = row["batch_size"] / row["seconds_per_update"] / base
        lines.append(
            f"| {row['batch_size']} | {row['iterations']} | {row['epochs']:.2f} | {speed:.2f} "
            f"| {row['memory_bytes'] / 2**20:.1f} | {row['edge']:.3g} | {row['lr_max']:g} "
            f"| {row['val_loss']:.4f} ± {row['val_loss_std']:.4f} "
            f"| {100 * row['val_accuracy']:.2f} ± {100 * row['val_accuracy_std']:.2f} |"
        )
    return "\n".join(lines)


def curves(found: Finding) -> dict[int, Curve]:
    """The mean over seeds of every candidate's 1cycle runs."""
    runs: dict[int, list[Run]] = {}
    for run in found.runs:
        if run.spec.host is not None and float(run.spec.lr(0)) > 0 and not run.diverged:
            runs.setdefault(run.spec.batch_size, []).append(run)
    return {size: mean([run.curve for run in of_size])[0] for size, of_size in sorted(runs.items())}


def in_order(values: Sequence[float], spread: float) -> str:
    """Whether values rise: "holds" if none falls, "fails" where one falls by more than the spread."""
    steps = np.diff(values)
    if (steps >= 0).all():
        return "holds"
    return "fails" if (steps < -spread).any() else "holds within the spread"


def claims(found: Finding) -> list[tuple[str, str, str]]:
    """(claim, verdict, numbers) of the claims of arXiv:1803.09820, Sec. 4.2."""
    details, rows = found.details, found.details["candidates"]
    sizes = [row["batch_size"] for row in rows]
    deviation = details["deviation"]
    epochs, iterations, rates, accuracy, loss = (
        [row[name] for row in rows] for name in ("epochs", "iterations", "lr_max", "val_accuracy", "val_loss")
    )
    spread_a, spread_l = (
        float(np.sqrt(np.mean([row[f"val_{n}_std"] ** 2 for row in rows]))) for n in ("accuracy", "loss")
    )
    best = max(accuracy)
    enough = min(size for size, value in zip(sizes, accuracy, strict=True) if value >= best - spread_a)
    by_size = curves(found)
    early = 0.2 * iterations[-1]
    first = [float(np.interp(early, c.iteration, np.log(c.val_loss))) for c in by_size.values()]
    gaps, level = gap(by_size)
    listed = {"accuracy, %": [100 * a for a in accuracy], "loss": loss}
    constant = epochs == sorted(epochs) and iterations == sorted(iterations, reverse=True)
    return [
        ("dap-remark4", "holds" if deviation["median"] <= 0.05 else "fails",
         f"measured seconds {deviation['median']:.1%} (median), {deviation['largest']:.1%} (largest) from "
         "the common time; 5 % claimed"),
        ("dap-rule-constant-time", "holds" if constant else "fails",
         f"epochs {numbers(epochs)}, iterations {iterations}"),
        ("dap-fig6a-accuracy-order", in_order(listed["accuracy, %"], 100 * spread_a),
         f"accuracy {numbers(listed['accuracy, %'], 4)} %, spread {100 * spread_a:.2f} points"),
        ("dap-fig6b-loss-order",
         f"early {in_order([-f for f in first], 0.0)}, end {in_order(loss, spread_l)}",
         f"loss after {early:.0f} iterations {numbers(np.exp(first))}, at the end {numbers(loss, 4)}, spread "
         f"{spread_l:.2g}"),
        ("dap-tbs512-choice", "holds" if 256 <= enough <= 1024 else "fails",
         f"the smallest within one standard deviation of the best is {enough}; chosen: {found.choice}"),
        ("dap-larger-tbs-larger-lr", in_order([row["edge"] for row in rows], 0.0),
         f"edges of the range tests {numbers([row['edge'] for row in rows])}; lr_max, after the margin for "
         f"the pace of the cycle, {numbers(rates)}"),
        ("dap-small-batch-regularizes", in_order(gaps, 0.0) if gaps else "not measured",
         f"log(validation / training loss) at a training loss of {level:.3g}: {numbers(gaps, 2)}"),
    ]  # fmt: skip


def gap(by_size: Mapping[int, Curve]) -> tuple[list[float], float]:
    """log(val_loss / train_loss) where all have come to the same training loss; and that loss.

    That loss is the highest of their last ones, which all have reached.
    """
    level = max(float(np.nanmin(curve.train_loss[1:])) for curve in by_size.values())
    found = []
    for curve in by_size.values():
        train = np.minimum.accumulate(curve.train_loss[1:])[::-1]  # rising for interp
        val = np.log(curve.val_loss[1:])[::-1]
        found.append(float(np.interp(np.log(level), np.log(train), val) - np.log(level)))
    return found, level


def numbers(values: Sequence[float], digits: int = 3) -> str:
    return ", ".join(f"{value:.{digits}g}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(VALUES))
    parser.add_argument("--epochs", type=float)
    parser.add_argument("--values", type=int, nargs="+")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("batch-size"), help="folder of the runs")
    asked = parser.parse_args()
    task = by_name(asked.name, data_dir=asked.data_dir)
    values = asked.values or VALUES[asked.name]
    found = search_for(task, "batch-size", values=values, epochs=asked.epochs, store=asked.out)
    print(f"{asked.name}, {found.reason}\n\n{table(found.details['candidates'])}\n")
    final = found.details["seconds"] / found.details["share"]
    rows = found.details["candidates"]
    busy = np.array([row["processor_seconds"] for row in rows])
    share = busy.sum() / np.sum([row["seconds"] for row in rows])
    apart = np.abs(busy / busy.mean() - 1)
    print(
        f"Processor seconds: {share:.2f} of wall-clock seconds; they lie {np.median(apart):.1%} (median) and "
        f"{apart.max():.1%} (at most) from their mean.\n"
    )
    print(f"Whole cost: {found.cost.seconds / final:.2f} final runs (their updates).\n")
    print("| claim | | measured |\n|---|---|---|")
    for claim, verdict, measured in claims(found):
        print(f"| {claim} | {verdict} | {measured} |")


if __name__ == "__main__":
    main()
