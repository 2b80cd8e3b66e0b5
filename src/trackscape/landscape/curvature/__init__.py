"""Problem -> Operator -> eigenvalues, their density, the trace: how a landscape curves.

`A @ v` is the product of an operator with a vector; its `kind` says which matrix of which landscape
it is. The loss of a hard decision is piecewise constant: its Hessian is zero almost everywhere, and
only that of a smooth surrogate, or of the smoothed loss (`smoothed_hessian`), says something. The
gradient of a blackbox layer can be differentiated again without complaint, but what results is the
Hessian of a model in which decisions respond linearly; `compare_scales` reveals this.

Example:
    >>> import torch
    >>> from trackscape.landscape.problem import Problem
    >>> model = torch.nn.Linear(2, 1, bias=False).double()
    >>> inputs = torch.tensor([[1.0, 0.0], [0.0, 2.0]]).double()
    >>> problem = Problem(model, [inputs], lambda model, x: model(x).square().mean())
    >>> [round(value, 3) for value in top_eigenpairs(exact_hessian(problem), 2).values.tolist()]
    [4.0, 1.0]
"""

from trackscape.landscape.curvature.density import Density as Density
from trackscape.landscape.curvature.density import spectral_density as spectral_density
from trackscape.landscape.curvature.derivatives import exact_hessian as exact_hessian
from trackscape.landscape.curvature.derivatives import gauss_newton as gauss_newton
from trackscape.landscape.curvature.first_order import ScaleComparison as ScaleComparison
from trackscape.landscape.curvature.first_order import SmoothedHessian as SmoothedHessian
from trackscape.landscape.curvature.first_order import asymmetry as asymmetry
from trackscape.landscape.curvature.first_order import compare_scales as compare_scales
from trackscape.landscape.curvature.first_order import empirical_fisher as empirical_fisher
from trackscape.landscape.curvature.first_order import (
    finite_difference_hessian as finite_difference_hessian,
)
from trackscape.landscape.curvature.first_order import smoothed_hessian as smoothed_hessian
from trackscape.landscape.curvature.operator import Operator as Operator
from trackscape.landscape.curvature.operator import OperatorFactory as OperatorFactory
from trackscape.landscape.curvature.spectrum import Eigenpairs as Eigenpairs
from trackscape.landscape.curvature.spectrum import TraceEstimate as TraceEstimate
from trackscape.landscape.curvature.spectrum import top_eigenpairs as top_eigenpairs
from trackscape.landscape.curvature.spectrum import trace as trace
