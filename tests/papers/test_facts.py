"""Every line of every exhibit against the run of the papers' facts that it replays."""

from __future__ import annotations

import pytest

from wellbegun.papers.collection import exhibits, named
from wellbegun.schedules.constant import Constant
from wellbegun.schedules.cyclical import CyclicalMomentum, OneCycle, Triangular
from wellbegun.schedules.decay import Inv, MultiStep, Step
from wellbegun.schedules.ramp import LinearRamp
from wellbegun.zoo.models._batch_norm import BatchNormByGroups
from wellbegun.zoo.published import PUBLISHED
from wellbegun.zoo.tasks import named_model

from .facts import DIFFER, OURS, OURS_WHOLE, load, runs

POLICIES = {
    "constant": Constant, "step": Step, "multistep": MultiStep, "inv": Inv, "1cycle": OneCycle,
    "triangular": Triangular, "range": LinearRamp,
}  # fmt: skip
OPTIMIZERS = {
    "sgd": "papers_sgd", "nesterov": "papers_nesterov", "adadelta": "caffe_adadelta",
    "adagrad": "caffe_adagrad", "adam": "caffe_adam", None: "papers_nesterov",
}  # fmt: skip
NORM = ("fraction", "gpus", "statistics", "test_batch")
LINES = [(exhibit, line) for exhibit in exhibits().values() for line in exhibit.lines]
REPLAYS = [(exhibit, line, source) for exhibit, line in LINES for source in line.sources]
ARGUMENTS = sorted({(e.task, line.network or e.network, line.factory_args) for e, line in LINES}, key=str)
each_replay = pytest.mark.parametrize(
    ("exhibit", "line", "source"), REPLAYS, ids=[f"{e.id}-{source}" for e, _, source in REPLAYS]
)


@pytest.fixture(scope="module")
def known():
    return runs()


def test_every_line_names_its_runs_or_why_there_is_none():
    without = {(e.id, line.name) for e, line in LINES if not line.sources and e.id not in OURS_WHOLE}
    assert without == set(OURS)
    assert set(OURS_WHOLE) <= set(exhibits())


def test_every_run_of_the_facts_is_replayed_by_one_line(known):
    sources = [source for _, _, source in REPLAYS]
    assert sorted(sources) == sorted(known)


def test_every_entry_without_runs_is_listed_as_such():
    empty = {entry["id"] for entry in load("experiments") if not entry.get("runs")}
    ours = {e.id.replace("smith2018", "dap").replace("smith_topin2017", "sc")
            for e in exhibits().values() if not e.lines}  # fmt: skip
    assert ours == empty
    assert {e.kind for e in exhibits().values() if not e.lines} == {"schematic", "architecture"}


@each_replay
def test_length_batch_and_decay_are_those_of_the_run(exhibit, line, source, known):
    entry, run = known[source]
    if run["lr"]["max_iter"] is not None:
        assert line.iterations == run["lr"]["max_iter"]
    if run["batch_size_total"] is not None:
        assert line.batch_size == run["batch_size_total"]
    if run["weight_decay"] is not None:
        assert line.weight_decay == run["weight_decay"]
    assert line.optimizer == OPTIMIZERS[run["optimizer"]]
    n_train = (run.get("dataset") or entry["dataset"])["n_train"]
    assert line.train_samples == (n_train if n_train < 50_000 else None)


@each_replay
def test_the_learning_rate_is_that_of_the_run(exhibit, line, source, known):
    lr, policy = known[source][1]["lr"], line.lr
    if (source, "lr") in DIFFER or lr["policy"] is None:
        return
    assert type(policy) is POLICIES[lr["policy"]]
    top = getattr(policy, "lr_max", getattr(policy, "end", getattr(policy, "start", None)))
    top = policy.value if isinstance(policy, Constant) else top
    if lr["lr_max"] is not None:
        assert top == lr["lr_max"]
    if lr["lr_min"] is not None:
        assert policy(0) == pytest.approx(lr["lr_min"], abs=1.01e-4 * top)
    if lr["stepsize_iters"] is not None:
        assert getattr(policy, "stepsize", line.iterations) == lr["stepsize_iters"]
    if lr.get("lr_final") is not None:
        assert policy(line.iterations - 1) == pytest.approx(lr["lr_final"])
    for name, ours in (("gamma", "gamma"), ("power", "power"), ("stepvalues", "milestones")):
        if lr.get(name) is not None:
            value = getattr(policy, ours)
            assert (list(value) if isinstance(value, tuple) else value) == lr[name]


