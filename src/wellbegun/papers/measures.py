"""What claims ask of curves: the lowest loss, where it lies, where training breaks down, what the clues are.

Each takes the repeats of a line and gives their mean, or what most of them show.
"""

from __future__ import annotations

import numpy as np

from wellbegun.curve import Run
from wellbegun.diagnosis.course import course
from wellbegun.diagnosis.diagnose import diagnose
from wellbegun.papers.exhibit import Result
from wellbegun.search.paired import rank_correlation

RISE = 0.25  # of log loss above its lowest: broken down


def losses(result: Result) -> np.ndarray:
    """The lowest smoothed test loss of each repeat."""
    return np.array([float(np.exp(course(run.curve.val_loss).min())) for run in result.runs])


def lowest(result: Result) -> float:
    """Mean over repeats of the lowest smoothed test loss."""
    return float(losses(result).mean())


def final_loss(result: Result) -> float:
    """Mean over repeats of the last test loss; infinite where one diverged."""
    return float(np.mean([np.inf if r.diverged else r.curve.val_loss[-1] for r in result.runs]))


def lr_at_lowest(result: Result) -> float:
    """Geometric mean over repeats of the learning rate at the lowest smoothed test loss."""
    rates = [run.curve.lr[int(np.argmin(course(run.curve.val_loss)))] for run in result.runs]
    return float(np.exp(np.mean(np.log(rates))))


def breakdown_lr(result: Result) -> float:
    """Geometric mean over repeats of the rate where the loss leaves its lowest for good; inf where never."""
    return float(np.exp(np.mean(np.log([_breakdown(run) for run in result.runs]))))


def _breakdown(run: Run) -> float:
    path = course(run.curve.val_loss)
    near = np.flatnonzero(path <= path.min() + RISE)
    return float(run.curve.lr[near[-1] + 1]) if near[-1] + 1 < len(path) else float("inf")


def width(result: Result, factor: float) -> float:
    """Mean width, in learning rate, of where the smoothed loss is below ``factor`` times its lowest."""
    found = []
    for run in result.runs:
        path = course(run.curve.val_loss)
        inside = run.curve.lr[path <= path.min() + np.log(factor)]
        found.append(float(inside.max() - inside.min()))
    return float(np.mean(found))


def loss_at(result: Result, share: float) -> float:
    """Mean over repeats of the smoothed test loss after this share of the run."""
    rows = [min(len(run.curve) - 1, round(share * (len(run.curve) - 1))) for run in result.runs]
    paths = [course(run.curve.val_loss) for run in result.runs]
    return float(np.exp(np.mean([path[row] for path, row in zip(paths, rows, strict=True)])))


def late_slope(result: Result, share: float = 1 / 3) -> float:
    """Mean change of the log of smoothed test loss per tenth of the run, over the last share of it."""
    slopes = []
    for run in result.runs:
        path = course(run.curve.val_loss)
        x = run.curve.iteration / run.curve.iteration[-1]
        last = x >= 1 - share
        slopes.append(float(np.polyfit(x[last], path[last], 1)[0]) / 10)
    return float(np.mean(slopes))


def shows(result: Result, label: str) -> bool:
    """Whether most repeats carry that clue."""
    found = [any(clue.label == label for clue in diagnose(run.curve).clues) for run in result.runs]
    return sum(found) * 2 > len(found)


def overall(result: Result, verdict: str) -> bool:
    """Whether most repeats get that verdict."""
    found = [diagnose(run.curve).overall == verdict for run in result.runs]
    return sum(found) * 2 > len(found)


def trend(result: Result, column: str) -> float:
    """Mean over repeats of Spearman's correlation of the iteration with a column."""
    found = []
    for run in result.runs:
        values = run.curve.columns()[column]
        found.append(rank_correlation(run.curve.iteration[1:], values[1:]))
    return float(np.mean(found))


