"""lr_range_test(): one short run with a rising learning rate, read for its bounds and then undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wellbegun.curve import Run
from wellbegun.diagnosis.bounds import Bounds, read
from wellbegun.errors import Refused
from wellbegun.schedules._base import Schedule
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import ExponentialRamp, LinearRamp
from wellbegun.spec import RunSpec
from wellbegun.training.measure import measure
from wellbegun.training.trainer import Trainer

EVALUATIONS = 50
RAMPS: dict[str, Callable[[float, float, int], Schedule]] = {
    "linear": LinearRamp,
    "exponential": ExponentialRamp,
}


def lr_range_test(
    trainer: Trainer,
    *,
    lr_min: float,
    lr_max: float,
    iterations: int,
    kind: str = "linear",
    momentum: float | Schedule = 0.9,
    batch_size: int = 1,
    eval_every: int | None = None,
    limit: float | None = 4.0,
    margin: float = 1.5,
    report: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[Run, Bounds]:
    """The measured ramp and its bounds; the trainer is back in its state before, also after an error.

    Args:
        lr_min: learning rate of the first update; above 0 for an exponential ramp.
        lr_max: learning rate of the last update, reached unless the run diverges before.
        iterations: length of the ramp; too fast a ramp is unstable at rates that a slower one survives.
        kind: "linear" (the paper's) or "exponential" (to find the magnitude).
        batch_size: samples per update, only to count epochs.
        eval_every: iterations between evaluations; None: about 50 evaluations.
        limit: the ramp ends when smoothed val_loss passes this multiple of its best; None: see ``measure``.
        margin: see ``diagnosis.bounds.read``.

    Raises:
        ValueError: an unknown kind, or bounds that do not rise.
        Refused: the curve supports no bounds; it carries the run.

    Source: arXiv:1803.09820, Sec. 4.1; arXiv:1506.01186. Choice: limit 4, fastai's rule for the same test.
    """
    if kind not in RAMPS:
        raise ValueError(f"kind must be one of {', '.join(RAMPS)}, got {kind!r}")
    if not 0 <= lr_min < lr_max:
        raise ValueError(
            f"a ramp must rise: 0 <= lr_min < lr_max, got {lr_min} and {lr_max}; swap or change them"
        )
    spec = RunSpec(
        task="range test", iterations=iterations, batch_size=batch_size,
        lr=RAMPS[kind](lr_min, lr_max, iterations), momentum=_schedule(momentum),
        eval_every=eval_every or max(1, iterations // EVALUATIONS), limit=limit,
    )  # fmt: skip
    state = trainer.state_dict()
    try:
        run = measure(trainer, spec, report=report)
    finally:
        trainer.load_state_dict(state)
    try:
        return run, read(run.curve, margin=margin)
    except Refused as error:
        raise Refused(str(error), (run,)) from error


def _schedule(momentum: float | Schedule) -> Schedule:
    constant: Schedule = Constant(momentum) if isinstance(momentum, int | float) else momentum
    return constant
