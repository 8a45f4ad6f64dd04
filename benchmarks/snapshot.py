"""Weight decay from a snapshot against whole range tests, and Figure 12 of the 2018 report.

    python benchmarks/snapshot.py agree mnist cifar10 --data-dir DATA --out FOLDER
    python benchmarks/snapshot.py 12a 12b --data-dir DATA --out FOLDER

"agree": both searches on the same ramps, with the grid's middle where the search puts it, ten times larger,
so that the best value lies at the grid's edge, and between a few values far apart or too large. Finished runs
are read from FOLDER, so an interrupted benchmark goes on. Each call ends with a table of all that is there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from wellbegun.diagnosis.bounds import read
from wellbegun.diagnosis.ranking import same_phase
from wellbegun.errors import Refused
from wellbegun.job import Options, Work
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.search import alone
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.setting import Setting
from wellbegun.search.snapshot import Snapshot, compared, snapshot
from wellbegun.search.weight_decay import weight_decay
from wellbegun.zoo.tasks import by_name

TASKS = ("mnist", "cifar10")
GRIDS = ((1,), (10,), (100, 1), (100, 30, 10))
"""Times the usual middle: of the grid, or where there are several, of values whose winner may be no tie."""


def agree(setting: Setting, kind: str, times: tuple[float, ...]) -> Plan[dict[str, Any]]:
    """Both searches around so many times the usual middle, or between several multiples of it."""
    base = yield from alone.ground(setting)
    values = tuple(float(f"{base.decay * factor:.0e}") for factor in times)
    around = (values[0], ()) if len(values) == 1 else (float(f"{base.decay:.0e}"), values)
    ask = (setting, base.top, base.momentum, *around)
    try:
        found = yield from compared(snapshot(*ask, kind=kind), weight_decay(*ask))
    except Refused as refused:
        return {"refused": str(refused)}
    return found.to_json() | {"seed": setting.seed, "parent": ask[3]}


def figure_12a(setting: Setting) -> Plan[dict[str, Any]]:
    """The 3-layer network at a learning rate of 0.005 and momentum 0.95, decay 1e-3 to its plateau."""
    setting = replace(setting, length=704)
    plan = snapshot(setting, 0.0, (0.95, 0.95), 1e-3, (1e-2, 3e-3, 1e-3), kind="constant", lr=0.005)
    found = yield from plan
    return found.to_json() | {"seed": setting.seed}


def figure_12b(setting: Setting) -> Plan[dict[str, Any]]:
    """A range test from 0.08 to 0.8 at decay 1e-4, its second half with three decays."""
    length = 2 * (setting.samples // setting.batch_size)
    whole = setting.spec(length, LinearRamp(0.08, 0.8, length), Constant(0.95), 1e-4, 24)
    at = whole.eval_every * round(length / 2 / whole.eval_every)
    (parent,) = yield Batch.of("12b", [whole.but(iterations=at)], keep=(at,))
    lr = LinearRamp(float(whole.lr(at)), 0.8, length - at)
    rest = parent.spec.but(iterations=length - at, start=(parent.key, at), lr=lr)
    decays = (1e-3, 3e-4, 1e-4)
    runs = yield Snapshot((parent,), rest, "").question(decays)
    scores, ranking = same_phase([run.curve for run in runs], calm=False)
    return {
        "choice": decays[ranking.winner], "tied": [decays[i] for i in ranking.tied], "seed": setting.seed,
        "scores": {f"{d:g}": s.to_json() for d, s in zip(decays, scores, strict=True)},
        "stable_to": {f"{d:g}": float(run.curve.lr[-1]) for d, run in zip(decays, runs, strict=True)},
        "parent_reads": _reading(parent.curve), "iterations": at + 3 * (length - at), "separate": 3 * length,
        "snapshot": at,
    }  # fmt: skip


def _reading(curve: Any) -> Any:
    try:
        return read(curve).to_json()
    except Refused as refused:
        return str(refused)


def cases(
    what: list[str], seeds: list[int], kinds: list[str]
) -> list[tuple[str, str, int, Callable[..., Any]]]:
    """(file, task, seed, plan) of everything that was asked for."""
    found: list[tuple[str, str, int, Callable[..., Any]]] = []
    for seed in seeds:
        if "12a" in what:
            found.append((f"12a-{seed}", "cifar10", seed, figure_12a))
        if "12b" in what:
            found.append((f"12b-{seed}", "cifar10-resnet20", seed, figure_12b))
        for name in [name for name in TASKS if "agree" in what and name in what]:
            for kind in kinds:
                for times in GRIDS:
                    file = f"agree-{name}-{kind}-{'-'.join(map(str, times))}-{seed}"
                    found.append((file, name, seed, partial(agree, kind=kind, times=times)))
    return found


def table(folder: Path) -> str:
    """Markdown of all results in the folder."""
    names = "case | snapshot chooses | loss by decay | iterations | of separate runs | grid | of the grid"
    lines = [f"| {names} |", "|---|---|---|---|---|---|---|"]
    for path in sorted(folder.glob("*.json")):
        row = json.loads(path.read_text())
        if "refused" in row:
            lines.append(f"| {path.stem} | refused: {row['refused']} | | | | | |")
            continue
        more = row.get("details", row)
        losses = ", ".join(f"{decay}: {_loss(score)}" for decay, score in
                           (more.get("scores") or row["scores"]).items())  # fmt: skip
        tie = (
            row.get("interval") or [min(row["tied"]), max(row["tied"])] if "tied" in row else row["interval"]
        )
        said = f"{row['choice']:g}" + (f" ({tie[0]:g} to {tie[1]:g})" if tie and tie[0] != tie[1] else "")
        grid = more.get("grid")
        of_grid = ["", ""]
        if grid:
            ends = (
                f" ({grid['interval'][0]:g} to {grid['interval'][1]:g})" if grid["interval"] else ", no tie"
            )
            of_grid = [f"{grid['choice']:g}{ends}", f"{more['share_of_grid']:.0%}"]
        cells = [
            path.stem,
            said,
            losses,
            str(more["iterations"]),
            f"{more['iterations'] / more['separate']:.0%}",
        ]
        lines.append(f"| {' | '.join([*cells, *of_grid])} |")
    return "\n".join(lines)


def _loss(score: dict[str, Any]) -> str:
    return f"{score['loss']:.4f}" if score["loss"] else "unstable"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", choices=["agree", "12a", "12b", *TASKS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--kinds", nargs="+", default=["ramp"])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("snapshots"))
    asked = parser.parse_args()
    for file, name, seed, plan in cases(asked.what, asked.seeds, asked.kinds):
        place = asked.out / f"{file}.json"
        if place.exists():
            continue
        data, _, model = name.partition("-")
        task = by_name(data, model=model or None, data_dir=asked.data_dir)
        with Work.of(task, Options(seed=seed, store=asked.out / "runs" / name, device="cpu")) as work:
            result = work.drive(plan(work.setting), {})
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(result))
        print(file, "done", flush=True)
    print(table(asked.out))


if __name__ == "__main__":
    main()
