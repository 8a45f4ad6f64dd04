"""preserved() and LoopTrainer: a user's own objects are given back bit for bit."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from wellbegun.training.engine.loop import LoopTrainer
from wellbegun.training.engine.state import PrivateRandom, preserved
from wellbegun.training.range_test import lr_range_test


def objects(make=torch.optim.AdamW):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(4, 6), nn.BatchNorm1d(6, momentum=0.3), nn.ReLU(), nn.Dropout(), nn.Linear(6, 2)
        )
        x = torch.randn(40, 4)
    model.register_buffer("own", torch.ones(2), persistent=False)
    model[0].bias.requires_grad_(False)
    model[1].eval()
    optimizer = make(
        [{"params": model[0].parameters()}, {"params": model[1:].parameters(), "lr": 0.2}], lr=0.1
    )
    loader = DataLoader(
        TensorDataset(x, (x[:, 0] > 0).long()),
        batch_size=8,
        shuffle=True,
        generator=torch.Generator().manual_seed(5),
    )
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        used(model, optimizer, loader)
    scheduler.step()
    return model, optimizer, loader, scheduler


def used(model, optimizer, loader):
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def picture(model, optimizer, loader, scheduler):
    """Everything that must come back, as plain lists."""
    flat = [*model.parameters(), *model.buffers(), model.own]
    return {
        "tensors": [t.tolist() for t in flat],
        "grads": [None if p.grad is None else p.grad.tolist() for p in model.parameters()],
        "requires": [p.requires_grad for p in model.parameters()],
        "flags": [m.training for m in model.modules()],
        "momentum": model[1].momentum,
        "optimizer": repr(optimizer.state_dict()),
        "scheduler": copy.deepcopy(scheduler.state_dict()),
        "generator": loader.generator.get_state().tolist(),
        "random": (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()),
    }


def wreck(model, optimizer, loader, scheduler):
    model.train()
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    used(model, optimizer, loader)
    scheduler.step()
    optimizer.zero_grad(set_to_none=True)
    model[1].momentum = 0.9
    model.own += 1
    for group in optimizer.param_groups:
        group["lr"] = 7.0
    random.random()
    np.random.rand()
    torch.rand(1)


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("make", [torch.optim.AdamW, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9)])
def test_preserved_gives_everything_back(make, error):
    model, optimizer, loader, scheduler = mine = objects(make)
    before = picture(*mine)

    def block():
        with preserved(model, optimizer, scheduler=scheduler, loader=loader):
            wreck(*mine)
            assert picture(*mine) != before
            if error:
                raise error

    if error:
        with pytest.raises(error):
            block()
    else:
        block()
    assert picture(*mine) == before


def test_training_goes_on_after_preserved_as_if_nothing_was():
    mine, other = objects(), objects()
    torch.manual_seed(8)
    with preserved(mine[0], mine[1], loader=mine[2], scheduler=mine[3]):
        wreck(*mine)
    used(*mine[:3])
    torch.manual_seed(8)
    used(*other[:3])
    assert picture(*mine)["tensors"] == picture(*other)["tensors"]


def test_weights_that_a_block_casts_come_back():
    model = nn.Linear(2, 2)
    before = [p.detach().clone() for p in model.parameters()]
    with preserved(model):
        model.double().weight.data += 1
    assert all(
        p.dtype is torch.float32 and torch.equal(p, b)
        for p, b in zip(model.parameters(), before, strict=True)
    )


def test_private_random_states_go_on_from_block_to_block():
    def draw():
        return float(torch.rand(1)), float(np.random.rand()), random.random()

    private, other = PrivateRandom(1), PrivateRandom(1)
    with private:
        first = [draw(), draw()]
    found = []
    for _ in range(2):
        with other:
            found.append(draw())
        draw()  # the user's own draws in between
    assert found == first
    expected = float(torch.rand(1, generator=torch.Generator().manual_seed(1)))
    assert first[0][0] == expected  # what torch.manual_seed(1) draws


def loop(mine, **options):
    model, optimizer, loader, _ = mine
    return LoopTrainer(model, optimizer, loader, loader, nn.functional.cross_entropy, **options)


def test_loop_trainer_sets_lr_by_ratio_and_momentum():
    mine = objects()
    trainer = loop(mine)
    ratio = mine[1].param_groups[1]["lr"] / mine[1].param_groups[0]["lr"]
    losses = trainer.steps(np.array([0.1, 0.03]), np.array([0.9, 0.8]))
    groups = mine[1].param_groups
    assert losses.shape == (2,) and np.isfinite(losses).all() and trainer.samples == 40
    assert groups[0]["lr"] == 0.03 and groups[1]["lr"] == pytest.approx(0.03 * ratio)
    assert all(group["betas"] == (0.8, 0.999) for group in groups)
    kept = loop(objects(), set_momentum=False)
    kept.steps(np.array([0.1]), np.array([0.5]))
    assert all(group["betas"] == (0.9, 0.999) for group in kept.optimizer.param_groups)


def test_loop_trainer_trains_like_the_plain_loop():
    mine, plain = objects(), objects()
    for group in plain[1].param_groups:
        group["lr"] = 0.05 * group["lr"] / 0.1 if group is not plain[1].param_groups[0] else 0.05
    plain[0].train()
    torch.manual_seed(1)
    used(*plain[:3])
    torch.manual_seed(1)
    loop(mine).steps(np.full(5, 0.05), np.full(5, 0.9))
    assert picture(*mine)["tensors"] == picture(*plain)["tensors"]


def test_loop_evaluation_changes_nothing():
    mine = objects()
    mine[0].train()
    before = picture(*mine)
    values = loop(mine).evaluate()
    assert set(values) == {"val_loss", "val_accuracy"} and 0 <= values["val_accuracy"] <= 1
    assert picture(*mine) == before


def test_range_test_on_a_users_loop_gives_everything_back():
    mine = objects()
    before = picture(*mine)
    run, bounds = lr_range_test(loop(mine), lr_min=1e-3, lr_max=3.0, iterations=60, kind="exponential")
    assert picture(*mine) == before
    assert len(run.curve) > 10 and 1e-3 <= bounds.lr_max <= 3.0


def test_an_empty_loader_is_told():
    model, optimizer, loader, _ = objects()
    with pytest.raises(ValueError, match="train_loader must yield"):
        LoopTrainer(model, optimizer, [], loader, nn.functional.cross_entropy).steps(np.ones(1), np.ones(1))
    with pytest.raises(ValueError, match="val_loader must yield"):
        LoopTrainer(model, optimizer, loader, [], nn.functional.cross_entropy).evaluate()
