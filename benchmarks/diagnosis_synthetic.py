"""Detection rates and false alarms of the clues on invented curves whose truth is known.

    python benchmarks/diagnosis_synthetic.py [--seeds 10] [--plot FILE]

Every shape of KINDS is drawn with every noise level, number of evaluations and scale of the loss. A label is
detected where it covers at least half of the stretch that has it; it is a false alarm where a clue of at
least 5 % of the run bears a label that the curve has nowhere.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

from wellbegun.curve import Curve
from wellbegun.diagnosis._base import LABELS
from wellbegun.diagnosis.diagnose import diagnose

LENGTH = 20_000  # iterations
NOISES = (0.003, 0.01, 0.03, 0.1)  # standard deviation of log(loss)
ROWS = (25, 100, 400)
SCALES = (0.01, 1.0, 100.0)
# name: log val_loss and log train_loss by the share of the run, the truth, whether lr rises, falls or cycles
KINDS = {
    "saturation": (  # Sec. 3.1: down to a level
        ([0, 0.3, 1], [0, -1.5, -1.5]), ([0, 0.3, 1], [0, -1.6, -1.7]),
        [(0, 0.3, "descending"), (0.3, 1, "plateau")], "constant",
    ),
    "noisy level": (([0, 1], [0, 0]), ([0, 1], [0, 0]), [(0, 1, "plateau")], "constant"),
    "early bump": (  # Fig. 1a, 11a: overfitting that a growing learning rate cures
        ([0, 0.1, 0.25, 0.7, 1], [0, -1.2, -1, -1.8, -1.8]),
        ([0, 0.1, 0.25, 0.7, 1], [0, -2, -3, -2.6, -2.5]),
        [(0, 0.1, "descending"), (0.1, 0.25, "overfitting"), (0.25, 0.7, "descending"), (0.7, 1, "plateau")],
        "rising",
    ),
    "gradual rise": (  # Fig. 9a
        ([0, 0.3, 1], [0, -1.5, -1.1]), ([0, 0.3, 1], [0, -1.6, -3.5]),
        [(0, 0.3, "descending"), (0.3, 1, "overfitting")], "constant",
    ),
    "sharp rise": (  # Fig. 4a: instability, never overfitting
        ([0, 0.3, 0.8, 0.85, 1], [0, -1.5, -1.5, 0.3, 0.3]),
        ([0, 0.3, 0.8, 0.85, 1], [0, -1.6, -1.6, 0.2, 0.2]),
        [(0, 0.3, "descending"), (0.3, 0.8, "plateau"), (0.8, 1, "instability")], "rising",
    ),
    "dip at the end": (  # the end of a cycle
        ([0, 0.2, 0.75, 1], [0, -1.2, -1.2, -2]), ([0, 0.2, 0.75, 1], [0, -1.3, -1.3, -2.4]),
        [(0, 0.2, "descending"), (0.2, 0.75, "plateau"), (0.75, 1, "descending")], "cycle",
    ),
    "both rising": (
        ([0, 0.3, 1], [0, -1.5, -1.1]), ([0, 0.3, 1], [0, -1.6, -1.2]),
        [(0, 0.3, "descending"), (0.3, 1, "rising_both")], "rising",
    ),
}  # fmt: skip


def invented(kind: str, noise: float = 0.01, rows: int = 100, scale: float = 1.0, seed: int = 0) -> Curve:
    """One curve of a kind; the training loss scatters twice as much as the validation loss."""
    val, train, _, lr = KINDS[kind]
    x = np.linspace(0, 1, rows)
    rng = np.random.default_rng(seed)
    losses = [
        scale * np.exp(np.interp(x, *shape) + factor * noise * rng.standard_normal(rows))
        for shape, factor in ((val, 1), (train, 2))
    ]
    rates = {
        "constant": 0.1 + 0 * x,
        "rising": 0.01 + x,
        "cycle": np.interp(x, [0, 0.45, 0.9, 1], [0.1, 1, 0, 0]),
    }
    columns = {
        "iteration": np.round(x * LENGTH),
        "lr": rates[lr],
        "val_loss": losses[0],
        "train_loss": losses[1],
    }
    return Curve.of(columns)


def judged(kind: str, curve: Curve) -> tuple[list[tuple[str, bool]], set[str]]:
    """(label, detected?) of every true stretch, and the labels of false alarms."""
    clues = diagnose(curve).clues
    truth = KINDS[kind][2]
    hits = []
    for low, high, label in truth:
        ends = (low * LENGTH, high * LENGTH)
        over = sum(max(0.0, min(c.end, ends[1]) - max(c.start, ends[0])) for c in clues if c.label == label)
        hits.append((label, over >= 0.5 * (ends[1] - ends[0])))
    alarms = {c.label for c in clues if c.end - c.start >= 0.05 * LENGTH} - {label for *_, label in truth}
    return hits, alarms


def measure(seeds: int) -> dict[tuple[str, float], tuple[float, float]]:
    """(label, noise) -> (detection rate, share of the curves without this label that are told to have it)."""
    seen: dict[tuple[str, float], list[bool]] = {}
    false: dict[tuple[str, float], list[bool]] = {}
    for kind, noise, rows, scale, seed in itertools.product(KINDS, NOISES, ROWS, SCALES, range(seeds)):
        hits, alarms = judged(kind, invented(kind, noise, rows, scale, seed))
        for label, hit in hits:
            seen.setdefault((label, noise), []).append(hit)
        for label in set(LABELS) - {label for label, _ in hits}:
            false.setdefault((label, noise), []).append(label in alarms)
    return {key: (float(np.mean(seen[key])), float(np.mean(false.get(key, [0.0])))) for key in sorted(seen)}


def plot(rates: dict[tuple[str, float], tuple[float, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for ax, which, title in zip(figure.subplots(1, 2), (0, 1), ("detected", "false alarms"), strict=True):
        for label in LABELS:
            ax.plot(NOISES, [100 * rates[label, noise][which] for noise in NOISES], "o-", label=label)
        ax.set(xscale="log", xlabel="noise of log(loss)", ylabel="percent", title=title, ylim=(-3, 103))
    figure.axes[1].legend(fontsize="small")
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    rates = measure(options.seeds)
    print("detected / false alarms in percent, by the noise of log(loss)\n")
    print(f"{'':14}" + "".join(f"{noise:>16g}" for noise in NOISES))
    for label in LABELS:
        cells = (rates[label, noise] for noise in NOISES)
        print(f"{label:14}" + "".join(f"{100 * hit:9.1f} /{100 * alarm:5.1f}" for hit, alarm in cells))
    if options.plot:
        plot(rates, options.plot)


if __name__ == "__main__":
    main()
