"""The verdict on runs that had equal time: accuracy decides, loss is told, and so are time and spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wellbegun.curve import Run, mean
from wellbegun.diagnosis.ranking import Ranking, rank_repeats
from wellbegun.schedules._base import Floats
from wellbegun.search.plan import Finding
from wellbegun.search.setting import Setting
from wellbegun.search.throughput import Speed

SHORT = 0.5  # of the final run's time: what wins in less need not win in all of it
UNEQUAL = 0.10  # median deviation from the common time past which it is not called equal


@dataclass(frozen=True, eq=False)
class Entry:
    """One batch size with its runs, which differ in their seeds."""

    size: int
    speed: Speed
    lr_max: float
    edge: float  # lr where its range tests became unstable, the geometric mean
    weight_decay: float
    ramp: Run  # one of those range tests
    runs: tuple[Run, ...]

    def last(self, column: str) -> Floats:
        """The last value of a column, run by run."""
        return np.array([run.curve.columns()[column][-1] for run in self.runs], dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        """Numbers by name; deviations are over the seeds, null for what was not measured."""
        values = {
            "batch_size": self.size, "iterations": self.runs[0].iterations, "epochs": self.runs[0].epochs,
            "seconds_per_update": self.speed.seconds, "spread_of_probes": self.speed.spread,
            "memory_bytes": self.speed.memory, "lr_max": self.lr_max, "edge": self.edge,
            "weight_decay": self.weight_decay,
        }  # fmt: skip
        for name in ("val_accuracy", "val_loss", "train_loss"):
            values |= {name: float(self.last(name).mean()), f"{name}_std": _deviation(self.last(name))}
        return {name: value if np.isfinite(value) else None for name, value in values.items()} | {
            name: self.last(name).tolist()
            for name in ("seconds", "processor_seconds")
            if name in self.runs[0].curve.metrics
        }


@dataclass(frozen=True, slots=True)
class Terms:
    """What a comparison stood on."""

    seconds: float  # of updates that every run was given
    share: float  # of the task's final run
    left_out: Mapping[int, str]  # batch size -> why
    spent: tuple[Run, ...]  # the runs beside those of the comparison


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which size is chosen, and how loss and accuracy rank them."""

    chosen: int  # index of the entry
    accuracy: Ranking | None  # None: the task has no classes, so that loss decides
    loss: Ranking
    spread: tuple[float, float]  # standard deviation over seeds of accuracy, and of log(val_loss)

    @property
    def decisive(self) -> Ranking:
        return self.accuracy or self.loss


def judge(entries: Sequence[Entry], own: int, validation: int) -> Verdict:
    """Accuracy decides; a tie goes to the task's own size, else to the smallest.

    Args:
        own: the task's batch size: where nothing beats it, nothing changes.
        validation: samples behind an accuracy; a difference of one is none.

    Source: arXiv:1803.09820, Sec. 4.2: of sizes that come out alike the smaller (512 of 512 and 1024).
    """
    loss, of_loss = rank_repeats([(-np.log(entry.last("val_loss"))).tolist() for entry in entries])
    accuracy, of_accuracy = None, float("nan")
    values = [entry.last("val_accuracy").tolist() for entry in entries]
    if np.isfinite(values).all():
        accuracy, of_accuracy = rank_repeats(values, resolution=1.0 / validation)
    tied = (accuracy or loss).tied
    chosen = min(tied, key=lambda i: (entries[i].size != own, entries[i].size))
    return Verdict(chosen, accuracy, loss, (of_accuracy, of_loss))


def finding(entries: Sequence[Entry], setting: Setting, terms: Terms) -> Finding:
    """The finding of a comparison at equal time; entries by size, the smallest first."""
    verdict = judge(entries, setting.batch_size, setting.validation)
    sizes = [entries[i].size for i in verdict.decisive.tied]
    chosen = entries[verdict.chosen]
    runs = (*(run for entry in entries for run in entry.runs), *terms.spent)
    apart = deviations(entries, terms.seconds)
    return Finding(
        "batch size", chosen.size, _reason(entries, setting, terms, verdict), runs,
        (min(sizes), max(sizes)) if len(sizes) > 1 else None,
        details={
            "seconds": terms.seconds, "share": terms.share, "final_epochs": _final_epochs(chosen, terms),
            "deviation": {"median": float(np.median(apart)), "largest": float(apart.max())},
            "left_out": {str(size): why for size, why in terms.left_out.items()},
            "smallest_tied": min(sizes), "lowest_loss": entries[verdict.loss.winner].size,
            "candidates": [entry.to_json() for entry in entries],
            "labels": {entry.ramp.key: f"{entry.size}" for entry in entries},
            "drawn": [entry.ramp.key for entry in entries], "winner": chosen.ramp.key,
            "table": _table(entries, chosen), "figure": _figure(entries, chosen, terms),
        },
        section="4.2",
    )  # fmt: skip


def deviations(entries: Sequence[Entry], seconds: float) -> Floats:
    """How far the runs' measured seconds lie from what they were given, as fractions of it."""
    measured = np.concatenate([entry.last("seconds") for entry in entries])
    return np.abs(measured / seconds - 1.0)


