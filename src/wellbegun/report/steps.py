"""What the page tells of each step, for who has not read the papers, and their own figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wellbegun.report.figures.bands import plot_bands
from wellbegun.report.figures.equal_time import plot_equal_time
from wellbegun.report.figures.length import plot_length
from wellbegun.report.figures.ramp_speed import plot_ramp_speed
from wellbegun.report.figures.snapshot import plot_snapshot

LOOK = (
    "Where to look",
    "Short runs in which the learning rate grows by factors, from far too small to far too large. They "
    "stop where the loss explodes: the useful range lies before that.",
)
STEPS = {
    "coarse range": LOOK,
    "learning rate range": LOOK,
    "learning rate magnitude": (
        "Where to look, by short cycles",
        "With an adaptive optimizer, or normalisation layers, or before anything was learned from the "
        "inputs, training stays stable at rates far too large to learn well. So whole cycles, as short as a "
        "range test, look for the magnitude of the largest rate: the one that ends lowest.",
    ),
    "learning rate": (
        "Learning rate",
        "A range test: the learning rate rises in a straight line during one run. Where validation "
        "loss is lowest and level lies the largest rate that still helps; where it climbs or jumps, training "
        "is unstable.",
    ),
    "momentum": (
        "Momentum",
        "One range test per value, all else equal. Momentum and learning rate act on each other, so values "
        "are compared over the whole range of rates: the curve that comes down lowest wins.",
    ),
    "weight decay": (
        "Weight decay",
        "One range test per value, with momentum falling as the learning rate rises. Too little decay leaves "
        "room for overfitting, too much holds the network back: the curve that lies lowest wins, over the "
        "iterations in which every one of them is still calm.",
    ),
    "usual settings": (
        "Worth it?",
        "Complete cycles, as short as a range test, with the tuned settings and with the usual ones that "
        "people take who tune nothing. Where the usual ones end clearly lower, tuning was in vain: "
        "then they are recommended.",
    ),
    "weight decay of the whole run": (
        "Weight decay, corrected",
        "Overfitting shows only in a run of the whole length: the validation loss ends above what it had "
        "reached half-way. So the final run is made again with more weight decay, and the one that ends "
        "lowest is kept.",
    ),
    "learning rate of the whole run": (
        "Learning rate, corrected",
        "Within the final run both losses rose a little and did not come back, or training loss did not fall "
        "while the rate was largest: such steps are too large to get any further. So the run is made again "
        "with half the rate, and the one that ends lowest is kept.",
    ),
    "momentum cycle": (
        "Momentum while the learning rate rises",
        "The same range tests with momentum that falls, rises or stays while the learning rate rises. A "
        "large momentum and a large rate together make steps too long, so the report lets one fall while the "
        "other rises: the line that comes lowest, and stays down furthest, wins.",
    ),
    "momentum range": (
        "Why there is no momentum range test",
        "A range test of the learning rate shows its best value as a minimum. The same with momentum does "
        "not: the loss goes on falling to the end of the test, whichever way momentum moves, because "
        "training goes on.",
    ),
    "smallest learning rate": (
        "Smallest learning rate",
        "Short runs, each at one constant rate. The cycle may begin at the largest rate with which the loss "
        "comes down at once, without rising again: too large a start never begins to converge.",
    ),
    "regularizer": (
        "Regularizer",
        "One range test per value of an argument of the network, such as a dropout ratio, all else equal: "
        "the line that comes down lowest wins.",
    ),
    "balance": (
        "Balance of learning rate and regularization",
        "Short cycles on a grid: a large learning rate regularizes too, so the larger it is, the less of "
        "anything else may be needed. Lines that slope up ask for less of the regularizer, lines that slope "
        "down for more.",
    ),
    "ramp speed": (
        "How fast the rate may rise",
        "The same peak reached in more or fewer iterations. A learning rate that rises too fast makes "
        "training unstable at rates that a slower rise survives: that is the shortest cycle there can be.",
    ),
    "weight decay from a snapshot": (
        "Weight decay from a snapshot",
        "One run with a middle value, stopped half-way; from that very state it goes on several times, with "
        "nothing changed but the weight decay. The continuation that comes down lowest wins.",
    ),
    "length": (
        "How long to train",
        "Complete cycles of a few short lengths. How their final loss falls with the length says from where "
        "on more time gains nothing that could be seen, and what half and twice that time would cost.",
    ),
    "batch size": (
        "Batch size",
        "Batch sizes compared in equal wall-clock time (the dotted line), each with a learning rate of its "
        "own from range tests (the second picture). A larger batch is better only if it wins in that time.",
    ),
}  # title, and what a reader who has not read the papers is looking at


FIGURES: dict[str, tuple[Callable[[Any, Any], Any], float, str]] = {
    "batch size": (plot_equal_time, 4.8, "validation accuracy and loss against seconds, by batch size"),
    "momentum cycle": (plot_bands, 3.6, "validation loss against learning rate, by course of momentum"),
    "momentum range": (plot_bands, 3.3, "validation loss against momentum, upwards and backwards"),
    "smallest learning rate": (plot_bands, 3.6, "validation loss against iteration, by starting rate"),
    "regularizer": (plot_bands, 3.6, "validation loss against learning rate, by value of the regularizer"),
    "balance": (plot_bands, 3.3, "validation loss against the regularizer, by learning rate"),
    "ramp speed": (plot_ramp_speed, 2.4, "seeds that fail when lr rises to lr_max in so many iterations"),
    "weight decay from a snapshot": (
        plot_snapshot, 3.3, "validation loss of one run and of its continuations with several weight decays",
    ),
    "length": (plot_length, 3.3, "final validation loss against the length of training, and its law"),
}  # fmt: skip
"""Steps with a figure of their own: name -> (values, axes) -> axes, inches, description.

The values are the finding's ``details["figure"]``; where ``instead`` is true in them, this figure takes the
place of the common one with all curves.
"""
