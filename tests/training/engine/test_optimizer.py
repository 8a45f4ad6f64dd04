"""The engine's updates against torch.optim and against the papers' equations, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from wellbegun.errors import TaskError
from wellbegun.spec import OPTIMIZERS
from wellbegun.training.engine.optimizer import Optimizer, groups

LR = [0.1, 0.1, 0.02, 0.3, 0.05, 0.05, 0.2, 0.01]
MOMENTUM = [0.95, 0.9, 0.85, 0.8, 0.85, 0.9, 0.95, 0.95]
DECAY = 0.03


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def gradients(model, step):
    generator = torch.Generator().manual_seed(step)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)


def ours(form, lrs, momenta, **options):
    model = network()
    optimizer = Optimizer(groups(model, DECAY, decay_bias_and_norm=True, **options), form)
    for step, (lr, momentum) in enumerate(zip(lrs, momenta, strict=True)):
        gradients(model, step)
        optimizer.update(lr, momentum)
        assert all(p.grad is None for p in model.parameters())
    return list(model.parameters())


def torchs(make, lrs, momenta):
    model = network()
    optimizer = make(model.parameters())
    for step, (lr, momentum) in enumerate(zip(lrs, momenta, strict=True)):
        gradients(model, step)
        group = optimizer.param_groups[0]
        group["lr"] = lr
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            group["momentum"] = momentum
        optimizer.step()
    return list(model.parameters())


def assert_equal(mine, theirs, tolerance=1e-12):
    for a, b in zip(mine, theirs, strict=True):
        assert (a - b).abs().max() < tolerance


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize(("lrs", "momenta"), [([0.1] * 8, [0.9] * 8), (LR, MOMENTUM)])
def test_sgd_is_torchs(nesterov, lrs, momenta):
    def make(parameters):
        return torch.optim.SGD(parameters, lr=1.0, momentum=0.9, nesterov=nesterov, weight_decay=DECAY)

    assert_equal(ours("nesterov" if nesterov else "sgd", lrs, momenta), torchs(make, lrs, momenta))


@pytest.mark.parametrize("lrs", [[0.1] * 8, LR])
def test_adamw_is_torchs_at_constant_beta1(lrs):
    def make(parameters):
        return torch.optim.AdamW(parameters, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)

    assert_equal(ours("adamw", lrs, [0.9] * 8), torchs(make, lrs, [0.9] * 8))


def by_hand(update, slots):
    model = network()
    parameters = list(model.parameters())
    states = [[torch.zeros_like(p) for _ in range(slots)] for p in parameters]
    with torch.no_grad():
        for step in range(len(LR)):
            gradients(model, step)
            for parameter, state in zip(parameters, states, strict=True):
                update(step, parameter, parameter.grad, state)
    return parameters


@pytest.mark.parametrize("nesterov", [False, True])
def test_papers_sgd_is_caffes(nesterov):
    def update(step, w, g, state):
        lr, a, old = LR[step], MOMENTUM[step], state[0].clone()
        state[0].copy_(a * old + lr * (g + DECAY * w))
        w -= (1 + a) * state[0] - a * old if nesterov else state[0]

    assert_equal(ours("papers_nesterov" if nesterov else "papers_sgd", LR, MOMENTUM), by_hand(update, 1))


def test_the_two_velocities_differ_only_where_lr_changes():
    assert_equal(ours("papers_nesterov", [0.1] * 8, [0.9] * 8), ours("nesterov", [0.1] * 8, [0.9] * 8))
    changed = zip(ours("papers_sgd", LR, MOMENTUM), ours("sgd", LR, MOMENTUM), strict=True)
    assert max((a - b).abs().max() for a, b in changed) > 1e-3


def test_adamw_corrects_by_the_product_of_the_beta1_applied():
    def update(step, w, g, state):
        lr, b1, b2 = LR[step], MOMENTUM[step], 0.999
        w -= lr * DECAY * w
        state[0].copy_(b1 * state[0] + (1 - b1) * g)
        state[1].copy_(b2 * state[1] + (1 - b2) * g * g)
        applied = 1.0
        for value in MOMENTUM[: step + 1]:
            applied *= value
        w -= lr * (state[0] / (1 - applied)) / ((state[1] / (1 - b2 ** (step + 1))).sqrt() + 1e-8)

    assert_equal(ours("adamw", LR, MOMENTUM), by_hand(update, 2))


def caffes(rule, lrs, momenta):
    """The weights after Caffe's updates, in NumPy: Regularize, then ComputeUpdateValue, then w - diff."""
    model = network()
    weights = [p.detach().numpy().copy() for p in model.parameters()]
    history = [[np.zeros_like(w), np.zeros_like(w)] for w in weights]
    for iteration, (lr, momentum) in enumerate(zip(lrs, momenta, strict=True)):
        gradients(model, iteration)
        for w, (first, second), p in zip(weights, history, model.parameters(), strict=True):
            diff = p.grad.numpy() + DECAY * w
            w -= rule(diff, first, second, lr, momentum, iteration)
    return [torch.from_numpy(w) for w in weights]


