"""The five largest eigenpairs of a Hessian: how many products they take, and how good they are."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyhessian
import torch
from curvlinops import HessianLinearOperator
from torch import Tensor, nn

from benchmarks.landscape.cases import Example, examples, fresh_scorer, loss, problem
from trackscape.landscape import Problem, exact_hessian, top_eigenpairs

FRAMES, PAIRS = 2, 5
TOLERANCE = 1e-3


class Found(NamedTuple):
    tool: str
    products: int
    seconds: float
    values: list[float]
    error: float
    """Largest relative difference of an eigenvalue from the converged ones."""
    residual: float
    """Largest |H v - lambda v| / |lambda|; NaN without vectors."""


def compare(data: Path | None) -> Iterator[Found]:
    made = problem(data, most=FRAMES, twice_differentiable=True)
    exact = top_eigenpairs(exact_hessian(made), PAIRS, tolerance=1e-6)
    truth = exact.values.numpy()

    def judge(tool: str, products: int, seconds: float, values: Any, vectors: Any) -> Found:
        values = np.asarray(values, dtype=float)
        residuals = [
            float((operator @ v - value * v).norm() / abs(value))
            for value, v in zip(values, vectors, strict=True)
        ]
        order = np.argsort(-np.abs(values))
        error = float(np.max(np.abs(values[order] - truth) / np.abs(truth)))
        return Found(tool, products, seconds, values[order].tolist(), error, max(residuals))

    operator = exact_hessian(made)
    started = time.perf_counter()
    mine = top_eigenpairs(exact_hessian(made), PAIRS, tolerance=TOLERANCE)
    seconds = time.perf_counter() - started
    yield judge("trackscape", mine.num_matvecs, seconds, mine.values, mine.vectors)
    yield judge("pyhessian", *_pyhessian(examples(data, most=FRAMES, fast=False)))


class _Inputs:
    """A frame as pyhessian wants its inputs: with a size and a device."""

    def __init__(self, example: Example) -> None:
        self.example = example

    def size(self, axis: int) -> int:
        return 1

    def to(self, device: str) -> "_Inputs":
        return self


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scorer = fresh_scorer()

    def forward(self, inputs: _Inputs) -> Tensor:
        return loss(self.scorer, inputs.example)


def _pyhessian(of: list[Example]) -> tuple[int, float, list[float], list[Tensor]]:
    count = _Counted(pyhessian.hessian.dataloader_hv_product)
    pyhessian.hessian.dataloader_hv_product = lambda *args: count(*args)
    started = time.perf_counter()
    loader = [(_Inputs(example), torch.zeros(1)) for example in of]
    tool = pyhessian.hessian(_Network(), lambda value, _: value, dataloader=loader, cuda=False)
    values, vectors = tool.eigenvalues(maxIter=300, tol=TOLERANCE, top_n=PAIRS)
    seconds = time.perf_counter() - started
    flat = [torch.cat([part.flatten() for part in vector]).double() for vector in vectors]
    return count.calls, seconds, values, [vector / vector.norm() for vector in flat]


class _Counted:
    def __init__(self, work: Callable[..., Any]) -> None:
        self.work, self.calls = work, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.work(*arguments)


class Product(NamedTuple):
    tool: str
    milliseconds: float
    difference: float
    """Of its product from ours, relative."""


def compare_products() -> list[Product]:
    """One product with a perceptron on plain tensors, which curvlinops can take."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 10)
    )
    batches = [(torch.randn(256, 64), torch.randint(10, (256,))) for _ in range(4)]
    entropy = nn.CrossEntropyLoss()
    ours = exact_hessian(Problem(model, batches, lambda m, batch: entropy(m(batch[0]), batch[1])))
    theirs = HessianLinearOperator(model, entropy, list(model.parameters()), batches)
    vector = torch.randn(ours.shape[0])
    expected = ours @ vector.double()
    found = (theirs @ vector).double()
    return [
        Product("trackscape", _median(lambda: ours @ vector.double()), 0.0),
        Product(
            "curvlinops",
            _median(lambda: theirs @ vector),
            float((found - expected).norm() / expected.norm()),
        ),
    ]


def _median(work: Callable[[], object], repeats: int = 7) -> float:
    seconds: list[float] = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1e3 * float(np.median(seconds))
