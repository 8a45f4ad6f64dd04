"""Figures 6a and 6b: total batch sizes compared at equal run time."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results, larger_spread
from wellbegun.papers.measures import final_loss, gap_at, level_after, loss_at
from wellbegun.papers.smith2018._equal_time import NAMES, SIZES, by_size
from wellbegun.papers.smith2018._report import ASSUMED, CUT, CYCLED_ASSUMED, NETWORK, PAPER, TASK, line
from wellbegun.schedules.cyclical import OneCycle


def _losses(found: Results) -> tuple[bool, str]:
    early = [loss_at(found[name], 0.2) for name in NAMES]
    late = [final_loss(found[name]) for name in NAMES]
    holds = early == sorted(early, reverse=True) and late == sorted(late)
    told = ", ".join(f"{n}: {e:.3f}, {v:.3f}" for n, e, v in zip(NAMES, early, late, strict=True))
    return holds, f"test loss at a fifth of the run and at its end: {told}"


def _smallest(found: Results) -> tuple[bool, str]:
    best = max((found[name] for name in NAMES), key=lambda r: r.accuracy)
    near = [n for n in NAMES if found[n].accuracy >= best.accuracy - larger_spread(best, found[n])]
    return near[0] in ("TBS 256", "TBS 512", "TBS 1024"), f"within the spread of the best: {', '.join(near)}"


def _gap(found: Results) -> tuple[bool, str]:
    ends = [run.curve.train_loss[-1] for name in NAMES for run in found[name].runs]
    level = float(max(ends))
    gaps = [gap_at(found[name], level) for name in NAMES]
    told = ", ".join(f"{name}: {gap:.3f}" for name, gap in zip(NAMES, gaps, strict=True))
    return gaps == sorted(gaps), f"at a training loss of {level:.3f}: {told}"


def _level(found: Results) -> tuple[bool, str]:
    width = level_after(found["TBS 512"], 2 * SIZES[512][1])
    return width < 1.0, f"accuracy moves {width:.2f} points after the cycle"


EXHIBIT = Exhibit(
    id="smith2018-fig6",
    paper=PAPER,
    label="Figures 6a and 6b",
    says="At equal run time a larger batch ends more accurate; 512 is about as good as 1,024.",
    kind="batch size comparison",
    task=TASK,
    network=NETWORK,
    lines=tuple(
        line(
            f"TBS {size}",
            iterations,
            OneCycle(lr_max / 10, lr_max, stepsize, iterations),
            0.95,
            1e-4,
            f"dap-fig6a-r{number}",
            f"dap-fig6b-r{number}",
            batch_size=size,
            published=(92.1, 0.1) if size == 512 else None,
        )
        for number, (size, (iterations, stepsize, lr_max)) in enumerate(SIZES.items(), start=1)
    ),
    claims=(
        Claim(
            id="dap-fig6a-accuracy-order",
            says="accuracy grows with the batch, little from 512 to 1,024",
            section="4.2",
            needs=NAMES,
            check=by_size,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig6b-loss-order",
            says="test loss falls with the batch early on and grows with it at the end",
            section="4.2",
            needs=NAMES,
            check=_losses,
            survives_cut=False,
        ),
        Claim(
            id="dap-tbs512-choice",
            says="512, or one size beside it, is the smallest within the spread of the best",
            section="4.2",
            needs=NAMES,
            check=_smallest,
            survives_cut=False,
        ),
        Claim(
            id="dap-small-batch-regularizes",
            says="at equal training loss the gap to the test loss grows with the batch",
            section="4.2 and 5",
            needs=NAMES,
            check=_gap,
            survives_cut=False,
        ),
        Claim(
            id="dap-1cycle-accuracy-plateau",
            says="after the cycle accuracy is level within a point",
            section="4.1",
            needs=("TBS 512",),
            check=_level,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        CYCLED_ASSUMED,
        "rates of the author's job list, which has 0.4 and 0.6 for 256; 116 epochs for 1,024 as in the text, "
        "the job list has 120",
        "four repeats of nearly equal batch sizes, where the report's have the very same",
    ),
    **CUT,
)
