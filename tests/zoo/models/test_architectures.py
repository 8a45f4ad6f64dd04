"""The papers' networks against the author's files, as transcribed in shared/paper/architectures.yaml."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from wellbegun.zoo.models.lenet import lenet
from wellbegun.zoo.models.resnet import resnet20
from wellbegun.zoo.published import PUBLISHED
from wellbegun.zoo.tasks import MODELS

from . import graph
from .graph import resolved

ORACLE = Path(__file__).resolve().parents[3].parent / "shared" / "paper" / "architectures.yaml"
WITHOUT = {"hp_genresnet56": "an early variant of the author's that no figure or table uses"}
# our stages that the files cut otherwise: what follows a pool or a linear layer belongs to its stage
LAST_MODULE = {
    "lenet": {"ip1": "relu1"},
    "cifar3": {"pool1": "norm1", "conv2": "relu2", "pool2": "norm2", "conv3": "relu3"},
}
every_network = pytest.mark.parametrize("name", PUBLISHED)


@pytest.fixture(scope="module")
def architectures() -> dict[str, Any]:
    if not ORACLE.is_file():
        pytest.skip(f"the transcribed architectures are not beside the repository ({ORACLE.name})")
    return oracle()["architectures"]


@pytest.fixture(scope="module")
def templates(architectures: dict[str, Any]) -> dict[str, Any]:
    return oracle()["templates"]


@cache
def oracle() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    return yaml.load(ORACLE.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def build(name: str, device: str = "cpu", *, as_tested: bool = False) -> nn.Module:
    """The network by its id; on the device "meta" it has shapes and no weights."""
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(11)
        return PUBLISHED[name].factory(as_tested=as_tested)()


def test_every_architecture_of_the_papers_has_a_network(architectures: dict[str, Any]) -> None:
    assert architectures.keys() == PUBLISHED.keys() | WITHOUT.keys()
    used = set(re.findall(r"architecture_variant: (\w+)", (ORACLE.parent / "experiments.yaml").read_text()))
    assert used <= PUBLISHED.keys() and not used & WITHOUT.keys()
    assert {published.model for published in PUBLISHED.values()} <= MODELS.keys()


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
        model.eval()(torch.zeros(1, *shape, device="meta"))
    return {**shapes, "macs": [macs]}


@every_network
def test_counts_shapes_and_multiply_accumulates(name: str, architectures: dict[str, Any]) -> None:
    want, model = architectures[name], build(name, "meta")
    oracle = want["oracle"]
    assert sum(p.numel() for p in model.parameters()) == oracle["learnable_parameters"]
    for kind, layer_type in (("conv", nn.Conv2d), ("bn", nn.BatchNorm2d), ("fc", nn.Linear)):
        layers = [layer for layer in model.modules() if isinstance(layer, layer_type)]
        assert len(layers) == oracle[f"{kind}_layers"]
    buffers = [b for n, b in model.named_buffers() if n.endswith(("running_mean", "running_var"))]
    assert sum(b.numel() for b in buffers) == oracle["bn_running_buffers"]
    assert breakdown(model) == oracle["breakdown"]
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


def breakdown(model: nn.Module) -> dict[str, int]:
    """Parameters by what they are."""
    names = {
        nn.Conv2d: ("conv_weights", "conv_biases"),
        nn.Linear: ("fc_weights", "fc_biases"),
        nn.BatchNorm2d: ("bn_gamma", "bn_beta"),
    }
    sizes = {name: 0 for pair in names.values() for name in pair}
    for layer in model.modules():
        for kind, pair in names.items():
            if isinstance(layer, kind):
                for name, values in zip(pair, (layer.weight, layer.bias), strict=True):
                    sizes[name] += 0 if values is None else values.numel()
    return sizes


@every_network
def test_multipliers_group_the_parameters_as_in_the_file(name: str, architectures: dict[str, Any]) -> None:
    model, sizes = build(name, "meta"), Counter[tuple[float, float]]()
    multipliers = model.multipliers()
    assert set(multipliers) == dict(model.named_parameters()).keys()
    for parameter, weight in model.named_parameters():
        sizes[multipliers[parameter]] += weight.numel()
    groups = architectures[name]["oracle"]["parameter_groups"]
    assert sizes == {(g["lr_mult"], g["decay_mult"]): g["count"] for g in groups}


@every_network
def test_fillers(name: str, architectures: dict[str, Any], templates: dict[str, Any]) -> None:
    want, model = architectures[name], build(name)
    overrides = exceptions(want, templates)
    for layer_name, layer in model.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.eps == want["batch_norm"]["eps"]
            assert layer.affine == want["batch_norm"]["affine"]
            assert not layer.affine or (torch.all(layer.weight == 1) and torch.all(layer.bias == 0))
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        kind = "conv" if isinstance(layer, nn.Conv2d) else "fc"
        special = overrides.get(layer_name.split(".")[0], {})
        law = special.get("w", {}).get("init", want["parameters"][f"{kind}_weight"]["init"])
        check_filler(layer.weight.detach(), law)
    biases = Counter[float]()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            biases.update(layer.bias.tolist())
    assert {round(value, 6): count for value, count in biases.items()} == bias_values(want, templates)


def exceptions(want: dict[str, Any], templates: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What single convolutions of a stage's own operations override, by stage."""
    convs = ((stage["id"], op["conv"]) for stage in want["stages"] for op in stage["ops"] if "conv" in op)
    return dict(convs)


