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
    "regularizer": ("regularizer", {"factor": "dropout"}),  # the papers' two networks have none: cnn
}
TIMES = (1 / 10, 1 / 3, 1, 3, 10, 30)  # of lr_max, for the start that is too large

Claim = tuple[str, bool | None, str]


def say(claim: str, holds: bool | None, numbers: str) -> str:
    verdict = "not measured" if holds is None else "holds" if holds else "fails"
    return f"| {claim} | {verdict} | {numbers} |"


def rows_of(found: Finding, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(label, row) for label, row in found.details["scores"].items() if row["kind"] == kind]


def cycle_claims(found: Finding) -> list[Claim]:
    """Fig. 7c, 8a and Remark 5: falling against rising against constant."""
    falling = rows_of(found, "falling")
    ((_, rising),) = rows_of(found, "rising")
    constant = dict(rows_of(found, "constant"))
    nine = constant["constant 0.9"]
    tie = found.details["tie"]
    low = min((row for _, row in falling), key=lambda row: row["loss"])
    far = max(row["stable_to"] for _, row in falling)
    early = min(row["early_loss"] for _, row in falling)
    beaten = [label for label, row in constant.items() if math.log(low["loss"] / row["loss"]) > tie]
    spread = f"spread {math.expm1(tie):.0%}"
    best = max(row["accuracy"] for _, row in falling)
    return [
        (
            "dap-fig7c-increasing",
            rising["stable_to"] > nine["stable_to"] and rising["loss"] > nine["loss"],
            f"stable to {rising['stable_to']:.3g} against {nine['stable_to']:.3g} at constant 0.9; lowest loss "
            f"{rising['loss']:.4g} against {nine['loss']:.4g} ({spread})",
        ),
        (
            "dap-fig7c-decreasing",
            low["loss"] < nine["loss"] and early < nine["early_loss"] and far > nine["stable_to"],
            f"lowest loss {low['loss']:.4g} against {nine['loss']:.4g} ({spread}); loss at 5 % of the ramp "
            f"{early:.4g} against {nine['early_loss']:.4g}; stable to {far:.3g} against {nine['stable_to']:.3g}",
        ),
        (
            "dap-remark5",
            not beaten and low["loss"] < rising["loss"],
            f"falling {low['loss']:.4g}, constant "
            + ", ".join(f"{row['start']:g}: {row['loss']:.4g}" for row in constant.values())
            + f", rising {rising['loss']:.4g} ({spread}); accuracy {best:.3f}, "
            + ", ".join(f"{row['accuracy']:.3f}" for row in constant.values())
            + f", {rising['accuracy']:.3f}",
        ),
        (
            "dap-fig8a-decreasing-best (asked of a ramp, not of resnet-56's whole cycle)",
            low["loss"] < min(rising["loss"], *(row["loss"] for row in constant.values())),
            f"falling {low['loss']:.4g}, best of the others "
            f"{min(rising['loss'], *(row['loss'] for row in constant.values())):.4g} ({spread})",
        ),
    ]


def constant_claims(found: Finding) -> list[Claim]:
    """Fig. 7a: 0.7, 0.9 and 0.99."""
    rows = {row["start"]: row for _, row in rows_of(found, "constant")}
    said = ", ".join(
        f"{value:g}: {row['loss']:.4g} (to {row['stable_to']:.3g})" for value, row in rows.items()
    )
    best = min(rows, key=lambda value: rows[value]["loss"])
    ends = [rows[value]["stable_to"] for value in sorted(rows)]
    labels = found.details["labels"]
    from wellbegun.diagnosis.diagnose import diagnose

    seen: dict[str, list[str]] = {}
    for run in found.runs:
        name = labels[run.key].split(",")[0]
        seen.setdefault(name, []).extend({clue.label for clue in diagnose(run.curve).clues})
    fails = [name for name in ("constant 0.99", "constant 0.9") if "overfitting" in seen[name]]
    return [
        (
            "dap-fig7a-best-momentum",
            best == 0.9 and ends == sorted(ends, reverse=True),
            f"lowest loss and end of the stable rates by momentum {said}",
        ),
        (
            "dap-fig7a-099",
            "constant 0.99" in fails and "constant 0.9" not in fails,
            f"overfitting seen at {', '.join(fails) or 'neither'}; 0.99 is stable to "
            f"{rows[0.99]['stable_to']:.3g}, 0.9 to {rows[0.9]['stable_to']:.3g}",
        ),
    ]


