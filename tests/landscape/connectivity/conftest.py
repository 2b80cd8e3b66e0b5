"""Networks whose units can be permuted, and a valley that goes round a hill."""

import dataclasses
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from trackscape.landscape.connectivity import Group, chain_of, join, permuted
from trackscape.landscape.problem import Problem


class Point(nn.Module):
    """A point in the plane: the landscape is a drawing of the function itself."""

    def __init__(self, place: Sequence[float] = (1.0, 0.0)) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor(place, dtype=torch.float64))


def ring(model: nn.Module, batch: Tensor) -> Tensor:
    """Zero on the unit circle, 1 at the origin; batches differ by a factor of mean 1."""
    return batch.mean() * (model.get_parameter("place").square().sum() - 1).square()


def make_valley(*factors: float) -> Problem:
    return Problem(Point(), [torch.full((2,), factor) for factor in factors or (1.0,)], ring)


def make_mlp(seed: int, *widths: int, norm: bool = False) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for inputs, outputs in zip((3, *widths), (*widths, 2), strict=True):
        norms = [nn.BatchNorm1d(outputs)] if norm else []
        layers += [nn.Linear(inputs, outputs), *norms, nn.Tanh()]
    return shaken(nn.Sequential(*layers[:-1]).double())


def make_conv(seed: int) -> nn.Sequential:
    """Takes images (N, 2, 6, 6)."""
    torch.manual_seed(seed)
    features = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 5, 2), nn.BatchNorm2d(5), nn.LeakyReLU(), nn.Dropout2d(),
    )  # fmt: skip
    head = [nn.Flatten(), nn.BatchNorm1d(20), nn.Linear(20, 6), nn.LayerNorm(6), nn.GELU()]
    return shaken(nn.Sequential(features, *head, nn.Linear(6, 3), nn.Softmax(dim=1)).double())


def shaken(model: nn.Module) -> nn.Module:
    """Makes statistics and scales of norm layers differ from unit to unit."""
    for layer in model.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)):
            with torch.no_grad():
                layer.weight += 0.3 * torch.rand_like(layer.weight)
                layer.bias += 0.3 * torch.randn_like(layer.bias)
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.running_mean += 0.3 * torch.randn_like(layer.running_mean)
            layer.running_var += torch.rand_like(layer.running_var)
    return model.eval()


def make_shuffled(model: nn.Module, groups: Sequence[Group], seed: int) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    orders = {group.name: torch.randperm(group.size, generator=generator) for group in groups}
    return permuted(model, groups, orders)


def line_graph_groups(model: nn.Module) -> list[Group]:
    """R1's messages are reduced and go behind the 8 columns of O, whose outputs go to R2."""
    first, nodes, second = (chain_of(model.get_submodule(name), name) for name in ("R1", "O", "R2"))
    between = join(first, (nodes, 8)), join(nodes, (second, 0))
    return [*first.groups, between[0], *nodes.groups, between[1], *second.groups]


def hit_graph_groups(model: nn.Module) -> list[Group]:
    """R2 takes the nodes' outputs of both ends of an edge, then its message."""
    first, nodes, second = (chain_of(model.get_submodule(name), name) for name in ("R1", "O", "R2"))
    message = join(first, (nodes, 4), (second, 128))
    return [*first.groups, message, *nodes.groups, join(nodes, (second, 0), (second, 64))]


@dataclasses.dataclass(frozen=True)
class Nets:
    mlp: Callable[..., nn.Sequential] = make_mlp
    conv: Callable[..., nn.Sequential] = make_conv
    shaken: Callable[[nn.Module], nn.Module] = shaken
    shuffled: Callable[..., nn.Module] = make_shuffled
    line_graph_groups: Callable[[nn.Module], list[Group]] = line_graph_groups
    hit_graph_groups: Callable[[nn.Module], list[Group]] = hit_graph_groups


@pytest.fixture(scope="session")
def nets() -> Nets:
    return Nets()


@pytest.fixture(scope="session")
def valley() -> Callable[..., Problem]:
    return make_valley
