"""What the names of columns mean, over all the tools that write training histories."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wellbegun.errors import UnreadableHistory
from wellbegun.histories._base import MEANINGS

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TRAIN = {"train", "training", "trn", "tr", "fit"}
_VAL = {"val", "valid", "validation", "eval", "evaluation", "dev", "holdout"}
_TEST = {"test", "testing"}
_LOSS = {"loss": 0.0, "nll": 0.4, "ce": 0.4, "xent": 0.4, "crossentropy": 0.4, "entropy": 0.4, "logloss": 0.4,
         "cost": 0.5, "objective": 0.5, "criterion": 0.5, "mse": 0.8, "mae": 0.9}  # fmt: skip
_ACCURACY = {"accuracy", "acc"}
_ERROR = {"error", "err"}
_ITERATION = {"iteration", "iterations", "iter", "iters", "step", "steps", "update", "updates"}
_EPOCH = {"epoch", "epochs"}
_COUNTS = {"global", "trainer", "num", "n", "number", "total", "current", "optimizer", "optim", "no", "idx"}
_SMALL = {"step", "epoch", "batch", "total", "mean", "avg", "average", "net", "categorical", "sparse",
          "binary", "cross", "top", "1", "top1", "rate", "multiclass"}  # fmt: skip
_NEVER = {"best", "min", "max", "std", "var", "ema", "grad", "norm", "second", "seconds", "time", "runtime",
          "timestamp", "samples", "flos", "scale", "weight", "decay", "ppl", "perplexity"}  # fmt: skip
_EXPORTED = re.compile(r"(?P<run>.+) - (?P<metric>.+?)(?P<end>__MIN|__MAX)?")


def tokens(name: str) -> list[str]:
    """The words of a name in lower case: "trainLoss/top-1" gives train, loss, top, 1."""
    return [word.lower() for word in _WORDS.findall(name)]


def guess(names: Sequence[str], asked: Mapping[str, str] | None = None) -> dict[str, tuple[str, ...]]:
    """What each column stands for: meaning -> names, the best first.

    More than one name where a tool writes the same value for each step and for each epoch.

    Args:
        asked: meaning -> name, as the user says; an empty name leaves the meaning out.

    Raises:
        ValueError: a meaning that does not exist.
        UnreadableHistory: a name that is not in the file.
    """
    asked = asked or {}
    scored: dict[str, list[tuple[float, int, str]]] = {}
    for place, name in enumerate(names):
        for meaning, penalty in _readings(name, names):
            scored.setdefault(meaning, []).append((penalty, place, name))
    chosen = {meaning: _twins([name for _, _, name in sorted(found)]) for meaning, found in scored.items()}
    taken = {_named(name, names, meaning) for meaning, name in _checked(asked).items() if name}
    chosen = {m: left for m, found in chosen.items() if (left := tuple(n for n in found if n not in taken))}
    for meaning, name in asked.items():
        chosen.pop(meaning, None)
        if name:
            chosen[meaning] = (_named(name, names, meaning),)
    return {meaning: chosen[meaning] for meaning in MEANINGS if meaning in chosen}


def _checked(asked: Mapping[str, str]) -> Mapping[str, str]:
    for meaning in asked:
        if meaning not in MEANINGS:
            rule = f"a column can stand for {', '.join(MEANINGS)}"
            raise ValueError(f"{rule}; got {meaning!r}; write MEANING=NAME, such as val_loss=my_loss")
    return asked


def _named(name: str, names: Sequence[str], meaning: str) -> str:
    """The column that the user means: as written, else but for capitals."""
    alike = [other for other in names if other == name] or [n for n in names if n.lower() == name.lower()]
    if not alike:
        shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
        raise UnreadableHistory(
            f"a column that is named must exist, got {meaning}={name}; there are: {shown}"
        )
    return alike[0]


def exported(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Runs of a chart that the web page of Weights & Biases exported: run -> {metric: name of the column}.

    Empty for any other table. One column, the x axis, carries no run.
    """
    found = {name: match for name in names if (match := _EXPORTED.fullmatch(name))}
    if not found or len(found) < len(names) - 1:
        return {}
    runs: dict[str, dict[str, str]] = {}
    for name, match in found.items():
        if not match["end"]:
            runs.setdefault(match["run"], {})[match["metric"]] = name
    return runs


