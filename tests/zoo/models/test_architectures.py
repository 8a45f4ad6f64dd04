"""The papers' networks against the author's files, as transcribed in shared/paper/architectures.yaml."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from wellbegun.zoo.models.cifar3 import cifar3
from wellbegun.zoo.models.lenet import lenet
from wellbegun.zoo.models.resnet import Block, Down, resnet, resnet20, resnet56

ORACLE = Path(__file__).resolve().parents[3].parent / "shared" / "paper" / "architectures.yaml"
NETWORKS = {
    "lenet": lenet,
    "cifar3": cifar3,
    "cifar3_c100": partial(cifar3, classes=100),
    "resnet20": resnet20,
    "resnet56": resnet56,
    "resnet56_c100": partial(resnet56, classes=100),
    "resnet110": partial(resnet, 110),
    "resnet56_dropout": partial(resnet56, dropout=0.2),
}
# our stages that the files cut otherwise: what follows a pool or a linear layer belongs to its stage
LAST_MODULE = {
    "lenet": {"ip1": "relu1"},
    "cifar3": {"pool1": "norm1", "conv2": "relu2", "pool2": "norm2", "conv3": "relu3"},
}


@pytest.fixture(scope="module")
def architectures() -> dict[str, Any]:
    if not ORACLE.is_file():
        pytest.skip(f"the transcribed architectures are not beside the repository ({ORACLE.name})")
    yaml = pytest.importorskip("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(ORACLE.read_text(), Loader=loader)["architectures"]


def build(name: str) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        return NETWORKS[name]()


def outputs(model: nn.Module, shape: list[int]) -> dict[str, list[int]]:
    """Shape behind every submodule for one image, and the number of multiply-accumulates under "macs"."""
    shapes: dict[str, list[int]] = {}
    macs = 0

    def note(name: str, layer: nn.Module, result: torch.Tensor) -> None:
        nonlocal macs
        shapes[name] = list(result.shape[1:])
        if isinstance(layer, nn.Conv2d | nn.Linear):
            macs += layer.weight[0].numel() * result[0].numel()

    for name, layer in model.named_modules():
        layer.register_forward_hook(lambda layer, _, result, name=name: note(name, layer, result))
    with torch.no_grad():
        model.eval()(torch.zeros(1, *shape))
    return {**shapes, "macs": [macs]}


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_shapes_and_multiply_accumulates(name: str, architectures: dict[str, Any]) -> None:
    want, model = architectures[name], build(name)
    oracle = want["oracle"]
    assert sum(p.numel() for p in model.parameters()) == oracle["learnable_parameters"]
    layers = Counter(type(layer) for layer in model.modules())
    assert layers[nn.Conv2d] == oracle["conv_layers"] and layers[nn.BatchNorm2d] == oracle["bn_layers"]
    assert layers[nn.Linear] == oracle["fc_layers"]
    assert layers[Block] + layers[Down] == oracle["residual_sums"]
    got = outputs(model, want["input"]["shape"])
    last = LAST_MODULE.get(name.removesuffix("_c100"), {})
    for stage in want["stages"]:
        assert got[last.get(stage["id"], stage["id"])] == stage["out"], stage["id"]
        assert sum(p.numel() for p in model.get_submodule(stage["id"]).parameters()) == stage["params"], (
            stage["id"]
        )
    assert got["macs"] == [oracle["macs_per_image"]]
    first = next(layer for layer in model.modules() if isinstance(layer, nn.Linear))
    assert first.in_features == math.prod(oracle["first_fc_input"])


@pytest.mark.parametrize("name", NETWORKS)
def test_multipliers_group_the_parameters_as_in_the_file(name: str, architectures: dict[str, Any]) -> None:
    model, sizes = build(name), Counter[tuple[float, float]]()
    multipliers = model.multipliers()
    assert set(multipliers) == dict(model.named_parameters()).keys()
    for parameter, weight in model.named_parameters():
        sizes[multipliers[parameter]] += weight.numel()
    groups = architectures[name]["oracle"]["parameter_groups"]
    assert sizes == {(g["lr_mult"], g["decay_mult"]): g["count"] for g in groups}


@pytest.mark.parametrize("name", NETWORKS)
def test_fillers(name: str, architectures: dict[str, Any]) -> None:
    want, model = architectures[name], build(name)
    special = {
        stage["id"]: op["conv"]["w"]["init"]
        for stage in want["stages"]
        for op in stage["ops"]
        if isinstance(op, dict) and "w" in op.get("conv", {})
    }
    for layer_name, layer in model.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.eps == want["batch_norm"]["eps"]
            assert torch.all(layer.weight == 1) and torch.all(layer.bias == 0)
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        kind = "conv_weight" if isinstance(layer, nn.Conv2d) else "fc_weight"
        check_filler(layer.weight.detach(), special.get(layer_name, want["parameters"][kind]["init"]))
        assert torch.all(layer.bias == 0), layer_name


def check_filler(weight: torch.Tensor, filler: str) -> None:
    """Mean and deviation within 5 standard errors of the law; bounds of a uniform law hold exactly."""
    n, fan_in = weight.numel(), weight[0].numel()
    if filler == "xavier":
        bound = math.sqrt(3 / fan_in)
        std, kurtosis = bound / math.sqrt(3), 1.8
        assert weight.abs().max() <= bound * (1 + 1e-6)
        assert weight.abs().max() >= bound * (1 - 20 / n)
    else:
        named = filler.removeprefix("gaussian(std=").rstrip(")")
        std = math.sqrt(2 / fan_in) if filler == "msra" else float(named)
        kurtosis = 3.0
        assert weight.abs().max() > 2.2 * std  # a uniform law of this deviation ends at 1.73 of them
    assert abs(weight.mean().item()) < 5 * std / math.sqrt(n)
    assert abs(weight.std().item() / std - 1) < 5 * math.sqrt((kurtosis - 1) / (4 * n))


def test_other_fillers_by_name() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        check_filler(resnet20(init="xavier").get_submodule("stage3.0.conv1").weight.detach(), "xavier")
        check_filler(lenet(init="msra").get_submodule("ip1").weight.detach(), "msra")
    with pytest.raises(ValueError, match="msra, xavier, got 'he'"):
        lenet(init="he")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["resnet20", "resnet56", "cifar3", "lenet"])
def test_activation_counts(name: str, architectures: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("wellbegun.zoo.models.resnet.relu", lambda x: (calls.append(1), torch.relu(x))[1])
    model = build(name)
    for layer in model.modules():
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad():
        model(torch.zeros(2, *architectures[name]["input"]["shape"]))
    assert len(calls) == architectures[name]["oracle"]["relu_layers"]


def test_dropout_stands_behind_every_batch_norm_of_the_blocks(architectures: dict[str, Any]) -> None:
    model, calls = build("resnet56_dropout"), []
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            assert layer.p == architectures["resnet56_dropout"]["dropout"]["ratio"]
            layer.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad():
        model(torch.zeros(2, 3, 32, 32))
    assert len(calls) == architectures["resnet56_dropout"]["oracle"]["dropout_layers"]
