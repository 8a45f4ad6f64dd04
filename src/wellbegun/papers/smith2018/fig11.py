"""Figures 11a and 11b: weight decays of ResNet-56 at a constant and at a rising learning rate."""

from wellbegun.papers.exhibit import Claim, Exhibit, Results
from wellbegun.papers.measures import bump, final_loss, lowest, lr_at_lowest, shows
from wellbegun.papers.smith2018._report import ASSUMED, CUT, NETWORK, PAPER, TASK, line
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.ramp import LinearRamp

ITERATIONS, BATCH = 5_631, 1030
HELD = {
    "LR 0.1, WD 1e-4": 1e-4,
    "LR 0.1, WD 3.2e-4": 3.2e-4,
    "LR 0.1, WD 5.6e-4": 5.6e-4,
    "LR 0.1, WD 1e-3": 1e-3,
}
RAMPED = {"range, WD 1e-4": 1e-4, "range, WD 3.2e-4": 3.2e-4, "range, WD 1e-3": 1e-3}
SMALL, SECOND, THIRD, LARGE = HELD


def _best(found: Results, names: dict[str, float]) -> str:
    return min(names, key=lambda name: lowest(found[name]))


def _told(found: Results, names: dict[str, float]) -> str:
    return ", ".join(f"{name}: {lowest(found[name]):.4f}" for name in names)


def _constant(found: Results) -> tuple[bool, str]:
    over, ends = shows(found[SMALL], "overfitting"), (final_loss(found[LARGE]), final_loss(found[SMALL]))
    return over and ends[0] < ends[1], f"overfitting at 1e-4 {over}; final loss {ends[0]:.4f}, {ends[1]:.4f}"


def _passing(found: Results) -> tuple[bool, str]:
    rise, _ = bump(found[SMALL], share=0.3)
    return rise >= 0.03, f"test loss rises {100 * rise:.1f} % and falls again in the first 30 %"


def _range(found: Results) -> tuple[bool, str]:
    best = _best(found, RAMPED)
    rate = lr_at_lowest(found["range, WD 1e-4"])
    holds = best == "range, WD 1e-4" and 0.5 / 1.5 <= rate <= 0.8 * 1.5
    return holds, f"{_told(found, RAMPED)}; lowest at a rate of {rate:.2f}"


def _smaller(found: Results) -> tuple[bool, str]:
    best = _best(found, HELD), _best(found, RAMPED)
    return RAMPED[best[1]] < HELD[best[0]], f"best: {best[0]}, {best[1]}"


def _not_larger(found: Results) -> tuple[bool, str]:
    best = _best(found, HELD), _best(found, RAMPED)
    return RAMPED[best[1]] <= HELD[best[0]], f"best: {best[0]}, {best[1]}"


def _one_digit(found: Results) -> tuple[bool, str]:
    near = abs(lowest(found[SECOND]) - lowest(found[THIRD]))
    far = abs(lowest(found[SMALL]) - lowest(found[LARGE]))
    return near < 0.5 * far, f"{near:.4f} against {far:.4f}"


EXHIBIT = Exhibit(
    id="smith2018-fig11",
    paper=PAPER,
    label="Figures 11a and 11b",
    says="The best weight decay is 1e-3 at a constant rate of 0.1, and 1e-4 while the rate rises to 1.",
    kind="weight decay search",
    task=TASK,
    network=NETWORK,
    lines=(
        *(
            line(name, ITERATIONS, Constant(0.1), 0.95, decay, f"dap-fig11a-r{number}", batch_size=BATCH)
            for number, (name, decay) in enumerate(HELD.items(), start=1)
        ),
        *(
            line(
                name,
                ITERATIONS,
                LinearRamp(0.1, 1.0, ITERATIONS),
                0.95,
                decay,
                f"dap-fig11b-r{number}",
                batch_size=BATCH,
            )
            for number, (name, decay) in enumerate(RAMPED.items(), start=1)
        ),
    ),
    claims=(
        Claim(
            id="dap-fig11a-constant",
            says="constant rate: 1e-4 overfits and ends with a higher loss than 1e-3",
            section="4.4",
            needs=(SMALL, LARGE),
            check=_constant,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig11a-temporary-bump",
            says="constant rate: with 1e-4 test loss rises for a while in the first 30 %",
            section="3.3",
            needs=(SMALL,),
            check=_passing,
            survives_cut=False,
        ),
        Claim(
            id="dap-fig11b-range",
            says="rising rate: 1e-4 is best, lowest between rates of 0.5 and 0.8",
            section="4.4",
            needs=tuple(RAMPED),
            check=_range,
            survives_cut=False,
        ),
        Claim(
            id="dap-wd-smaller-with-clr-resnet56",
            says="the best decay is smaller while the rate rises than at a constant one",
            section="4.4",
            needs=(*HELD, *RAMPED),
            check=_smaller,
            survives_cut=False,
        ),
        Claim(
            id="dap-remark3-resnet56",
            says="a larger rate wants no more of other regularization",
            section="4.1",
            needs=(*HELD, *RAMPED),
            check=_not_larger,
            survives_cut=False,
        ),
        Claim(
            id="dap-remark6-resnet56",
            says="the best weight decay does not grow when the rate does",
            section="4.4",
            needs=(*HELD, *RAMPED),
            check=_not_larger,
            survives_cut=False,
        ),
        Claim(
            id="dap-wd-one-digit",
            says="3.2e-4 and 5.6e-4 differ by less than half of what 1e-4 and 1e-3 do",
            section="4.4",
            needs=tuple(HELD),
            check=_one_digit,
            survives_cut=False,
        ),
    ),
    assumptions=(
        *ASSUMED,
        "116 epochs, as of the nearest batch size in Figure 6; the report does not say",
        "Figure 11b's decays are the author's job list's, the text names 1e-4 alone",
    ),
    **{**CUT, "cut": 1 / 30, "cut_batch": 1 / 8},
)
