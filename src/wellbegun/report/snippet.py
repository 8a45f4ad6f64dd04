"""Code to paste: the recommended training as plain PyTorch, with nothing of wellbegun in it."""

from __future__ import annotations

from wellbegun.search.recommendation import Recommendation
from wellbegun.spec import OPTIMIZERS

_OPTIMIZERS = {
    "nesterov": "torch.optim.SGD({}, momentum=momentum(0), weight_decay=WEIGHT_DECAY, nesterov=True)",
    "sgd": "torch.optim.SGD({}, momentum=momentum(0), weight_decay=WEIGHT_DECAY)",
    "adamw": "torch.optim.AdamW({}, betas=(momentum(0), 0.999), weight_decay=WEIGHT_DECAY)",
    "caffe_adagrad": "torch.optim.Adagrad({}, eps=1e-8, weight_decay=WEIGHT_DECAY)",
    "caffe_adadelta": "torch.optim.Adadelta({}, rho=momentum(0), eps=1e-8, weight_decay=WEIGHT_DECAY)",
    "caffe_adam": "torch.optim.Adam({}, betas=(momentum(0), 0.999), weight_decay=WEIGHT_DECAY)",
    "caffe_rmsprop": "torch.optim.RMSprop({}, alpha=0.99, eps=1e-8, weight_decay=WEIGHT_DECAY)",
    "papers_nesterov": "PapersSGD({}, momentum=momentum(0), nesterov=True)",
    "papers_sgd": "PapersSGD({}, momentum=momentum(0), nesterov=False)",
}

_MOMENTUM = {
    "adamw": ('group["betas"]', "(momentum(t), 0.999)"),
    "caffe_adam": ('group["betas"]', "(momentum(t), 0.999)"),
    "caffe_adadelta": ('group["rho"]', "momentum(t)"),
    "caffe_adagrad": None,
    "caffe_rmsprop": None,
}
"""Where an optimizer takes momentum, and how; None: it has none."""

_HEAD = '''\
"""1cycle for {name}, with the values that wellbegun found (arXiv:1803.09820)."""

import torch

LR_MAX, LR_MIN = {lr_max}, {lr_min}
MOMENTUM_MAX, MOMENTUM_MIN = {momentum_max}, {momentum_min}
WEIGHT_DECAY = {weight_decay}
BATCH_SIZE = {batch_size}  # of the loader
ITERATIONS = {iterations}  # optimizer updates, about {epochs} epochs
STEPSIZE = {stepsize}  # half a cycle, in updates


def lr(t):
    """Learning rate of update t = 0, 1, ...: a line up, a line down towards 0, the rest at LR_MIN / 1000."""
    if t <= STEPSIZE:
        return LR_MIN + (LR_MAX - LR_MIN) * t / STEPSIZE
    return max(LR_MAX * (2 - t / STEPSIZE), LR_MIN / 1000)


def momentum(t):
    """Momentum of update t: down while the learning rate rises, up while it falls, then the maximum."""
    return MOMENTUM_MIN + (MOMENTUM_MAX - MOMENTUM_MIN) * min(abs(t / STEPSIZE - 1), 1.0)

'''

_GROUPS = '''
def groups(model):
    """The model's parameters, each with its factors on learning rate and weight decay."""
    own = model.multipliers() if hasattr(model, "multipliers") else {{}}  # name -> (learning rate, decay)
    for name, parameter in model.named_parameters():
        rate, decay = own.get(name, (1.0, 1.0))
        yield {{"params": [parameter], "multiplier": rate, "weight_decay": {decay} * WEIGHT_DECAY}}

'''

_PAPERS_SGD = '''
class PapersSGD(torch.optim.Optimizer):
    """SGD with the learning rate inside the velocity, as in the papers: v = a v + lr g, w = w - v."""

    def __init__(self, params, lr, momentum, nesterov):
        defaults = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": WEIGHT_DECAY}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in (w for w in group["params"] if w.grad is not None):
                gradient = w.grad + group["weight_decay"] * w
                if w not in self.state:
                    self.state[w]["velocity"] = torch.zeros_like(w)
                v = self.state[w]["velocity"]
                v.mul_(group["momentum"]).add_(gradient, alpha=group["lr"])
                if group["nesterov"]:
                    w.sub_(group["momentum"] * v + group["lr"] * gradient)
                else:
                    w.sub_(v)

'''

_TRAIN = '''
def train(model, loader, loss_function):
    """Train the model; the loader gives shuffled batches of BATCH_SIZE, as often as it takes."""
    optimizer = {optimizer}
    model.train()
    t = 0
    while t < ITERATIONS:
        for inputs, targets in loader:
            for group in optimizer.param_groups:
                {settings} = {values}
            optimizer.zero_grad()
            loss_function(model(inputs), targets).backward()
            optimizer.step()
            t += 1
            if t == ITERATIONS:
                break
    return model
'''


def snippet(recommendation: Recommendation) -> str:
    """Python source that trains a model as recommended, with ``torch`` alone.

    It defines ``lr(t)``, ``momentum(t)`` and ``train(model, loader, loss_function)``. For adamw and
    caffe_adam the first updates differ a little from the engine's: torch corrects the mean gradient by
    momentum(t) to the power t, the engine by the product of the momenta that it used.
    """
    r = recommendation
    if r.optimizer not in _OPTIMIZERS:
        raise ValueError(
            f"a snippet needs an optimizer of {', '.join(OPTIMIZERS)}, got {r.optimizer!r}; name one of them"
        )
    head = _HEAD.format(
        name=_harmless(r.task_name), lr_max=_float(r.lr_max), lr_min=_float(r.lr_min),
        momentum_max=_float(r.momentum_max), momentum_min=_float(r.momentum_min),
        weight_decay=_float(r.weight_decay), batch_size=r.batch_size, iterations=r.iterations,
        epochs=f"{r.epochs:.3g}", stepsize=r.stepsize,
    )  # fmt: skip
    place = _MOMENTUM.get(r.optimizer, ('group["momentum"]', "momentum(t)"))
    own = r.multipliers or not r.decay_bias_and_norm
    parameters = "groups(model)" if own else "model.parameters()"
    rate = 'lr(t) * group["multiplier"]' if own else "lr(t)"
    train = _TRAIN.format(
        optimizer=_OPTIMIZERS[r.optimizer].format(f"{parameters}, lr=lr(0)"),
        settings=", ".join(['group["lr"]', *([place[0]] if place else [])]),
        values=", ".join([rate, *([place[1]] if place else [])]),
    )
    groups = _GROUPS.format(
        decay="decay" if r.decay_bias_and_norm else "(decay if parameter.dim() > 1 else 0.0)"
    )
    parts = (head, groups if own else "", _PAPERS_SGD if r.optimizer.startswith("papers_") else "", train)
    return "".join(parts)


def _float(value: float) -> str:
    """A literal that reads back as exactly this float."""
    return repr(float(value))


def _harmless(name: str) -> str:
    """A name that can stand in a docstring and end nothing."""
    kept = "".join(c if c.isprintable() and c not in "\"'\\" else " " for c in name)
    return " ".join(kept.split())[:60] or "a task"
