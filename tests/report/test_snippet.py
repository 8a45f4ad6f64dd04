import dataclasses

import numpy as np
import pytest
import torch

from wellbegun.report.snippet import snippet
from wellbegun.schedules.cyclical import MomentumCycle, OneCycle
from wellbegun.spec import OPTIMIZERS
from wellbegun.training.engine.optimizer import Optimizer, groups


def run(source):
    space = {}
    exec(compile(source, "snippet.py", "exec"), space)
    return space


def test_lr_and_momentum_are_those_of_the_schedules(recommendation):
    r, space = recommendation, run(snippet(recommendation))
    t = np.arange(r.iterations)
    lr = OneCycle(r.lr_min, r.lr_max, r.stepsize, r.iterations)(t)
    momentum = MomentumCycle(r.momentum_max, r.momentum_min, r.stepsize)(t)
    np.testing.assert_allclose([space["lr"](int(i)) for i in t], lr, rtol=1e-12)
    np.testing.assert_allclose([space["momentum"](int(i)) for i in t], momentum, rtol=1e-12)


def test_the_constants_are_the_recommended_values_to_the_last_digit(recommendation):
    space = run(snippet(recommendation))
    for name in (
        "lr_max",
        "lr_min",
        "momentum_max",
        "momentum_min",
        "weight_decay",
        "batch_size",
        "iterations",
        "stepsize",
    ):
        assert space[name.upper()] == getattr(recommendation, name)


SCALES = {"caffe_adagrad": 1.0, "caffe_adadelta": 1000.0}  # adadelta begins with steps of lr / 10,000


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_trains_a_small_model_for_exactly_the_iterations_asked(invent, optimizer):
    recommendation = invent(optimizer=optimizer)
    space = run(snippet(recommendation))
    scale = SCALES.get(optimizer, 0.1)
    space.update(LR_MAX=scale * space["LR_MAX"], LR_MIN=scale * space["LR_MIN"])
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 4, generator=generator)
    y = (x @ torch.tensor([1.0, -2.0, 0.5, 0.0]))[:, None]
    batches = [(x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16)]
    model = torch.nn.Linear(4, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    space["train"](model, batches, torch.nn.functional.mse_loss)
    assert len(calls) == recommendation.iterations
    assert float(torch.nn.functional.mse_loss(model(x).detach(), y)) < 0.05 * float(y.square().mean())


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_papers_velocity_holds_the_learning_rate(invent, nesterov):
    """v_new = a v + lr g; w -= v_new, or Nesterov's w -= (1 + a) v_new - a v, by hand on one weight."""
    space = run(snippet(invent(optimizer="papers_nesterov" if nesterov else "papers_sgd")))
    w = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = space["PapersSGD"]([w], lr=0.1, momentum=0.9, nesterov=nesterov)
    by_hand, v = 2.0, 0.0
    for lr, a in ((0.1, 0.9), (0.3, 0.8), (0.05, 0.95)):
        optimizer.param_groups[0].update(lr=lr, momentum=a)
        w.grad = (w.detach() - 1.0).clone()
        optimizer.step()
        gradient = (by_hand - 1.0) + space["WEIGHT_DECAY"] * by_hand
        v_new = a * v + lr * gradient
        by_hand -= (1 + a) * v_new - a * v if nesterov else v_new
        v = v_new
        assert w.item() == pytest.approx(by_hand, rel=1e-12)


def test_a_hostile_name_ends_no_docstring(invent):
    source = snippet(invent('"""\nimport os\nos.abort()\n"""\\'))
    assert "LR_MAX" in run(source) and "\nimport os" not in source


def test_an_optimizer_without_a_snippet_is_refused(invent):
    with pytest.raises(ValueError, match=r"nesterov.*got 'rmsprop'"):
        snippet(dataclasses.replace(invent(), optimizer="rmsprop"))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("everything", [True, False])
def test_its_updates_are_the_engines_with_multipliers_and_spared_biases(invent, optimizer, everything):
    recommendation = dataclasses.replace(
        invent(optimizer=optimizer), multipliers=True, decay_bias_and_norm=everything
    )
    space = run(snippet(recommendation))
    space.update(LR_MAX=0.01, LR_MIN=0.001, ITERATIONS=6, STEPSIZE=2, WEIGHT_DECAY=0.1)
    if optimizer in (
        "adamw",
        "caffe_adam",
    ):  # torch corrects its bias by the momentum of the moment: equal where it is constant
        space.update(MOMENTUM_MIN=space["MOMENTUM_MAX"])
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = x.sum(1, keepdim=True)
    models = [_Scaled(), _Scaled()]
    models[1].load_state_dict(models[0].state_dict())
    space["train"](models[0], [(x, y)], torch.nn.functional.mse_loss)
    engine = Optimizer(groups(models[1], 0.1, decay_bias_and_norm=everything), optimizer)
    for t in range(6):
        for parameter in models[1].parameters():
            parameter.grad = None
        torch.nn.functional.mse_loss(models[1](x), y).backward()
        engine.update(space["lr"](t), space["momentum"](t))
    for mine, theirs in zip(models[0].parameters(), models[1].parameters(), strict=True):
        # torch's Adam has its 1e-8 beside the corrected square, Caffe's beside the raw one
        rtol = 1e-5 if optimizer == "caffe_adam" else 1e-9
        torch.testing.assert_close(mine, theirs, rtol=rtol, atol=1e-12)


class _Scaled(torch.nn.Linear):
    def __init__(self):
        super().__init__(4, 1, dtype=torch.float64)

    def multipliers(self):
        return {"bias": (2.0, 1.0)}
