"""What `search length` predicts from short runs, against the runs of the length that it recommends.

    python benchmarks/length.py mnist --values 0.25,0.5,1 --data-dir DATA --out FOLDER

Searches, then trains the recommended length, half and twice of it with a seed that the search has not seen,
and prints what was predicted (90 %) beside what came out. Finished runs are read from FOLDER, so an
interrupted benchmark goes on. Each call ends with a table of all that is in FOLDER.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellbegun.job import Options, Work
from wellbegun.search import alone
from wellbegun.search.length import MARKS, length
from wellbegun.search.plan import Batch, Plan
from wellbegun.search.setting import Setting
from wellbegun.zoo.tasks import by_name

FRESH = 100  # added to the seed: of the runs that check the prediction


def check(setting: Setting, values: tuple[float, ...]) -> Plan[dict[str, Any]]:
    """The finding, and the end of a fresh run of each length that it speaks of."""
    base = yield from alone.ground(setting)
    found = yield from length(setting, base.look.choice, base.momentum, base.decay, values)
    details, ends = found.details, {}
    for mark in MARKS:
        of = replace(
            setting, epochs=details["prices"][mark]["epochs"], seed=setting.seed + FRESH, has_test=False
        )
        spec = of.final(details["lr_max"], base.momentum, base.decay).but(eval_samples=None)
        spec = spec.but(eval_every=max(spec.eval_every, setting.validation // setting.batch_size))
        (run,) = yield Batch.of(mark, [spec])
        ends[mark] = {
            "epochs": run.epochs, "val_loss": float(run.curve.val_loss[-1]),
            "val_accuracy": float(run.curve.val_accuracy[-1]), "diverged": run.diverged,
        }  # fmt: skip
    return {"finding": found.to_json(), "ends": ends}


def table(folder: Path) -> str:
    """Markdown of all results in the folder."""
    lines = ["| task | length | epochs | predicted loss | came out | predicted accuracy, % | came out |"]
    lines.append("|---|---|---|---|---|---|---|")
    for path in sorted(folder.glob("*.json")):
        row = json.loads(path.read_text())
        for mark in MARKS:
            price, end = row["finding"]["details"]["prices"][mark], row["ends"][mark]
            cells = [
                path.stem,
                mark,
                f"{price['epochs']:g}",
                _band(price["val_loss"], 1),
                f"{end['val_loss']:.4g}",
            ]
            cells += [_band(price["val_accuracy"], 100) if "val_accuracy" in price else ""]
            cells += [f"{100 * end['val_accuracy']:.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append(f"\n{row['finding']['reason']}\n")
    return "\n".join(lines)


def _band(band: dict[str, float], unit: float) -> str:
    return f"{unit * band['middle']:.4g} ({unit * band['low']:.4g} to {unit * band['high']:.4g})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="a task; without it only the table is printed")
    parser.add_argument("--values", type=lambda text: tuple(map(float, text.split(","))), default=())
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--epochs", type=float, help="of the final run, whose shares the lengths are")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("lengths"))
    asked = parser.parse_args()
    if asked.name:
        task = by_name(asked.name, data_dir=asked.data_dir)
        store = asked.out / "runs" / asked.name
        options = Options(
            seed=asked.seed, batch_size=asked.batch_size, epochs=asked.epochs, store=store, device="cpu"
        )
        with Work.of(task, options) as work:
            result = work.drive(check(work.setting, asked.values), {})
        (asked.out / f"{asked.name}-{asked.seed}.json").write_text(json.dumps(result))
    print(table(asked.out))


if __name__ == "__main__":
    main()