def trend_with_lr(result: Result, column: str, low: float, high: float) -> float:
    """Mean over repeats of Spearman's correlation of lr with a column, for rates from low to high."""
    found = []
    for run in result.runs:
        inside = (run.curve.lr >= low) & (run.curve.lr <= high)
        values = run.curve.columns()[column][inside]
        found.append(rank_correlation(run.curve.lr[inside], values))
    return float(np.mean(found))


def mean_accuracy(result: Result, low: float = 0.0, high: float = np.inf) -> float:
    """Mean over repeats and evaluations of the test accuracy at rates from low to high, percent."""
    found = []
    for run in result.runs:
        inside = (run.curve.lr >= low) & (run.curve.lr <= high)
        found.append(100 * float(np.nanmean(run.curve.val_accuracy[inside])))
    return float(np.mean(found))


def roughness(result: Result, low: float = 0.0, high: float = np.inf) -> float:
    """Mean over repeats of the deviation between neighbouring evaluations' accuracies, in points."""
    found = []
    for run in result.runs:
        inside = (run.curve.lr >= low) & (run.curve.lr <= high)
        found.append(100 * float(np.std(np.diff(run.curve.val_accuracy[inside]))) / np.sqrt(2))
    return float(np.mean(found))


def accuracy_at(result: Result, iteration: int) -> float:
    """Mean over repeats of the test accuracy at the last evaluation up to this iteration, percent."""
    rows = [int(np.flatnonzero(run.curve.iteration <= iteration)[-1]) for run in result.runs]
    values = [run.curve.val_accuracy[row] for run, row in zip(result.runs, rows, strict=True)]
    return 100 * float(np.mean(values))


def best_test(result: Result) -> float:
    """The highest test accuracy of any evaluation, percent."""
    return max(100 * float(np.nanmax(run.curve.val_accuracy)) for run in result.runs)


def gap_trend(result: Result, low: float, high: float) -> float:
    """Mean over repeats of Spearman's correlation of lr with test loss minus training loss."""
    found = []
    for run in result.runs:
        inside = (run.curve.lr >= low) & (run.curve.lr <= high) & np.isfinite(run.curve.train_loss)
        gap = (run.curve.val_loss - run.curve.train_loss)[inside]
        found.append(rank_correlation(run.curve.lr[inside], gap))
    return float(np.mean(found))


def gap_at(result: Result, train_loss: float) -> float:
    """Mean over repeats of test loss minus training loss where training loss first comes this low."""
    found = []
    for run in result.runs:
        low = np.flatnonzero(run.curve.train_loss <= train_loss)
        row = int(low[0]) if len(low) else len(run.curve) - 1
        found.append(float(run.curve.val_loss[row] - run.curve.train_loss[row]))
    return float(np.mean(found))


def bump(result: Result, share: float = 1.0) -> tuple[float, float]:
    """How far smoothed test loss rises above a minimum before it comes lower still, and the rate there.

    Args:
        share: the rise begins and ends within this first part of the run.

    Returns:
        The rise as a share of the minimum, mean over repeats, 0 where there is none; and the geometric mean
        of the rates at those minima.
    """
    rises, rates = [], []
    for run in result.runs:
        path = course(run.curve.val_loss)
        last = max(2, round(share * (len(path) - 1)))
        low = np.minimum.accumulate(path[:last])
        later = np.minimum.accumulate(path[::-1])[::-1][:last]
        rise = np.where(later < low, path[:last] - low, 0.0)
        top = int(np.argmax(rise))
        rises.append(float(np.expm1(rise[top])))
        rates.append(float(run.curve.lr[int(np.argmin(path[: top + 1]))]))
    return float(np.mean(rises)), float(np.exp(np.mean(np.log(rates))))


def level_after(result: Result, iteration: int) -> float:
    """Range, in points, of the test accuracy's running mean over 5 evaluations from this iteration on."""
    found = []
    for run in result.runs:
        values = 100 * run.curve.val_accuracy[run.curve.iteration >= iteration]
        width = min(5, len(values))
        smooth = np.convolve(values, np.ones(width) / width, mode="valid")
        found.append(float(smooth.max() - smooth.min()))
    return float(np.mean(found))
