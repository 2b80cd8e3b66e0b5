"""Any model has its landscape, or one sentence says why it has none."""

import threading

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import exact_hessian, finite_difference_hessian
from trackscape.landscape.directions import random_directions
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.points import grid
from trackscape.landscape.problem import Problem
from trackscape.landscape.similarity import layer_features
from trackscape.landscape.surface import evaluate


def square(model, batch):
    return model(batch).square().mean()


class Keeps(nn.Module):
    """Keeps what it computed, with its history."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x):
        self.hidden = {"all": [self.first(x).tanh()]}
        return self.last(self.hidden["all"][0])


class Rows(nn.Module):
    """Its gradient holds the rows of a batch only."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.last = nn.Embedding(9, 3, sparse=True), nn.Linear(3, 1)

    def forward(self, x):
        return self.last(self.rows(x.argsort(dim=1)))


class Tied(nn.Module):
    def __init__(self, *, memory_only: bool = False) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 3)
        weight = self.first.weight
        self.last.weight = nn.Parameter(weight.data) if memory_only else weight

    def forward(self, x):
        return self.last(self.first(x).tanh())


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cells, self.last = nn.LSTM(3, 2), nn.Linear(2, 1)

    def forward(self, x):
        return self.last(self.cells(x)[0])


class Silent(nn.Linear):
    """Returns nothing where modules return themselves."""

    def train(self, mode=True):
        super().train(mode)


def with_nothing() -> nn.Module:
    model = nn.Linear(3, 1)
    model.rows, model.columns = nn.Parameter(torch.empty(0, 3)), nn.Parameter(torch.empty(2, 0))
    return model


def after_a_call(model: nn.Module) -> nn.Module:
    model(torch.ones(2, 3))
    return model


def old_weight_norm() -> nn.Module:
    with pytest.warns(FutureWarning, match="weight_norm"):
        return after_a_call(nn.utils.weight_norm(nn.Linear(3, 1)))


def pruned() -> nn.Module:
    model = nn.Linear(3, 1)
    prune.l1_unstructured(model, "weight", 0.4)
    return after_a_call(model)


MODELS = {
    "keeps its activations": lambda: after_a_call(Keeps()),
    "old weight norm": old_weight_norm,
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(3, 1)),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(3, 2)),
    "pruned": pruned,
    "sparse gradient": Rows,
    "tied": Tied,
    "recurrent": Recurrent,
    "no entries": with_nothing,
    "train returns nothing": lambda: Silent(3, 1),
    "dropout, in training": lambda: nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.5)).train(),
    "wrapped": lambda: nn.DataParallel(nn.Linear(3, 1)),
    "compiled": lambda: torch.compile(nn.Linear(3, 1), backend="eager"),
    "bfloat16": lambda: nn.Linear(3, 1).bfloat16(),
    "frozen in part": lambda: nn.Sequential(
        nn.Linear(3, 2).requires_grad_(requires_grad=False), nn.Linear(2, 1)
    ),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_middle_of_a_surface_is_the_model_itself(make):
    torch.manual_seed(0)
    model = make()
    batch = torch.randn(6, 3).to(next(model.parameters()).dtype)
    problem = Problem(model, [batch], square)
    for norm in ("filter", "layer", "tensor", "none"):
        directions = random_directions(model, 1, norm=norm, seed=0)
    surface = evaluate(problem, grid(problem.centre, directions.vectors, steps=3), progress=False)
    gradient = Evaluator(problem).gradient(problem.centre)
    model.eval()
    with torch.no_grad():
        assert surface.mean()[1] == square(model, batch).item()
    assert surface.mean()[0] != surface.mean()[1]
    assert gradient.norm() > 0
    assert gradient.shape == problem.centre.shape


def test_layers_of_a_model_that_keeps_activations_are_compared():
    model = after_a_call(Keeps())
    found = layer_features(model, [torch.ones(2, 3)], ["first"], lambda net, batch: net(batch))
    assert found["first"].shape == (2, 4)


class Imaginary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 1, dtype=torch.cfloat))

    def forward(self, x):
        return (x.to(torch.cfloat) @ self.weight).abs()


class Locked(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 1)
        self.lock = threading.Lock()


class Itself(nn.Linear):
    def __deepcopy__(self, memory):
        return self


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Imaginary, r"weight is torch.complex64.*view_as_complex"),
        (lambda: nn.Linear(3, 1, device="meta"), "weight has none yet; load weights"),
        (lambda: nn.Sequential(nn.LazyLinear(1)), "send one batch through"),
        (lambda: Tied(memory_only=True), r"first\.weight and last\.weight share theirs"),
        (Locked, "keep locks, generators and open files out"),
        (lambda: Itself(3, 1), "shares some with the original"),
        (lambda: nn.Identity(), "none requires a gradient"),
    ],
    ids=["complex", "meta", "lazy", "memory", "lock", "no copy", "nothing"],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_model_without_a_landscape_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(LandscapeError, match=sentence):
        Evaluator(Problem(make(), [torch.ones(2, 3)], square))


@pytest.mark.parametrize(
    "make",
    [Rows, lambda: torch.compile(nn.Sequential(nn.Linear(3, 1)), backend="aot_eager")],
    ids=["sparse", "compiled"],
)
def test_where_there_is_no_second_derivative_finite_differences_are_named(make):
    problem = Problem(make(), [torch.randn(4, 3)], square)
    with pytest.raises(LandscapeError, match="use finite_difference_hessian"):
        exact_hessian(problem) @ problem.centre
    assert (finite_difference_hessian(problem, step=1e-2) @ problem.centre).isfinite().all()


def test_a_step_that_rounding_swallows_is_refused():
    problem = Problem(nn.Linear(3, 1).bfloat16(), [torch.ones(2, 3).bfloat16()], square)
    with pytest.raises(LandscapeError, match=r"step of at least 0\.06.*bfloat16"):
        finite_difference_hessian(problem, step=1e-2)
