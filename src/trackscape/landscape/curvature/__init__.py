"""Problem -> Operator -> eigenvalues, their density, the trace: how a landscape curves.

`A @ v` is the product of an operator with a vector; its `kind` says which matrix of which landscape
it is:

- `exact_hessian`: of the loss, by differentiating twice;
- `finite_difference_hessian`: of the loss as seen over a stated distance;
- `gauss_newton`: of a model that is linearised in its parameters;
- `empirical_fisher`: spread of gradients over batches, which is no Hessian;
- `smoothed_hessian`: of the loss as it is on average around the point.

Discrete decisions, such as an assignment, need care. The loss of a hard decision is piecewise
constant: its Hessian is zero almost everywhere, and only surfaces show its landscape. A loss with
curvature is either the smoothed one (`smoothed_hessian` needs no gradient), or a smooth surrogate
that is in the problem itself. The gradient of a blackbox layer can be differentiated again without
complaint, but what results is the Hessian of a model in which the decisions respond linearly: its
eigenvectors are those of another landscape. `compare_scales` reveals this.

Example:
    >>> import torch
    >>> from trackscape.landscape.problem import Problem
    >>> model = torch.nn.Linear(2, 1, bias=False).double()
    >>> inputs = torch.tensor([[1.0, 0.0], [0.0, 2.0]]).double()
    >>> problem = Problem(model, [inputs], lambda model, x: model(x).square().mean())
    >>> [round(value, 3) for value in top_eigenpairs(exact_hessian(problem), 2).values.tolist()]
    [4.0, 1.0]
"""

from trackscape.landscape.curvature.density import Density, spectral_density
from trackscape.landscape.curvature.derivatives import exact_hessian, gauss_newton
from trackscape.landscape.curvature.differences import (
    ScaleComparison,
    asymmetry,
    compare_scales,
    finite_difference_hessian,
)
from trackscape.landscape.curvature.operator import Operator, OperatorFactory
from trackscape.landscape.curvature.outer_products import (
    SmoothedHessian,
    empirical_fisher,
    smoothed_hessian,
)
from trackscape.landscape.curvature.spectrum import (
    Eigenpairs,
    TraceEstimate,
    top_eigenpairs,
    trace,
)

__all__ = [
    "Density",
    "Eigenpairs",
    "Operator",
    "OperatorFactory",
    "ScaleComparison",
    "SmoothedHessian",
    "TraceEstimate",
    "asymmetry",
    "compare_scales",
    "empirical_fisher",
    "exact_hessian",
    "finite_difference_hessian",
    "gauss_newton",
    "smoothed_hessian",
    "spectral_density",
    "top_eigenpairs",
    "trace",
]
