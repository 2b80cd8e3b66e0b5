"""Curvatures of a small network are those of its whole Hessian."""

import numpy as np
import pytest
import torch

from trackscape import samples
from trackscape.errors import LandscapeError
from trackscape.tracker_landscape.config import Computing, LandscapeConfig, load_weights
from trackscape.tracker_landscape.curvature import measure_curvature, operator_factory

QUIET = Computing(progress=False)


def setting(*losses: str) -> LandscapeConfig:
    return LandscapeConfig(file=samples.VALIDATION, per_frame=10, frames=1, losses=losses)


@pytest.fixture(scope="module")
def hessian(trained) -> torch.Tensor:
    """(P, P), by multiplying every unit vector."""
    operator = operator_factory(setting("bce"), load_weights(str(trained[0])), kind="hessian")()
    return operator @ torch.eye(operator.shape[0], dtype=torch.float64)


def test_eigenvalues_trace_and_density_are_those_of_the_whole_matrix(hessian, trained, tmp_path):
    outputs = tuple(tmp_path / name for name in ("all.json", "all.npz", "all.png"))
    found = measure_curvature(
        setting("bce"),
        str(trained[0]),
        eigenvalues=3,
        products=60,
        outputs=outputs,
        computing=QUIET,
    )
    values, vectors = torch.linalg.eigh((hessian + hessian.T) / 2)
    order = values.abs().argsort(descending=True)[:3]
    torch.testing.assert_close(found.eigenpairs.values, values[order], rtol=1e-3, atol=0)
    overlap = (found.eigenpairs.vectors[0] @ vectors[:, order[0]]).abs()
    assert overlap.item() == pytest.approx(1, abs=1e-3)
    spread = found.trace.high - found.trace.low
    assert found.trace.value == pytest.approx(values.sum().item(), abs=2 * spread)
    assert found.density.wasserstein(values.numpy()) < 0.02 * float(values.abs().max())
    assert all(path.stat().st_size > 0 for path in outputs)
    with np.load(outputs[1], allow_pickle=False) as stored:
        np.testing.assert_array_equal(stored["eigenvectors"], found.eigenpairs.vectors.numpy())
        assert "Hessian" in str(stored["kind"])


def test_gauss_newton_has_no_negative_eigenvalue_and_differs_from_the_hessian(hessian, trained):
    scorer = load_weights(str(trained[0]))
    operator = operator_factory(setting("bce"), scorer, kind="gauss-newton")()
    whole = operator @ torch.eye(operator.shape[0], dtype=torch.float64)
    values = torch.linalg.eigvalsh((whole + whole.T) / 2)
    assert values.min() > -1e-5 * values.max()
    assert (whole - hessian).norm() > 1e-3 * hessian.norm()


def test_differences_of_gradients_see_the_same_curvature(hessian, trained):
    scorer = load_weights(str(trained[0]))
    operator = operator_factory(setting("bce"), scorer, kind="difference", step=1e-2)()
    vector = torch.linalg.eigh((hessian + hessian.T) / 2).eigenvectors[:, -1]
    seen, exact = operator @ vector, hessian @ vector
    assert torch.nn.functional.cosine_similarity(seen, exact, dim=0) > 0.9


@pytest.mark.parametrize(
    ("loss", "kind", "word"),
    [
        ("blackbox", "hessian", "piecewise"),
        ("hamming", "gauss-newton", "piecewise"),
        ("hamming", "fisher", "gradient"),
        ("bce", "magic", "hessian, difference"),
    ],
)
def test_curvatures_that_do_not_exist(trained, loss, kind, word):
    with pytest.raises(LandscapeError, match=word):
        measure_curvature(setting(loss), str(trained[0]), kind=kind, computing=QUIET)


def test_the_gradient_of_the_blackbox_has_a_curvature_over_a_distance():
    found = measure_curvature(
        setting("blackbox"),
        "line-graph-ptt",
        kind="fisher",
        eigenvalues=1,
        products=6,
        probes=2,
        computing=QUIET,
    )
    assert "Fisher" in found.eigenpairs.kind
