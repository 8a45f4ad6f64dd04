"""Momentum's cycle and range test, the smallest rate, any regularizer and the balance, on the papers' data.

    python benchmarks/checklist_momentum.py mnist --data-dir DATA --out FOLDER
    python benchmarks/checklist_momentum.py cifar10 --data-dir DATA --out FOLDER

Prints a Markdown table of every step, and the claims of the report that it touches: holds, fails or not
measured, with the numbers. Finished runs are read from FOLDER, so an interrupted benchmark goes on.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.search.plan import Finding
from wellbegun.tune import search_for
from wellbegun.zoo.tasks import by_name

EPOCHS = {"mnist": 12.0, "cifar10": 8.0}  # of the final run; ramps are 7 % of it, 100 to 300 iterations
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "cycle": ("momentum-cycle", {"values": (0.85, 0.9, 0.95)}),
    "constants": ("momentum-cycle", {"values": (0.7, 0.9, 0.99)}),
    "range": ("momentum-range", {}),
    "lr min": ("lr-min", {}),
    "too large": ("lr-min", {}),  # rates up to many times lr_max; values follow from "lr min"
    "balance": ("balance", {}),
    "regularizer": ("regularizer", {"factor": "dropout"}),
}
TIMES = (1 / 10, 1 / 3, 1, 3, 10, 30)  # of lr_max, for the start that is too large

Claim = tuple[str, bool | None, str]


def say(claim: str, holds: bool | None, numbers: str) -> str:
    verdict = "not measured" if holds is None else "holds" if holds else "fails"
    return f"| {claim} | {verdict} | {numbers} |"


def rows_of(found: Finding, kind: str) -> list[dict[str, Any]]:
    return [row for row in found.details["scores"].values() if row["kind"] == kind]


def told(one: float, other: float, tie: float) -> str:
    """Whether two losses differ by more than the spread of the seeds."""
    return "" if abs(math.log(one / other)) > tie else ", no more than the spread"


def cycle_claims(found: Finding) -> list[Claim]:
    """Fig. 7c, 8a and Remark 5: falling against rising against constant."""
    falling, (rising,) = rows_of(found, "falling"), rows_of(found, "rising")
    constant = {row["start"]: row for row in rows_of(found, "constant")}
    nine, tie = constant[0.9], found.details["tie"]
    low = min(falling, key=lambda row: row["loss"])
    far, early = max(row["stable_to"] for row in falling), min(row["early_loss"] for row in falling)
    beaten = [row for row in constant.values() if math.log(low["loss"] / row["loss"]) > tie]
    others = min(row["loss"] for row in [rising, *constant.values()])
    losses = ", ".join(f"{value:g}: {row['loss']:.4g}" for value, row in constant.items())
    accuracies = ", ".join(f"{value:g}: {row['accuracy']:.3f}" for value, row in constant.items())
    rise, fall = (told(row["loss"], nine["loss"], tie) for row in (rising, low))
    return [
        (
            "dap-fig7c-increasing",
            rising["stable_to"] > nine["stable_to"] and rising["loss"] > nine["loss"],
            f"rising against constant 0.9: stable to {rising['stable_to']:.3g} against "
            f"{nine['stable_to']:.3g}; lowest loss {rising['loss']:.4g} against {nine['loss']:.4g}{rise}",
        ),
        (
            "dap-fig7c-decreasing",
            low["loss"] < nine["loss"] and early < nine["early_loss"] and far > nine["stable_to"],
            f"best falling against constant 0.9: lowest loss {low['loss']:.4g} against "
            f"{nine['loss']:.4g}{fall}; at 5 % of the ramp {early:.4g} against {nine['early_loss']:.4g}; "
            f"stable to {far:.3g} against {nine['stable_to']:.3g}",
        ),
        (
            "dap-remark5",
            not beaten and low["loss"] < rising["loss"],
            f"falling {low['loss']:.4g}, rising {rising['loss']:.4g}, constant {losses} (spread "
            f"{math.expm1(tie):.0%}); accuracy falling {max(row['accuracy'] for row in falling):.3f}, rising "
            f"{rising['accuracy']:.3f}, constant {accuracies}",
        ),
        (
            "dap-fig8a-decreasing-best (of a ramp, not of resnet-56's cycle)",
            low["loss"] < others,
            f"falling {low['loss']:.4g}, best of the others {others:.4g}{told(low['loss'], others, tie)}",
        ),
    ]


def constant_claims(found: Finding) -> list[Claim]:
    """Fig. 7a: 0.7, 0.9 and 0.99."""
    rows = {row["start"]: row for row in rows_of(found, "constant")}
    losses = ", ".join(f"{v:g}: {row['loss']:.4g} (to {row['stable_to']:.3g})" for v, row in rows.items())
    best = min(rows, key=lambda value: rows[value]["loss"])
    ends = [rows[value]["stable_to"] for value in sorted(rows)]
    seen: dict[float, list[str]] = {0.9: [], 0.99: []}
    for run in found.runs:
        value = float(run.spec.momentum(0))
        of_test = run.key in found.details["labels"]  # not a look at the rate before it
        if of_test and value in seen and value == float(run.spec.momentum(run.spec.iterations - 1)):
            seen[value] += {clue.label for clue in diagnose(run.curve).clues}
    overfits = {value: labels.count("overfitting") for value, labels in seen.items()}
    return [
        (
            "dap-fig7a-best-momentum",
            best == 0.9 and ends == sorted(ends, reverse=True),
            f"lowest loss, and end of the stable rates, by momentum {losses}",
        ),
        (
            "dap-fig7a-099",
            overfits[0.99] > 0 and not overfits[0.9] and rows[0.99]["stable_to"] < rows[0.9]["stable_to"],
            f"overfitting with {overfits[0.99]} of 3 seeds at 0.99, {overfits[0.9]} of 3 at 0.9; unstable "
            f"from {rows[0.99]['stable_to']:.3g} and {rows[0.9]['stable_to']:.3g}",
        ),
    ]


def range_claims(found: Finding) -> list[Claim]:
    """Fig. 7b."""
    up, down = found.details["rising"], found.details["backwards"]
    correlation = up["correlation"] or math.nan
    quarters = ", ".join(f"{loss:.4g}" for loss in up["quarters"])
    return [
        (
            "dap-momentum-range-test-useless",
            up["falls_to_the_end"] and correlation > 0.9,
            f"loss {up['loss']:.4g} at the end, at best {quarters} in the first quarter, half, three "
            f"quarters; rank correlation of momentum and accuracy {correlation:.2f}; backwards lowest at "
            f"momentum {down['lowest_at']:.2f}",
        )
    ]


def start_claims(found: Finding, large: Finding | None) -> list[Claim]:
    """Sec. 4.1: the smallest rate."""
    lr_max, chosen = found.details["lr_max"], found.choice["lr_min"]
    tried = "; ".join(f"{row['lr']:g}: {row['verdict']}" for row in found.details["scores"].values())
    small: Claim = ("dap-rule-start-small", None, "")
    if large is not None:
        rows = sorted(large.details["scores"].values(), key=lambda row: row["lr"])
        good = [row["lr"] for row in rows if row["good"]]
        stuck = [row["lr"] for row in rows if row["verdict"] in ("diverges", "does not begin to converge")]
        rates = "; ".join(f"{row['lr']:g}: {row['verdict']}" for row in rows)
        small = ("dap-rule-start-small", bool(stuck and good and min(stuck) > max(good)), rates)
    return [
        (
            "dap-rule-min-lr",
            not any(row["good"] for row in found.details["scores"].values() if row["lr"] > chosen),
            f"lr_max {lr_max:g}; third rule {chosen:g} = lr_max / {lr_max / chosen:.2g} ({tried}); the first "
            "two are exact by construction",
        ),
        small,
    ]


def balance_claims(found: Finding) -> list[Claim]:
    """Remark 3, and that a large rate regularizes."""
    best, gaps = found.details["best"], found.details["gaps"]
    values = list(best.values())
    measured = [gap for gap in gaps.values() if gap is not None]
    ramp = found.details["ramp_gap"]["mean"]
    by_rate = ", ".join(f"{lr}: {at:g} ({low:g} to {high:g} as good)" for lr, (at, low, high) in best.items())
    by_gap = ", ".join(f"{lr}: {gap:.4f}" for lr, gap in gaps.items() if gap is not None)
    return [
        (
            "dap-remark3",
            values[-1][0] <= values[0][0] * 10**0.5,
            f"best decay by lr_max {by_rate}; a larger rate asks for: {found.details['direction']}",
        ),
        (
            "dap-large-lr-regularizes",
            len(measured) > 1 and measured[-1] < measured[0],
            f"validation minus training loss at the end of short cycles by lr_max {by_gap}"
            + (f"; rank correlation of rate and gap in range tests {ramp:.2f}" if ramp is not None else ""),
        ),
    ]


def found_by(name: str, out: Path, step: str, task: Any, **more: Any) -> Finding:
    what, options = STEPS[step]
    found = search_for(task, what, store=out / name / "runs", **{**options, **more})
    place = out / name / f"{step.replace(' ', '-')}.json"
    place.write_text(json.dumps(found.to_json(), indent=1))
    print(f"{name} {step}: {found.choice}; {found.reason}\n", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(EPOCHS))
    parser.add_argument("--epochs", type=float, help="of the final run, whose share the short runs are")
    parser.add_argument("--only", nargs="+", choices=sorted(STEPS), help="some of the steps")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("checklist-momentum"))
    asked = parser.parse_args()
    epochs = {"epochs": asked.epochs or EPOCHS[asked.name]}
    task = by_name(asked.name, data_dir=asked.data_dir)
    asked.out.joinpath(asked.name).mkdir(parents=True, exist_ok=True)
    found: dict[str, Finding] = {}
    for step in asked.only or STEPS:
        more: dict[str, Any] = {}
        if step == "too large":
            rates = json.loads((asked.out / asked.name / "lr-min.json").read_text())["details"]["lr_max"]
            more = {"values": tuple(float(f"{rates * times:.1e}") for times in TIMES)}
        found[step] = found_by(asked.name, asked.out, step, task, **epochs, **more)
    print("| claim | verdict | numbers |\n|---|---|---|")
    print("\n".join(say(*claim) for claim in claims(found)))


def claims(found: dict[str, Finding]) -> list[Claim]:
    """The claims that the steps made so far touch."""
    said: list[Claim] = []
    for step, read in (
        ("cycle", cycle_claims), ("constants", constant_claims), ("range", range_claims),
        ("balance", balance_claims),
    ):  # fmt: skip
        said += read(found[step]) if step in found else []
    if "lr min" in found:
        said += start_claims(found["lr min"], found.get("too large"))
    return said


if __name__ == "__main__":
    main()