def _reason(entries: Sequence[Entry], setting: Setting, terms: Terms, verdict: Verdict) -> str:
    parts = [_outcome(entries, terms, verdict), _choice(entries, setting, verdict)]
    if verdict.accuracy is not None:
        parts.append(_loss(entries, verdict))
    if terms.share < SHORT:
        parts.append("Runs of the whole length may order them otherwise.")
    rates = ", ".join(f"{entry.lr_max:g} ({entry.size})" for entry in entries)
    apart = deviations(entries, terms.seconds)
    parts.append(f"Each had an lr_max of its own: {rates}.")
    parts.append(
        f"The runs' seconds lie {np.median(apart):.1%} (median) and at most {apart.max():.1%} from "
        "those they were given."
    )
    if np.median(apart) > UNEQUAL:
        parts.append(
            f"That is more than {UNEQUAL:.0%}: something else used the device, or the runs are too short to "
            "be timed; repeat it on an idle machine in a fresh store, or with more epochs."
        )
    chosen = entries[verdict.chosen]
    if chosen.size != setting.batch_size:
        epochs = _final_epochs(chosen, terms)
        parts.append(f"In the time of the final run {chosen.size} does {epochs:.3g} epochs.")
    parts += [f"{size} is left out: {why}." for size, why in terms.left_out.items()]
    return " ".join(parts)


def _outcome(entries: Sequence[Entry], terms: Terms, verdict: Verdict) -> str:
    unit = "accuracy" if verdict.accuracy else "loss"
    values = [entry.last(f"val_{unit}").mean() for entry in entries]
    places = 2 if verdict.spread[0] < 0.003 else 1  # no digits that the seeds do not share
    said = [f"{100 * v:.{places}f} %" if verdict.accuracy else f"{v:.4g}" for v in values]
    spread = f"{100 * verdict.spread[0]:.2f} points" if verdict.accuracy else f"{verdict.spread[1]:.1%}"
    listed = ", ".join(f"{entry.size}: {value}" for entry, value in zip(entries, said, strict=True))
    return (
        f"After {terms.seconds:.3g} s of updates each ({terms.share:.0%} of the final run's), validation "
        f"{unit} is {listed}, the mean of {len(entries[0].runs)} seeds that differ by {spread} "
        "(standard deviation)."
    )


def _choice(entries: Sequence[Entry], setting: Setting, verdict: Verdict) -> str:
    sizes, size = [entries[i].size for i in verdict.decisive.tied], entries[verdict.chosen].size
    if len(sizes) == 1:
        ends = {entries[0].size: "smallest", entries[-1].size: "largest"}
        end = f" It is the {ends[size]} that was tried: one beyond may be better." if size in ends else ""
        return f"{size} wins by more than the seeds differ.{end}"
    merit = "the task's own, stays" if size == setting.batch_size else "the smallest of them, is enough"
    equal = f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
    return f"{equal} cannot be told apart by more than the seeds differ: {size}, {merit}."


def _loss(entries: Sequence[Entry], verdict: Verdict) -> str:
    """Whether loss says the same as accuracy, which it did not in the report."""
    accuracy, loss = verdict.accuracy or verdict.loss, verdict.loss
    best, lowest = entries[accuracy.winner], entries[loss.winner]
    value = f"{lowest.last('val_loss').mean():.4g}"
    if best is lowest:
        return f"Validation loss agrees: it is lowest ({value}) where accuracy is highest, at {best.size}."
    if loss.winner in accuracy.tied and accuracy.winner in loss.tied:
        return f"Validation loss is lowest at {lowest.size} ({value}), within the seeds' spread of the rest."
    order = (
        "as in the report, where smaller batches end with the lower loss and larger ones with the higher "
        "accuracy"
        if lowest.size < best.size
        else "though the other way round than in the report, where smaller batches end with the lower loss"
    )
    return (
        f"Validation loss says otherwise: it is lowest at {lowest.size} ({value}), accuracy highest at "
        f"{best.size}, {order} (Fig. 6a, 6b). Accuracy decides."
    )


def _final_epochs(entry: Entry, terms: Terms) -> float:
    """The epochs that this size does in the seconds of the task's final run."""
    return entry.runs[0].epochs / terms.share


def _table(entries: Sequence[Entry], chosen: Entry) -> dict[str, Any]:
    """What a page shows of the candidates."""
    base = entries[0].size / entries[0].speed.seconds
    rows = []
    for entry in entries:
        values = entry.to_json()
        accuracy, memory = values["val_accuracy"], values["memory_bytes"]
        rows.append([
            entry.size, values["iterations"], values["epochs"], entry.size / entry.speed.seconds / base,
            None if memory is None else memory / 2**20, entry.lr_max,
            f"{values['val_loss']:.4g} ± {values['val_loss_std']:.1g}",
            None if accuracy is None else f"{100 * accuracy:.2f} ± {100 * values['val_accuracy_std']:.2f}",
        ])  # fmt: skip
    head = (
        "Batch size", "Iterations", "Epochs", "Samples/s, ratio", "Memory, MiB", "lr_max", "Val. loss",
        "Val. accuracy, %",
    )  # fmt: skip
    return {"columns": list(head), "rows": rows, "won": chosen.size}


def _figure(entries: Sequence[Entry], chosen: Entry, terms: Terms) -> dict[str, Any]:
    """Mean and deviation over the seeds of every candidate, against the seconds of its updates."""
    curves = []
    for entry in entries:
        middle, spread = mean([run.curve for run in entry.runs])
        curves.append({
            "name": f"{entry.size}", "chosen": entry is chosen, "seconds": middle.metrics["seconds"].tolist(),
            "accuracy": _known(middle.val_accuracy), "accuracy_std": _known(spread.val_accuracy),
            "loss": _known(middle.val_loss), "loss_std": _known(spread.val_loss),
        })  # fmt: skip
    return {"seconds": terms.seconds, "candidates": curves}


def _known(column: Floats) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in column.tolist()]


def _deviation(values: Floats) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
