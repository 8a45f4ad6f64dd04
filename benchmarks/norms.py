"""What it costs to give batch norm its statistics before every look at a short run, and what it changes.

    python -m benchmarks.norms [digits resnet20] [--seeds 2]

Short cycles up to several rates, evaluated with the statistics of training batches, as whole runs are, and
with those of the evaluated samples, as the recipe's short runs are; in turns. The order of the rates should
not depend on it. ``resnet20`` is the quality benchmark's task (``WELLBEGUN_DATA``).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from benchmarks.quality.tasks import TASKS
from torch import nn

from wellbegun.curve import Run
from wellbegun.diagnosis.course import last
from wellbegun.job import Options, Work
from wellbegun.search.plan import Batch, Plan
from wellbegun.spec import NORMS, RunSpec
from wellbegun.training.task import Task
from wellbegun.zoo.tasks import by_name

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def network() -> nn.Sequential:
    """A small CNN with batch norm for images of 8 x 8."""

    def block(channels: int, maps: int) -> list[nn.Module]:
        return [nn.Conv2d(channels, maps, 3, padding=1, bias=False), nn.BatchNorm2d(maps), nn.ReLU()]

    pooled = [nn.MaxPool2d(2), *block(32, 64), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*block(1, 32), *block(32, 32), *pooled)


MAKERS: dict[str, Callable[[], Task]] = {
    "digits": lambda: replace(by_name("digits"), model=network),
    "resnet20": TASKS["resnet20"].task,
}


def measured(task: Task, seeds: int) -> dict[str, list[list[Run]]]:
    """Runs by kind of statistics, then by rate, then by seed; each pair side by side."""
    with Work.of(task, Options()) as work:
        assert work.setting.batch_norm, f"{task.name} holds no batch norm"
        cycles = [work.setting.short_cycle(rate, (0.95, 0.85), 5e-4) for rate in RATES]
        specs = [cycle.but(seed=seed) for cycle in cycles for seed in range(seeds)]
        both = [spec.but(norms=norms) for spec in specs for norms in NORMS]
        runs = work.drive(_asked(both), {})
    return {
        norms: [runs[n + len(NORMS) * seeds * rate :: len(NORMS)][:seeds] for rate in range(len(RATES))]
        for n, norms in enumerate(NORMS)
    }


def _asked(specs: Sequence[RunSpec]) -> Plan[list[Run]]:
    return (yield Batch.of("short cycles", specs))


def main() -> None:
    """One table per task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["digits"], choices=list(MAKERS))
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    for name in options.tasks:
        for norms, by_rate in measured(MAKERS[name](), options.seeds).items():
            runs = [run for of in by_rate for run in of]
            share = sum(run.eval_seconds for run in runs) / sum(run.seconds for run in runs)
            ends = [float(np.mean([last(run) for run in of])) for of in by_rate]
            order = " ".join(f"{RATES[i]:g}" for i in np.argsort(ends))
            print(f"{name}, statistics {norms}: {share:.0%} of the seconds look; ends at")
            print("   " + ", ".join(f"{rate:g}: {end:.4g}" for rate, end in zip(RATES, ends, strict=True)))
            print(f"   order of the rates, best first: {order}")


if __name__ == "__main__":
    main()