def caffe_adagrad(diff, history, _, rate, momentum, iteration):
    update = diff**2
    history[:] = history + update  # the sum of squares
    return rate * diff / (np.sqrt(history) + 1e-8)


def caffe_rmsprop(diff, history, _, rate, momentum, iteration):
    history[:] = 0.99 * history + (1 - 0.99) * diff**2
    return rate * diff / (np.sqrt(history) + 1e-8)


def caffe_adadelta(diff, of_gradients, of_updates, rate, momentum, iteration):
    of_gradients[:] = momentum * of_gradients + (1 - momentum) * diff**2
    update = diff * np.sqrt((1e-8 + of_updates) / (1e-8 + of_gradients))
    of_updates[:] = momentum * of_updates + (1 - momentum) * update**2
    return rate * update


def caffe_adam(diff, m, v, rate, momentum, iteration):
    t = iteration + 1
    m[:] = momentum * m + (1 - momentum) * diff
    v[:] = 0.999 * v + (1 - 0.999) * diff**2
    correction = np.sqrt(1 - 0.999**t) / (1 - momentum**t)
    return rate * correction * m / (np.sqrt(v) + 1e-8)


CAFFES = {f.__name__: f for f in (caffe_adagrad, caffe_adadelta, caffe_adam, caffe_rmsprop)}


@pytest.mark.parametrize("lrs", [[0.1] * 8, LR], ids=["constant", "changing"])
@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.95])
@pytest.mark.parametrize("name", CAFFES)
def test_adaptive_optimizers_are_caffes(name, momentum, lrs):
    mine = ours(name, lrs, [momentum] * 8)
    assert_equal(mine, caffes(CAFFES[name], lrs, [momentum] * 8))
    assert max((a - b).abs().max() for a, b in zip(mine, network().parameters(), strict=True)) > 1e-5


def test_the_decay_rate_of_adadelta_may_change():
    assert_equal(ours("caffe_adadelta", LR, MOMENTUM), caffes(caffe_adadelta, LR, MOMENTUM))


@pytest.mark.parametrize("name", ["caffe_adagrad", "caffe_rmsprop"])
def test_adagrad_and_rmsprop_read_no_momentum(name):
    assert_equal(ours(name, LR, MOMENTUM), ours(name, LR, [0.0] * 8), tolerance=1e-300)


def test_caffes_adam_corrects_by_the_product_of_the_beta1_applied():
    def rule(diff, m, v, rate, momentum, iteration):
        m[:] = momentum * m + (1 - momentum) * diff
        v[:] = 0.999 * v + (1 - 0.999) * diff**2
        correction = np.sqrt(1 - 0.999 ** (iteration + 1)) / (1 - np.prod(MOMENTUM[: iteration + 1]))
        return rate * correction * m / (np.sqrt(v) + 1e-8)

    assert_equal(ours("caffe_adam", LR, MOMENTUM), caffes(rule, LR, MOMENTUM))


class Multiplied(nn.Linear):
    def multipliers(self):
        return {"bias": (2.0, 0.0)}


def multiplied():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Multiplied(3, 2).double()


@pytest.mark.parametrize("form", OPTIMIZERS)
def test_multipliers_scale_lr_and_decay_of_their_parameter(form):
    mine, weight, bias = multiplied(), multiplied(), multiplied()
    bias_alone = [type(groups(bias, 0.0, decay_bias_and_norm=True)[0])([bias.bias], 1.0, 0.0)]
    weight_alone = [type(bias_alone[0])([weight.weight], 1.0, DECAY)]
    runs = [
        (mine, Optimizer(groups(mine, DECAY, decay_bias_and_norm=True), form), 1.0),
        (weight, Optimizer(weight_alone, form), 1.0),
        (bias, Optimizer(bias_alone, form), 2.0),
    ]
    for step in range(len(LR)):
        for model, optimizer, factor in runs:
            gradients(model, step)
            optimizer.update(factor * LR[step], MOMENTUM[step])
    assert_equal([mine.weight, mine.bias], [weight.weight, bias.bias])


def test_decay_leaves_biases_and_norms_alone_when_asked():
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Linear(4, 2))
    found = groups(model, 0.5, decay_bias_and_norm=False)
    decays = {id(p): group.decay for group in found for p in group.parameters}
    assert [decays[id(p)] for p in model.parameters()] == [0.5, 0.0, 0.0, 0.0, 0.5, 0.0]


def test_multipliers_of_unknown_parameters_are_told():
    model = nn.Linear(2, 2)
    model.multipliers = lambda: {"wieght": (1.0, 1.0)}
    with pytest.raises(TaskError, match=r"wieght.*bias.*weight"):
        groups(model, 0.0, decay_bias_and_norm=True)


def test_parameters_without_a_gradient_stay():
    model = network()
    before = model[2].weight.detach().clone()
    optimizer = Optimizer(groups(model, DECAY, decay_bias_and_norm=True), "nesterov")
    model[0](torch.ones(1, 5).double()).sum().backward()
    optimizer.update(0.1, 0.9)
    assert torch.equal(model[2].weight, before)
