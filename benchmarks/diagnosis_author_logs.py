"""How well the clues agree with a hand reading of published logs, on files that no threshold was chosen on.

    python benchmarks/diagnosis_author_logs.py [FOLDER] [--splits 40] [--seed 0] [--skip low|high]

FOLDER holds INDEX.yaml and the CSV files (default: ../shared/paper/curves beside the repository). The files
are halved at random; the thresholds that CHOICES picks from the grid on one half are scored on the other,
both ways, for many splits. Variants of one experiment (GROUPS) always fall into the same half, and either
half holds a third to two thirds of the length of every label that is scored. Every curve counts the same, and
only those whose hand reading is sure count in the agreement; recall is over all curves, weighted by length.

One curve differs by a third of its length between neighbours of the grid, so the best of one half is partly
luck. Two ways to choose are shown: the best, and the middle of all settings that one standard error of the
difference does not tell from the best. Neither knows the defaults, but the grid lies around them, and the
middle of many equals is near the middle of the grid: --skip leaves out its lower or upper end.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
from collections.abc import Callable
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
    "drift": (0.1, 0.15, 0.2, 0.3), "scatter": (0.5, 0.75, 1.0, 1.5), "error": (1.0, 2.0, 3.0),
    "continued": (1 / 3, 1 / 2, 2 / 3), "pace": (1 / 16, 1 / 8, 1 / 4),
}  # fmt: skip
SCORED = LABELS[:4]  # the fifth, rising_both, is too rare
COLUMNS_SHOWN = ("agreement", *LABELS, "inst>over")


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


def scores(read_as: list[tuple[float, str, str, str]]) -> list[float]:
    """Of one curve: the share that agrees; per label the share that agrees, the whole; called overfitting."""
    right = [p for p in read_as if p[3] in p[1:3]]
    wrong = sum(p[0] for p in read_as if p[1] == "instability" and p[3] == "overfitting" != p[2])
    by_label = [sum(p[0] for p in part if p[1] == label) for part in (right, read_as) for label in LABELS]
    return [sum(p[0] for p in right), *by_label, wrong]


def summary(scored: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """COLUMNS_SHOWN of float64[curves, scores]: mean agreement of the sure ones, recall per label, wrong."""
    total = scored.sum(axis=0)
    whole = total[1 + len(LABELS) : -1]
    recall = np.divide(total[1 : 1 + len(LABELS)], whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return np.array([scored[sure, 0].mean(), *recall, total[-1]])


def best(agreement: np.ndarray, _: object = None) -> int:
    """The setting of the highest mean of agreement[curves, settings]."""
    return int(np.argmax(agreement.mean(axis=0)))


def middle(agreement: np.ndarray, places: np.ndarray) -> int:
    """The setting in the middle of all that are within one standard error of the best (paired by curve)."""
    behind = agreement[:, [best(agreement)]] - agreement
    error = behind.std(axis=0, ddof=1) / np.sqrt(len(behind))
    equal = behind.mean(axis=0) <= error + 1e-12
    return int(np.argmin(((places - places[equal].mean(axis=0)) ** 2).sum(axis=1)))


CHOICES: dict[str, Callable[[np.ndarray, np.ndarray], int]] = {"best": best, "middle of equals": middle}


def group_of(name: str) -> str:
    return next((pattern for pattern in GROUPS if re.search(pattern, name)), name)


def halves(names: list[str], lengths: np.ndarray, rng: np.random.Generator) -> list[list[int]]:
    """Two halves that share no group, each with a third or more of the length of every label scored."""
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(group_of(name), []).append(i)
    while True:
        parts: list[list[int]] = [[], []]
        for key in rng.permutation(sorted(groups)):
            min(parts, key=len).extend(groups[key])
        share = lengths[parts[0]].sum(axis=0) / lengths.sum(axis=0)
        if ((share >= 1 / 3) & (share <= 2 / 3)).all():
            return parts


def held_out(
    names: list[str],
    sure: np.ndarray,
    table: np.ndarray,
    choose: Callable[[np.ndarray], int],
    splits: int,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The summaries of every half that was scored, and of every split's two halves together."""
    of_labels = [1 + len(LABELS) + LABELS.index(label) for label in SCORED]
    held, both = [], []
    for _ in range(splits):
        parts, whole = halves(names, table[:, 0, of_labels], rng), np.empty_like(table[:, 0])
        for chosen_on, scored_on in (parts, parts[::-1]):
            known = [i for i in chosen_on if sure[i]]
            whole[scored_on] = table[scored_on, choose(table[known, :, 0])]
            held.append(summary(whole[scored_on], sure[scored_on]))
        both.append(summary(whole, sure))
    return held, both


def show(title: str, row: np.ndarray) -> None:
    print(f"{title:34}" + "".join(f"{100 * value:12.1f}" for value in row))


def measured(folder: Path, values: list[dict[str, float]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The names of the curves, which are sure, and float64[curves, settings, scores]."""
    index = yaml.safe_load((folder / "INDEX.yaml").read_text(encoding="utf-8"))["curves"]
    table = []
    for entry in index.values():
        curve, segments = read(folder / entry["file"]), entry["diagnosis"]["segments"]
        intervals = cut(curve)
        each = [labelled(curve, replace(Thresholds(), **value), intervals) for value in values]
        table.append([scores(pieces(segments, clues)) for clues in each])
    sure = [entry["diagnosis"]["confidence"] == "high" for entry in index.values()]
    return list(index), np.array(sure), np.array(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE)
    parser.add_argument("--splits", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--skip", choices=("low", "high"), help="leave out this end of every threshold's values"
    )
    options = parser.parse_args()
    ends = {"low": slice(1, None), "high": slice(None, -1), None: slice(None)}[options.skip]
    grid = {key: steps[ends] for key, steps in GRID.items()}
    values = [dict(zip(grid, each, strict=True)) for each in itertools.product(*grid.values())]
    places = np.array(list(itertools.product(*(range(len(steps)) for steps in grid.values()))), float)
    names, sure, table = measured(options.folder, [*values, {}])  # the last is of the defaults
    defaults, table = table[:, -1], table[:, :-1]

    print(f"{len(names)} logs, {sure.sum()} of them read with high confidence; percent of the length\n")
    print(f"{'':34}" + "".join(f"{name:>12}" for name in COLUMNS_SHOWN))
    show("defaults, all files", summary(defaults, sure))
    show(
        "mean of the grid, all files",
        np.mean([summary(table[:, i], sure) for i in range(len(values))], axis=0),
    )
    for title, choose in CHOICES.items():
        on_all = choose(table[sure, :, 0], places)
        chosen = " ".join(f"{key} {value:.3g}" for key, value in values[on_all].items())
        print(f"\n{title}; on all files it chooses {chosen}")
        show("all files", summary(table[:, on_all], sure))
        rng = np.random.default_rng(options.seed)
        held, both = held_out(names, sure, table, lambda t, c=choose: c(t, places), options.splits, rng)
        show("held-out halves, mean", np.nanmean(held, axis=0))
        show("  standard deviation", np.nanstd(held, axis=0))
        show("held-out halves, both together", np.mean(both, axis=0))
        show("  standard deviation over splits", np.std(both, axis=0))


if __name__ == "__main__":
    main()
