"""Does tune() recommend the same thing again? Fresh seeds, and a loss multiplied by a constant.

    python benchmarks/stability.py digits --seeds 10
    python benchmarks/stability.py mnist --epochs 3 --seeds 5 --data-dir DATA
    python benchmarks/stability.py digits --seeds 3 --times 10
    python benchmarks/stability.py digits --seeds 40 --fixed 0.2 0.95 0.85 8e-4

With --times c the same task is tuned with its loss times c as well: by algebra the learning rate must come
out c times smaller and the weight decay c times larger. With --fixed nothing is tuned: whole runs with these
settings (lr_max, momentum, its smallest, weight decay), and in how many the validation loss rises suddenly.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wellbegun.curve import Run
from wellbegun.job import Options, Work
from wellbegun.search.breakdown import LOST, failed
from wellbegun.search.plan import Batch, Plan
from wellbegun.training.task import Task
from wellbegun.tune import tune
from wellbegun.zoo.tasks import by_name


def scaled(output: Any, target: Any, *, loss: Any, factor: float) -> Any:
    """The loss times a factor."""
    return factor * loss(output, target)


def sudden(task: Task, asked: argparse.Namespace) -> None:
    """Whole runs with fixed settings: how many lose more than a factor of e within three evaluations.

    And how many diverge, or rise and end well above their lowest loss: those the recipe begins again.
    """
    rate, high, low, decay = asked.fixed
    options = Options(store=asked.out, precision=asked.precision, epochs=asked.epochs)
    with Work.of(task, options) as work:
        spec = work.setting.final(rate, (high, low), decay).but(test=False)

        def plan() -> Plan[list[Run]]:
            seeds = range(asked.first, asked.first + asked.seeds)
            return (yield Batch.of("fixed settings", [spec.but(seed=seed) for seed in seeds]))

        runs = work.drive(plan(), {})
    logs = [np.log(run.curve.val_loss) for run in runs]
    rises = [max(log[row] - log[max(0, row - 3) : row].min() for row in range(1, len(log))) for log in logs]
    lost = sum(run.diverged or (failed(run) and rise > LOST) for run, rise in zip(runs, rises, strict=True))
    print(
        f"{sum(rise > 1 for rise in rises)} of {len(rises)} rise suddenly, {lost} are lost; largest rise "
        f"{max(rises):.2f}, median of the last losses {np.median([np.exp(log[-1]) for log in logs]):.4f}"
    )


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
    parser.add_argument("--fixed", type=float, nargs=4, metavar=("LR", "HIGH", "LOW", "DECAY"))
    parser.add_argument("--precision", default="auto", help="with --fixed")
    asked = parser.parse_args()
    task = by_name(asked.name, data_dir=asked.data_dir)
    if asked.fixed:
        sudden(task, asked)
        return
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
