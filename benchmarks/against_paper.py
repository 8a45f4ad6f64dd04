"""tune() against the report's hand-set values: same engine, split, length and seeds, side by side.

    python benchmarks/against_paper.py mnist --seeds 0 1 2 3 4 --data-dir DATA --out FOLDER
    python benchmarks/against_paper.py cifar10 --seeds 0 1 2 --data-dir DATA --out FOLDER

Nothing is set by hand for tune. Finished runs are read from FOLDER, so an interrupted benchmark goes on, and
several calls with different seeds may share the folder. A table of what is there is printed at the end of
each call.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from wellbegun.schedules.cyclical import OneCycle
from wellbegun.tune import train, tune
from wellbegun.zoo.tasks import by_name

# arXiv:1803.09820: Table 2, LeNet, 12 epochs (stepsize 5 epochs); Table 1, row 1, 3-layer network, 25 epochs
# (stepsize 11)
PAPER = {
    "mnist": {
        "epochs": 12, "stepsize": 5, "lr": (0.01, 0.1), "momentum": (0.95, 0.8), "weight_decay": 5e-4,
        "says": 99.25,
    },
    "cifar10": {
        "epochs": 25, "stepsize": 11, "lr": (0.0005, 0.005), "momentum": (0.95, 0.85), "weight_decay": 3e-3,
        "says": 81.3,
    },
}  # fmt: skip


def by_hand(task: Any, name: str, seed: int, store: Path) -> dict[str, Any]:
    """The report's own settings."""
    paper = PAPER[name]
    rows = len(task.parts().train[0]) // task.batch_size
    cycle = OneCycle(*paper["lr"], stepsize=paper["stepsize"] * rows, iterations=paper["epochs"] * rows)
    run = train(
        task, lr_max=paper["lr"][1], momentum=paper["momentum"], weight_decay=paper["weight_decay"],
        schedule=cycle, epochs=paper["epochs"], seed=seed, store=store,
    )  # fmt: skip
    return {"test_accuracy": run.test.get("test_accuracy"), "diverged": run.diverged,
            "iterations": run.iterations, "seconds": run.seconds}  # fmt: skip


def by_tune(task: Any, name: str, seed: int, store: Path) -> dict[str, Any]:
    """What tune finds."""
    found = tune(task, epochs=PAPER[name]["epochs"], seed=seed, store=store)
    return {
        "test_accuracy": found.final.test["test_accuracy"], "restarts": found.restarts,
        "lr_max": found.lr_max, "momentum": [found.momentum_max, found.momentum_min],
        "weight_decay": found.weight_decay,
        "iterations": found.cost.iterations, "seconds": found.cost.seconds,
        "final_iterations": found.final.iterations, "final_seconds": found.final.seconds,
    }  # fmt: skip


def table(name: str, folder: Path) -> str:
    """Mean and standard error of every contestant over the seeds that both have finished."""
    rows = {
        who: {
            path.stem: json.loads(path.read_text()) for path in sorted((folder / name / who).glob("*.json"))
        }
        for who in ("hand", "tune")
    }
    seeds = sorted(set(rows["hand"]) & set(rows["tune"]))
    lines = [f"{name}, {len(seeds)} seeds; the report says {PAPER[name]['says']} %"]
    for who in rows:
        values = [100 * rows[who][seed]["test_accuracy"] for seed in seeds]
        error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
        if values:
            lines.append(f"  {who}: {mean(values):.3f} +- {error:.3f} %   {[round(v, 2) for v in values]}")
    for seed in seeds:
        row = rows["tune"][seed]
        shares = [row[unit] / row[f"final_{unit}"] for unit in ("iterations", "seconds")]
        lines.append(
            f"  tune, seed {seed}: lr_max {row['lr_max']:g}, momentum {row['momentum']}, "
            f"decay {row['weight_decay']:g}, restarts {row['restarts']}, "
            f"whole cost {shares[0]:.2f} final runs ({shares[1]:.2f} in seconds)"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(PAPER))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("against-paper"))
    parser.add_argument("--only", choices=("tune", "hand"), help="one of the two, the other one later")
    asked = parser.parse_args()
    task = by_name(asked.name, data_dir=asked.data_dir)
    for seed in asked.seeds:
        for who, job in (("tune", by_tune), ("hand", by_hand)):
            if who != (asked.only or who):
                continue
            place = asked.out / asked.name / who / f"{seed}.json"
            if not place.exists():
                result = job(task, asked.name, seed, asked.out / asked.name / "runs")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(json.dumps(result))
            print(who, seed, place.read_text(), flush=True)
    print(table(asked.name, asked.out))


if __name__ == "__main__":
    main()