def written_by(names: Sequence[str]) -> str:
    """The tool whose habit the names are, "" where they could be anyone's."""
    known = set(names)
    if exported(names) or {"_step", "_runtime"} <= known or {"_step", "_timestamp"} <= known:
        return "Weights & Biases"
    if {"epoch", "train_loss", "valid_loss"} <= known:
        return "fastai"
    if {"epoch", "step"} <= known and any(
        n.startswith("lr-") or n.endswith(("_step", "_epoch")) for n in names
    ):
        return "Lightning"
    if "loss" in known and any(name.startswith("val_") for name in names) and not known & {"step", "lr"}:
        return "Keras"
    return ""


def _readings(name: str, names: Sequence[str]) -> list[tuple[str, float]]:
    """(meaning, penalty) of what a name can stand for; 0 is the plainest name."""
    words = tokens(name)
    known = set(words)
    if not words or known & _NEVER or name.endswith(("__MIN", "__MAX")):
        return []
    if _is_counter(known, _ITERATION):
        private = 0.5 if name.startswith("_") else 0.0  # W&B counts calls there, not updates
        return [("iteration", private + (0.2 if known <= {"step", "steps"} else 0.0))]
    if _is_counter(known, _EPOCH):
        return [("epoch", 0.1 * (len(words) - 1))]
    if "momentum" in known:
        return [("momentum", 0.2 * (len(words) - 1))]
    if "lr" in known or {"learning", "rate"} <= known or "learningrate" in known:
        numbers = sum(int(word[:6]) for word in words if word.isdigit())
        return [("lr", 0.2 * (len(known - {"learning", "rate", "lr"})) + 0.01 * min(numbers, 50))]
    return _measured(words, names)


def _is_counter(words: set[str], nouns: set[str]) -> bool:
    return bool(words & nouns) and words <= nouns | _COUNTS | _TRAIN


def _measured(words: list[str], names: Sequence[str]) -> list[tuple[str, float]]:
    """A loss, an accuracy or an error rate, of training or of validation."""
    known = set(words)
    side, penalty = _side(known)
    rest = known - _TRAIN - _VAL - _TEST
    penalty += 0.3 * (len(words) - len(known))  # train/train_loss is a summary
    if nouns := rest & set(_LOSS):
        noun = min(nouns, key=lambda word: _LOSS[word])
        return [(f"{side or 'train'}_loss", penalty + _LOSS[noun] + _extra(rest - {noun}))]
    if rest & _ACCURACY:
        side = side or ("val" if _bare_is_validation(names) else "train")
        return [(f"{side}_accuracy", penalty + _extra(rest - _ACCURACY))]
    if rest & _ERROR and side != "train" and rest <= _ERROR | _SMALL:
        return [("val_error", penalty + _extra(rest - _ERROR))]
    return []


def _extra(words: set[str]) -> float:
    """What words that say nothing, or something else, cost: the last of several numbered outputs is best."""
    numbers = sum(0.01 * min(int(word[:6]), 50) for word in words - _SMALL if word.isdigit())
    return sum(0.1 if word in _SMALL else 1.0 for word in words if not word.isdigit() or word in _SMALL) + (
        1.0 - numbers if any(word.isdigit() and word != "1" for word in words) else 0.0
    )


def _side(words: set[str]) -> tuple[str, float]:
    """ "train", "val" or "" where the name does not say; test sets stand back behind validation sets."""
    if words & _VAL:
        return "val", 0.0
    if words & _TEST:
        return "val", 3.0
    return ("train", 0.0) if words & _TRAIN else ("", 0.3)


def _bare_is_validation(names: Sequence[str]) -> bool:
    """Whether "accuracy" alone is of validation, as fastai writes it; Keras writes it for training."""
    split = [set(tokens(name)) for name in names]
    has = {
        (side, noun): any(words & nouns and _side(words)[0] == side for words in split)
        for side in ("val", "")
        for noun, nouns in (("loss", set(_LOSS)), ("accuracy", _ACCURACY))
    }
    return has["val", "loss"] and not has["val", "accuracy"] and not has["", "loss"]


def _twins(names: list[str]) -> tuple[str, ...]:
    """The best name, and those that differ from it in "step" and "epoch" alone."""
    cores = [[word for word in tokens(name) if word not in ("step", "epoch")] for name in names]
    return tuple(name for name, core in zip(names, cores, strict=True) if core == cores[0])