@each_replay
def test_the_momentum_is_that_of_the_run(exhibit, line, source, known):
    momentum = known[source][1]["momentum"]
    if momentum is None or (momentum["value"] is None and momentum["start"] is None):
        return
    if momentum["type"] == "constant":
        assert line.momentum == Constant(momentum["value"])
        return
    assert isinstance(line.momentum, CyclicalMomentum | LinearRamp)
    assert line.momentum(0) == momentum["start"]
    end = line.momentum.other if isinstance(line.momentum, CyclicalMomentum) else line.momentum.end
    assert end == momentum["end"]
    if momentum["stepsize_iters"] is not None:
        assert getattr(line.momentum, "stepsize", line.iterations) == momentum["stepsize_iters"]


@each_replay
def test_the_published_number_is_that_of_the_run(exhibit, line, source, known):
    expected = known[source][1]["expected"]
    if expected is None or expected["final_acc_mean_pct"] is None:
        return  # some figures show a run whose number stands elsewhere
    assert line.published.accuracy == expected["final_acc_mean_pct"]
    assert line.published.spread == expected["final_acc_std_pct"]


@each_replay
def test_the_network_is_the_published_one_with_its_batch_norm(exhibit, line, source, known):
    _, run = known[source]
    network = PUBLISHED[run["architecture_variant"]]
    assert (line.network or exhibit.network, exhibit.task) == (network.model, network.data)
    arguments = dict(line.factory_args)
    for name, value in network.arguments.items():
        if name != "classes":
            assert arguments[name] == value
    if (source, "norm") in DIFFER:
        assert arguments["statistics"] == "batch"
        return
    norm = {name: value for name, value in arguments.items() if name in NORM}
    assert norm == network.norm(run.get("bn_moving_average_fraction"))


def test_what_differs_is_there_and_has_a_reason(known):
    assert {source for source, _ in DIFFER} <= set(known)
    assert all(DIFFER.values()) and all(OURS.values()) and all(OURS_WHOLE.values())


@pytest.mark.parametrize(("exhibit", "line"), [(e, x) for e, x in LINES if x.kept], ids=str)
def test_a_borrowed_line_is_the_run_that_is_kept_elsewhere(exhibit, line):
    home = named(line.kept[0])
    other = home.line(line.kept[1])
    assert other.kept is None
    for name in ("iterations", "batch_size", "lr", "momentum", "weight_decay", "optimizer", "factory_args",
                 "train_samples", "estimate", "after"):  # fmt: skip
        assert getattr(line, name) == getattr(other, name), name
    assert (line.network or exhibit.network) == (other.network or home.network)
    for name in ("task", "repeats", "evaluations", "samples", "cut", "cut_most", "cut_batch",
                 "cut_evaluations", "cut_samples"):  # fmt: skip
        assert getattr(exhibit, name) == getattr(home, name), name


def test_equal_time_means_more_epochs_and_fewer_updates_for_a_larger_batch():
    lines = named("smith2018-fig6").lines  # arXiv:1803.09820, Sec. 4.2: dap-rule-constant-time
    epochs = [line.iterations * line.batch_size / 50_000 for line in lines]
    updates = [line.iterations for line in lines]
    assert [int(e + 0.5) for e in epochs] == [48, 70, 95, 116]
    assert epochs == sorted(epochs) and updates == sorted(updates, reverse=True)


@pytest.mark.parametrize(("task", "network", "arguments"), ARGUMENTS, ids=str)
def test_every_network_takes_its_arguments(task, network, arguments):
    if task == "imagenet":
        return  # large; one of them is trained in tests/zoo/data/test_imagenet.py
    model = named_model(network)(classes=100 if task == "cifar100" else 10, **dict(arguments))
    norms = [module for module in model.modules() if isinstance(module, BatchNormByGroups)]
    wanted = dict(arguments).get("gpus")
    assert (wanted is None and not norms) or {norm.gpus for norm in norms} == {wanted}
