"""How well the clues agree with a hand reading of published logs, on files that no threshold was chosen on.

    python benchmarks/diagnosis_author_logs.py [FOLDER] [--splits 6] [--seed 0]

FOLDER holds INDEX.yaml and the CSV files (default: ../shared/paper/curves beside the repository). The files
are halved at random; the thresholds of the grid below that agree best on one half are scored on the other,
both ways, for several splits. Variants of one experiment (GROUPS) always fall into the same half. Every curve
counts the same, and only those whose hand reading is sure count in the agreement; recall is over all curves,
weighted by length.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import LABELS, Clue, Thresholds
from wellbegun.diagnosis.intervals import cut
from wellbegun.diagnosis.labelling import labelled

HERE = Path(__file__).resolve().parents[2] / "shared" / "paper" / "curves"
SAME = {"unstable": "instability", "diverged": "instability"}
NAMES = {"test_loss": "val_loss", "test_acc": "val_accuracy"}
COLUMNS = ("iteration", "lr", "momentum", "train_loss", "test_loss", "test_acc")
GROUPS = (  # runs that differ in one setting, or look alike
    "clr3.*(Mom|Fig1a|Res20|Res110)", "clr3.*Tr", "clr3.*WD", "lr35.*Tr", "lr35(Fig1a|Nest|Res110)",
    "lr35Ada", "Cifar100", "lrRange3.*Clip", "range2SS80k", "range3Iter", "in_.*_1cycle", "in_.*_step",
)  # fmt: skip
GRID = {
    "drift": (0.13, 0.16, 0.2, 0.25), "scatter": (0.75, 1.0, 1.25), "error": (1.5, 2.0, 2.5),
    "continued": (0.45, 0.55, 0.7),
}  # fmt: skip


def read(path: Path) -> Curve:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {key: [float(row[key] or "nan") for row in rows] for key in COLUMNS if key in rows[0]}
    return Curve.of({NAMES.get(key, key): column for key, column in columns.items()})


def pieces(segments: list[dict], clues: tuple[Clue, ...]) -> list[tuple[float, str, str, str]]:
    """(share of the run, label by hand, the alternative, ours) between any two edges of either reading."""
    length = segments[-1]["to_iter"]
    edges = {s[key] for s in segments for key in ("from_iter", "to_iter")}
    edges |= {at for clue in clues for at in (clue.start, clue.end) if at <= length}
    result = []
    for low, high in itertools.pairwise(sorted(edges)):
        middle = (low + high) / 2
        hand = next(s for s in segments if s["from_iter"] <= middle < s["to_iter"])
        label, other = (SAME.get(x, x) for x in (hand["label"], hand.get("alternative", hand["label"])))
        ours = next((clue.label for clue in clues if clue.start <= middle < clue.end), "")
        result.append(((high - low) / length, label, other, ours))
    return result


def summary(read_as: dict[str, list], sure: set[str]) -> dict[str, float]:
    """Agreement (mean over sure curves), recall per label, the share of instability called overfitting."""
    right = {name: sum(p[0] for p in found if p[3] in p[1:3]) for name, found in read_as.items()}
    known = [share for name, share in right.items() if name in sure]
    result = {"agreement": float(np.mean(known)) if known else float("nan")}
    everything = [piece for found in read_as.values() for piece in found]
    for label in LABELS:
        of_label = [p for p in everything if p[1] == label]
        whole = sum(p[0] for p in of_label)
        hit = sum(p[0] for p in of_label if p[3] in p[1:3])
        result[label] = hit / whole if whole else float("nan")
    result["wrong"] = sum(p[0] for p in everything if p[1] == "instability" and p[3] == "overfitting" != p[2])
    return result


def group_of(name: str) -> str:
    return next((pattern for pattern in GROUPS if re.search(pattern, name)), name)


def halves(names: list[str], rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Two halves of about equal size that share no group."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(group_of(name), []).append(name)
    parts: tuple[list[str], list[str]] = ([], [])
    for key in rng.permutation(sorted(groups)):
        min(parts, key=len).extend(groups[key])
    return parts


def show(title: str, row: dict[str, float]) -> None:
    print(f"{title:34}" + "".join(f"{100 * value:12.1f}" for value in row.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE)
    parser.add_argument("--splits", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    index = yaml.safe_load((options.folder / "INDEX.yaml").read_text(encoding="utf-8"))["curves"]
    curves = {name: read(options.folder / entry["file"]) for name, entry in index.items()}
    sure = {name for name, entry in index.items() if entry["diagnosis"]["confidence"] == "high"}

    values = [dict(zip(GRID, each, strict=True)) for each in itertools.product(*GRID.values())]
    table: list[dict[str, list]] = [{} for _ in range(len(values) + 1)]  # the last is of the defaults
    for name, curve in curves.items():
        intervals, segments = cut(curve), index[name]["diagnosis"]["segments"]
        for found, each in zip(table, [*values, {}], strict=True):
            found[name] = pieces(segments, labelled(curve, replace(Thresholds(), **each), intervals))

    print(f"{len(curves)} logs, {len(sure)} of them read with high confidence; percent of the length\n")
    print(f"{'':34}" + "".join(f"{name:>12}" for name in ("agreement", *LABELS, "inst>over")))
    defaults = table.pop()
    show("defaults, all files", summary(defaults, sure))
    rows = [summary(found, sure) for found in table]
    show("best of the grid, all files", max(rows, key=lambda row: row["agreement"]))
    held, rng = [], np.random.default_rng(options.seed)
    for split in range(options.splits):
        parts = halves(list(curves), rng)
        for chosen_on, scored_on in (parts, parts[::-1]):
            scores = [summary({n: found[n] for n in chosen_on}, sure)["agreement"] for found in table]
            best = int(np.argmax(scores))
            held.append(summary({n: table[best][n] for n in scored_on}, sure))
            chosen = " ".join(f"{value:g}" for value in values[best].values())
            show(f"split {split + 1}: {chosen}", held[-1])
    for title, how in (("mean over halves", np.nanmean), ("spread (standard deviation)", np.nanstd)):
        show(title, {key: float(how([row[key] for row in held])) for key in held[0]})


if __name__ == "__main__":
    main()
