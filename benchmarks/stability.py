"""Does tune() recommend the same thing again? Fresh seeds, and a loss multiplied by a constant.

    python benchmarks/stability.py digits --seeds 10
    python benchmarks/stability.py mnist --epochs 3 --seeds 5 --data-dir DATA
    python benchmarks/stability.py digits --seeds 3 --times 10

With --times c the same task is tuned with its loss times c as well: by algebra the learning rate must come
out c times smaller and the weight decay c times larger.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wellbegun.tune import tune
from wellbegun.zoo.tasks import by_name


def scaled(output: Any, target: Any, *, loss: Any, factor: float) -> Any:
    """The loss times a factor."""
    return factor * loss(output, target)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--epochs", type=float)
    parser.add_argument("--times", type=float, help="tune the task with its loss times this, too")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, help="keep the runs here")
    asked = parser.parse_args()
    task = by_name(asked.name, data_dir=asked.data_dir)
    tasks = [task]
    if asked.times:
        loss = partial(scaled, loss=task.loss_function(), factor=asked.times)
        tasks.append(replace(task, name=f"{task.name} x {asked.times:g}", loss=loss))
    rates: dict[str, list[float]] = {}
    decays: dict[str, list[float]] = {}
    for seed in range(asked.first, asked.first + asked.seeds):
        for one in tasks:
            found = tune(one, epochs=asked.epochs, seed=seed, store=asked.out)
            rates.setdefault(one.name, []).append(found.lr_max)
            decays.setdefault(one.name, []).append(found.weight_decay)
            print(
                f"{one.name} seed {seed}: lr_max {found.lr_max:g}, "
                f"momentum {found.momentum_max:g}-{found.momentum_min:g}, "
                f"decay {found.weight_decay:g}, restarts {found.restarts}, {found.final.test}, "
                f"{found.cost.iterations / found.final.iterations:.2f} final runs, "
                f"{found.cost.seconds:.0f} s",
                flush=True,
            )
    for name, values in rates.items():
        low, high = np.percentile(values, [10, 90])
        print(
            f"{name}: lr_max 90th over 10th percentile {high / low:.2f}; decays {sorted(set(decays[name]))}"
        )
    if asked.times:
        plain, times = tasks[0].name, tasks[1].name
        for what, values in (("lr_max", rates), ("decay", decays)):
            ratios = np.array(values[times]) / np.array(values[plain])
            print(f"{what} with the loss times {asked.times:g}, over without: {np.round(ratios, 3).tolist()}")


if __name__ == "__main__":
    main()
