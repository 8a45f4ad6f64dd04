"""The engine's Trainer: random states, stored states, batch norm, accumulation, precision, data sets."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from wellbegun.errors import TaskError
from wellbegun.schedules.constant import Constant
from wellbegun.spec import NORMS, RunSpec
from wellbegun.training.engine.precision import resolve
from wellbegun.training.engine.trainer import build
from wellbegun.training.task import Task


def mlp():
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4, momentum=0.37), nn.ReLU(), nn.Dropout(0.2),
        nn.Flatten(), nn.Linear(4 * 64, 3),
    )  # fmt: skip


def features(samples=90, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, samples)
    return (rng.normal(size=(samples, 6)) + y[:, None]).astype(np.float32), y


def images(samples=90, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, samples)
    return (rng.integers(0, 100, (samples, 8, 8)) + 50 * y[:, None, None]).astype(np.uint8), y


def task(kind="mlp", **changes):
    values = {"mlp": {"model": mlp, "train": features()}, "cnn": {"model": cnn, "train": images()}}[kind]
    return Task(**{**values, **changes})


def spec(**changes):
    values = {"task": "t", "iterations": 10, "batch_size": 16, "lr": Constant(0.1), "momentum": Constant(0.9)}
    return RunSpec(**{**values, "weight_decay": 1e-3, "seed": 3, **changes})


def train(trainer, count, lr=0.05):
    return trainer.steps(np.full(count, lr), np.full(count, 0.9))


def global_states():
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_run_follows_from_its_seed_and_leaves_global_random_states_alone(kind):
    torch.manual_seed(1)
    before = global_states()
    first = build(task(kind), spec())
    losses = train(first, 12)
    values = first.evaluate()
    assert global_states() == before
    torch.manual_seed(2)
    random.seed(2)
    second = build(task(kind), spec())
    assert train(second, 12).tolist() == losses.tolist() and second.evaluate() == values
    assert train(build(task(kind), spec(seed=4)), 12).tolist() != losses.tolist()


def test_weights_are_those_that_the_seed_draws():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = mlp()
    found = build(task(), spec()).model
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), expected.parameters(), strict=True))


def test_a_built_network_is_copied_for_every_run():
    model = mlp()
    weights = [p.detach().clone() for p in model.parameters()]
    one, other = (build(task(model=model), spec(seed=seed)) for seed in (3, 4))
    assert train(one, 5).tolist() != train(other, 5).tolist()  # the seed orders the data
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), weights, strict=True))


def everything(trainer):
    tensors = {**dict(trainer.model.named_parameters()), **dict(trainer.model.named_buffers())}
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


@pytest.mark.parametrize("optimizer", ["nesterov", "papers_nesterov", "adamw"])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_stored_state_goes_on_bit_for_bit(kind, optimizer):
    made = task(kind, augment=("mirror", "crop") if kind == "cnn" else ())
    asked = spec(optimizer=optimizer)
    trainer = build(made, asked)
    train(trainer, 7, 0.01)
    file = io.BytesIO()
    torch.save(trainer.state_dict(), file)
    losses, values, end = train(trainer, 9, 0.01), trainer.evaluate(), everything(trainer)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    for fresh in (build(made, asked.but(seed=3)), trainer):
        fresh.load_state_dict(state)
        assert train(fresh, 9, 0.01).tolist() == losses.tolist()
        assert fresh.evaluate() == values
        assert all(torch.equal(tensor, end[name]) for name, tensor in everything(fresh).items())


def test_a_state_of_another_network_is_refused():
    with pytest.raises(ValueError, match="difference in"):
        build(task(), spec()).load_state_dict(build(task("cnn"), spec()).state_dict())


def test_segments_do_not_change_the_run():
    whole, parts = build(task("cnn"), spec()), build(task("cnn"), spec())
    losses = train(whole, 10).tolist()
    found = []
    for count in (1, 4, 0, 5):
        found += train(parts, count).tolist()
        parts.evaluate()
    assert found == losses


@pytest.mark.parametrize("norms", NORMS)
def test_evaluation_gives_batch_norm_flags_and_buffers_back(norms):
    trainer = build(task("cnn"), spec(norms=norms))
    trainer.model[0].eval()  # a flag of the user's own
    train(trainer, 3)
    before, flags = everything(trainer), [m.training for m in trainer.model.modules()]
    trainer.evaluate()
    after = everything(trainer)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [m.training for m in trainer.model.modules()] == flags and trainer.model[1].momentum == 0.37


def test_evaluation_uses_statistics_of_the_current_weights():
    trainer = build(task("cnn"), spec(batch_size=81))
    train(trainer, 2, 0.5)
    # all 81 training samples in one batch: the statistics are those of the whole training part
    inputs, _ = next(trainer._train.stream(iter([torch.arange(81)])))
    x = trainer._normalise(inputs, None)
    with torch.no_grad():
        maps = trainer.model[0](x)
        rows = torch.arange(9)
        held, targets = next(trainer._validation.stream(iter([rows])))
        held = trainer.model[0](trainer._normalise(held, None))
        mean, var = maps.mean((0, 2, 3)), maps.var((0, 2, 3))
        norm = trainer.model[1]
        scaled = (held - mean[:, None, None]) / (var[:, None, None] + norm.eps).sqrt()
        scaled = scaled * norm.weight[:, None, None] + norm.bias[:, None, None]
        expected = nn.functional.cross_entropy(trainer.model[5](scaled.relu().flatten(1)), targets)
    assert trainer.evaluate()["val_loss"] == pytest.approx(float(expected), rel=1e-4)


def test_batch_norm_may_take_the_statistics_of_the_evaluated_samples():
    """In batches that hold all classes, though the data are sorted by class; dropout stays off."""
    x = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    y = torch.arange(4000) * 2 // 4000
    x += 6.0 * y[:, None]
    model = nn.Sequential(nn.BatchNorm1d(3, affine=False), nn.Dropout(0.9), nn.Linear(3, 2))
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[-1.0] * 3, [1.0] * 3]))
        model[2].bias.zero_()
    data = Task(model=model, train=(x, y), validation=(x, y), inputs="none")
    whole = (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt()
    expected = nn.functional.cross_entropy(model[2](whole), y).detach()
    found = build(data, spec(norms="own", batch_size=8)).evaluate()
    assert found["val_loss"] == pytest.approx(float(expected), rel=0.1)
    assert found["val_accuracy"] > 0.99  # a batch of one class would be centred between the two


def test_frozen_batch_norm_is_not_re_estimated():
    trainer = build(task("cnn"), spec())
    trainer.model[1].eval()
    trainer.model[1].running_mean.fill_(1e6)
    assert trainer.evaluate()["val_loss"] != build(task("cnn"), spec()).evaluate()["val_loss"]


def test_accumulation_equals_the_big_batch():
    made = task(model=lambda: nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3)))
    one, many = (build(made, spec(accumulate=n, precision="fp64")) for n in (1, 3))  # 16 = 6 + 5 + 5
    np.testing.assert_allclose(train(one, 8), train(many, 8), rtol=1e-12)
    for a, b in zip(one.model.parameters(), many.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-13)


def test_more_micro_batches_than_samples_are_refused():
    with pytest.raises(ValueError, match="accumulate=17 for batch_size=16"):
        build(task(), spec(accumulate=17))


class Pairs(Dataset):
    def __init__(self, x, y):
        self.x, self.targets = torch.as_tensor(x), y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], int(self.targets[index])


@pytest.mark.parametrize("form", [Pairs, lambda x, y: DataLoader(Pairs(x, y), batch_size=7, shuffle=True)])
@pytest.mark.parametrize(("kind", "data"), [("mlp", features), ("cnn", images)])
def test_a_data_set_trains_like_the_arrays_it_holds(form, kind, data):
    (x, y), held = data(), data(20, seed=1)
    whole = build(task(kind, train=(x, y), validation=held), spec())
    read = build(task(kind, train=form(x, y), validation=Pairs(*held)), spec())
    assert train(read, 12).tolist() == train(whole, 12).tolist()
    assert read.evaluate() == whole.evaluate()
    state = read.state_dict()
    losses = train(read, 3).tolist()
    read.load_state_dict(state)
    assert train(read, 3).tolist() == losses


class Noisy(Pairs):
    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x + torch.randn(6) + float(np.random.normal()) + random.random(), y


def test_random_transforms_of_a_data_set_are_reproducible_and_private():
    before = global_states()
    first, second = (build(task(train=Noisy(*features())), spec()) for _ in range(2))
    assert train(first, 5).tolist() == train(second, 5).tolist() and first.evaluate() == second.evaluate()
    state, losses = first.state_dict(), train(first, 4).tolist()
    first.load_state_dict(state)
    assert train(first, 4).tolist() == losses
    assert global_states() == before


def test_metrics_and_test_values_are_means_over_all_samples():
    def first_output(output, target):
        return output[:, 0].mean()

    x, y = features(1300)
    made = task(test=(x, y), metrics={"first": first_output})
    trainer = build(made, spec(precision="fp64"))
    with torch.no_grad():
        output = trainer.model.eval()(torch.from_numpy(x).double())
        trainer.model.train()
    found = trainer.test()
    assert found["test_first"] == pytest.approx(float(output[:, 0].mean()), rel=1e-12)
    loss = nn.functional.cross_entropy(output, torch.from_numpy(y))
    assert found["test_loss"] == pytest.approx(float(loss), rel=1e-12)
    assert set(trainer.evaluate()) == {"val_loss", "val_first"} and build(task(), spec()).test() == {}


def test_eval_samples_and_train_on_all():
    assert build(task(), spec()).samples == 81
    assert build(task(), spec(train_on="all")).samples == 90
    few, same = build(task(), spec(eval_samples=4)), build(task(), spec(eval_samples=4, seed=3))
    assert few.evaluate() == same.evaluate() != build(task(), spec()).evaluate()


def test_regression_never_broadcasts():
    x, _ = features()
    column, flat = (task(train=(x, y), model=lambda: nn.Linear(6, 1)) for y in (x[:, :1], x[:, 0]))
    assert train(build(column, spec()), 5).tolist() == train(build(flat, spec()), 5).tolist()


def test_sequences_have_their_classes_last():
    tokens = np.random.default_rng(0).integers(0, 9, (40, 5))
    made = task(train=(tokens, tokens), model=lambda: nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 9)))
    made.check()
    trainer = build(made, spec(lr=Constant(0.5)))
    train(trainer, 60, 0.5)
    assert trainer.evaluate()["val_accuracy"] == 1.0


@pytest.mark.parametrize("precision", ["bf16", "fp64"])
def test_other_precisions_learn_like_fp32(precision):
    plain, other = build(task("cnn"), spec()), build(task("cnn"), spec(precision=precision))
    expected, found = train(plain, 30, 0.02), train(other, 30, 0.02)
    assert abs(found[0] - expected[0]) < 0.02
    assert other.evaluate()["val_loss"] == pytest.approx(plain.evaluate()["val_loss"], abs=0.2)
    dtype = torch.float64 if precision == "fp64" else torch.float32
    assert all(p.dtype is dtype for p in other.model.parameters())  # bf16 keeps fp32 weights


def test_a_network_without_trainable_parameters_is_refused():
    with pytest.raises(TaskError, match="trainable parameters"):
        build(task(model=nn.Identity), spec())


def test_augmentation_of_features_is_refused():
    with pytest.raises(TaskError, match="2 dimensions"):
        build(task(augment=("mirror",)), spec())


# precision


def test_precision_is_bf16_for_dense_convolutions_where_the_hardware_has_it(monkeypatch):
    from wellbegun.training.engine import precision

    for has in (True, False):
        monkeypatch.setattr(precision, "has_bf16", lambda device, has=has: has)
        assert resolve(task("cnn"), "cpu") == ("cpu", "bf16" if has else "fp32")
        assert resolve(task(), "cpu") == ("cpu", "fp32")
    assert resolve(task("cnn"), "cpu", "fp64") == ("cpu", "fp64")
    for wrong in ({"device": "tpu"}, {"precision": "fp8"}):
        with pytest.raises(ValueError, match=r"tpu|fp8"):
            resolve(task(), **wrong)