def range_claims(found: Finding) -> list[Claim]:
    """Fig. 7b."""
    up, down = found.details["rising"], found.details["backwards"]
    correlation = up["correlation"] or math.nan
    return [
        (
            "dap-momentum-range-test-useless",
            up["falls_to_the_end"] and correlation > 0.9,
            f"loss {up['loss']:.4g} at the end, {', '.join(f'{q:.4g}' for q in up['quarters'])} at best in the "
            f"first quarter, half, three quarters; rank correlation of momentum and accuracy {correlation:.2f}; "
            f"backwards lowest at momentum {down['lowest_at']:.2f}",
        )
    ]


def start_claims(found: Finding, large: Finding) -> list[Claim]:
    """Sec. 4.1: the smallest rate."""
    lr_max, chosen = found.details["lr_max"], found.choice["lr_min"]
    rates = "; ".join(f"{row['lr']:g}: {row['verdict']}" for row in large.details["scores"].values())
    rows = sorted(large.details["scores"].values(), key=lambda row: row["lr"])
    ends = [row["verdict"].split(" with")[0] for row in rows]
    stuck = [
        row["lr"]
        for row, end in zip(rows, ends, strict=True)
        if end in ("diverges", "does not begin to converge")
    ]
    goods = [row["lr"] for row in rows if row["good"]]
    return [
        (
            "dap-rule-min-lr",
            True,
            f"third rule {chosen:g} = lr_max / {lr_max / chosen:.3g}; first two: lr_max ({lr_max:g}) / 3 to 4, "
            "/ 10 to 20, exact by construction",
        ),
        ("dap-rule-start-small", bool(stuck and goods and min(stuck) > max(goods)), rates),
    ]


def balance_claims(found: Finding) -> list[Claim]:
    """Remark 3, and that a large rate regularizes."""
    best, gaps = found.details["best"], found.details["gaps"]
    first, last = list(best.values())[0], list(best.values())[-1]
    measured = [gap for gap in gaps.values() if gap is not None]
    ramp = found.details["ramp_gap"]["mean"]
    return [
        (
            "dap-remark3",
            last[0] <= first[0] * 10**0.5,
            "best decay by lr_max "
            + ", ".join(f"{lr}: {b:g} ({low:g} to {high:g} as good)" for lr, (b, low, high) in _named(best))
            + f"; direction at a larger rate: {found.details['direction']}",
        ),
        (
            "dap-large-lr-regularizes",
            len(measured) > 1 and measured[-1] < measured[0],
            "validation minus training loss by lr_max "
            + ", ".join(f"{lr}: {gap:.4f}" for lr, gap in gaps.items() if gap is not None)
            + (f"; rank correlation of rate and gap in range tests {ramp:.2f}" if ramp is not None else ""),
        ),
    ]


def _named(best: dict[str, list[float]]) -> list[tuple[str, tuple[float, float, float]]]:
    """Per rate (best, lowest as good, highest as good)."""
    return [(lr, (b[0], b[1], b[2])) for lr, b in best.items()]


def found_by(name: str, step: str, task: Any, out: Path, **more: Any) -> Finding:
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
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("checklist-momentum"))
    asked = parser.parse_args()
    epochs = {"epochs": asked.epochs or EPOCHS[asked.name]}
    task = by_name(asked.name, data_dir=asked.data_dir)
    cnn = by_name(asked.name, model="cnn", data_dir=asked.data_dir)
    asked.out.joinpath(asked.name).mkdir(parents=True, exist_ok=True)
    place = (asked.name, asked.out)
    found = {
        step: found_by(place[0], step, task, place[1], **epochs)
        for step in ("cycle", "constants", "range", "lr min", "balance")
    }
    lr_max = found["lr min"].details["lr_max"]
    rates = tuple(float(f"{lr_max * times:.1e}") for times in TIMES)
    found["too large"] = found_by(place[0], "too large", task, place[1], values=rates, **epochs)
    found["regularizer"] = found_by(place[0], "regularizer", cnn, place[1], **epochs)
    print("| claim | verdict | numbers |\n|---|---|---|")
    claims = [
        *cycle_claims(found["cycle"]), *constant_claims(found["constants"]), *range_claims(found["range"]),
        *start_claims(found["lr min"], found["too large"]), *balance_claims(found["balance"]),
    ]  # fmt: skip
    print("\n".join(say(*claim) for claim in claims))


if __name__ == "__main__":
    main()