def bias_values(want: dict[str, Any], templates: dict[str, Any]) -> dict[float, int]:
    """How many biases of convolutions begin with which value."""
    found = Counter[float]()

    def collect(value: Any, names: dict[str, Any]) -> None:
        if isinstance(value, list):
            for part in value:
                collect(part, names)
        elif isinstance(value, dict) and "conv" in value:
            conv = value["conv"]
            if conv.get("bias", want["defaults"]["conv_bias"]):
                init = conv.get("b", {}).get("init", want["parameters"]["conv_bias"]["init"])
                found[float(init)] += resolved(conv["out"], names)
        elif isinstance(value, dict) and "use" in value:
            collect(templates[value["use"]["template"]], value["use"].get("args", {}))
        elif isinstance(value, dict):
            for part in value.values():
                collect(part, names)

    for stage in want["stages"]:
        for _ in range(stage.get("repeat", 1)):
            collect(stage["ops"], {})
    return dict(found)


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


class Operations(TorchDispatchMode):
    """Counts what is really called, whether by a layer or by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = Counter[str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        maps = isinstance(result, torch.Tensor) and result.dim() == 4
        if name.startswith("relu") or (maps and name == "add"):  # sums of maps: the residual ones
            self.counts[name.rstrip("_")] += 1
        return result


@every_network
def test_relus_sums_and_dropouts_are_as_many_as_in_the_file(name: str, architectures: dict[str, Any]) -> None:
    model, want, operations = build(name, "meta"), architectures[name], Operations()
    dropped = Counter[float]()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.register_forward_hook(lambda layer, *_: dropped.update([layer.p]))
    with torch.no_grad(), operations:
        model(torch.zeros(2, *want["input"]["shape"], device="meta"))
    oracle = want["oracle"]
    assert operations.counts["relu"] == oracle["relu_layers"]
    assert operations.counts["add"] == oracle["residual_sums"]
    ratio = (want["dropout"] or {}).get("ratio")
    assert dropped == ({ratio: oracle["dropout_layers"]} if ratio else {})


# a size that every stage passes, where the file's own would take long
SIZES = {"inception_resnet_v2": 107}
LARGE = {"resnet50", "inception_resnet_v2"}


@every_network
def test_outputs_and_gradients_are_those_of_the_files_graph(
    name: str, architectures: dict[str, Any], templates: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same weights through the layer graph by the letter, with other poolings, norms and sums."""
    monkeypatch.setattr(nn.Dropout, "forward", lambda layer, x: graph.dropped(x, layer.p))
    want, model = architectures[name], build(name).double()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        for parameter in model.parameters():
            if parameter.dim() == 1:  # scales, shifts and biases that show where they are used
                parameter.add_(0.1 * torch.randn_like(parameter))
        channels, height, _ = want["input"]["shape"]
        side = SIZES.get(name, height)
        x = torch.randn(2, channels, side, side, dtype=torch.float64)
    wanted = graph.Graph(want, templates, model)
    if name in LARGE:
        with torch.no_grad():
            torch.testing.assert_close(model(x), wanted(x), rtol=1e-9, atol=1e-9)
        return
    x = 50 * x
    scores, expected = model(x), wanted(x)
    torch.testing.assert_close(scores, expected, rtol=1e-9, atol=1e-9)
    weights = [p for p in model.parameters() if p.dim() > 1]
    gradients = (torch.autograd.grad(y[:, 1].square().sum(), weights) for y in (scores, expected))
    for mine, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-9 * float(theirs.abs().max()) + 1e-12)


@every_network
def test_batches_norms_and_mirrors_are_as_published(name: str, architectures: dict[str, Any]) -> None:
    want, published = architectures[name], PUBLISHED[name]
    train, test = want["data"]["train"], want["data"]["test"]
    assert published.batch_size == train["total_batch"]
    assert (published.per_gpu, published.gpus) == (train["batch_per_gpu"], train["gpus"])
    assert (published.test_batch, published.tested) == (test["batch"], test["images_per_test_pass"])
    assert (published.mirror, published.test_mirror) == (train["mirror"] != "none", test["mirror"] != "none")
    words = want["data"]["dataset"].lower().replace("-", "")
    assert words.startswith(published.data)
    norm = want["batch_norm"]
    assert (norm is None) == (published.fraction is None)
    if norm:
        assert published.fraction == norm["moving_average_fraction"]
        assert published.by_batch == norm["test_statistics"].startswith("batch")
        layers = [m for m in build(name, "meta", as_tested=True).modules() if isinstance(m, nn.BatchNorm2d)]
        assert all(layer.keeps_statistics for layer in layers)
    habits = MODELS[published.model]
    assert (habits.inputs, "mirror" in habits.augment) == (
        "divide_256" if published.data == "mnist" else "subtract_mean", published.mirror
    )  # fmt: skip
