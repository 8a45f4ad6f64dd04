"""Ramp speed, repeats and the LR estimate on lenet/MNIST and cifar3/CIFAR-10, and the claims they touch.

``python benchmarks/checklist.py STORE [--only lenet] [--epochs 4]`` with WELLBEGUN_DATA set. Finished runs
are read from STORE, so that a stopped benchmark goes on. Prints Markdown.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import numpy as np
import torch

from wellbegun.search.plan import Finding
from wellbegun.tune import range_test, search_for

TASKS = {"lenet": "mnist", "cifar3": "cifar10"}
EDGE_SHARES = (0.5, 1.0, 1.5)  # of the coarse edge: lr_max of the rises
EPOCHS = 4.0


def ramp_speeds(task: str, store: Path, epochs: float) -> list[str]:
    """The shortest stepsize for three peaks, and whether failures fall with the stepsize."""
    rows, monotone, both = [], True, False
    first = search_for(task, "ramp-speed", store=store, epochs=epochs)
    edge = 2 * first.choice["lr_max"]
    for share in EDGE_SHARES:
        lr_max = float(f"{share * edge:.1e}")
        try:
            found = search_for(task, "ramp-speed", values=[lr_max], store=store, epochs=epochs)
        except Exception as error:
            rows.append(f"| {lr_max:.2g} | none: {error} | |")
            continue
        sizes, failed = found.details["figure"]["stepsize"], found.details["figure"]["failed"]
        told = ", ".join(f"{size}: {count}" for size, count in zip(sizes, failed, strict=True))
        monotone &= bool(np.all(np.diff(failed) <= 0))
        both |= failed[-1] == 0 and max(failed) > 0
        rows.append(f"| {lr_max:.2g} | {found.choice['stepsize']} | {told} |")
    verdict = "holds" if monotone and both else "fails" if not monotone else "not measured (no rise failed)"
    return [
        "| lr_max | shortest stable stepsize | seeds of 3 that fail, by stepsize |", "|---|---|---|", *rows,
        "", f"dap-rule-lr-speed (failures never grow with the stepsize, some short one fails): **{verdict}**",
    ]  # fmt: skip


def estimates(task: str, store: Path, epochs: float) -> list[str]:
    """The Hessian-free estimate along a range test, in both of the paper's modes."""
    rows = []
    for every in (1, 10):
        found = range_test(task, store=store, epochs=epochs, estimate=every)
        curve = found.runs[-1].curve
        estimate = curve.metrics["lr_estimate"]
        stable = np.isfinite(estimate) & (curve.lr <= found.choice["lr_max"])
        middle = float(np.median(estimate[stable])) if stable.any() else float("nan")
        rows.append(
            f"| every {every} | {found.choice['lr_max']:.2g} | {np.nanmin(estimate[stable]):.2g} to "
            f"{np.nanmax(estimate[stable]):.2g} | {middle:.2g} |"
        )
    return ["| looks | lr_max of the test | estimate up to lr_max | its median |", "|---|---|---|---|", *rows]


def repeats(task: str, store: Path, epochs: float) -> list[str]:
    """The momentum search from single runs and from means of four, side by side."""
    rows = []
    for name, asked in (("single runs", False), ("means of four", True)):
        found: Finding = search_for(task, "momentum", store=store, epochs=epochs, repeats=asked)
        scores = ", ".join(
            f"{value}: {score['loss']:.3f} +- {100 * score['spread']:.1f} %"
            for value, score in found.details["scores"].items() if score["loss"] is not None
        )  # fmt: skip
        tie = f"{found.interval[0]:g} to {found.interval[1]:g}" if found.interval else "none"
        rows.append(f"| {name} | {scores} | {found.choice['max']:g} | {tie} |")
    return ["| momentum search | lowest loss by momentum | choice | tie |", "|---|---|---|---|", *rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--only", choices=sorted(TASKS))
    parser.add_argument("--epochs", type=float, default=EPOCHS, help=f"of the final run (default {EPOCHS:g})")
    asked = parser.parse_args()
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, python {platform.python_version()}, {threads} threads")
    for network in [asked.only] if asked.only else list(TASKS):
        for part in (ramp_speeds, estimates, repeats):
            print(f"\n### {part.__name__}, {network}, {asked.epochs:g} epochs\n", flush=True)
            print("\n".join(part(TASKS[network], asked.store / network, asked.epochs)), flush=True)


if __name__ == "__main__":
    main()
